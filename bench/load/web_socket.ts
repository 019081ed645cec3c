import { randomBytes } from 'node:crypto';
import type { Socket } from 'bun';
import { FrameReader, type OnFrame, type Recognise } from './frame_reader.ts';
import { clientFrame, OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG } from './frame_writer.ts';
import type { Target } from './port.ts';

export interface WebSocketEvents {
  /** A text or binary frame. */
  frame: OnFrame;
  /** Spares the socket from cutting what is known already. */
  recognise?: Recognise;
  /** @param code of the server's close frame, undefined when it went without one */
  closed(code: number | undefined): void;
}

const HEADERS_END = '\r\n\r\n';
const HEADERS_BYTES_MAX = 16 * 1024;
/** Unsent bytes at which sending is refused: the server has stopped reading. */
const UNSENT_BYTES_MAX = 1024 * 1024;
const CLOSE_NORMAL = Buffer.from([0x03, 0xe8]);

/**
 * The least WebSocket client that can be: a TCP socket, a handshake, frames. The ordinary client
 * makes a string or a buffer of each frame; this one only says where it stands.
 */
export class RawWebSocket {
  readonly #target: Target;
  readonly #events: WebSocketEvents;
  readonly #reader: FrameReader;
  readonly #opened = Promise.withResolvers<void>();
  #socket: Socket<RawWebSocket> | undefined;
  #headers: Buffer | undefined = Buffer.alloc(0);
  #unsent: Buffer[] = [];
  #unsent_bytes = 0;
  #close_code: number | undefined;

  private constructor(target: Target, events: WebSocketEvents) {
    this.#target = target;
    this.#events = events;
    this.#reader = new FrameReader(
      (opcode, bytes, start, end, at) => this.#frame(opcode, bytes, start, end, at),
      events.recognise,
    );
  }

  /**
   * Resolves when the server has switched protocols.
   * @throws Error when it cannot be reached or answers anything but 101
   */
  static async open(target: Target, events: WebSocketEvents): Promise<RawWebSocket> {
    const webSocket = new RawWebSocket(target, events);
    const { hostname, port } = target;
    await Bun.connect({ hostname, port, data: webSocket, socket: SOCKET_HANDLER });
    await webSocket.#opened.promise;
    return webSocket;
  }

  /** @returns false when nothing more can be sent: closed, or the server does not read */
  send(frame: Buffer): boolean {
    if (this.#socket === undefined || this.#unsent_bytes > UNSENT_BYTES_MAX) return false;
    if (this.#unsent_bytes > 0) {
      this.#keep(frame);
      return true;
    }
    const written = this.#socket.write(frame);
    if (written < 0) return false;
    if (written < frame.length) this.#keep(frame.subarray(written));
    return true;
  }

  /** Stops reading: the kernel's buffers fill, then the server's. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Says goodbye and ends the connection without waiting for an answer. */
  close(): void {
    this.send(clientFrame(OPCODE_CLOSE, CLOSE_NORMAL));
    this.#socket?.end();
  }

  connected(socket: Socket<RawWebSocket>): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    this.send(Buffer.from(handshake(this.#target)));
  }

  received(chunk: Buffer): void {
    if (this.#headers === undefined) this.#reader.push(chunk);
    else this.#readHeaders(Buffer.concat([this.#headers, chunk]));
  }

  drained(): void {
    const unsent = Buffer.concat(this.#unsent);
    this.#unsent = [];
    this.#unsent_bytes = 0;
    if (unsent.length > 0) this.send(unsent);
  }

  ended(error?: Error): void {
    if (this.#socket === undefined) return;
    this.#socket = undefined;
    this.#opened.reject(error ?? new Error('the server hung up during the handshake'));
    if (this.#headers === undefined) this.#events.closed(this.#close_code);
  }

  /** What a handler threw: the connection is of no more use. */
  failed(error: Error): void {
    this.#opened.reject(error);
    this.#socket?.terminate();
  }

  #keep(bytes: Buffer): void {
    this.#unsent.push(bytes);
    this.#unsent_bytes += bytes.length;
  }

  #readHeaders(received: Buffer): void {
    const end = received.indexOf(HEADERS_END);
    if (end === -1 && received.length < HEADERS_BYTES_MAX) {
      this.#headers = received;
      return;
    }
    const [status = ''] = received.toString('latin1', 0, Math.max(0, end)).split('\r\n');
    if (!status.startsWith('HTTP/1.1 101')) {
      throw new Error(`the server answered the handshake with "${status}"`);
    }
    this.#headers = undefined;
    this.#opened.resolve();
    const rest = received.subarray(end + HEADERS_END.length);
    if (rest.length > 0) this.#reader.push(rest);
  }

  #frame(opcode: number, bytes: Buffer, start: number, end: number, at: number): void {
    if (opcode === OPCODE_PING) {
      this.send(clientFrame(OPCODE_PONG, bytes.subarray(start, end)));
    } else if (opcode === OPCODE_CLOSE) {
      this.#close_code = end - start >= 2 ? bytes.readUInt16BE(start) : undefined;
      this.close();
    } else if (opcode !== OPCODE_PONG) {
      this.#events.frame(opcode, bytes, start, end, at);
    }
  }
}

/** One object for all sockets: ten thousand of them share it. */
const SOCKET_HANDLER = {
  open: (socket: Socket<RawWebSocket>) => socket.data.connected(socket),
  data: (socket: Socket<RawWebSocket>, chunk: Buffer) => socket.data.received(chunk),
  drain: (socket: Socket<RawWebSocket>) => socket.data.drained(),
  close: (socket: Socket<RawWebSocket>, error?: Error) => socket.data.ended(error),
  error: (socket: Socket<RawWebSocket>, error: Error) => socket.data.failed(error),
};

function handshake({ hostname, port, path, subprotocol }: Target): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
  ];
  return lines.join('\r\n') + HEADERS_END;
}
