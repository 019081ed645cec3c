import type { NativeCrowdReport, NativeLoadEngine } from '../load/engine.ts';
import type { HistogramSnapshot } from '../load/histogram.ts';
import type { Trial } from '../report/document.ts';
import type { Figures } from '../report/metrics.ts';
import type { RunClock } from '../report/validity.ts';
import type { Started } from './entrant_process.ts';
import type { Plan, Rung } from './plan.ts';

/** A server that has just been started, and an engine for its crowd. */
export interface Stage {
  readonly plan: Plan;
  readonly rung: Rung;
  readonly server: Started;
  readonly engine: NativeLoadEngine;
  /** Since the run began. */
  readonly clock: RunClock;
  /** Deliveries/s that this server was seen to sustain in an earlier run; undefined in the first. */
  readonly sustained_before: number | undefined;
}

/** What one run has shown, by the kind of its scenario. */
export interface Observed {
  readonly crowd: NativeCrowdReport;
  readonly figures: Figures;
  /** Received in the window. */
  readonly messages: number;
  readonly window_ms: number;
  readonly latency_us: HistogramSnapshot;
  readonly errors: Readonly<Record<string, number>>;
  /** Why the run says nothing about the server. */
  readonly void_reasons: readonly string[];
  /** What the server did wrong. */
  readonly faults: readonly string[];
  readonly trials?: readonly Trial[];
  /** Of a search: the load client was the limit, not the server. */
  readonly sustains_more?: boolean;
}

/** How scenarios of one kind are run. */
export type Play = (stage: Stage) => Promise<Observed>;
