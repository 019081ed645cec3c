import { Packr, Unpackr } from 'msgpackr';

export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

export interface Received {
  readonly message: Message;
  /** The frame it came in. */
  readonly frame: string | Uint8Array;
}

/**
 * Messages whose order among each other the protocol fixes stand in one lane. Acks may overtake, and
 * examples leave out volatile events that are beside the point.
 */
export type Lane = 'replies and records' | 'acks' | 'volatile events';

export const laneOf = (type: unknown): Lane => {
  if (type === 'ack') return 'acks';
  return type === 'presence' || type === 'typing' ? 'volatile events' : 'replies and records';
};

const DEADLINE_MS = 5_000;

const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

/** One client of an example: a plain WebSocket, and what has come over it. */
export class Actor {
  readonly #socket: WebSocket;
  readonly #lanes: Record<Lane, Received[]> = {
    'replies and records': [],
    acks: [],
    'volatile events': [],
  };
  #closed: number | undefined;
  #changed = Promise.withResolvers<void>();

  private constructor(url: string, subprotocol: string) {
    this.#socket = new WebSocket(url, [subprotocol]);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ code }) => {
      this.#closed = code;
      this.#change();
    };
  }

  static async open(url: string, subprotocol: string): Promise<Actor> {
    const actor = new Actor(url, subprotocol);
    actor.#socket.onopen = () => actor.#change();
    await actor.#until(
      () => actor.#socket.readyState !== WebSocket.CONNECTING,
      'an open connection',
    );
    if (actor.#socket.readyState !== WebSocket.OPEN) throw new Error(`${url} was refused`);
    if (actor.#socket.protocol !== subprotocol) throw new Error('another subprotocol was chosen');
    return actor;
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /** Sends values as one frame of its encoding. */
  send(values: readonly unknown[]): void {
    const { protocol } = this.#socket;
    if (protocol === 'hubbub.v1.msgpack') {
      this.sendBytes(Buffer.concat(values.map((value) => packr.pack(value))));
    } else {
      if (protocol === 'hubbub.v1.json' && values.length !== 1) throw new Error('one a frame');
      this.#socket.send(values.map((value) => JSON.stringify(value)).join('\n'));
    }
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** The next message of a lane, in the order they came. */
  async next(lane: Lane): Promise<Received> {
    const waiting = this.#lanes[lane];
    await this.#until(() => waiting.length > 0, `another of the ${lane}`);
    const [received] = waiting.splice(0, 1);
    if (received === undefined) throw new Error('nothing was waiting');
    return received;
  }

  /** What has come and has not been asked for, acks and all but volatile events. */
  get unread(): readonly Message[] {
    const { acks, 'replies and records': others } = this.#lanes;
    return [...acks, ...others].map(({ message }) => message);
  }

  /** @returns the code the connection was closed with */
  async closed(): Promise<number> {
    await this.#until(() => this.#closed !== undefined, 'the end of the connection');
    return this.#closed ?? 0;
  }

  async close(): Promise<void> {
    this.#socket.close(1000);
    await this.closed();
  }

  /** Ends the connection as a broken network would. */
  async cut(): Promise<void> {
    this.#socket.terminate();
    await this.closed();
  }

  #take(data: string | ArrayBuffer): void {
    const frame = typeof data === 'string' ? data : new Uint8Array(data);
    for (const message of this.#decode(frame)) {
      this.#lanes[laneOf(message.type)].push({ message, frame });
    }
    this.#change();
  }

  #decode(frame: string | Uint8Array): readonly Message[] {
    if (typeof frame !== 'string') return unpackr.unpackMultiple(frame) as Message[];
    const lines = this.#socket.protocol === 'hubbub.v1.ndjson' ? frame.split('\n') : [frame];
    return lines.map((line) => JSON.parse(line) as Message);
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async #until(isTrue: () => boolean, what: string): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`waited ${DEADLINE_MS} ms for ${what}; unread: ${this.#describe()}`));
    }, DEADLINE_MS);
    try {
      while (!isTrue()) await Promise.race([this.#changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #describe(): string {
    const end = this.#closed === undefined ? '' : `, closed with ${this.#closed}`;
    return JSON.stringify(this.unread) + end;
  }
}
