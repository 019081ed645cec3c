import type { HistogramSnapshot } from './histogram.ts';
import type { CrowdPlan, CrowdReport, TrafficPlan, TrafficReport } from './port.ts';

/** What the native engine can do beyond the port: all of it is optional. Times are microseconds. */

/**
 * How messages are written. `json` also reads frames of several objects with `\n` between them;
 * `socket.io` is its protocol 5 over a WebSocket, with the contract's types as names of events;
 * `centrifugo` is Centrifugo's client protocol in JSON: a room is a channel, and the text stands in
 * the object that is published, as `text`. It has to allow anonymous clients to subscribe and publish.
 */
export type Encoding = 'json' | 'msgpack' | 'socket.io' | 'centrifugo';

export interface NativeCrowdPlan extends CrowdPlan {
  /** What the target's subprotocol says when undefined, and JSON when that says nothing. */
  readonly encoding?: Encoding;
  /**
   * False: clients connect and join nothing, as `echo` needs them; `rooms` means nothing then.
   * Undefined is true.
   */
  readonly joins?: boolean;
  /** Over which time connections are begun, evenly; as fast as handshakes end when undefined. */
  readonly ramp_ms?: number;
  /** Member n comes from 127.0.0.(1 + n modulo this): one address has ports for some 28,000. */
  readonly source_addresses?: number;
}

/** Of the members who have joined. */
export interface NativeCrowdReport extends CrowdReport {
  /** From the first packet to the server's switch of protocols. */
  readonly connect_us: HistogramSnapshot;
  /** From there to the first thing that the server says; empty when nobody joins anything. */
  readonly first_message_us: HistogramSnapshot;
  /** From the first packet to the confirmed join, or to the switch where nobody joins anything. */
  readonly join_us: HistogramSnapshot;
}

/** When messages are due. */
export interface Pattern {
  /**
   * `fixed`: evenly at `rate`. `burst`: `burst_size` at once, as often as the rate wants.
   * `ramp`: the rate rises from nothing over `ramp_ms`, then stays.
   */
  readonly pattern?: 'fixed' | 'burst' | 'ramp';
  readonly burst_size?: number;
  readonly ramp_ms?: number;
}

export interface NativeTrafficPlan extends TrafficPlan, Pattern {
  /**
   * Clients beside the crowd, spread over its rooms, who do the same again and again for the whole
   * run: connect, join, wait for a message if there are any, and go (by a reset, every second time by
   * a Close frame). Nobody expects anything of them, and nothing is expected for them.
   */
  readonly comers?: number;
  /** From the begin of a comer's connection to the begin of its next one, at least; 100 ms when undefined. */
  readonly comer_pause_ms?: number;
  /**
   * The last members, who may not be senders, stop reading when the window opens. Nothing is expected
   * for them in the whole run. When everybody else has received what was sent they read what the
   * server has left for them, which shows whom it has cut; then each of them connects and joins anew,
   * cut or not, so that the next run has its whole crowd and nothing of this one reaches it.
   */
  readonly stalled?: number;
}

export interface NativeTrafficReport extends TrafficReport {
  /** Rounds of comers that ended in the window; there when some were asked for. */
  readonly churn?: ChurnReport;
  /** There when members were to stall. */
  readonly stalled?: StallReport;
}

export interface ChurnReport {
  /** Complete ones. */
  readonly cycles: number;
  readonly failed: number;
  /** The first reason for a failure, if there was one. */
  readonly failure?: string;
  /** From the lost connection, when the next one begins, to membership. */
  readonly recovery_us: HistogramSnapshot;
}

export interface StallReport {
  readonly members: number;
  /** Whom the server has cut. */
  readonly closed: number;
  /** Of the Close frames of those; `none` for who was cut without one. */
  readonly close_codes: Readonly<Record<string, number>>;
  /** Who was a member again after the run. */
  readonly rejoined: number;
}

/** Every connection of the crowd is reset at once; then everybody connects and joins again. */
export interface StormPlan {
  /** Over which time connections are begun, evenly; undefined is all at once. */
  readonly ramp_ms?: number;
  /** How long the whole crowd may take. */
  readonly timeout_ms: number;
}

export interface StormReport {
  /** Who is a member again. */
  readonly members: number;
  /** Who was refused, or was too late: these belong to their rooms no more. Each has one attempt. */
  readonly failed: number;
  /** The first reason for a failure, if there was one. */
  readonly failure?: string;
  /** From the moment of the cut until the last of them is back. */
  readonly elapsed_ms: number;
  /** For each, from when it was to begin to connect until it was a member again. */
  readonly recovery_us: HistogramSnapshot;
}

/**
 * Messages that the server is to return as they are, in whatever order. Message n is sent by client n
 * modulo their number, and carries a message id, a client id, a timestamp and a payload.
 */
export interface EchoPlan extends Omit<TrafficPlan, 'senders'>, Pattern {
  /**
   * `text` is the JSON of bench/contract/README.md. `binary` has the same fields one behind the other:
   * message id (8 bytes), client id (4), timestamp (8, milliseconds, all of them big endian), payload.
   * Undefined is `text`.
   */
  readonly format?: 'text' | 'binary';
  /** Of the field `payload` alone, from 0. */
  readonly payload_bytes: number;
}

/** `deliveries` are the whole answers; a message sent is one of those, mismatched, or lost. */
export interface EchoReport
  extends Omit<TrafficReport, 'orders' | 'reordered' | 'foreign' | 'gaps'> {
  /** Answers that are not byte for byte what was sent with their message id, or match nothing. */
  readonly mismatched: number;
}
