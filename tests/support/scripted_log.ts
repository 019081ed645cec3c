import type { ConnectLog } from '../../server/app.ts';
import type { Log, LogSink, OpenedRoom, Range } from '../../server/log/port.ts';
import { recordOf } from '../../server/log/record.ts';
import type { Draft, MessageRecord } from '../../server/protocol/messages.ts';

/** An engine that does what a test says: it keeps what it has, and waits where it is told to. */
export class ScriptedLog implements Log {
  readonly kind = 'scripted';
  readonly recovery_records = 1_000_000;
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly reads: { readonly room: string; readonly range: Range; readonly limit: number }[] = [];
  /** Runs before `open` answers; what it throws is the answer. */
  onOpen: (room: string) => Promise<void> = () => Promise.resolve();
  /** Runs before `read` answers; what it throws is the answer. */
  onRead: (room: string) => Promise<void> = () => Promise.resolve();
  readonly #sink: LogSink;
  readonly #rooms = new Map<string, MessageRecord[]>();
  readonly #tail_records: number;

  constructor(sink: LogSink, tail_records = 0) {
    this.#sink = sink;
    this.#tail_records = tail_records;
  }

  async open(room: string): Promise<OpenedRoom> {
    this.opened.push(room);
    await this.onOpen(room);
    const records = this.records(room);
    const head = records.at(-1)?.offset ?? 0;
    const tail = this.#tail_records === 0 ? [] : records.slice(-this.#tail_records);
    return { epoch: 'scripted.1', head, tail };
  }

  submit(room: string, draft: Draft, token: number): boolean {
    this.append(room, 1, draft);
    this.deliver(room, 1);
    this.#sink.acknowledged(token, this.records(room).at(-1)?.offset ?? 0, false);
    return true;
  }

  async read(room: string, range: Range, limit: number): Promise<readonly MessageRecord[]> {
    this.reads.push({ room, range, limit });
    await this.onRead(room);
    const records = this.records(room);
    if ('after' in range) {
      return records.filter(({ offset }) => offset > range.after).slice(0, limit);
    }
    return records.filter(({ offset }) => offset < range.before).slice(-limit);
  }

  close(room: string): void {
    this.closed.push(room);
  }

  async stop(): Promise<void> {}

  records(room: string): MessageRecord[] {
    const records = this.#rooms.get(room) ?? [];
    this.#rooms.set(room, records);
    return records;
  }

  /** Remembers `count` more records, and tells nobody yet. */
  append(room: string, count: number, draft: Draft = { from: 'ann', from_id: 'a', text: 't' }) {
    const records = this.records(room);
    for (let times = 0; times < count; times += 1) {
      const prev = records.at(-1)?.offset ?? 0;
      records.push(recordOf(draft, prev + 1, prev, 1_700_000_000_000));
    }
  }

  /** Hands on its newest `count` records. */
  deliver(room: string, count: number, epoch = 'scripted.1'): void {
    this.#sink.committed(room, epoch, this.records(room).slice(-count));
  }

  commit(room: string, count: number): void {
    this.append(room, count);
    this.deliver(room, count);
  }

  forget(room: string, count: number): void {
    this.records(room).splice(0, count);
  }
}

/** A scripted log, and what rooms are to connect to. */
export function scriptLog(tail_records = 0): { connect: ConnectLog; log: () => ScriptedLog } {
  let log: ScriptedLog | undefined;
  return {
    connect: (sink) => {
      log = new ScriptedLog(sink, tail_records);
      return log;
    },
    log: () => {
      if (log === undefined) throw new Error('not connected yet');
      return log;
    },
  };
}
