import type { TypingEvent } from '../../../../client/index.ts';

/** Who types in a room. Pure: times come in. Somebody who is gone sends no `stopped`, so it expires. */
export class Typists {
  static readonly expiry_ms = 6_000;
  readonly #until = new Map<string, { readonly name: string; readonly expires_at: number }>();

  change({ user_id, user, status }: TypingEvent, now: number): void {
    if (status === 'stopped') this.#until.delete(user_id);
    else this.#until.set(user_id, { name: user, expires_at: now + Typists.expiry_ms });
  }

  /** They have left. */
  stopped(user_id: string): void {
    this.#until.delete(user_id);
  }

  clear(): void {
    this.#until.clear();
  }

  /** @returns a sentence, empty when nobody types */
  sentence(now: number): string {
    for (const [user_id, { expires_at }] of this.#until) {
      if (expires_at <= now) this.#until.delete(user_id);
    }
    const [first, second, ...others] = Array.from(this.#until.values(), ({ name }) => name);
    if (first === undefined) return '';
    if (second === undefined) return `${first} is typing…`;
    if (others.length === 0) return `${first} and ${second} are typing…`;
    return 'Several people are typing…';
  }
}
