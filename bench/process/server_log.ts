const TAIL_CHARACTERS = 4_096;

/** What a server writes, read to the end so that it never waits for a reader. The end is kept. */
export class ServerLog {
  readonly #port = Promise.withResolvers<number>();
  /** Resolves once the server has closed its side. */
  readonly closed: Promise<void>;
  #tail = '';

  constructor(stream: ReadableStream<Uint8Array>) {
    this.closed = this.#read(stream);
  }

  /** Where it listens, from a line `{"port":…,"msg":"listening"}`. Never settles without one. */
  get port(): Promise<number> {
    return this.#port.promise;
  }

  get tail(): string {
    return this.#tail;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const log = this.#tail + decoder.decode(chunk, { stream: true });
      const port = /"port":(\d+).*"msg":"listening"/.exec(log)?.[1];
      if (port !== undefined) this.#port.resolve(Number(port));
      this.#tail = log.slice(-TAIL_CHARACTERS);
    }
  }
}
