import type { ServerWebSocket } from 'bun';
import { Inbox } from '../command/inbox.ts';
import { CLOSES, type CloseName } from '../errors.ts';
import type { Identity } from '../identity/identity.ts';
import type { Encoding } from '../protocol/encoding.ts';
import { type Line, Session, type SessionContext } from '../session/session.ts';

/** What the upgrade has settled about a connection before it exists. */
export interface Admission {
  readonly address: string;
  readonly encoding: Encoding;
  /** Undefined: it is to be told with `auth`. */
  readonly identity: Identity | undefined;
  /** A room to join right away: `?room=`. */
  readonly room: string | undefined;
}

/** How the connection reports what its own send path notices. */
export interface ConnectionEvents {
  /** A frame could not be written at once: somebody may be reading too slowly. */
  pressed(): void;
  /** A frame did not fit any more: Bun is about to cut the connection. */
  overflowed(): void;
  failed(connection: Connection, error: unknown): void;
}

/** What Bun answers a send or a publish with that went past `backpressureLimit`; below it: not all at once. */
export const DROPPED = 0;

export type Socket = ServerWebSocket<Connection>;

/** One WebSocket: the socket below, the session above, and what keepalive knows of it. */
export class Connection implements Line {
  readonly address: string;
  /** The keepalive tick at which the peer last gave a sign of life. */
  seen_tick = 0;
  /** Whether a ping has been sent since then. */
  pinged = false;
  /** While nothing is read from the peer, its silence says nothing about it. */
  isPaused = false;
  /** Where the keepalive wheel holds this connection. */
  bucket = -1;
  /** Why this side ended it, for the metrics: the close event only shows a number. */
  closed_for: CloseName | 'keepalive' | undefined;
  readonly #events: ConnectionEvents;
  /** Needed until somebody has been welcomed. */
  #admission: Admission | undefined;
  #socket: Socket | undefined;
  #session: Session | undefined;
  #inbox: Inbox | undefined;

  constructor(admission: Admission, events: ConnectionEvents) {
    this.address = admission.address;
    this.#admission = admission;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#session !== undefined && this.closed_for === undefined;
  }

  get buffered_bytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  open(socket: Socket, context: SessionContext): void {
    if (this.#admission === undefined) throw new Error('a connection was opened twice');
    const { identity, encoding } = this.#admission;
    this.#socket = socket;
    this.#session = new Session(this, encoding, context);
    this.#inbox = new Inbox(this.#session, this);
    if (identity === undefined) this.#session.awaitAuth();
    else this.#session.identify(identity);
  }

  welcomed(): void {
    const room = this.#admission?.room;
    this.#admission = undefined;
    if (room !== undefined) this.#inbox?.handleFirst({ type: 'join', room });
  }

  /** Who is at the other end, as far as that is known. */
  get identity(): Identity | undefined {
    return this.#session?.identity;
  }

  receive(frame: string | Uint8Array): void {
    this.#inbox?.receive(frame);
  }

  /** Keepalive has looked and found a peer: the time for what is due now and then. */
  renew(): void {
    this.#session?.renew();
  }

  /** A control frame came in: harmless, but not in any number. */
  receiveControl(): void {
    this.#inbox?.receiveControl();
  }

  /** Something went wrong that is nobody's refusal. */
  failed(error: unknown): void {
    this.#events.failed(this, error);
  }

  /** The socket is gone: nothing can be sent any more. */
  ended(): void {
    const session = this.#session;
    this.#socket = undefined;
    this.#session = undefined;
    this.#inbox = undefined;
    session?.end();
  }

  send(frame: string | Uint8Array): void {
    if (!this.isOpen || this.#socket === undefined) return;
    const status = this.#socket.send(frame);
    if (status === DROPPED) this.#events.overflowed();
    else if (status < DROPPED) this.#events.pressed();
  }

  subscribe(topic: string): void {
    this.#socket?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#socket?.unsubscribe(topic);
  }

  pause(): void {
    this.isPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.#socket?.resume();
  }

  ping(): void {
    this.#socket?.ping();
  }

  /** The server is about to go: all of its clients coming back at once would be the next outage. */
  sendAway(jitter_ms: number): void {
    const { reason } = CLOSES.restart;
    this.#session?.reply({ type: 'reconnect', after_ms: 0, jitter_ms, reason });
  }

  close(reason: CloseName): void {
    if (!this.isOpen) return;
    this.closed_for = reason;
    this.#socket?.close(CLOSES[reason].code, CLOSES[reason].reason);
  }

  /** Cuts the socket without a farewell: nobody is there to hear it. */
  cut(): void {
    this.closed_for ??= 'keepalive';
    this.#socket?.terminate();
  }
}
