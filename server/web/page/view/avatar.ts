const TONES = 8;
const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Shows somebody as the first letter of their name on a colour that goes with their id. */
export function paintAvatar(element: HTMLElement, name: string, user_id: string): void {
  const [first] = letters.segment(name);
  element.textContent = first?.segment.toLocaleUpperCase() ?? '';
  element.dataset.tone = String(toneOf(user_id));
}

function toneOf(user_id: string): number {
  let hash = 0;
  for (let index = 0; index < user_id.length; index += 1) {
    hash = (hash * 31 + user_id.charCodeAt(index)) >>> 0;
  }
  return hash % TONES;
}
