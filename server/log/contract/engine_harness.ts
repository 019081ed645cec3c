import { MessageChannel } from 'node:worker_threads';
import type { LogEngine } from '../engine.ts';
import { GroupCommit } from '../group_commit.ts';
import type { GroupCommitOptions } from '../group_commit_options.ts';
import { LogHost } from '../host.ts';
import type { LogSink } from '../port.ts';
import { RemoteLog, type RemoteLogOptions } from '../remote.ts';
import type { LogHarness } from './fixture.ts';

export const COMMIT_OPTIONS: GroupCommitOptions = {
  history_records_max: 5,
  history_bytes_max: 64 * 1_024,
  replay_bytes_max: 1_024 * 1_024,
  log_records_max: 0,
  log_age_ms_max: 0,
  reconnect_interval_ms: 5,
  onLost: (error) => {
    throw error;
  },
};

export const REMOTE_OPTIONS: RemoteLogOptions = {
  kind: 'remote',
  recovery_records: Number.MAX_SAFE_INTEGER,
  log_queue_records_max: 1_000,
  log_queue_bytes_max: 1_024 * 1_024,
  log_stall_ms_max: 5_000,
  publish_timeout_ms: 5_000,
};

/** A room that no test knows. */
const PROBE = '\u0000 probe';

/** A worker's log, with what stands behind it on the same thread. */
export async function connectEngine(
  engine: LogEngine,
  sink: LogSink,
  remote: Partial<RemoteLogOptions> = {},
  commit: Partial<GroupCommitOptions> = {},
): Promise<LogHarness & { readonly log: RemoteLog; readonly group: GroupCommit }> {
  const group = new GroupCommit(engine, { ...COMMIT_OPTIONS, ...commit });
  await group.start();
  const { port1, port2 } = new MessageChannel();
  new LogHost(group, port2);
  const log = new RemoteLog(sink, port1, { ...REMOTE_OPTIONS, kind: engine.kind, ...remote });
  return {
    log,
    group,
    step: nextTurn,
    settle: async () => {
      // Messages keep their order: when an answer comes, everything before it has. The first one may
      // overtake a batch; the last one comes behind what a recovery has answered.
      for (let round = 0; round < 3; round += 1) {
        await log.open(PROBE).catch(() => undefined);
        while (!group.isIdle) await nextTurn();
      }
    },
    dispose: async () => {
      await group.stop();
      port2.close();
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
