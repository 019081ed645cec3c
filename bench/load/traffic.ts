import { cpuTime_ms, residentBytes, waitedForCpu_ms } from '../process/usage.ts';
import type { Passage } from './frame_memo.ts';
import { Histogram } from './histogram.ts';
import { type Discrepancies, noDiscrepancies } from './ledger.ts';
import type { ServerWindow, TrafficPlan, TrafficReport, WindowReport } from './port.ts';
import type { LoadRoom, Observer } from './room.ts';

/** How often the schedule is looked at: the most that a message is late on an idle machine. */
const TICK_MS = 1;
/** After the last message: how long deliveries may stay away before the rest counts as lost. */
const QUIET_MS = 1_000;
const DRAIN_MS_MAX = 10_000;
const DRAIN_LOOK_MS = 20;

const now_us = (): number => Math.floor(performance.now() * 1_000);

/** What is read at each edge of the window. */
interface Edge {
  readonly at_ms: number;
  readonly client_cpu_ms: number;
  readonly client_waited_ms: number;
  readonly server: ServerWindow | undefined;
  readonly deliveries: number;
  readonly frames: number;
  readonly bytes: number;
}

/**
 * One run of traffic over a crowd that has joined. Message n is to be sent at n / rate, whether or not
 * anything came back; after the last one the run waits for what is still on its way.
 */
export class Traffic implements Observer {
  readonly #rooms: readonly LoadRoom[];
  readonly #plan: TrafficPlan;
  readonly #planned: number;
  readonly #latency_us = new Histogram();
  readonly #send_lag_us = new Histogram();
  readonly #errors: Record<string, number> = {};
  readonly #started_us = now_us();
  readonly #window_start_us: number;
  readonly #window_end_us: number;
  #next = 0;
  #deliveries = 0;
  #frames = 0;
  #bytes = 0;
  #disconnected = 0;
  #opened: Edge | undefined;
  #closed: Edge | undefined;

  constructor(rooms: readonly LoadRoom[], plan: TrafficPlan) {
    this.#rooms = rooms;
    this.#plan = plan;
    this.#planned = Math.floor((plan.rate * (plan.warmup_ms + plan.duration_ms)) / 1_000);
    this.#window_start_us = this.#started_us + plan.warmup_ms * 1_000;
    this.#window_end_us = this.#window_start_us + plan.duration_ms * 1_000;
    const senders = Math.ceil(plan.senders / rooms.length);
    for (const room of rooms) room.begin(senders, plan.payload_bytes, this);
  }

  async run(): Promise<TrafficReport> {
    const done = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      try {
        if (this.#tick()) done.resolve();
      } catch (error) {
        done.reject(error);
      }
    }, TICK_MS);
    await done.promise.finally(() => clearInterval(timer));
    await this.#drain();
    return this.#report();
  }

  delivered({ batch, first, end, frames, bytes }: Passage): void {
    this.#deliveries += end - first;
    this.#frames += frames;
    this.#bytes += bytes;
    const at_us = now_us();
    for (let index = first; index < end; index += 1) {
      const sent_us = batch.intended_us[index] ?? 0;
      if (sent_us >= this.#window_start_us && sent_us < this.#window_end_us) {
        this.#latency_us.record(at_us - sent_us);
      }
    }
  }

  error(code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
  }

  disconnected(): void {
    this.#disconnected += 1;
  }

  /** @returns whether the schedule and the window are over */
  #tick(): boolean {
    const at_us = now_us();
    if (this.#opened === undefined && at_us >= this.#window_start_us) this.#opened = this.#edge();
    while (this.#next < this.#planned) {
      const intended_us = this.#intended_us(this.#next);
      if (intended_us > at_us) break;
      this.#send(this.#next, intended_us, at_us);
      this.#next += 1;
    }
    if (at_us < this.#window_end_us) return false;
    this.#closed ??= this.#edge();
    return this.#next === this.#planned;
  }

  #intended_us(index: number): number {
    return this.#started_us + Math.floor((index * 1e6) / this.#plan.rate);
  }

  /** Sender n is member n / rooms of room n modulo rooms. */
  #send(index: number, intended_us: number, at_us: number): void {
    const sender = index % this.#plan.senders;
    const room = this.#rooms[sender % this.#rooms.length];
    if (room?.send(Math.floor(sender / this.#rooms.length), intended_us) !== true) return;
    if (intended_us >= this.#window_start_us) this.#send_lag_us.record(at_us - intended_us);
  }

  #edge(): Edge {
    const { user, system } = process.cpuUsage();
    const { server_pid } = this.#plan;
    return {
      at_ms: performance.now(),
      client_cpu_ms: (user + system) / 1_000,
      client_waited_ms: waitedForCpu_ms(process.pid),
      server:
        server_pid === undefined
          ? undefined
          : {
              cpu_ms: cpuTime_ms(server_pid),
              waited_ms: waitedForCpu_ms(server_pid),
              rss_bytes: residentBytes(server_pid),
            },
      deliveries: this.#deliveries,
      frames: this.#frames,
      bytes: this.#bytes,
    };
  }

  async #drain(): Promise<void> {
    const deadline_ms = performance.now() + DRAIN_MS_MAX;
    let seen = this.#deliveries;
    let quiet_since_ms = performance.now();
    while (!this.#rooms.every((room) => room.members.every(({ ledger }) => ledger.isComplete))) {
      await Bun.sleep(DRAIN_LOOK_MS);
      const now_ms = performance.now();
      if (this.#deliveries !== seen) {
        seen = this.#deliveries;
        quiet_since_ms = now_ms;
      }
      if (now_ms - quiet_since_ms > QUIET_MS || now_ms > deadline_ms) return;
    }
  }

  #report(): TrafficReport {
    if (this.#opened === undefined || this.#closed === undefined) {
      throw new Error('the window never opened and closed');
    }
    const found = noDiscrepancies();
    let expected_deliveries = 0;
    let orders = 0;
    for (const room of this.#rooms) {
      expected_deliveries += room.sent * room.members.length;
      for (const { ledger } of room.members) addTo(found, ledger.discrepancies());
      const complete = room.members.filter(({ ledger }) => ledger.isComplete);
      orders = Math.max(orders, new Set(complete.map(({ ledger }) => ledger.order)).size);
      room.observer = undefined;
    }
    return {
      ...found,
      planned: this.#planned,
      sent: this.#rooms.reduce((sum, room) => sum + room.sent, 0),
      expected_deliveries,
      deliveries: this.#deliveries,
      orders,
      disconnected: this.#disconnected,
      errors: this.#errors,
      elapsed_ms: (now_us() - this.#started_us) / 1_000,
      window: windowOf(this.#opened, this.#closed),
      latency_us: this.#latency_us.snapshot(),
      send_lag_us: this.#send_lag_us.snapshot(),
    };
  }
}

function addTo(sum: Discrepancies, part: Discrepancies): void {
  sum.lost += part.lost;
  sum.duplicated += part.duplicated;
  sum.reordered += part.reordered;
  sum.foreign += part.foreign;
  sum.gaps += part.gaps;
}

function windowOf(opened: Edge, closed: Edge): WindowReport {
  const window = {
    elapsed_ms: closed.at_ms - opened.at_ms,
    deliveries: closed.deliveries - opened.deliveries,
    frames: closed.frames - opened.frames,
    bytes: closed.bytes - opened.bytes,
    client_cpu_ms: closed.client_cpu_ms - opened.client_cpu_ms,
    client_waited_ms: closed.client_waited_ms - opened.client_waited_ms,
  };
  if (opened.server === undefined || closed.server === undefined) return window;
  const server = {
    cpu_ms: closed.server.cpu_ms - opened.server.cpu_ms,
    waited_ms: closed.server.waited_ms - opened.server.waited_ms,
    rss_bytes: closed.server.rss_bytes,
  };
  return { ...window, server };
}
