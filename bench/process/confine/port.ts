/** How a server was held to its cores, its share of time, and its memory; strongest first. */
export type ConfinementMethod = 'docker' | 'cgroup v2' | 'cgroup v1' | 'taskset' | 'none';

/** What a server may have. */
export interface Limits {
  /** The cores it may run on, all of its threads. */
  readonly cpus: readonly number[];
  /** Cores' worth of time, such as 1.5; not limited when undefined. */
  readonly cpu_limit?: number;
  /** Not limited when undefined. What counts, besides the process's own memory, is the method's. */
  readonly memory_limit_bytes?: number;
}

/** What the limits have done so far; a count that the method does not keep is left out. */
export interface LimitUsage {
  /** How long threads were ready to run and had no time left; threads wait at once, and add up. */
  readonly throttled_ms?: number;
  /** The most at any time, files in the page cache included. */
  readonly memory_peak_bytes?: number;
  /** Processes killed because there was no memory left for them. */
  readonly oom_kills?: number;
}

/**
 * Keeps one server within its limits: opened before it starts, disposed of after it has ended. One
 * that is opened for each run counts for that run alone.
 */
export interface Confinement extends AsyncDisposable {
  readonly method: ConfinementMethod;
  /** What of the limits could not be had here, and why: one sentence each. */
  readonly remarks: readonly string[];
  /** The command that runs `command` within the limits. No moment of it is outside of them. */
  wrap(command: readonly string[]): readonly string[];
  /**
   * The server's process, once it listens.
   * @param spawned_pid of the process that the wrapped command was started as
   */
  serverPid(spawned_pid: number): Promise<number>;
  usage(): LimitUsage;
  /** Kills what is left inside, and leaves nothing behind. @throws Error when that takes too long */
  [Symbol.asyncDispose](): Promise<void>;
}
