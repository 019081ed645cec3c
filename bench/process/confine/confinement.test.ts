import { afterEach, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../command/options.ts';
import { bunBare } from '../../peers/bun_bare/peer.ts';
import { startPeer } from '../../peers/start.ts';
import { canPin } from '../pin.ts';
import { bunBare as barePlan, startServer } from '../server.ts';
import { cpuTime_ms } from '../usage.ts';
import { openConfinement } from './confinement.ts';
import { groupsOf } from './mounts.ts';
import type { Confinement, Limits } from './port.ts';

const open = (limits: Limits): Promise<Confinement> =>
  openConfinement({ ...limits, wanted: 'cgroup' });

/** Where groups can be made, of whichever version, the tests of them are the real thing. */
const isPossible = await (async () => {
  try {
    await (await open({ cpus: [0], cpu_limit: 1, memory_limit_bytes: 2 ** 28 }))[
      Symbol.asyncDispose
    ]();
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
})();
const ifPossible = (name: string, body: () => Promise<void>): void => {
  if (isPossible) test(name, body);
};
if (!isPossible) {
  test('control groups may not be made here: cores are all that is assigned, and it is said', async () => {
    await using confinement = await openConfinement({ cpus: [0], memory_limit_bytes: 2 ** 28 });
    expect(['taskset', 'none']).toContain(confinement.method);
    expect(confinement.remarks).toContain('Memory is not limited.');
  });
}

const children: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
});

function run(command: readonly string[]) {
  const child = Bun.spawn([...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

const script = (code: string): readonly string[] => [process.execPath, '-e', code];
const MIB = 2 ** 20;

const foldersOf = (command: readonly string[]): readonly string[] =>
  command.slice(command.indexOf('sh', 1) + 1, command.indexOf('--'));

describe('a control group', () => {
  ifPossible('holds a process that would use a whole core to its share of one', async () => {
    await using confinement = await open({ cpus: [0], cpu_limit: 0.2 });
    const child = run(confinement.wrap(script('console.log("ready"); for (;;);')));
    await child.stdout.getReader().read();
    const before_ms = cpuTime_ms(child.pid);
    const started_ms = performance.now();
    await Bun.sleep(1_500);
    const share = (cpuTime_ms(child.pid) - before_ms) / (performance.now() - started_ms);
    // One period more than its share may begin in any stretch of time.
    expect(share).toBeLessThan(0.3);
    const { throttled_ms = 0 } = confinement.usage();
    expect(throttled_ms).toBeGreaterThan(100);
  });

  ifPossible('kills what takes more memory than it may, and says so, also afterwards', async () => {
    const confinement = await open({ cpus: [0], memory_limit_bytes: 128 * MIB });
    const greedy = 'const held = []; for (;;) held.push(new Uint8Array(8 * 2 ** 20).fill(1));';
    const child = run(confinement.wrap(script(greedy)));
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
    const usage = confinement.usage();
    expect(usage.oom_kills).toBe(1);
    expect(usage.memory_peak_bytes).toBeWithin(100 * MIB, 128 * MIB + 1);
    await confinement[Symbol.asyncDispose]();
    expect(confinement.usage()).toEqual(usage);
  });

  ifPossible('leaves alone what keeps to its limits', async () => {
    await using confinement = await open({
      ...{ cpus: [0], cpu_limit: 1, memory_limit_bytes: 512 * MIB },
    });
    const child = run(confinement.wrap(script('console.log("fine")')));
    expect(await child.stdout.text()).toBe('fine\n');
    expect(await child.exited).toBe(0);
    const { oom_kills, memory_peak_bytes = 0 } = confinement.usage();
    expect(oom_kills).toBe(0);
    expect(memory_peak_bytes).toBeWithin(MIB, 512 * MIB);
    expect(confinement.remarks).toEqual([]);
    expect(confinement.method).toStartWith('cgroup v');
  });

  ifPossible('is entered before the program starts, with all of its threads', async () => {
    await using confinement = await open({ cpus: [0] });
    const told =
      'console.log(require("fs").readFileSync("/proc/self/cgroup", "utf8"), process.pid,' +
      ' require("fs").readFileSync("/proc/self/status", "utf8"));';
    const command = confinement.wrap(script(told));
    const child = run(command);
    const said = await child.stdout.text();
    const [folder = ''] = foldersOf(command);
    const name = folder.split('/').at(-1);
    expect(said.split('\n').filter((line) => line.endsWith(`/${name}`))).toHaveLength(
      foldersOf(command).length,
    );
    expect(said).toContain(`${child.pid} Name:`);
    expect(said).toMatch(/^Cpus_allowed_list:\s+0$/m);
  });

  ifPossible('arguments arrive as they are', async () => {
    await using confinement = await open({ cpus: [0] });
    const words = ['--', 'two words', '$HOME', '', "it's"];
    const child = run(confinement.wrap(['printf', '<%s>', ...words]));
    expect(await child.stdout.text()).toBe(words.map((word) => `<${word}>`).join(''));
  });

  ifPossible('is gone afterwards, with what still ran in it', async () => {
    const confinement = await open({ cpus: [0], memory_limit_bytes: 512 * MIB });
    const command = confinement.wrap(script('console.log("ready"); for (;;);'));
    const folders = foldersOf(command);
    expect(folders.length).toBeGreaterThan(0);
    const child = run(command);
    await child.stdout.getReader().read();
    expect(folders.every(existsSync)).toBe(true);
    await confinement[Symbol.asyncDispose]();
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
    expect(folders.some(existsSync)).toBe(false);
    await confinement[Symbol.asyncDispose]();
  });

  ifPossible('two at a time have names of their own', async () => {
    await using one = await open({ cpus: [0] });
    await using other = await open({ cpus: [0] });
    const both = [...foldersOf(one.wrap([])), ...foldersOf(other.wrap([]))];
    expect(new Set(both).size).toBe(both.length);
    expect(both.every(existsSync)).toBe(true);
  });

  ifPossible(
    'that a killed benchmark has left behind is removed by the next, with its server',
    async () => {
      const killed = `
      const { openConfinement } = await import(${JSON.stringify(join(import.meta.dir, 'confinement.ts'))});
      const confinement = await openConfinement({ cpus: [0], wanted: 'cgroup', memory_limit_bytes: 2 ** 29 });
      const command = confinement.wrap(['sleep', '600']);
      const server = Bun.spawn([...command], { stdio: ['ignore', 'ignore', 'ignore'] });
      console.log(JSON.stringify({ command, pid: server.pid }));
      for (;;) await Bun.sleep(1_000);`;
      const benchmark = run(script(killed));
      const { value } = await benchmark.stdout.getReader().read();
      const { command, pid } = JSON.parse(new TextDecoder().decode(value));
      const folders = foldersOf(command);

      {
        await using _ = await open({ cpus: [0] });
        expect(folders.every(existsSync)).toBe(true);
      }
      benchmark.kill('SIGKILL');
      await benchmark.exited;
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      {
        await using _ = await open({ cpus: [0] });
        expect(folders.some(existsSync)).toBe(false);
      }
      // Nobody here is its parent: whoever is may not have asked for its status yet.
      const state = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : 'gone';
      expect(state).toMatch(/^gone$|\) Z /);
    },
  );

  ifPossible('with cores that are not there is not opened, and leaves nothing behind', async () => {
    const opened = open({ cpus: [4_000] });
    await expect(opened).rejects.toThrow(UsageError);
    await expect(opened).rejects.toThrow(/cpuset\.cpus cannot be set to 4000 \(E(INVAL|RANGE)\)/);
    await using group = await open({ cpus: [0] });
    const [folder = ''] = foldersOf(group.wrap([]));
    const left = new Bun.Glob(`hubbub-bench-*-${process.pid}-*`);
    const names = [...left.scanSync({ cwd: dirname(folder), onlyFiles: false })];
    expect(names).toEqual([basename(folder)]);
  });

  ifPossible('a group that cannot be entered starts nothing', async () => {
    const confinement = await open({ cpus: [0] });
    const command = confinement.wrap(script('console.log("started")'));
    await confinement[Symbol.asyncDispose]();
    const child = run(command);
    expect(await child.stdout.text()).toBe('');
    expect(await child.exited).toBe(125);
  });
});

describe.if(canPin())('taskset', () => {
  test('assigns the cores, and says that it limits nothing else', async () => {
    const limits = { cpus: [1], cpu_limit: 1, memory_limit_bytes: MIB };
    await using confinement = await openConfinement({ ...limits, wanted: 'taskset' });
    expect(confinement.method).toBe('taskset');
    expect(confinement.remarks).toEqual(['CPU time is not limited.', 'Memory is not limited.']);
    expect(confinement.usage()).toEqual({});
    const status = await run(confinement.wrap(['cat', '/proc/self/status'])).stdout.text();
    expect(status).toMatch(/^Cpus_allowed_list:\s+1$/m);
    await using plain = await openConfinement({ cpus: [0], wanted: 'taskset' });
    expect(plain.remarks).toEqual([]);
  });
});

test('containers are not used without an image', async () => {
  await expect(openConfinement({ cpus: [0], wanted: 'docker' })).rejects.toThrow('no image');
});

test('servers and peers start within what they are given, and are the processes to be watched', async () => {
  for (const start of ['server', 'peer'] as const) {
    await using confinement = await openConfinement({ cpus: [1] });
    const running =
      start === 'peer'
        ? await startPeer(bunBare, {}, confinement)
        : await startServer(barePlan('frame', 0, 5, 0), { confinement });
    const status = readFileSync(`/proc/${running.pid}/status`, 'utf8');
    expect(status).toMatch(/^Cpus_allowed_list:\s+1$/m);
    expect(status).toMatch(/^Name:\s+bun/m);
    if (confinement.method === 'cgroup v1') {
      expect(groupsOf(running.pid).get('memory')).toStartWith('/hubbub-bench-');
    }
    if ('stop' in running) await running.stop();
    else await running[Symbol.asyncDispose]();
    expect(existsSync(`/proc/${running.pid}`)).toBe(false);
  }
});
