import type { NativeCrowdPlan, NativeCrowdReport, NativeTrafficPlan } from '../../load/engine.ts';
import type { Stage } from '../stage.ts';

/** On top of the time over which connections are spread: some servers take their time for thousands. */
const CONNECT_MS_BASE = 30_000;
const CONNECT_MS_EACH = 5;
/** From one address to one port there are some 28,000 ports. */
const CONNECTIONS_PER_ADDRESS = 20_000;

export const connectDeadline_ms = ({ plan, rung }: Stage): number =>
  plan.ramp * 1_000 + CONNECT_MS_BASE + rung.clients * CONNECT_MS_EACH;

/** Everybody connects and joins; where a plan has echoes, without joining. */
export function connectCrowd(
  stage: Stage,
  changes: Partial<NativeCrowdPlan> = {},
): Promise<NativeCrowdReport> {
  const { engine, plan, rung, server } = stage;
  return engine.connect({
    target: server.chat,
    encoding: server.encoding,
    members: rung.clients,
    rooms: rung.rooms,
    ramp_ms: plan.ramp * 1_000,
    source_addresses: Math.ceil(rung.clients / CONNECTIONS_PER_ADDRESS),
    timeout_ms: connectDeadline_ms(stage),
    ...changes,
  });
}

/** The traffic of a plan, as the engine takes it. */
export function trafficOf({ plan, rung, server }: Stage): NativeTrafficPlan {
  return {
    rate: rung.rate,
    senders: rung.senders,
    payload_bytes: plan.payload,
    warmup_ms: plan.warmup * 1_000,
    duration_ms: plan.duration * 1_000,
    ...(plan.pattern === 'fixed' ? undefined : { pattern: plan.pattern }),
    ...(plan.pattern === 'burst' ? { burst_size: plan.burst_size } : undefined),
    ...(plan.pattern === 'ramp' ? { ramp_ms: plan.warmup * 1_000 } : undefined),
    ...(server.pid === undefined ? undefined : { server_pid: server.pid }),
  };
}
