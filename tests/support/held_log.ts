import type { ConnectLog } from '../../server/app.ts';
import { MemoryLog } from '../../server/log/memory.ts';
import type { Log, LogSink } from '../../server/log/port.ts';
import type { Draft } from '../../server/protocol/messages.ts';

/** The memory log behind a gate: until `release`, publishes wait, at most `queue_max` of them. */
export class HeldLog implements Log {
  readonly kind = 'held';
  readonly recovery_records = 0;
  readonly #memory: MemoryLog;
  readonly #queue_max: number;
  #waiting: (() => void)[] | undefined = [];

  constructor(sink: LogSink, queue_max: number) {
    this.#memory = new MemoryLog(sink, { idempotency_ids_max: 1_000 });
    this.#queue_max = queue_max;
  }

  open(room: string) {
    return this.#memory.open(room);
  }

  submit(room: string, draft: Draft, token: number): boolean {
    if (this.#waiting === undefined) return this.#memory.submit(room, draft, token);
    if (this.#waiting.length >= this.#queue_max) return false;
    this.#waiting.push(() => this.#memory.submit(room, draft, token));
    return true;
  }

  read(...range: Parameters<Log['read']>) {
    return this.#memory.read(...range);
  }

  close(room: string): void {
    this.#memory.close(room);
  }

  async stop(): Promise<void> {
    this.release();
    await this.#memory.stop();
  }

  /** From now on it answers at once. */
  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const submit of waiting) submit();
  }
}

/** A held log, and what the server is to connect to. */
export function holdLog(queue_max: number): { connect: ConnectLog; release: () => void } {
  let log: HeldLog | undefined;
  return {
    connect: (sink) => {
      log = new HeldLog(sink, queue_max);
      return log;
    },
    release: () => log?.release(),
  };
}
