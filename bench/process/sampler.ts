import type { Sample } from '../report/document.ts';
import { socketBytes } from './socket_memory.ts';
import { cpuTime_ms, ProcessEndedError, residentBytes } from './usage.ts';

export interface SamplerPlan {
  /** Undefined for a server elsewhere. */
  readonly server_pid?: number;
  readonly client_pid: number;
  /** 1,000 when undefined. */
  readonly every_ms?: number;
}

/** One process at one moment. */
interface Reading {
  readonly cpu_ms: number;
  readonly rss_bytes: number;
}

/** Both processes at one moment; a process that has ended is not there. */
interface Moment {
  /** On the monotonic clock. */
  readonly at_ms: number;
  readonly server: Reading | undefined;
  readonly client: Reading | undefined;
}

/** A last sample over less than this part of an interval says nothing: processor time comes in ticks. */
const LAST_PART_MIN = 0.5;

/**
 * Watches server and client during a run: processor time, with all threads, and memory of each, and
 * what the kernel holds for sockets. Reads a few small files every second, on the thread it is started on.
 *
 * The n-th sample is due at n intervals after the start, however late the ones before it were: one that
 * comes late covers more time, and its shares are of the time that it covers.
 */
export class Sampler implements Disposable {
  readonly #plan: SamplerPlan;
  readonly #every_ms: number;
  readonly #started_ms = performance.now();
  readonly #samples: Sample[] = [];
  #last: Moment;
  #timer: Timer | undefined;
  /** Number of the sample that is waited for. */
  #due = 0;

  private constructor(plan: SamplerPlan) {
    this.#plan = plan;
    this.#every_ms = plan.every_ms ?? 1_000;
    this.#last = this.#look();
    this.#schedule();
  }

  /** @throws Error when one of the processes is not there */
  static start(plan: SamplerPlan): Sampler {
    const sampler = new Sampler(plan);
    const { client, server } = sampler.#last;
    if (client !== undefined && (server !== undefined || plan.server_pid === undefined)) {
      return sampler;
    }
    sampler[Symbol.dispose]();
    throw new Error('a process that was to be watched has ended');
  }

  /** Ends the watch; again and again the same answer. */
  stop(): readonly Sample[] {
    if (this.#timer === undefined) return this.#samples;
    this[Symbol.dispose]();
    const since_ms = performance.now() - this.#last.at_ms;
    if (since_ms >= this.#every_ms * LAST_PART_MIN) this.#take();
    return this.#samples;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    const elapsed_ms = performance.now() - this.#started_ms;
    this.#due = nextDue(this.#due, elapsed_ms, this.#every_ms);
    this.#timer = setTimeout(
      () => {
        this.#take();
        this.#schedule();
      },
      this.#due * this.#every_ms - elapsed_ms,
    );
  }

  #take(): void {
    const { at_ms, server, client } = this.#last;
    this.#last = this.#look();
    const over_ms = this.#last.at_ms - at_ms;
    // Without a client there is no run, and nothing to say about one.
    if (client === undefined || this.#last.client === undefined) return;
    const { server: server_now, client: client_now } = this.#last;
    const seen = server !== undefined && server_now !== undefined;
    this.#samples.push({
      at: new Date().toISOString(),
      ...(seen && {
        server_cpu_percent: percentOf(server, server_now, over_ms),
        server_rss_bytes: server_now.rss_bytes,
      }),
      client_cpu_percent: percentOf(client, client_now, over_ms),
      client_rss_bytes: client_now.rss_bytes,
      socket_bytes: socketBytes(),
    });
  }

  #look(): Moment {
    const { server_pid, client_pid } = this.#plan;
    return {
      at_ms: performance.now(),
      server: server_pid === undefined ? undefined : readProcess(server_pid),
      client: readProcess(client_pid),
    };
  }
}

/**
 * The number of the next sample: one that is past is left out, and none is taken twice because a timer
 * went off a little early.
 */
export const nextDue = (last: number, elapsed_ms: number, every_ms: number): number =>
  Math.max(last, Math.floor(elapsed_ms / every_ms)) + 1;

const percentOf = (before: Reading, now: Reading, over_ms: number): number =>
  ((now.cpu_ms - before.cpu_ms) * 100) / over_ms;

/** @returns undefined when it has ended, also when nobody has asked for its status yet */
function readProcess(pid: number): Reading | undefined {
  try {
    return { cpu_ms: cpuTime_ms(pid), rss_bytes: residentBytes(pid) };
  } catch (error) {
    if (error instanceof ProcessEndedError) return undefined;
    throw error;
  }
}
