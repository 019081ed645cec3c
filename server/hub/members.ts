import type { Encoding } from '../protocol/encoding.ts';
import type { User } from '../protocol/messages.ts';
import type { UserPage } from './port.ts';

/** Who is in a room: users in order of arrival, each with as many connections as they have. */
export class Members {
  readonly #present = new Map<string, User>();
  /** Connections beyond a user's first: few users have any, and there are very many users. */
  readonly #further = new Map<string, number>();
  readonly #connections: Record<Encoding, number> = { json: 0, ndjson: 0, msgpack: 0 };

  get userCount(): number {
    return this.#present.size;
  }

  /** Connections that speak `encoding`. */
  speaking(encoding: Encoding): number {
    return this.#connections[encoding];
  }

  get connectionCount(): number {
    const { json, ndjson, msgpack } = this.#connections;
    return json + ndjson + msgpack;
  }

  has(user_id: string): boolean {
    return this.#present.has(user_id);
  }

  /** @returns whether this is the user's first connection here */
  add(user: User, encoding: Encoding): boolean {
    this.#connections[encoding] += 1;
    const { user_id } = user;
    if (this.#present.has(user_id)) {
      this.#further.set(user_id, (this.#further.get(user_id) ?? 0) + 1);
      return false;
    }
    this.#present.set(user_id, user);
    return true;
  }

  /** @returns whether that was the user's last connection here */
  remove(user: User, encoding: Encoding): boolean {
    const { user_id } = user;
    if (!this.#present.has(user_id) || this.#connections[encoding] === 0) {
      throw new Error('a user left a room it was not in');
    }
    this.#connections[encoding] -= 1;
    const further = this.#further.get(user_id) ?? 0;
    if (further === 0) return this.#present.delete(user_id);
    if (further === 1) this.#further.delete(user_id);
    else this.#further.set(user_id, further - 1);
    return false;
  }

  /** At most `limit` users who arrived after the user `after`, from the start when it is undefined or gone. */
  page(limit: number, after: string | undefined): UserPage {
    const users: User[] = [];
    let skipping = after !== undefined && this.#present.has(after);
    for (const user of this.#present.values()) {
      if (skipping) {
        skipping = user.user_id !== after;
      } else if (users.length < limit) {
        users.push(user);
      } else {
        return { users, user_count: this.userCount, more: true };
      }
    }
    return { users, user_count: this.userCount, more: false };
  }
}
