/** Part of a text: plain, or a link to what it says. */
export interface TextPart {
  readonly text: string;
  readonly href?: string;
}

const WEB_ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
const TRAILING = new Set('.,:;!?…*_~');
const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** Finds the web addresses in a text. Only http and https; the parts joined are the text again. */
export function splitLinks(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(WEB_ADDRESS)) {
    const address = withoutTail(match[0]);
    const href = URL.parse(address)?.href;
    if (href === undefined) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** The sentence's punctuation and the bracket around an address are not part of it. */
function withoutTail(address: string): string {
  const count = (character: string): number => address.split(character).length - 1;
  const surplus = new Map(
    Object.entries(OPENING).map(([close, open]) => [close, count(close) - count(open)]),
  );
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address.charAt(end - 1);
    const loose = surplus.get(last) ?? 0;
    if (loose > 0) surplus.set(last, loose - 1);
    else if (!TRAILING.has(last)) break;
  }
  return address.slice(0, end);
}
