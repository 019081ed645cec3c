import { withDeadline } from '../deadline.ts';
import type { Storage, StoredRevocation } from '../storage/port.ts';
import type { Identity } from './identity.ts';

export interface RevocationEvents {
  /** There are new ones: whoever they cover is to be sent away. */
  revoked(): void;
  /** Storage did not answer; said once until it does again. */
  unavailable(error: unknown): void;
}

/** A revocation is to be felt within a second, at every worker and every node of the storage. */
const POLL_INTERVAL_MS = 250;
const STORAGE_MS_MAX = 5_000;
const PAGE = 1_000;

/**
 * The revocations in storage as this thread knows them, so that asking costs a look into a map.
 * It asks storage for newer ones again and again: that reaches all workers, and other processes on the
 * same storage, and catches up by itself after an outage.
 */
export class Revocations {
  readonly #storage: Storage;
  readonly #events: RevocationEvents;
  readonly #clock: () => number;
  /** Until when the tokens of a user are void, by the time they were issued. */
  readonly #users = new Map<string, StoredRevocation>();
  readonly #tokens = new Map<string, StoredRevocation>();
  readonly #loaded = Promise.withResolvers<void>();
  #isLoaded = false;
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #isFailing = false;

  constructor(storage: Storage, events: RevocationEvents, clock: () => number = Date.now) {
    this.#storage = storage;
    this.#events = events;
    this.#clock = clock;
    this.#follow();
  }

  /** Whether `covers` knows all that was revoked before this process began. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** @throws UnavailableError when storage does not get so far in time */
  loaded(): Promise<void> {
    return withDeadline(this.#loaded.promise, STORAGE_MS_MAX, 'reading revocations');
  }

  covers({ user, token_id, issued_at_ms }: Identity): boolean {
    if (token_id !== undefined && this.#tokens.has(token_id)) return true;
    const revocation = this.#users.get(user.user_id);
    return revocation !== undefined && issued_at_ms <= revocation.revoked_at_ms;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #follow(): void {
    this.#catchUp()
      .then(
        () => {
          this.#isFailing = false;
          this.#isLoaded = true;
          this.#loaded.resolve();
        },
        (error: unknown) => {
          if (!this.#isFailing && !this.#isStopped) this.#events.unavailable(error);
          this.#isFailing = true;
        },
      )
      .finally(() => {
        if (!this.#isStopped) this.#timer = setTimeout(() => this.#follow(), POLL_INTERVAL_MS);
      });
  }

  async #catchUp(): Promise<void> {
    let page: readonly StoredRevocation[];
    let news = false;
    do {
      const asked = this.#storage.listRevocations(this.#sequence, PAGE);
      page = await withDeadline(asked, STORAGE_MS_MAX, 'reading revocations');
      for (const revocation of page) this.#take(revocation);
      news ||= page.length > 0;
    } while (page.length === PAGE);
    if (!news) return;
    this.#prune();
    this.#events.revoked();
  }

  #take(revocation: StoredRevocation): void {
    this.#sequence = revocation.sequence;
    (revocation.kind === 'user' ? this.#users : this.#tokens).set(revocation.subject, revocation);
  }

  /** What has run out by itself is only in the way. */
  #prune(): void {
    const now_ms = this.#clock();
    for (const known of [this.#users, this.#tokens]) {
      for (const [subject, { expires_at_ms }] of known) {
        if (expires_at_ms <= now_ms) known.delete(subject);
      }
    }
  }
}
