/** Whether the bytes from `start` to before `end` are UTF-8 (the Unicode Standard's table 3-7). */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at] ?? 0;
    at += 1;
    if (lead < 0x80) continue;
    const following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || at + following > end) return false;
    // The second byte rules out longer forms than needed, surrogates, and what is past U+10FFFF.
    const second = bytes[at] ?? 0;
    const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < lowest || second > highest) return false;
    for (let later = 1; later < following; later += 1) {
      if (((bytes[at + later] ?? 0) & 0xc0) !== 0x80) return false;
    }
    at += following;
  }
  return true;
}
