/**
 * Who the client says it is, in order of preference: the resume token of its last welcome, which
 * keeps `user_id`; the application's token; nobody, which makes it a guest.
 */
export class Credentials {
  readonly #token: string | undefined;
  #session: string | undefined;

  constructor(token: string | undefined, session: string | undefined) {
    this.#token = token;
    this.#session = session;
  }

  get session(): string | undefined {
    return this.#session;
  }

  /** What to present next; undefined comes as a guest. */
  get current(): string | undefined {
    return this.#session ?? this.#token;
  }

  adopt(session: string): void {
    this.#session = session;
  }

  /**
   * The server turned `current` down.
   * @returns whether something else is left: the application's token, or being a new guest
   */
  refused(): boolean {
    const hadSession = this.#session !== undefined;
    this.#session = undefined;
    return hadSession;
  }
}
