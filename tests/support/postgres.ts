import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SQL } from 'bun';
import { pathOf } from './requires.ts';

const START_MS_MAX = 20_000;

export interface PostgresServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Ends it as a crash would, or in order. */
  stop(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>;
  /** Starts it again, with what it had, on the same port. */
  start(): Promise<void>;
  /** Stops and continues its processes, those of connections included: it is there and says nothing. */
  freeze(isFrozen: boolean): void;
  /** Ends all connections, and lets in no new ones; or does again. */
  allowConnections(isAllowed: boolean): Promise<void>;
}

/** A server of its own, with nothing in it. It does not wait for the disk. */
export async function startPostgres(): Promise<PostgresServer> {
  const program = pathOf('postgresql');
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-postgres-'));
  const [user, wrap] = owner(folder);
  const data = join(folder, 'data');
  run([
    ...wrap,
    join(dirname(program), 'initdb'),
    '-D',
    data,
    '-A',
    'trust',
    '-U',
    user,
    '--no-sync',
  ]);
  const port = await freePort();
  const url = `postgres://${user}@127.0.0.1:${port}/postgres`;
  const flags = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    max_connections: '30',
  };
  const settings = Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [...wrap, program, '-D', data, '-p', `${port}`, ...settings];
  let child: Bun.Subprocess | undefined;
  const start = async (): Promise<void> => {
    child = Bun.spawn(command, {
      cwd: folder,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await answering(url);
  };
  const stop = async (signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> => {
    child?.kill(signal);
    await child?.exited;
  };
  const freeze = (isFrozen: boolean): void => {
    const signal = isFrozen ? 'SIGSTOP' : 'SIGCONT';
    for (const pid of processesOf(child?.pid ?? 0)) process.kill(pid, signal);
  };
  await start();
  return {
    url,
    get pid() {
      return child?.pid ?? 0;
    },
    stop,
    start,
    freeze,
    allowConnections: (isAllowed) => allowConnections(url, isAllowed),
    async [Symbol.asyncDispose]() {
      await stop('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It does not run as root. @returns its user, and what to put before its programs */
function owner(folder: string): readonly [user: string, wrap: readonly string[]] {
  if (process.getuid?.() !== 0) return ['postgres', []];
  const idOf = (flag: string): number => Number(run(['id', flag, 'postgres']));
  chownSync(folder, idOf('-u'), idOf('-g'));
  return ['postgres', ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--clear-groups']];
}

function run(command: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd: '/', timeout: 60_000 });
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.toString()}`);
  return stdout.toString();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answering(url: string): Promise<void> {
  const until_ms = performance.now() + START_MS_MAX;
  for (;;) {
    const sql = new SQL(url, { max: 1, connectionTimeout: 2 });
    try {
      await sql`SELECT 1`;
      return;
    } catch (error) {
      if (performance.now() > until_ms) throw error;
      await Bun.sleep(20);
    } finally {
      await sql.close({ timeout: 0 });
    }
  }
}

/** Through another database, because this one cannot be closed to whoever is in it. */
async function allowConnections(url: string, isAllowed: boolean): Promise<void> {
  const elsewhere = new SQL(url.replace(/postgres$/, 'template1'), { max: 1 });
  try {
    await elsewhere.unsafe(`ALTER DATABASE postgres ALLOW_CONNECTIONS ${isAllowed}`);
    if (isAllowed) return;
    await elsewhere`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'`;
  } finally {
    await elsewhere.close({ timeout: 0 });
  }
}

/** A process and its children. */
function processesOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}
