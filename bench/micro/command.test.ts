import { expect } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requires } from '../../tests/support/requires.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const TIMEOUT_MS = 60_000;

requires('native-addon')(
  'micro measures in processes and Workers, and writes down what it prints',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hubbub-bench-'));
    try {
      const given = ['--rounds', '1', '--sample-ms', '1', '--parts', 'counting,handing'];
      const bench = Bun.spawn(
        [process.execPath, 'bench/main.ts', 'micro', ...given, '--out', folder],
        {
          cwd: ROOT,
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      );
      const table = await bench.stdout.text();
      expect(await bench.exited).toBe(0);
      expect(table).toContain('native, mutex');
      expect(table).toContain('two Workers, batches of 16 messages: × BroadcastChannel');
      const [file = ''] = readdirSync(folder);
      const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      expect(result).toMatchObject({ scenario: 'micro', problems: [], options: { rounds: 1 } });
      for (const { sides } of [...result.counting, ...result.handing]) {
        expect(sides.length).toBeGreaterThan(2);
        for (const side of sides) expect(side.p50_ns.median).toBeGreaterThan(0);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  TIMEOUT_MS,
);
