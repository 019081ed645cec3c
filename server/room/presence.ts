import type { PresenceStatus, User, VolatileEvent } from '../protocol/messages.ts';

interface PresenceLimits {
  readonly presence_interval_ms: number;
  readonly presence_names_max: number;
  /** Each keeps ledgers of its own. */
  readonly workers: number;
}

interface Change {
  readonly user: User;
  readonly status: PresenceStatus;
}

/**
 * Names times receivers of one announcement: a room of 10,000 is told ten names and the count, so that
 * n arrivals cost a bounded number of bytes and never n² deliveries.
 */
const NAMES_TIMES_USERS_MAX = 100_000;

/** Telling n users e events costs n times e deliveries: this many a second are spent on it at the most. */
const DELIVERIES_PER_SECOND_MAX = 10_000;

/**
 * Who came and went at this worker since the room was last told. With one worker, somebody who did both
 * is not mentioned. With several nobody knows what another one has told of them meanwhile: the newest
 * change is told, to be on the safe side.
 */
export class PresenceLedger {
  readonly #limits: PresenceLimits;
  readonly #changes = new Map<string, Change>();
  #due_ms = 0;
  /** Until then the last announcement has used up what a room may spend. */
  #paid_until_ms = 0;

  constructor(limits: PresenceLimits) {
    this.#limits = limits;
  }

  /** @returns whether this is the first change since the last announcement */
  note(user: User, status: PresenceStatus, now_ms: number): boolean {
    const isFirst = this.#changes.size === 0;
    const before = this.#changes.get(user.user_id);
    if (before !== undefined && before.status !== status) {
      this.#changes.delete(user.user_id);
      if (this.#limits.workers === 1) return false;
    }
    this.#changes.set(user.user_id, { user, status });
    if (!isFirst) return false;
    this.#due_ms = Math.max(now_ms + this.#limits.presence_interval_ms, this.#paid_until_ms);
    return true;
  }

  isDue(now_ms: number): boolean {
    return this.#due_ms <= now_ms;
  }

  /**
   * @param isPresent whether a user is in the room by now: other workers keep ledgers of their own, and
   *        a change that another one has overtaken must not be told behind it
   * @returns what to tell the room; the ledger is empty afterwards
   */
  announce(
    room: string,
    user_count: number,
    now_ms: number,
    isPresent: (user_id: string) => boolean,
  ): VolatileEvent[] {
    const changes = [...this.#changes.values()].filter(
      ({ user, status }) => isPresent(user.user_id) === (status === 'online'),
    );
    this.#changes.clear();
    const events = this.#eventsOf(changes, room, user_count);
    const deliveries = events.length * user_count;
    this.#paid_until_ms = now_ms + (deliveries * 1_000) / DELIVERIES_PER_SECOND_MAX;
    return events;
  }

  #eventsOf(changes: readonly Change[], room: string, user_count: number): VolatileEvent[] {
    const { presence_names_max } = this.#limits;
    if (changes.length === 0) return [];
    if (user_count <= presence_names_max && changes.length <= presence_names_max) {
      return changes.map(({ user, status }) => ({
        type: 'presence',
        room,
        user: user.username,
        user_id: user.user_id,
        status,
      }));
    }
    const names = Math.min(presence_names_max, Math.floor(NAMES_TIMES_USERS_MAX / user_count));
    const named = (wanted: PresenceStatus): User[] =>
      changes
        .filter(({ status }) => status === wanted)
        .slice(0, names)
        .map(({ user }) => user);
    const [joined, left] = [named('online'), named('offline')];
    return [{ type: 'presence', room, joined, left, count: user_count }];
  }
}
