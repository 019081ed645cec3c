/** What the programs beside this one share: each runs in a process of its own, so that a crash is seen. */
import { type Addon, type Door, loadAddon } from '../../server/hub/native/addon.ts';
import { NativeHub } from '../../server/hub/native/hub.ts';
import { AREAS, FIELDS } from '../../server/hub/native/layout.ts';
import { batchBytes, type NativeHubLimits, openNativeHub } from '../../server/hub/native/open.ts';
import type { HubEvents, Verdict } from '../../server/hub/port.ts';

export const LIMITS: NativeHubLimits = {
  flush_interval_ms: 5,
  batch_bytes_max: 64 * 1_024,
  batch_records_max: 100,
  history_records_max: 100,
  history_bytes_max: 256 * 1_024,
  history_age_ms_max: 0,
  pending_bytes_max: 256 * 1_024 * 1_024,
  joined_users_max: 100,
  idempotency_ids_max: 1_000,
  pool_bytes_max: 512 * 1_024 * 1_024,
};

export const ANN = { user_id: 'ann', username: 'Ann' };
export const NEW_ROOM = { epoch: 'e.1', head: 0, tail: [] };

export const silent: HubEvents = { publish: () => {}, wake: () => {}, overrun: () => {} };

const loaded = loadAddon();
if (typeof loaded === 'string') throw new Error(`the addon ${loaded}`);
export const addon: Addon = loaded;

export const openHub = (workers = 1): number => openNativeHub(addon, LIMITS, workers);

export function connect(
  id: number,
  worker: number,
  events: HubEvents = silent,
  onVerdict: (verdict: Verdict) => void = () => {},
): NativeHub {
  const door = new addon.Door(id, worker, events.wake);
  const clock = () => performance.now();
  return new NativeHub({ door, events, onVerdict, batch_bytes: batchBytes(LIMITS), clock });
}

/** Gives the door as much memory as a request could want, each area its own. */
export const lendAll = (door: Door, bytes: number): readonly ArrayBuffer[] =>
  AREAS.map((_, area) => door.lend(area, bytes));

/** Calls as `NativeHub` does: what to do, and what came of it, stand in the control area. */
export function execute(
  door: Door,
  control: ArrayBuffer | undefined,
  given: Partial<Record<'from' | 'to' | 'flush' | 'monotonic_ms' | 'wall_ms', number>>,
): number | undefined {
  const fields = new Float64Array(control ?? new ArrayBuffer(0));
  for (const name of ['from', 'to', 'flush', 'monotonic_ms', 'wall_ms'] as const) {
    fields[FIELDS[name]] = given[name] ?? 0;
  }
  door.execute();
  return fields[FIELDS.status];
}

/** Publishes to a member through a door of its own. @throws when that is not what comes out */
export function checkHealth(id: number, worker: number): void {
  const frames: unknown[] = [];
  const verdicts: Verdict[] = [];
  const publish: HubEvents['publish'] = (_room, _encoding, data) => void frames.push(data);
  const hub = connect(id, worker, { ...silent, publish }, (verdict) => void verdicts.push(verdict));
  const room = hub.openRoom('health', NEW_ROOM);
  hub.join(room, ANN, 'json', undefined);
  hub.sequence(room, { from: 'Ann', from_id: 'ann', text: 'well' }, 7);
  hub.flush(performance.now());
  const [verdict] = verdicts;
  const isWell = frames.length === 1 && verdict?.accepted === true && verdict.token === 7;
  if (!isWell) throw new Error(`unwell: ${JSON.stringify({ frames, verdicts })}`);
}
