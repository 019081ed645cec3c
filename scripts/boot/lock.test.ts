import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';

const patient = { deadline_ms: 20_000, onWait: () => {} };
const impatient = { deadline_ms: 0, onWait: () => {} };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubbub-lock-'));
  path = join(folder, 'lock');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that takes the lock, says "held" and keeps it until it is stopped. */
async function startOwner(): Promise<Bun.Subprocess<'ignore', 'pipe', 'inherit'>> {
  const source = `
    import { withLock } from ${JSON.stringify(join(import.meta.dir, 'lock.ts'))};
    await withLock(${JSON.stringify(path)}, { deadline_ms: 0, onWait() {} }, async () => {
      console.log('held');
      await Bun.sleep(60_000);
    });
  `;
  const owner = Bun.spawn([process.execPath, '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { value } = await owner.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe('held\n');
  return owner;
}

describe('withLock', () => {
  test('answers what the work answers', async () => {
    expect(await withLock(path, patient, async () => 42)).toBe(42);
  });

  test('lets one after the other in, and says that it waits', async () => {
    const events: string[] = [];
    const entered = Promise.withResolvers<void>();
    const mayLeave = Promise.withResolvers<void>();
    const first = withLock(path, patient, async () => {
      entered.resolve();
      await mayLeave.promise;
      events.push('first leaves');
    });
    await entered.promise;
    const onWait = () => {
      events.push('second waits');
      mayLeave.resolve();
    };
    const second = withLock(path, { ...patient, onWait }, async () => {
      events.push('second enters');
    });
    await Promise.all([first, second]);
    expect(events).toEqual(['second waits', 'first leaves', 'second enters']);
  });

  test('gives up at its deadline while another process holds the lock', async () => {
    const owner = await startOwner();
    try {
      await expect(withLock(path, impatient, async () => {})).rejects.toThrow('still locked');
    } finally {
      owner.kill('SIGKILL');
      await owner.exited;
    }
  });

  test('is free again when its owner was killed', async () => {
    const owner = await startOwner();
    owner.kill('SIGKILL');
    await owner.exited;
    expect(await withLock(path, impatient, async () => 'entered')).toBe('entered');
  });

  test('is free again when the work failed', async () => {
    const failure = withLock(path, patient, async () => {
      throw new Error('broken');
    });
    await expect(failure).rejects.toThrow('broken');
    expect(await withLock(path, impatient, async () => 'entered')).toBe('entered');
  });
});
