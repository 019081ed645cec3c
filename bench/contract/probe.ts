import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../load/frame_reader.ts';
import {
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from '../load/frame_writer.ts';
import type { Action, Conversation, Dialect, Said } from './dialect.ts';

export interface DataFrame {
  readonly isText: boolean;
  readonly payload: Buffer;
}

/** @param code of the server's Close frame, undefined without one */
export interface Ending {
  readonly code: number | undefined;
}

interface ProbeOptions {
  readonly dialect: Dialect;
  readonly deadline_ms: number;
  /** In place of that of the URL. */
  readonly path?: string;
  /** A dead peer does not answer. */
  readonly answersPings?: boolean;
}

const FINAL = 0x80;
const MASKED = 0x80;
const HEADERS_END = '\r\n\r\n';

/** One frame of a client, really masked: a server that does not unmask has to be found out. */
export function maskedFrame(opcode: number, payload: Uint8Array): Buffer {
  const length = payload.length;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended);
  header[0] = FINAL | opcode;
  header[1] = MASKED | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  const body = Buffer.from(payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
  return Buffer.concat([header, mask, body]);
}

/** A client that can also be rude. What comes in is kept until asked for; every wait has a deadline. */
export class Probe implements Disposable {
  readonly #socket: Socket;
  readonly #options: ProbeOptions;
  readonly #conversation: Conversation;
  readonly #watchers = new Set<() => void>();
  readonly #said: Said[] = [];
  readonly #frames: DataFrame[] = [];
  readonly #reader = new FrameReader((opcode, bytes, start, end) =>
    this.#take(opcode, Buffer.from(bytes.subarray(start, end))),
  );
  #head: Buffer | undefined = Buffer.alloc(0);
  #closeCode: number | undefined;
  #ending: Ending | undefined;
  #failure: Error | undefined;
  #pings = 0;

  private constructor(socket: Socket, options: ProbeOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#conversation = options.dialect.converse();
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    // A reset is an end like any other; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ending = { code: this.#closeCode };
      this.#changed();
    });
  }

  /** @throws Error when the server cannot be reached or answers anything but 101 */
  static async open(url: string, options: ProbeOptions): Promise<Probe> {
    const { hostname, port, pathname, search } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const probe = new Probe(socket, options);
    const lines = [
      `GET ${options.path ?? pathname + search} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Version: 13',
    ];
    socket.write(lines.join('\r\n') + HEADERS_END);
    await probe.#until('the handshake', () => (probe.#head === undefined ? true : undefined));
    if (options.path === undefined) await probe.#greet();
    return probe;
  }

  /** A client in a room. */
  static async join(url: string, room: string, options: ProbeOptions): Promise<Probe> {
    const probe = await Probe.open(url, options);
    probe.send({ type: 'join', room });
    await probe.receive('joined', (said) => said.type === 'joined' && said.room === room);
    return probe;
  }

  /** How many pings have come. */
  get pings(): number {
    return this.#pings;
  }

  get isEnded(): boolean {
    return this.#ending !== undefined;
  }

  send(action: Action): void {
    this.sendText(this.#conversation.encode(action));
  }

  sendText(text: string): void {
    this.write(maskedFrame(OPCODE_TEXT, Buffer.from(text)));
  }

  sendBinary(bytes: Uint8Array): void {
    this.write(maskedFrame(OPCODE_BINARY, bytes));
  }

  sendClose(code: number): void {
    this.write(maskedFrame(OPCODE_CLOSE, Buffer.from([code >> 8, code & 0xff])));
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Takes the first message that fits out of what has come, or waits for it. */
  receive(what: string, fits: (said: Said) => boolean): Promise<Said> {
    return this.#until(what, () => takeFirst(this.#said, fits));
  }

  /** Waits until so many fit, or until the deadline: what is missing is for the caller to judge. */
  async collect(count: number, fits: (said: Said) => boolean): Promise<readonly Said[]> {
    const hasAll = () => (this.#said.filter(fits).length >= count ? true : undefined);
    await this.#until(`${count} messages`, hasAll).catch(() => undefined);
    return this.all(fits);
  }

  /** All that fit, of what has come. */
  all(fits: (said: Said) => boolean): readonly Said[] {
    return this.#said.filter(fits);
  }

  /** A turn to the server and back: what it had sent before has come by then. */
  async ping(): Promise<void> {
    const id = randomBytes(6).toString('hex');
    this.send({ type: 'ping', id });
    await this.receive('a pong', (said) => said.type === 'pong' && said.id === id);
  }

  receiveFrame(fits: (frame: DataFrame) => boolean = () => true): Promise<DataFrame> {
    return this.#until('a frame', () => takeFirst(this.#frames, fits));
  }

  /** Frames that nobody has asked for. */
  get framesLeft(): number {
    return this.#frames.length;
  }

  ended(deadline_ms: number = this.#options.deadline_ms): Promise<Ending> {
    return this.#until('the end of the connection', () => this.#ending, deadline_ms);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Vanishes without a word. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #greet(): Promise<void> {
    const { greeting } = this.#conversation;
    for (const frame of greeting) this.sendText(frame);
    await this.#until('a greeting', () => this.#conversation.isReady || undefined);
  }

  #received(chunk: Buffer): void {
    try {
      if (this.#head === undefined) this.#reader.push(chunk);
      else this.#readHead(Buffer.concat([this.#head, chunk]));
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#changed();
  }

  #readHead(received: Buffer): void {
    this.#head = received;
    const end = received.indexOf(HEADERS_END);
    if (end === -1) return;
    const [status = ''] = received.toString('latin1', 0, end).split('\r\n');
    if (!status.startsWith('HTTP/1.1 101')) {
      throw new Error(`the server answered the handshake with "${status}"`);
    }
    this.#head = undefined;
    this.#reader.push(received.subarray(end + HEADERS_END.length));
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE_PING) {
      this.#pings += 1;
      if (this.#options.answersPings !== false) this.write(maskedFrame(OPCODE_PONG, payload));
    } else if (opcode === OPCODE_CLOSE) {
      this.#closeCode = payload.length >= 2 ? payload.readUInt16BE() : undefined;
      this.sendClose(this.#closeCode ?? 1000);
      this.#socket.end();
    } else if (opcode !== OPCODE_PONG) {
      this.#takeData({ isText: opcode === OPCODE_TEXT, payload });
    }
  }

  #takeData(frame: DataFrame): void {
    if (this.#options.path !== undefined) this.#frames.push(frame);
    else this.#hear(String(frame.payload));
  }

  #hear(frame: string): void {
    const { said, answers = [], pong } = this.#conversation.decode(frame);
    this.#said.push(...said);
    for (const answer of answers) this.sendText(answer);
    if (pong === undefined) return;
    this.#pings += 1;
    if (this.#options.answersPings !== false) this.sendText(pong);
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }

  async #until<T>(
    what: string,
    look: () => T | undefined,
    deadline_ms: number = this.#options.deadline_ms,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = (): void => {
      const found = look();
      if (found !== undefined) resolve(found);
      else if (this.#failure !== undefined) reject(this.#failure);
      else if (this.#ending !== undefined) reject(new Error(`hung up before ${what}`));
    };
    const late = () => reject(new Error(`${what} did not come within ${deadline_ms} ms`));
    const timer = setTimeout(late, deadline_ms);
    this.#watchers.add(check);
    check();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(check);
    });
  }
}

function takeFirst<T>(from: T[], fits: (one: T) => boolean): T | undefined {
  const index = from.findIndex(fits);
  return index < 0 ? undefined : from.splice(index, 1)[0];
}
