import type { HistogramSnapshot } from './histogram.ts';
import type { Discrepancies } from './ledger.ts';

/**
 * A load engine: members who join rooms, and senders among them who speak at a fixed rate, whatever
 * the server does (open loop). What callers may rely on:
 * - `connect` resolves once every member has joined or failed to; `run` sends only after that.
 * - Every delivery to every member is checked against what was sent.
 * - Latency counts from the time a message was to be sent, so that a stall of either side shows.
 * - The report says how much the engine itself used: whether the run counts is for the reader to say.
 */
export interface LoadEngine {
  connect(crowd: CrowdPlan): Promise<CrowdReport>;
  run(traffic: TrafficPlan): Promise<TrafficReport>;
  /** Closes every connection of the crowd. */
  disconnect(): Promise<void>;
}

export interface Target {
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
  /** Offered in the handshake; none when undefined. */
  readonly subprotocol?: string;
}

export interface CrowdPlan {
  readonly target: Target;
  readonly members: number;
  /** Members are spread over them evenly. */
  readonly rooms: number;
  /** How long the whole crowd may take to connect and join. */
  readonly timeout_ms: number;
}

export interface CrowdReport {
  readonly joined: number;
  readonly failed: number;
  readonly elapsed_ms: number;
  /** The first reason for a failure, if there was one. */
  readonly failure?: string;
}

export interface TrafficPlan {
  /** Messages a second from all senders together. */
  readonly rate: number;
  /** Members who send, spread over the rooms evenly. */
  readonly senders: number;
  /** Of the JSON of one `chat` frame. */
  readonly payload_bytes: number;
  /** Traffic before the window opens. */
  readonly warmup_ms: number;
  /** The window that is measured. */
  readonly duration_ms: number;
  /** The process whose CPU and memory count as the server's; undefined for a server elsewhere. */
  readonly server_pid?: number;
}

export interface TrafficReport extends Discrepancies {
  /** Messages, over warm-up and window. */
  readonly planned: number;
  readonly sent: number;
  /** What the members of each room had to receive, over warm-up and window. */
  readonly expected_deliveries: number;
  readonly deliveries: number;
  /** Different orders in which complete members of the same room saw its messages: 1 is right. */
  readonly orders: number;
  /** Members whose connection ended during the run. */
  readonly disconnected: number;
  /** `error` messages received, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly elapsed_ms: number;
  readonly window: WindowReport;
  /** Of messages to be sent in the window, intended sending to reading, microseconds. */
  readonly latency_us: HistogramSnapshot;
  /** How late the engine itself was to send, microseconds. */
  readonly send_lag_us: HistogramSnapshot;
}

/** What happened between the two edges of the measured window. */
export interface WindowReport {
  readonly elapsed_ms: number;
  readonly deliveries: number;
  /** Frames that carried deliveries. */
  readonly frames: number;
  /** Bytes of the delivered messages, without frame headers and separators. */
  readonly bytes: number;
  /** What the engine has read from its sockets and written to them, headers and all. */
  readonly bytes_in?: number;
  readonly bytes_out?: number;
  readonly client_cpu_ms: number;
  /** How long the engine was ready to run and had to wait for its core: the machine's noise. */
  readonly client_waited_ms: number;
  /** Absent when the server's process is not known. */
  readonly server?: ServerWindow;
}

export interface ServerWindow {
  readonly cpu_ms: number;
  /** How long its main thread was ready to run and had to wait for the core. */
  readonly waited_ms: number;
  /** At the end of the window. */
  readonly rss_bytes: number;
}
