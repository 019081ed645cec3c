import { clientFrame, OPCODE_TEXT } from './frame_writer.ts';
import type { Target } from './port.ts';
import { RawWebSocket } from './web_socket.ts';

interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** How a recovery went. */
export interface Recovery {
  readonly recovered: boolean;
  /** Records that came with the answer to the join. */
  readonly replayed: number;
}

interface RecordMessage {
  readonly offset: number;
  readonly prev?: number;
}

interface JoinedMessage {
  readonly type: 'joined';
  readonly epoch: string;
  readonly offset: number;
  readonly recovered?: boolean;
  readonly messages?: readonly RecordMessage[];
}

type Incoming = JoinedMessage | ({ readonly type: 'message' } & RecordMessage) | { type: 'other' };

/**
 * A member who can stop reading and come back: it speaks the protocol with offsets, and sees every
 * gap in what it is given.
 */
export class SlowMember {
  readonly #target: Target;
  readonly #room: string;
  #socket: RawWebSocket | undefined;
  #position: Position | undefined;
  #joined = Promise.withResolvers<JoinedMessage>();
  #closed = Promise.withResolvers<number | undefined>();
  #gaps = 0;

  constructor(target: Target, room: string) {
    this.#target = target;
    this.#room = room;
  }

  /** Places at which a record did not follow on the one before. */
  get gaps(): number {
    return this.#gaps;
  }

  /** The offset of the last record received, 0 before the first join. */
  get offset(): number {
    return this.#position?.offset ?? 0;
  }

  /** Joins; a second time, asks for everything since the last record. */
  async join(): Promise<Recovery> {
    const since = this.#position;
    this.#joined = Promise.withResolvers();
    this.#closed = Promise.withResolvers();
    this.#socket = await RawWebSocket.open(this.#target, {
      frame: (_, bytes, start, end) => this.#frame(bytes.toString('utf8', start, end)),
      closed: (code) => {
        this.#closed.resolve(code);
        this.#joined.reject(new Error(`closed with ${code ?? 'no farewell'} before the join`));
      },
    });
    const join = {
      type: 'join',
      room: this.#room,
      ...(since === undefined ? undefined : { since }),
    };
    this.#socket.send(clientFrame(OPCODE_TEXT, JSON.stringify(join)));
    const { recovered = false, messages = [] } = await this.#joined.promise;
    return { recovered, replayed: messages.length };
  }

  stopReading(): void {
    this.#socket?.pause();
  }

  /** Reads again. @returns the code of the server's close frame, undefined when it just hung up */
  async readUntilClosed(): Promise<number | undefined> {
    this.#socket?.resume();
    return this.#closed.promise;
  }

  leave(): void {
    this.#socket?.close();
  }

  #frame(frame: string): void {
    for (const line of frame.split('\n')) {
      const message = JSON.parse(line) as Incoming;
      if (message.type === 'message') this.#record(message);
      else if (message.type === 'joined') this.#enter(message);
    }
  }

  #enter(joined: JoinedMessage): void {
    const { epoch, offset, recovered = false, messages = [] } = joined;
    if (recovered) {
      for (const message of messages) this.#record(message);
      if (this.offset !== offset) this.#gaps += 1;
    }
    this.#position = { epoch, offset };
    this.#joined.resolve(joined);
  }

  #record({ offset, prev = offset - 1 }: RecordMessage): void {
    if (this.#position === undefined) return;
    if (this.offset !== prev) this.#gaps += 1;
    this.#position = { epoch: this.#position.epoch, offset };
  }
}
