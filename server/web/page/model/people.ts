import type { RoomPresence, User, UserPresence } from '../../../../client/index.ts';

/** Who is in a room, as far as the server names them. Pure. */
export class People {
  readonly #names = new Map<string, string>();
  #count = 0;

  /** Of everybody, also those without a name here. */
  get count(): number {
    return this.#count;
  }

  /** Those with a name, in alphabetical order, `me` first. */
  list(me: string | undefined): readonly User[] {
    const users = Array.from(this.#names, ([user_id, username]) => ({ user_id, username }));
    const rank = ({ user_id }: User): number => (user_id === me ? 0 : 1);
    return users.sort((a, b) => rank(a) - rank(b) || a.username.localeCompare(b.username));
  }

  joined(users: readonly User[], user_count: number): void {
    this.#names.clear();
    for (const { user_id, username } of users) this.#names.set(user_id, username);
    this.#count = user_count;
  }

  change(event: UserPresence | RoomPresence): void {
    if ('status' in event) {
      const { user_id, user, status } = event;
      const wasHere = this.#names.has(user_id);
      if (status === 'online') this.#names.set(user_id, user);
      else this.#names.delete(user_id);
      this.#count += Number(this.#names.has(user_id)) - Number(wasHere);
      return;
    }
    for (const { user_id, username } of event.joined) this.#names.set(user_id, username);
    for (const { user_id } of event.left) this.#names.delete(user_id);
    this.#count = event.count;
  }
}
