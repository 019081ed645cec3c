import type { Room } from '../room/room.ts';

/**
 * The rooms one connection is in. Most are in one, and there are very many connections: a Map for the
 * first room would cost more than the rest of the session.
 */
export class JoinedRooms {
  #first: Room | undefined;
  #others: Map<string, Room> | undefined;

  get size(): number {
    return (this.#first === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  get(name: string): Room | undefined {
    return this.#first?.name === name ? this.#first : this.#others?.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(room: Room): void {
    if (this.#first === undefined || this.#first.name === room.name) {
      this.#first = room;
      this.#others?.delete(room.name);
    } else {
      this.#others ??= new Map();
      this.#others.set(room.name, room);
    }
  }

  delete(name: string): void {
    if (this.#first?.name === name) this.#first = undefined;
    else this.#others?.delete(name);
  }

  /** All of them, as they were when this was called. */
  all(): readonly Room[] {
    return [...(this.#first ? [this.#first] : []), ...(this.#others?.values() ?? [])];
  }

  /** The same; none is left. */
  clear(): readonly Room[] {
    const rooms = this.all();
    this.#first = undefined;
    this.#others = undefined;
    return rooms;
  }
}
