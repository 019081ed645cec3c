import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine } from './contract/engine_harness.ts';
import { describeLogContract } from './contract.ts';
import { SqliteEngine } from './sqlite.ts';

const TRAITS = {
  epoch_after_close: 'kept',
  answers: 'always',
  ids_remembered: 'at least',
  queue: 'bounded',
} as const;

describeLogContract('sqlite', TRAITS, async (sink, { queue_max }) => {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-'));
  const engine = new SqliteEngine({ path: join(folder, 'hubbub.sqlite'), sync: 'normal' });
  const harness = await connectEngine(engine, sink, { log_queue_records_max: queue_max });
  return {
    ...harness,
    dispose: async () => {
      await harness.dispose();
      rmSync(folder, { recursive: true });
    },
  };
});
