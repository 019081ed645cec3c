import { expect, test } from 'bun:test';
import { join } from 'node:path';

test('a mode there is not is refused', async () => {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'server.ts'), '--mode', 'fast'],
    {
      stderr: 'pipe',
    },
  );
  expect(await child.stderr.text()).toContain('--mode takes one of frame, window, joined.');
  expect(await child.exited).toBe(2);
});
