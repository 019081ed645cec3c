/** The application's token, or where to get one: asked again whenever a newer one is needed. */
export type TokenSource = string | (() => string | Promise<string>);

/**
 * Who the client says it is, in order of preference: the resume token of its last welcome, which
 * keeps `user_id`; the application's token; nobody, which makes it a guest.
 */
export class Credentials {
  readonly #source: TokenSource | undefined;
  #session: string | undefined;

  constructor(source: TokenSource | undefined, session: string | undefined) {
    this.#source = source;
    this.#session = session;
  }

  get session(): string | undefined {
    return this.#session;
  }

  /** What to present next, which may have to be fetched; undefined comes as a guest. */
  get current(): string | Promise<string> | undefined {
    if (this.#session !== undefined) return this.#session;
    return typeof this.#source === 'function' ? this.fetch() : this.#source;
  }

  /** A token as new as there is; undefined where the application gave one for good. */
  fetch(): Promise<string> | undefined {
    const source = this.#source;
    // Also what a callback throws at once is a rejection.
    return typeof source === 'function' ? Promise.resolve().then(source) : undefined;
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

  /** It was good once. @returns whether another is left, as in `refused`, or can be fetched */
  expired(): boolean {
    return this.refused() || typeof this.#source === 'function';
  }
}
