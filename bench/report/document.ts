import Type, { type Static } from 'typebox';
import { PLAN } from '../contest/plan.ts';
import { METRIC_NAMES, type MetricName } from './metrics.ts';

/**
 * The file that a benchmark leaves behind. The schema here is the published one
 * (`result.schema.json`), and the types are read from it.
 */

const whole = () => Type.Integer({ minimum: 0 });
const strings = () => Type.Array(Type.String());
const time = () => Type.String({ description: 'ISO 8601, UTC' });

const perMetric = <T extends Type.TSchema>(value: T) =>
  Type.Partial(
    Type.Object(
      Object.fromEntries(METRIC_NAMES.map((name) => [name, value])) as Record<MetricName, T>,
    ),
    { additionalProperties: false },
  );

/** Buckets as `Histogram` has them (bench/load/histogram.ts), in microseconds. */
const HISTOGRAM = Type.Object({
  buckets: Type.Array(whole(), { description: 'index and count, one after the other' }),
  min: Type.Union([whole(), Type.Null()], { description: 'null when nothing was recorded' }),
  max: whole(),
  sum: Type.Number(),
});

/** One second of a run; shares are of one core, in per cent. */
const SAMPLE = Type.Object({
  at: time(),
  server_cpu_percent: Type.Optional(Type.Number()),
  server_rss_bytes: Type.Optional(whole()),
  client_cpu_percent: Type.Number(),
  client_rss_bytes: whole(),
  socket_bytes: Type.Optional(whole()),
});

/** One load that was tried on the way to the highest that a server sustains. */
const TRIAL = Type.Object({
  offered_per_s: Type.Number(),
  delivered_per_s: Type.Number(),
  drop_percent: Type.Number(),
  latency_p99_ms: Type.Number(),
  sustained: Type.Boolean(),
});

const RUN = Type.Object({
  /** Place in the random order of all runs. */
  order: whole(),
  started_at: time(),
  elapsed_ms: Type.Number(),
  /** Why the run says nothing about the server; empty when it counts. */
  void_reasons: strings(),
  /** What the server did wrong. */
  faults: strings(),
  figures: perMetric(Type.Number()),
  /** Messages of the window: received, by all. */
  messages: whole(),
  /** Of the window. */
  window_ms: Type.Number(),
  latency_us: HISTOGRAM,
  samples: Type.Array(SAMPLE),
  trials: Type.Optional(Type.Array(TRIAL)),
  /** The load client was the limit: the server sustains at least what stands here. */
  sustains_more: Type.Optional(Type.Boolean()),
  /** `error` answers, by code. */
  errors: Type.Record(Type.String(), whole()),
});

/** Of the runs that count. `low` and `high` bound the median: a bootstrap interval of 95 %. */
const SUMMARY = Type.Object({
  count: whole(),
  median: Type.Number(),
  mean: Type.Number(),
  standard_deviation: Type.Number(),
  min: Type.Number(),
  max: Type.Number(),
  low: Type.Number(),
  high: Type.Number(),
});

/** One size of a scenario: a ladder has a case for each rung, most scenarios have one. */
const CASE = Type.Object({
  /** Such as `1,000 clients`; empty when there is one. */
  label: Type.String(),
  clients: whole(),
  runs: Type.Array(RUN),
  summary: perMetric(SUMMARY),
});

/** A server as it took part. */
const SUBJECT = Type.Object({
  /** Unique here, such as `go-gorilla joined 5 ms`. */
  name: Type.String(),
  /** Without mode and encoding, such as `go-gorilla`. */
  peer: Type.String(),
  profile: Type.Union([
    Type.Literal('A'),
    Type.Literal('B'),
    Type.Literal('hubbub'),
    Type.Literal('url'),
  ]),
  language: Type.String(),
  stack: Type.String(),
  remark: Type.Optional(Type.String()),
  encoding: Type.String(),
  /** `frame`, `window` or `joined`. */
  mode: Type.String(),
  /** 0 when messages leave as they come. */
  window_ms: whole(),
  workers: whole(),
  /** What it was told, on top of what it is by itself. */
  flags: strings(),
  cases: Type.Array(CASE),
});

const MACHINE = Type.Object({
  cpu: Type.String(),
  cpus: whole(),
  memory_bytes: whole(),
  kernel: Type.String(),
  bun: Type.String(),
  load_average: Type.Number(),
  pinning: Type.String(),
  smt: Type.Optional(Type.Boolean({ description: 'two processors may be one core' })),
  virtualised: Type.Optional(Type.Boolean()),
  governor: Type.Optional(Type.String({ description: 'which sets the clock of the cores' })),
  cgroup: Type.Optional(Type.Union([Type.Literal('v1'), Type.Literal('v2')])),
  toolchains: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'versions of those installed' }),
  ),
});

/** How server and client were kept apart and limited. */
const CONFINEMENT = Type.Object({
  method: Type.Union([
    Type.Literal('docker'),
    Type.Literal('cgroup v2'),
    Type.Literal('cgroup v1'),
    Type.Literal('taskset'),
    Type.Literal('none'),
  ]),
  server_cpus: Type.Array(whole()),
  client_cpus: Type.Array(whole()),
  /** Cores' worth of time; null when not limited. */
  cpu_limit: Type.Union([Type.Number(), Type.Null()]),
  memory_limit_bytes: Type.Union([whole(), Type.Null()]),
  /** What of it could not be had here, one sentence each. */
  remarks: strings(),
});

export const DOCUMENT = Type.Object(
  {
    format: Type.Literal('hubbub-bench'),
    version: Type.Literal(1),
    plan: PLAN,
    started_at: time(),
    ended_at: time(),
    seed: whole(),
    /** Words after `bun run bench`. */
    command: strings(),
    machine: MACHINE,
    confinement: CONFINEMENT,
    /** The subject that ratios are told against. */
    baseline: Type.String(),
    subjects: Type.Array(SUBJECT),
    /** Who could not take part, and why. */
    absent: Type.Array(Type.Object({ name: Type.String(), reason: Type.String() })),
    /** Why the figures must not be trusted; empty when they may be. */
    problems: strings(),
  },
  { $id: 'hubbub-bench-result-1', additionalProperties: false },
);

export type ResultDocument = Static<typeof DOCUMENT>;
export type Subject = Static<typeof SUBJECT>;
export type Case = Static<typeof CASE>;
export type Run = Static<typeof RUN>;
export type Sample = Static<typeof SAMPLE>;
export type Trial = Static<typeof TRIAL>;
export type Summary = Static<typeof SUMMARY>;
export type Confinement = Static<typeof CONFINEMENT>;
