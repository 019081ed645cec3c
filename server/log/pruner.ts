import type { LogEngine } from './engine.ts';
import {
  type GroupCommitOptions,
  PRUNE_INTERVAL_MS,
  PRUNE_STEP_RECORDS,
  PRUNE_STEP_ROOMS,
} from './group_commit_options.ts';

/**
 * Lets go of old records in steps of a few milliseconds, one between two batches, so that writers never
 * wait for more. When it has been through all rooms it rests.
 */
export class Pruner {
  readonly #engine: LogEngine;
  readonly #options: GroupCommitOptions;
  readonly #isOpen: (name: string) => boolean;
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** The last room that is done; undefined while it rests. */
  #room_id: number | undefined;

  /** @param wake called when there is something to do: then `step` */
  constructor(
    engine: LogEngine,
    options: GroupCommitOptions,
    isOpen: (name: string) => boolean,
    wake: () => void,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#isOpen = isOpen;
    this.#wake = wake;
  }

  get isBusy(): boolean {
    return this.#room_id !== undefined;
  }

  start(): void {
    const { log_records_max, log_age_ms_max, prune_interval_ms } = this.#options;
    if (log_records_max + log_age_ms_max === 0) return;
    this.#timer = setTimeout(() => {
      this.#room_id = 0;
      this.#wake();
    }, prune_interval_ms ?? PRUNE_INTERVAL_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#room_id = undefined;
  }

  /** A database that fails now is found out by the next batch: what is old can wait. */
  async step(): Promise<void> {
    for (let rooms = 0; rooms < PRUNE_STEP_ROOMS && this.#room_id !== undefined; rooms += 1) {
      if ((await this.#stepInRoom(this.#room_id)) > 0) return;
    }
  }

  async #stepInRoom(after_room_id: number): Promise<number> {
    const { log_records_max: records_max, log_age_ms_max } = this.#options;
    const now_ms = this.#options.now_ms?.() ?? Date.now();
    const { room_id, deleted } = await this.#engine
      .prune({
        after_room_id,
        records_max,
        oldest_ms: log_age_ms_max === 0 ? 0 : now_ms - log_age_ms_max,
        step_records: PRUNE_STEP_RECORDS,
        isOpen: this.#isOpen,
      })
      .catch(() => ({ room_id: undefined, deleted: 0 }));
    // A room with more to let go is looked at again.
    if (deleted < PRUNE_STEP_RECORDS) this.#room_id = room_id;
    if (this.#room_id === undefined) this.start();
    return deleted;
  }
}
