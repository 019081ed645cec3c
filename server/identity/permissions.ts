/** What somebody may do in a room. `publish` covers typing, `history` covers recovery with `since`. */
export const RIGHTS = ['join', 'publish', 'history'] as const;

export type Right = (typeof RIGHTS)[number];

/** Rights by room pattern, as tokens carry them: `{"team.*": ["join", "history"]}`. */
export type RoomRules = Readonly<Record<string, readonly Right[]>>;

export type Rights = Readonly<Record<Right, boolean>>;

interface Rule {
  /** What stands between the wildcards, in order. */
  readonly parts: readonly string[];
  readonly rights: readonly Right[];
}

/** Rules of one token, as JSON: a resume token has to carry them over. */
const RULES_BYTES_MAX = 4_096;

const EVERYTHING: Rights = { join: true, publish: true, history: true };

/**
 * What one identity may do in which room. A pattern is a room name in which each `*` stands for any
 * characters, or none. Where several patterns fit a room, their rights add up; where none does, there
 * are none. Resolve once when a room is joined: this is not for the way of each message.
 */
export class Permissions {
  /** Everything, everywhere: guests, and tokens that do not speak of rooms. */
  static readonly all = new Permissions(undefined);
  static readonly none = new Permissions({});

  /** As they came, for a token that carries them on; undefined: everything. */
  readonly rules: RoomRules | undefined;
  readonly #compiled: readonly Rule[] | undefined;

  private constructor(rules: RoomRules | undefined) {
    this.rules = rules;
    this.#compiled =
      rules &&
      Object.entries(rules).map(([pattern, rights]) => ({ parts: pattern.split('*'), rights }));
  }

  /** @returns undefined when `claim` is not of the shape of `RoomRules`, or has too many */
  static read(claim: unknown): Permissions | undefined {
    if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) return undefined;
    const isSound = Object.values(claim).every(
      (rights) => Array.isArray(rights) && rights.every((right) => RIGHTS.includes(right)),
    );
    if (!isSound || Buffer.byteLength(JSON.stringify(claim)) > RULES_BYTES_MAX) return undefined;
    return new Permissions(claim as RoomRules);
  }

  /** Whether there is nothing to ask about: `rightsIn` says yes to all of it. */
  get isUnlimited(): boolean {
    return this.#compiled === undefined;
  }

  rightsIn(room: string): Rights {
    if (this.#compiled === undefined) return EVERYTHING;
    const granted = this.#compiled
      .filter(({ parts }) => fits(parts, room))
      .flatMap(({ rights }) => rights);
    const [join, publish, history] = RIGHTS.map((right) => granted.includes(right));
    return { join: join === true, publish: publish === true, history: history === true };
  }
}

/**
 * The first part is a prefix, the last one a suffix, and each of the others is taken where it first
 * occurs: a later place could only leave less room for those behind it. Linear for each part, so that
 * no pattern can be made to take long.
 */
function fits(parts: readonly string[], room: string): boolean {
  const [prefix = '', ...others] = parts;
  const suffix = others.pop();
  if (suffix === undefined) return room === prefix;
  if (!room.startsWith(prefix)) return false;
  let at = prefix.length;
  for (const part of others) {
    const found = room.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return room.length - suffix.length >= at && room.endsWith(suffix);
}
