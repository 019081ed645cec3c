import { expect } from 'bun:test';
import { UnavailableError } from '../../errors.ts';
import type { Draft, MessageRecord } from '../../protocol/messages.ts';
import type { Log, LogSink, OpenedRoom, Range } from '../port.ts';
import type { HubWorker, SharedHub } from './hub_workers.ts';
import { LogObserver } from './observer.ts';

/** Publishes in a row that go to one worker. */
const TURN = 3;

/**
 * Two workers of one process as one log: publishes go to the one and to the other in turn, and a turn
 * is over before the next begins, so that the order of submission is known. The sink hears the
 * answers of both, and the records as the first worker's listeners get them; the second worker's have
 * to get the same.
 */
export class WorkerPair implements Log {
  readonly kind: string;
  readonly recovery_records: number;
  readonly #workers: readonly [HubWorker, HubWorker];
  readonly #seen = [new LogObserver(), new LogObserver()] as const;
  #current = 0;
  #is_switching = false;

  constructor(hub: SharedHub, sink: LogSink) {
    const sinkOf = (seen: LogObserver, isFirst: boolean): LogSink => ({
      committed: (...batch) => {
        seen.committed(...batch);
        if (isFirst) sink.committed(...batch);
      },
      acknowledged: (...answer) => sink.acknowledged(...answer),
      refused: (...answer) => sink.refused(...answer),
    });
    const [one, other] = this.#seen;
    this.#workers = [
      hub.connect(0, sinkOf(one, true), 'ndjson'),
      hub.connect(1, sinkOf(other, false), 'msgpack'),
    ];
    this.kind = this.#workers[0].kind;
    this.recovery_records = this.#workers[0].recovery_records;
  }

  async open(name: string): Promise<OpenedRoom> {
    const [one, other] = this.#workers;
    const [opened, openedToo] = await Promise.allSettled([one.open(name), other.open(name)]);
    if (opened.status === 'rejected') throw opened.reason;
    if (openedToo.status === 'rejected') throw new UnavailableError('the other worker has stopped');
    expect(openedToo.value.epoch).toBe(opened.value.epoch);
    this.#seen[0].opened(name, opened.value);
    this.#seen[1].opened(name, openedToo.value);
    return opened.value;
  }

  submit(name: string, draft: Draft, token: number): boolean {
    const taken = this.#worker.submit(name, draft, token);
    if (token % TURN === 0) this.#switch();
    return taken;
  }

  read(name: string, range: Range, limit: number): Promise<readonly MessageRecord[]> {
    return this.#worker.read(name, range, limit);
  }

  close(name: string): void {
    for (const worker of this.#workers) worker.close(name);
    for (const seen of this.#seen) seen.closed(name);
  }

  async stop(): Promise<void> {
    this.settle();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  /** Both workers have come to rest, and everybody has seen the same. */
  settle(): void {
    // In the second quiet round each has heard of what the other did in the first: the hub would wake
    // it for that, at some time.
    for (let quiet = 0; quiet < 2; quiet += 1) {
      for (const worker of this.#workers) worker.endTurn();
      if (this.#workers.some((worker) => worker.isBusy)) quiet = -1;
    }
    this.#current = 1 - this.#current;
    const [one, other] = this.#seen;
    for (const name of one.rooms.filter((room) => one.isOpen(room))) {
      expect(other.records(name)).toEqual(one.records(name));
    }
  }

  dispose(): void {
    for (const worker of this.#workers) worker.detach();
    for (const { violations } of this.#seen) expect(violations).toEqual([]);
  }

  get #worker(): HubWorker {
    return this.#workers[this.#current === 0 ? 0 : 1];
  }

  #switch(): void {
    // A sink that publishes from inside a call is still in this turn.
    if (this.#is_switching) return;
    this.#is_switching = true;
    do this.#worker.endTurn();
    while (this.#worker.isBusy);
    this.#current = 1 - this.#current;
    this.#is_switching = false;
  }
}
