/** Something to measure. */
export interface Case {
  /** What one `run` does so often: figures are for one of them. */
  readonly operations: number;
  /** Runs until everything that is remembered is full, and code has been compiled. */
  readonly warmup_runs: number;
  /** Whether other threads have to do their part: then it is the wall clock that counts. */
  readonly involvesOthers?: true;
  run(): unknown;
  /** After the last run. @throws Error when what was done was not what was to be measured */
  close?(): void;
}

/** The cases of one side by name, each made ready when it is first asked for. */
export type Suite = ReadonlyMap<string, () => Case | Promise<Case>>;

/** Nanoseconds for one operation. */
export interface Timing {
  /** Over all runs: what collecting garbage costs is in it, and whatever else the machine does. */
  readonly mean_ns: number;
  readonly p50_ns: number;
  readonly p99_ns: number;
  readonly samples: number;
}
