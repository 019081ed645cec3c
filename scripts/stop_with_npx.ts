/**
 * Loaded before the server (`bun --preload`): stops it when the npx that started it is told to stop.
 *
 * `npx bun run server` is a chain: npx, a shell, `bun run`, the server. npx hands SIGTERM to the
 * shell alone, and the shell dies without passing it on, which would leave the server running and
 * holding its port. So the server watches that shell. Started by anything else, it does not: a
 * server put into the background outlives the terminal it came from.
 */
import { readFileSync } from 'node:fs';

const poll_interval_ms = 250;

function parentOf(pid: number): number {
  if (process.platform === 'linux') {
    // The name in parentheses may itself contain parentheses and spaces.
    const [, parent] =
      readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return Number(parent);
  }
  return Number(Bun.spawnSync(['ps', '-o', 'ppid=', '-p', String(pid)]).stdout.toString());
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

if (/np[mx]-cli\.js$/.test(process.env.npm_execpath ?? '')) {
  const bunRun = process.ppid;
  const shell = parentOf(bunRun);
  const watch = setInterval(() => {
    // Process 1 adopts orphans: then the shell was gone before this process came up.
    if (process.ppid === bunRun && shell !== 1 && isAlive(shell)) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, poll_interval_ms);
  watch.unref();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Asked directly, the server needs no second call. Should it not listen yet, the signal is
    // raised again and ends it, as it would have without this listener.
    process.once(signal, () => {
      clearInterval(watch);
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}
