import { connect, type Socket } from 'node:net';
import { pack, unpackMultiple } from 'msgpackr';
import type { ServerMessage } from '../../server/protocol/messages.ts';
import { type Frame, type FrameParts, frame, OPCODE, takeFrame, textFrame } from './frames.ts';

const DEADLINE_MS = 10_000;
const HEAD_END = '\r\n\r\n';

/** What a connection ended with. */
export interface Ending {
  /** Of the server's Close frame; undefined when it was cut without one. */
  readonly code: number | undefined;
  readonly reason: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface UpgradeRequest {
  /** `/ws` when absent. */
  readonly path?: string;
  readonly method?: string;
  /** In place of the usual ones, by name in lower case; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** The loopback address to come from. */
  readonly source?: string;
}

/** A WebSocket handshake, as text: whole unless `headers` says otherwise. */
export function upgradeRequest({ path = '/ws', method = 'GET', headers }: UpgradeRequest): string {
  const all = {
    host: 'localhost',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return [`${method} ${path} HTTP/1.1`, ...lines, HEAD_END.slice(2)].join('\r\n');
}

/**
 * A TCP connection that can send any bytes at all, and a WebSocket once `upgrade` has gone through.
 * What comes in is kept in order until it is asked for; every wait has a deadline.
 */
export class RawSocket implements Disposable {
  readonly #socket: Socket;
  readonly #watchers = new Set<() => void>();
  readonly #messages: ServerMessage[] = [];
  readonly #control: Frame[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #received_bytes = 0;
  #isConnected = false;
  #isWebSocket = false;
  #isBinary = false;
  #answersPings = false;
  #ending: Ending | undefined;
  #close: Frame | undefined;
  #failure: unknown;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('connect', () => {
      this.#isConnected = true;
      this.#changed();
    });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // A reset is an end like any other here; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end());
  }

  /** @param source the loopback address to come from */
  static async connect(port: number, source = '127.0.0.1'): Promise<RawSocket> {
    const socket = connect({ host: '127.0.0.1', port, localAddress: source });
    const raw = new RawSocket(socket);
    await raw.#until(`a connection from ${source}`, () => raw.#isConnected || undefined);
    return raw;
  }

  /** A WebSocket. @throws when the server answers anything but 101 */
  static async upgrade(port: number, request: UpgradeRequest = {}): Promise<RawSocket> {
    const raw = await RawSocket.connect(port, request.source);
    raw.write(upgradeRequest(request));
    const { status, headers, body } = await raw.answer();
    if (status !== 101) throw new Error(`the upgrade was answered ${status}: ${body}`);
    raw.#isWebSocket = true;
    raw.#isBinary = headers.get('sec-websocket-protocol') === 'hubbub.v1.msgpack';
    raw.#take(Buffer.alloc(0));
    return raw;
  }

  /** A WebSocket in a room: `welcome` and `joined` have come. */
  static async join(port: number, room: string, request: UpgradeRequest = {}): Promise<RawSocket> {
    const raw = await RawSocket.upgrade(port, request);
    raw.send({ type: 'join', room });
    await raw.receive('joined');
    return raw;
  }

  get received_bytes(): number {
    return this.#received_bytes;
  }

  get isEnded(): boolean {
    return this.#ending !== undefined;
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  writeFrames(...frames: readonly FrameParts[]): void {
    this.write(Buffer.concat(frames.map(frame)));
  }

  /** Each message in a frame of its own, in the encoding agreed on, all in one write. */
  send(...messages: readonly object[]): void {
    const frames = messages.map((message) =>
      this.#isBinary
        ? frame({ opcode: OPCODE.binary, payload: pack(message) })
        : textFrame(JSON.stringify(message)),
    );
    this.write(Buffer.concat(frames));
  }

  /** The first message of one of these types that nobody has asked for yet. */
  receive<T extends ServerMessage['type']>(
    ...types: readonly T[]
  ): Promise<Extract<ServerMessage, { type: T }>> {
    return this.#until(`a message of type ${types.join(' or ')}`, () => {
      const index = this.#messages.findIndex(({ type }) => types.some((one) => one === type));
      if (index < 0) return undefined;
      const [found] = this.#messages.splice(index, 1);
      return found as Extract<ServerMessage, { type: T }>;
    });
  }

  /** Every message that has come and not been asked for. */
  takeAll(): ServerMessage[] {
    return this.#messages.splice(0);
  }

  async receivePong(): Promise<Buffer> {
    return this.#receiveControl(OPCODE.pong);
  }

  async receivePing(): Promise<Buffer> {
    return this.#receiveControl(OPCODE.ping);
  }

  /** From now on pings are answered, like every client does by itself. */
  answerPings(): void {
    this.#answersPings = true;
  }

  /** A turn to the server and back: everything sent before it has been read by then. */
  async roundTrip(): Promise<void> {
    this.send({ type: 'ping' });
    await this.receive('pong');
  }

  /** The answer to an HTTP request, its body by Content-Length. */
  answer(): Promise<HttpAnswer> {
    return this.#until('an HTTP answer', () => {
      const end = this.#bytes.indexOf(HEAD_END);
      if (end < 0) return undefined;
      const [first = '', ...lines] = this.#bytes.toString('latin1', 0, end).split('\r\n');
      const headers = new Map(lines.map((line) => splitHeader(line)));
      const body_end = end + HEAD_END.length + Number(headers.get('content-length') ?? 0);
      if (this.#bytes.length < body_end) return undefined;
      const body = this.#bytes.toString('utf8', end + HEAD_END.length, body_end);
      this.#bytes = this.#bytes.subarray(body_end);
      return { status: Number(first.split(' ')[1]), headers, body };
    });
  }

  /** @param deadline_ms for what takes its time by design */
  ended(deadline_ms = DEADLINE_MS): Promise<Ending> {
    return this.#until('the end of the connection', () => this.#ending, deadline_ms);
  }

  /** Reads nothing more, so that the kernel's buffers fill. */
  stall(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Says that nothing more will be sent, and goes on listening. */
  halfClose(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #receiveControl(opcode: number): Promise<Buffer> {
    const found = await this.#until(`a frame with opcode ${opcode}`, () => {
      const index = this.#control.findIndex((one) => one.opcode === opcode);
      return index < 0 ? undefined : this.#control.splice(index, 1)[0];
    });
    return found.payload;
  }

  #take(chunk: Buffer): void {
    this.#received_bytes += chunk.length;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    try {
      if (this.#isWebSocket) this.#takeFrames();
    } catch (error) {
      this.#failure = error;
    }
    this.#changed();
  }

  #takeFrames(): void {
    for (let taken = takeFrame(this.#bytes); taken !== undefined; taken = takeFrame(this.#bytes)) {
      this.#bytes = taken.rest;
      const { opcode, payload } = taken.frame;
      if (opcode === OPCODE.close) this.#close = taken.frame;
      else if (opcode === OPCODE.text) this.#messages.push(...readText(payload.toString()));
      else if (opcode === OPCODE.binary) this.#messages.push(...readBinary(payload));
      else this.#takeControl(taken.frame);
    }
  }

  #takeControl(control: Frame): void {
    this.#control.push(control);
    if (control.opcode !== OPCODE.ping || !this.#answersPings) return;
    this.writeFrames({ opcode: OPCODE.pong, payload: control.payload });
  }

  #end(): void {
    const payload = this.#close?.payload;
    const code = payload !== undefined && payload.length >= 2 ? payload.readUInt16BE() : undefined;
    this.#ending = { code, reason: payload?.toString('utf8', 2) ?? '' };
    this.#changed();
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }

  #until<T>(
    what: string,
    look: () => T | undefined,
    deadline_ms: number = DEADLINE_MS,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      this.#watchers.delete(check);
      act();
    };
    const check = (): void => {
      const found = look();
      if (found !== undefined) settle(() => resolve(found));
      else if (this.#failure !== undefined) settle(() => reject(this.#failure));
      else if (this.isEnded) settle(() => reject(this.#never(what, 'the connection ended')));
    };
    const timer = setTimeout(
      () => settle(() => reject(this.#never(what, `${deadline_ms} ms passed`))),
      deadline_ms,
    );
    this.#watchers.add(check);
    check();
    return promise;
  }

  #never(what: string, why: string): Error {
    const last = JSON.stringify(this.#messages.slice(-3));
    return new Error(`waited for ${what}, but ${why} (${JSON.stringify(this.#ending)}); ${last}`);
  }
}

/** Sends `request` as it is and reads the answer; whoever answers nothing has ended the connection. */
export async function exchange(port: number, request: string): Promise<HttpAnswer> {
  using raw = await RawSocket.connect(port);
  raw.write(request);
  return await raw.answer();
}

const splitHeader = (line: string): [string, string] => {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
};

const readText = (text: string): ServerMessage[] =>
  text.split('\n').map((line) => JSON.parse(line) as ServerMessage);

const readBinary = (bytes: Buffer): ServerMessage[] => unpackMultiple(bytes) as ServerMessage[];
