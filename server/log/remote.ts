import type { MessagePort } from 'node:worker_threads';
import { withDeadline } from '../deadline.ts';
import { UnavailableError } from '../errors.ts';
import type { Draft, MessageRecord } from '../protocol/messages.ts';
import { Openings } from './openings.ts';
import type { Log, LogSink, OpenedRoom, Range } from './port.ts';
import type { FromLog, PublishLine, ToLog } from './remote_messages.ts';

export interface RemoteLogOptions {
  /** Of the log behind the port. */
  readonly kind: string;
  readonly recovery_records: number;
  /** Publishes of this worker that wait for their answer. */
  readonly log_queue_records_max: number;
  /** UTF-16 units of their texts. */
  readonly log_queue_bytes_max: number;
  /** When nothing has been answered for so long although something waits, nothing more is taken. */
  readonly log_stall_ms_max: number;
  readonly publish_timeout_ms: number;
}

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What waits crosses together, in lots of this many before the turn is over. */
const LOT = 256;

/** A worker's side of a log that lives in a thread of its own. */
export class RemoteLog implements Log {
  readonly kind: string;
  readonly recovery_records: number;
  readonly #sink: LogSink;
  readonly #port: MessagePort;
  readonly #options: RemoteLogOptions;
  readonly #open = new Set<string>();
  readonly #openings = new Openings();
  readonly #calls = new Map<number, Call>();
  /** Publishes without an answer, and the size of their texts. */
  readonly #unanswered = new Map<number, number>();
  #unanswered_bytes = 0;
  #next_call = 1;
  #lot: PublishLine[] = [];
  #isPosting = false;
  /** When something was answered last, or began to wait. */
  #progress_ms = 0;
  #trouble: string | undefined;
  #stopped = false;
  #stopping: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(sink: LogSink, port: MessagePort, options: RemoteLogOptions) {
    this.#sink = sink;
    this.#port = port;
    this.#options = options;
    this.kind = options.kind;
    this.recovery_records = options.recovery_records;
    port.on('message', (text: string) => this.#receive(JSON.parse(text) as FromLog));
  }

  get trouble(): string | undefined {
    if (this.#trouble !== undefined) return this.#trouble;
    const { log_stall_ms_max } = this.#options;
    return this.#isStalled ? `nothing has been committed for ${log_stall_ms_max} ms` : undefined;
  }

  async open(room: string): Promise<OpenedRoom> {
    const opening = this.#openings.begin(room);
    // In the call that brings the answer: the next message may be the room's first records.
    const accept = (opened: OpenedRoom): OpenedRoom => {
      if (!opening.isWanted) throw new UnavailableError('the room was closed meanwhile');
      this.#open.add(room);
      return opened;
    };
    try {
      return await this.#call((call) => ({ kind: 'open', call, room }), accept);
    } finally {
      this.#openings.end(room, opening);
    }
  }

  submit(room: string, draft: Draft, token: number): boolean {
    const { from, from_id, text, id } = draft;
    if (this.#stopped || this.trouble !== undefined || !this.#open.has(room)) return false;
    if (this.#isFullFor(text.length)) return false;
    if (this.#unanswered.size === 0) this.#progress_ms = performance.now();
    this.#unanswered.set(token, text.length);
    this.#unanswered_bytes += text.length;
    const line = [room, token, from, from_id, text] as const;
    this.#lot.push(id === undefined ? line : [...line, id]);
    if (this.#lot.length >= LOT) this.#post();
    else this.#postSoon();
    return true;
  }

  async read(room: string, range: Range, limit: number): Promise<readonly MessageRecord[]> {
    if (!this.#open.has(room)) throw new UnavailableError('the room is not open');
    const accept = (records: readonly MessageRecord[]) => records;
    return this.#call((call) => ({ kind: 'read', call, room, range, limit }), accept);
  }

  close(room: string): void {
    this.#openings.callOff(room);
    this.#open.delete(room);
    this.#send({ kind: 'close', room });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** One publish alone may be larger than the bound. */
  #isFullFor(bytes: number): boolean {
    const { log_queue_records_max, log_queue_bytes_max } = this.#options;
    if (this.#unanswered.size === 0) return false;
    return (
      this.#unanswered.size >= log_queue_records_max ||
      this.#unanswered_bytes + bytes > log_queue_bytes_max
    );
  }

  get #isStalled(): boolean {
    const waited_ms = performance.now() - this.#progress_ms;
    return this.#unanswered.size > 0 && waited_ms > this.#options.log_stall_ms_max;
  }

  async #drain(): Promise<void> {
    this.#stopped = true;
    const stopped = new UnavailableError('the log has stopped');
    for (const { reject } of this.#calls.values()) reject(stopped);
    this.#calls.clear();
    this.#post();
    const answered = new Promise<void>((resolve) => {
      this.#drained = resolve;
      this.#noteProgress();
    });
    const { publish_timeout_ms } = this.#options;
    await withDeadline(answered, publish_timeout_ms, 'draining').catch(() => this.#giveUp());
    this.#port.close();
  }

  /** The outcome of what waits is not known, and will not be heard any more. */
  #giveUp(): void {
    for (const token of this.#unanswered.keys()) this.#sink.refused(token, 'unknown_outcome', 0);
    this.#unanswered.clear();
  }

  #call<T>(message: (call: number) => ToLog, accept: (result: T) => T): Promise<T> {
    if (this.#stopped) return Promise.reject(new UnavailableError('the log has stopped'));
    const call = this.#next_call;
    this.#next_call += 1;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#calls.set(call, {
      reject,
      resolve: (result) => {
        try {
          resolve(accept(result as T));
        } catch (error) {
          reject(error as Error);
        }
      },
    });
    this.#send(message(call));
    return promise;
  }

  #postSoon(): void {
    if (this.#isPosting) return;
    this.#isPosting = true;
    setImmediate(() => {
      this.#isPosting = false;
      this.#post();
    });
  }

  #post(): void {
    if (this.#lot.length === 0) return;
    const publishes = this.#lot;
    this.#lot = [];
    this.#port.postMessage(JSON.stringify({ kind: 'publish', publishes } satisfies ToLog));
  }

  #send(message: ToLog): void {
    this.#post();
    this.#port.postMessage(JSON.stringify(message));
  }

  #receive(message: FromLog): void {
    switch (message.kind) {
      case 'acknowledged':
        this.#acknowledge(message.triples);
        break;
      case 'refused':
        for (const token of message.tokens) {
          if (this.#settle(token)) this.#sink.refused(token, message.code, message.retry_after_ms);
        }
        break;
      case 'committed':
        if (this.#open.has(message.room)) {
          this.#sink.committed(message.room, message.epoch, message.records);
        }
        break;
      case 'troubled':
        this.#trouble = message.reason;
        break;
      case 'done':
      case 'failed':
        this.#answer(message);
        break;
    }
    this.#noteProgress();
  }

  #acknowledge(triples: readonly number[]): void {
    for (let index = 0; index < triples.length; index += 3) {
      const [token = 0, offset = 0, duplicate] = triples.slice(index, index + 3);
      if (this.#settle(token)) this.#sink.acknowledged(token, offset, duplicate === 1);
    }
  }

  #settle(token: number): boolean {
    const bytes = this.#unanswered.get(token);
    if (bytes === undefined) return false;
    this.#unanswered_bytes -= bytes;
    return this.#unanswered.delete(token);
  }

  #answer(message: Extract<FromLog, { kind: 'done' | 'failed' }>): void {
    const call = this.#calls.get(message.call);
    this.#calls.delete(message.call);
    if (message.kind === 'failed') call?.reject(new UnavailableError(message.reason));
    else call?.resolve(message.result);
  }

  #noteProgress(): void {
    this.#progress_ms = performance.now();
    if (this.#unanswered.size === 0) this.#drained?.();
  }
}
