/** A room on its way to being open. */
export interface Opening {
  /** False once the room was closed: whoever waits for it must not find it open. */
  isWanted: boolean;
  waiting: number;
}

/** Rooms that are being opened: a `close` calls off what it overtakes. */
export class Openings {
  readonly #openings = new Map<string, Opening>();

  begin(room: string): Opening {
    const opening = this.#openings.get(room) ?? { isWanted: true, waiting: 0 };
    opening.waiting += 1;
    this.#openings.set(room, opening);
    return opening;
  }

  end(room: string, opening: Opening): void {
    opening.waiting -= 1;
    if (opening.waiting === 0 && opening.isWanted) this.#openings.delete(room);
  }

  callOff(room: string): void {
    const opening = this.#openings.get(room);
    if (opening === undefined) return;
    opening.isWanted = false;
    this.#openings.delete(room);
  }
}
