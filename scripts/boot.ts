/**
 * Makes a fresh clone ready to run: installs the dependencies and builds the native addon. When
 * nothing changed since the last time it only compares a stamp, which takes a few milliseconds.
 *
 * Runs before anything is installed, so it imports nothing but Bun's built-ins.
 *
 *   bun scripts/boot.ts [--strict] [--rebuild]
 *     --strict   fail when the addon does not compile or Bun has another version than the pin
 *     --rebuild  build the addon from scratch
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { missingTools } from './boot/cmake.ts';
import { withLock } from './boot/lock.ts';
import { pinnedBunVersion, root } from './boot/project.ts';
import { say, warn } from './boot/report.ts';
import {
  type Fingerprint,
  fingerprint,
  readStamp,
  removeStamp,
  type Stamp,
  writeStamp,
} from './boot/stamp.ts';
import { addonExists, buildAddon, installDependencies } from './boot/steps.ts';

const lock_deadline_ms = 15 * 60_000;
const consequence = 'the server runs its hub in TypeScript, on one worker';

interface Options {
  strict: boolean;
  rebuild: boolean;
}

/** Prepares the folder when it is not ready, and says what is missing. */
async function boot(options: Options): Promise<void> {
  checkBunVersion(options.strict);
  const wanted = fingerprint(root);
  const stamp = readStamp(root);
  const ready = stamp !== undefined && isReady(stamp, wanted, options) ? stamp : undefined;
  judgeAddon(ready ?? (await prepareAlone(wanted, options)), options.strict);
}

async function prepareAlone(wanted: Fingerprint, options: Options): Promise<Stamp> {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  const lock = {
    deadline_ms: lock_deadline_ms,
    onWait: () => say('another start is preparing this folder; waiting for it …'),
  };
  return withLock(join(root, 'node_modules/.hubbub-boot.lock'), lock, async () => {
    const stamp = readStamp(root);
    if (stamp !== undefined && isReady(stamp, wanted, options)) return stamp;
    return prepare(stamp, wanted, options.rebuild);
  });
}

async function prepare(
  previous: Stamp | undefined,
  wanted: Fingerprint,
  rebuild: boolean,
): Promise<Stamp> {
  removeStamp(root);
  if (previous?.dependencies !== wanted.dependencies) await installDependencies(root);
  const addon = await buildAddon(root, rebuild || previous?.addon !== 'built');
  const stamp = { ...wanted, addon };
  writeStamp(root, stamp);
  return stamp;
}

function isReady(stamp: Stamp, wanted: Fingerprint, options: Options): boolean {
  if (stamp.dependencies !== wanted.dependencies || stamp.native !== wanted.native) return false;
  if (options.rebuild) return false;
  switch (stamp.addon) {
    case 'built':
      return addonExists(root);
    case 'failed':
      return !options.strict;
    case 'no_toolchain':
      return missingTools().length > 0;
    default:
      return false;
  }
}

function judgeAddon(stamp: Stamp, strict: boolean): void {
  if (stamp.addon === 'no_toolchain') {
    warn(`no native addon, ${missingTools().join(' and ')} missing: ${consequence}`);
  }
  if (stamp.addon === 'failed') {
    if (strict) throw new Error('the native addon does not compile');
    warn(`no native addon, it does not compile (bun run build:native says why): ${consequence}`);
  }
}

function checkBunVersion(strict: boolean): void {
  const pinned = pinnedBunVersion(root);
  if (Bun.version === pinned) return;
  const sentence = `this is Bun ${Bun.version}, and Hubbub is tested with ${pinned} (npx -y bun@${pinned} run …)`;
  if (strict) throw new Error(sentence);
  warn(sentence);
}

try {
  const flags = process.argv.slice(2);
  await boot({ strict: flags.includes('--strict'), rebuild: flags.includes('--rebuild') });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
