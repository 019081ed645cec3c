/** Part of a text: plain, or a link to what it says. */
export interface TextPart {
  readonly text: string;
  readonly href?: string;
}

const WEB_ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
const TRAILING = /[.,:;!?…*_~]$/u;
const BRACKETS = [
  ['(', ')'],
  ['[', ']'],
] as const;

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
  let kept = address;
  while (TRAILING.test(kept) || hasLooseBracket(kept)) kept = kept.slice(0, -1);
  return kept;
}

const hasLooseBracket = (address: string): boolean =>
  BRACKETS.some(
    ([open, close]) =>
      address.endsWith(close) && address.split(close).length > address.split(open).length,
  );
