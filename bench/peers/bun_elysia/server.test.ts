import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { buildPeer } from '../build.ts';
import { bunElysia } from './peer.ts';

const ROOT = join(import.meta.dir, '../../..');
const BUILD_AND_CHECK_MS = 120_000;

test(
  'its types hold, beside those of its framework',
  async () => {
    await buildPeer(bunElysia);
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const checked = Bun.spawnSync([process.execPath, tsc, '-p', bunElysia.folder]);
    expect(String(checked.stdout)).toBe('');
    expect(checked.exitCode).toBe(0);
  },
  BUILD_AND_CHECK_MS,
);
