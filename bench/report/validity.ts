import type { CrowdReport, TrafficReport } from '../load/port.ts';

/** What is known of a run besides its traffic; what was not watched is left out, and not judged. */
export interface RunConditions {
  /** How long the traffic was to take, warm-up included. */
  readonly planned_ms: number;
  /** Cores of the load engine; 1 when undefined. */
  readonly client_cpus?: number;
  /** Per cent of the window that either side may wait for its core. */
  readonly noise_max?: number;
  /** One stretch of the run on both clocks; see `RunClock`. */
  readonly clock?: ClockReading;
  /** What the server's limits did to it, as its confinement counts. */
  readonly limits?: {
    readonly throttled_ms?: number;
    readonly oom_kills?: number;
  };
}

export interface ClockReading {
  readonly wall_ms: number;
  readonly monotonic_ms: number;
}

/** One run, as the rules look at it. */
export interface Evidence extends RunConditions {
  readonly crowd: CrowdReport;
  readonly report: TrafficReport;
}

/** Why a run says nothing about the server (`void`), or what the server did wrong (`fault`). */
export type Consequence = 'void' | 'fault';

interface Rule {
  readonly consequence: Consequence;
  /** @returns what is wrong, one sentence part each; empty when the rule is kept */
  find(evidence: Evidence): readonly string[];
}

export interface Finding {
  readonly rule: RuleName;
  readonly consequence: Consequence;
  readonly message: string;
}

const SENT_SHARE_MIN = 0.99;
/** Of its cores. Past it, what looks like the server's latency may be the client's. */
const CLIENT_CPU_SHARE_MAX = 0.8;
const ELAPSED_FACTOR_MAX = 1.5;
const CLOCK_DRIFT_SHARE_MAX = 0.005;
const CLOCK_DRIFT_MS_MAX = 50;
/** Both clocks are read one after the other, and the wall clock counts whole milliseconds. */
const CLOCK_READING_MS = 2;
/** The scheduler takes slices back now and then from a process that stays below its limit. */
const THROTTLED_SHARE_MAX = 0.01;
/** No socket is that fast, and histograms count what lies below nought as nought. */
const LATENCY_US_MIN = 1;

const when = (isBroken: boolean, message: string): readonly string[] => (isBroken ? [message] : []);

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/**
 * Every rule that a run has to keep to be told about. Comparisons are written so that a figure that
 * is not a number breaks the rule.
 */
export const RULES = {
  'nothing connected': {
    consequence: 'void',
    find: ({ crowd }) => when(!(crowd.joined > 0), 'nobody could join'),
  },
  'nothing planned': {
    consequence: 'void',
    find: ({ report: { planned, window } }) =>
      when(!(planned > 0 && window.elapsed_ms > 0), 'there was nothing to measure'),
  },
  'plan not sent': {
    consequence: 'void',
    find: ({ report: { planned, sent } }) =>
      when(!(sent >= planned * SENT_SHARE_MIN), `only ${sent} of ${planned} messages were sent`),
  },
  'client saturated': {
    consequence: 'void',
    find({ report: { window }, client_cpus = 1 }) {
      const share = window.client_cpu_ms / (window.elapsed_ms * client_cpus);
      const cores = client_cpus === 1 ? 'its core' : `its ${client_cpus} cores`;
      return when(
        !(share < CLIENT_CPU_SHARE_MAX),
        `the load client used ${percent(share)} of ${cores}`,
      );
    },
  },
  noise: {
    consequence: 'void',
    find({ report: { window }, noise_max = Number.POSITIVE_INFINITY }) {
      const waited_ms = Math.max(window.client_waited_ms, window.server?.waited_ms ?? 0);
      const waited = (waited_ms * 100) / window.elapsed_ms;
      return when(
        !(waited <= noise_max),
        `others kept a core busy for ${waited.toFixed(1)} % of the run`,
      );
    },
  },
  'too slow': {
    consequence: 'void',
    find: ({ report: { elapsed_ms }, planned_ms }) =>
      when(
        !(elapsed_ms <= planned_ms * ELAPSED_FACTOR_MAX),
        `the run took ${Math.round(elapsed_ms)} ms instead of ${planned_ms}`,
      ),
  },
  'more than was sent': {
    consequence: 'void',
    find({ report: { deliveries, expected_deliveries, duplicated, foreign } }) {
      const explained = expected_deliveries + duplicated + foreign;
      return when(
        !(deliveries <= explained),
        `${deliveries} deliveries were counted where ${explained} can be accounted for`,
      );
    },
  },
  'negative latency': {
    consequence: 'void',
    find: ({ report: { latency_us } }) =>
      when(
        latency_us.buckets.length > 0 && !(latency_us.min >= LATENCY_US_MIN),
        'messages arrived before they were to be sent',
      ),
  },
  'clock drift': {
    consequence: 'void',
    find({ clock }) {
      if (clock === undefined) return [];
      const drift_ms = Math.abs(clock.wall_ms - clock.monotonic_ms);
      const share_ms = clock.monotonic_ms * CLOCK_DRIFT_SHARE_MAX;
      const drift_ms_max = Math.min(CLOCK_DRIFT_MS_MAX, Math.max(CLOCK_READING_MS, share_ms));
      return when(
        !(drift_ms <= drift_ms_max),
        `the clock was set by ${drift_ms.toFixed(0)} ms during the run`,
      );
    },
  },
  'members missing': {
    consequence: 'fault',
    find: ({ crowd: { failed, failure } }) =>
      when(failed > 0, `${failed} members could not join: ${failure}`),
  },
  discrepancies: {
    consequence: 'fault',
    find: ({ report }) =>
      (['lost', 'duplicated', 'reordered', 'foreign', 'gaps', 'disconnected'] as const).flatMap(
        (kind) => when(report[kind] > 0, `${report[kind]} ${kind}`),
      ),
  },
  'several orders': {
    consequence: 'fault',
    find: ({ report: { orders } }) => when(orders > 1, `members saw ${orders} different orders`),
  },
  'errors answered': {
    consequence: 'fault',
    find: ({ report: { errors } }) =>
      Object.entries(errors).map(([code, count]) => `${count} errors "${code}"`),
  },
  throttled: {
    consequence: 'fault',
    find({ report: { elapsed_ms }, limits }) {
      const throttled_ms = limits?.throttled_ms ?? 0;
      return when(
        throttled_ms > elapsed_ms * THROTTLED_SHARE_MAX,
        `its CPU limit held the server up for ${Math.round(throttled_ms)} ms`,
      );
    },
  },
  'killed by its limit': {
    consequence: 'fault',
    find: ({ limits }) => when((limits?.oom_kills ?? 0) > 0, 'its memory limit killed the server'),
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** Whether the client was busier than it may be in a run that counts. */
export const isSaturated = (report: TrafficReport): boolean =>
  report.window.client_cpu_ms / report.window.elapsed_ms >= CLIENT_CPU_SHARE_MAX;

export type RuleName = keyof typeof RULES;

/** Holds a run against every rule, in the order in which they stand. */
export function judge(evidence: Evidence): readonly Finding[] {
  return (Object.entries(RULES) as [RuleName, Rule][]).flatMap(([rule, { consequence, find }]) =>
    find(evidence).map((message) => ({ rule, consequence, message })),
  );
}

/** Why a run measured the load client or the machine and not the server: such a run is repeated. */
export const voidReasons = (evidence: Evidence): readonly string[] => messagesOf(evidence, 'void');

/** What the server did wrong: no figure of such a run stands for a server that works. */
export const faultsOf = (evidence: Evidence): readonly string[] => messagesOf(evidence, 'fault');

const messagesOf = (evidence: Evidence, consequence: Consequence): readonly string[] =>
  judge(evidence)
    .filter((finding) => finding.consequence === consequence)
    .map(({ message }) => message);

/** Both clocks from when it is made: whoever sets the wall clock meanwhile is noticed. */
export class RunClock {
  readonly #wall_ms = Date.now();
  readonly #monotonic_ms = performance.now();

  read(): ClockReading {
    return {
      wall_ms: Date.now() - this.#wall_ms,
      monotonic_ms: performance.now() - this.#monotonic_ms,
    };
  }
}
