const NAME_BYTES_MAX = 64;
const INVISIBLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
const LOOK_ALIKE_SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

/** What somebody typed, in the form the protocol wants names in. */
export const tidyName = (typed: string): string => typed.normalize('NFKC').trim();

/**
 * The protocol's rules for names. A browser cannot show why a handshake was refused, so they are
 * checked before.
 * @returns why the server would refuse a tidy name, as a sentence; undefined when it would not
 */
export function nameFlaw(name: string, bytes_max = NAME_BYTES_MAX): string | undefined {
  if (name === '') return 'A name is needed.';
  if (new TextEncoder().encode(name).length > bytes_max) return 'That is too long for a name.';
  if (!name.isWellFormed() || INVISIBLE.test(name.replaceAll(' ', ''))) {
    return 'That has invisible characters in it.';
  }
  const scripts = LOOK_ALIKE_SCRIPTS.filter((script) => script.test(name));
  return scripts.length > 1 ? 'That mixes alphabets whose letters look alike.' : undefined;
}
