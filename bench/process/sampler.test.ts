import { afterEach, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { until } from './deadline.ts';
import { nextDue, Sampler } from './sampler.ts';
import { pagesOf, socketBytes } from './socket_memory.ts';
import { cpuTime_ms, ProcessEndedError, residentBytes, startOf, waitedForCpu_ms } from './usage.ts';

const children: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
});

/** A process that runs `script`; resolves once it has written a line. */
async function start(script: string) {
  const child = Bun.spawn([process.execPath, '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = child.stdout.getReader();
  await lines.read();
  return { pid: child.pid, child, lines };
}

const idle = () => start('console.log("ready"); process.stdin.resume();');

const MIB = 2 ** 20;
const TICKS_MS = 100;

/** Uses 40 ms of processor time in every tenth of a second, and says on request how much that was. */
const BURNER = `
  const used_ms = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1_000; };
  setInterval(() => { const goal = used_ms() + 40; while (used_ms() < goal); }, 100);
  process.stdin.on('data', () => console.log(used_ms()));
  console.log('ready');
`;

test('processor time is what the processes themselves say they have used', async () => {
  const [server, client] = await Promise.all([start(BURNER), idle()]);
  const ask = async (): Promise<number> => {
    server.child.stdin.write('?');
    await server.child.stdin.flush();
    return Number(new TextDecoder().decode((await server.lines.read()).value));
  };
  const before_ms = await ask();
  const started_ms = Date.now();
  const plan = { server_pid: server.pid, client_pid: client.pid, every_ms: 250 };
  using sampler = Sampler.start(plan);
  await Bun.sleep(1_700);
  const samples = sampler.stop();
  const used_ms = (await ask()) - before_ms;

  expect(samples.length).toBeGreaterThan(1);
  let at_ms = started_ms;
  let server_ms = 0;
  let client_ms = 0;
  for (const { at, server_cpu_percent = Number.NaN, client_cpu_percent } of samples) {
    expect(new Date(at).toISOString()).toBe(at);
    const over_ms = Date.parse(at) - at_ms;
    at_ms = Date.parse(at);
    server_ms += (server_cpu_percent * over_ms) / 100;
    client_ms += (client_cpu_percent * over_ms) / 100;
  }
  expect(used_ms).toBeGreaterThan(2 * TICKS_MS);
  expect(Math.abs(server_ms - used_ms)).toBeLessThan(TICKS_MS + used_ms / 4);
  expect(client_ms).toBeLessThan(server_ms / 2);
  expect(sampler.stop()).toBe(samples);
});

test('memory that a server takes shows in its samples, and not in those of the client', async () => {
  const server = await start(`
    let held;
    process.stdin.on('data', () => { held = new Uint8Array(64 * 2 ** 20).fill(1); console.log('took it'); });
    console.log('ready');
  `);
  const client = await idle();
  using sampler = Sampler.start({ server_pid: server.pid, client_pid: client.pid, every_ms: 100 });
  await Bun.sleep(350);
  server.child.stdin.write('take');
  await server.child.stdin.flush();
  await server.lines.read();
  await Bun.sleep(350);
  const samples = sampler.stop();
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) throw new Error('there are samples');
  const grown = (last.server_rss_bytes ?? 0) - (first.server_rss_bytes ?? 0);
  expect(grown).toBeGreaterThan(60 * MIB);
  expect(Math.abs(last.client_rss_bytes - first.client_rss_bytes)).toBeLessThan(30 * MIB);
  expect(residentBytes(server.pid)).toBeGreaterThan(60 * MIB);
});

test('a server elsewhere, and one that ends, are left out of the samples', async () => {
  const client = await idle();
  const server = await idle();
  using alone = Sampler.start({ client_pid: client.pid, every_ms: 50 });
  using both = Sampler.start({ server_pid: server.pid, client_pid: client.pid, every_ms: 50 });
  await Bun.sleep(175);
  server.child.kill('SIGKILL');
  await server.child.exited;
  await Bun.sleep(175);
  expect(alone.stop().every((sample) => !('server_cpu_percent' in sample))).toBe(true);
  const samples = both.stop();
  expect(samples[0]).toHaveProperty('server_rss_bytes');
  expect(samples.at(-1)).not.toHaveProperty('server_rss_bytes');
});

test('a process that is not there is not watched, and is called by its name', async () => {
  const { child, pid } = await idle();
  child.kill('SIGKILL');
  await child.exited;
  expect(() => Sampler.start({ client_pid: pid })).toThrow('has ended');
  expect(() => Sampler.start({ client_pid: process.pid, server_pid: pid })).toThrow('has ended');
  for (const ask of [cpuTime_ms, waitedForCpu_ms, residentBytes, startOf]) {
    expect(() => ask(pid)).toThrow(ProcessEndedError);
  }
});

test('when a process was started is counted from when the machine was', () => {
  const [up_s = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
  const age_s = Number(up_s) - startOf(process.pid) / 100;
  expect(Math.abs(age_s - process.uptime())).toBeLessThan(2);
});

test('samples are due at whole intervals from the start, however late one is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 50 }),
      (every_ms, late) => {
        let due = 0;
        let elapsed_ms = 0;
        for (const factor of late) {
          const before = due;
          due = nextDue(due, elapsed_ms, every_ms);
          expect(due).toBeGreaterThan(before);
          expect(due * every_ms).toBeGreaterThan(elapsed_ms);
          expect(due).toBeLessThanOrEqual(Math.max(before, elapsed_ms / every_ms) + 1);
          // Timers may go off a little early as well.
          elapsed_ms = Math.max(elapsed_ms, (due + factor - 0.001) * every_ms);
        }
      },
    ),
  );
});

test('what sockets hold is counted in pages', () => {
  const sockstat =
    'sockets: used 17\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 42\nUDP: inuse 0 mem 256\n';
  expect(pagesOf(sockstat)).toBe(42);
  expect(() => pagesOf('UDP: inuse 0 mem 256\n')).toThrow('TCP');
});

test('bytes that nobody reads are memory of sockets', async () => {
  const before = socketBytes();
  using listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { open: (socket) => socket.pause(), data: () => undefined },
  });
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: listener.port,
    socket: { data: () => undefined },
  });
  const chunk = new Uint8Array(MIB);
  await until(5_000, () => socket.write(chunk) < chunk.length, 'a socket that is full');
  await until(5_000, () => socketBytes() - before > MIB / 2, 'memory of sockets');
  expect(socketBytes() % 4_096).toBe(0);
  socket.terminate();
});
