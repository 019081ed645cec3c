import { ConfigError, Refusal } from '../errors.ts';

/** Scripts whose letters are drawn alike: a name may use one of them, so that it cannot pose as another. */
const LOOK_ALIKE_SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

/**
 * Control, format, unassigned and private characters, and every space but the plain one; what fonts
 * draw nothing for (variation selectors, fillers, joiners), and the blank Braille pattern.
 */
const INVISIBLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** @returns why the name cannot be used, as the end of a sentence; undefined when it can */
function flaw(name: string, bytes_max: number): string | undefined {
  if (name.length === 0) return 'is empty';
  if (Buffer.byteLength(name) > bytes_max) return `is longer than ${bytes_max} bytes`;
  if (!name.isWellFormed()) return 'is not well-formed Unicode';
  if (name.normalize('NFKC') !== name) return 'is not in Unicode normalization form KC';
  if (name.trim() !== name) return 'begins or ends with a space';
  if (INVISIBLE.test(name.replaceAll(' ', ''))) return 'has invisible characters';
  const scripts = LOOK_ALIKE_SCRIPTS.filter((script) => script.test(name));
  return scripts.length > 1 ? 'mixes scripts whose letters look alike' : undefined;
}

/** @returns undefined when `name` may name a room */
export function refuseRoomName(name: string, bytes_max: number): Refusal | undefined {
  const reason = flaw(name, bytes_max);
  return reason === undefined
    ? undefined
    : new Refusal('room_name_invalid', `The room name ${reason}.`);
}

/**
 * A room that no client could name would be there for nobody.
 * @throws ConfigError when the configuration names one
 */
export function checkRoomNames(config: {
  readonly default_room: string;
  readonly rooms: string;
  readonly room_name_bytes_max: number;
}): void {
  const named = { '--default-room': [config.default_room], '--rooms': splitNames(config.rooms) };
  for (const [flag, names] of Object.entries(named)) {
    for (const name of names) {
      const reason = flaw(name, config.room_name_bytes_max);
      if (reason === undefined) continue;
      throw new ConfigError(`${flag} ${JSON.stringify(name)} cannot be used: the name ${reason}.`);
    }
  }
}

/** @param list names separated by commas */
export const splitNames = (list: string): readonly string[] =>
  list.split(',').flatMap((name) => name.trim() || []);

/** @returns whether `name` may be shown as a person's name */
export const isUsername = (name: string, bytes_max: number): boolean =>
  flaw(name, bytes_max) === undefined;
