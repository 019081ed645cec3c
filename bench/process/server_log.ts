/** Where a server listens, and the process it is when that is not the one that was started. */
export interface Listening {
  readonly port: number;
  readonly pid: number | undefined;
}

const LISTENING = /"port":(\d+)(?:.*"pid":(\d+))?.*"msg":"listening"/;
const TAIL_CHARACTERS = 4_096;

/** What a server writes, read to the end so that it never waits for a reader. The end is kept. */
export class ServerLog {
  readonly #listening = Promise.withResolvers<Listening>();
  /** Resolves once the server has closed its side. */
  readonly closed: Promise<void>;
  #tail = '';

  constructor(stream: ReadableStream<Uint8Array>) {
    this.closed = this.#read(stream);
  }

  /** From a line `{"port":…,"pid":…,"msg":"listening"}`, in this order. Never settles without one. */
  get listening(): Promise<Listening> {
    return this.#listening.promise;
  }

  /** Where it listens. */
  get port(): Promise<number> {
    return this.listening.then(({ port }) => port);
  }

  get tail(): string {
    return this.#tail;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const log = this.#tail + decoder.decode(chunk, { stream: true });
      const found = LISTENING.exec(log);
      const pid = found?.[2] === undefined ? undefined : Number(found[2]);
      if (found !== null) this.#listening.resolve({ port: Number(found[1]), pid });
      this.#tail = log.slice(-TAIL_CHARACTERS);
    }
  }
}
