import type { Config } from '../../server/config/options.ts';
import { flagOf, type OptionName } from '../../server/config/options.ts';
import { addresses } from './server.ts';

const START_DEADLINE_MS = 20_000;

export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  readonly http: string;
  readonly url: string;
  /** Everything it has written to stderr so far: its log lines. */
  readonly log: () => string;
  /** Signals it and waits for its end. @returns its exit status */
  stop(signal?: NodeJS.Signals): Promise<number>;
}

/**
 * The server as its own process on a free port; resolves once it listens.
 * @param wrap what to put before the command, for example `['taskset', '-c', '0']`
 * @param entry another program that takes the same flags and says the same when it listens
 */
export async function spawnServer(
  options: Partial<Config> = {},
  wrap: readonly string[] = [],
  entry = 'server/main.ts',
): Promise<ServerProcess> {
  const settings = {
    host: '127.0.0.1',
    port: 0,
    session_secret: 'a secret for tests only',
    // Where a test wants a database it names a folder of its own.
    log: 'memory',
    // How long a stop leaves clients to go by themselves.
    reconnect_jitter_ms: 100,
    ...options,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [
    flagOf(name as OptionName),
    String(value),
  ]);
  const child = Bun.spawn([...wrap, process.execPath, entry, ...flags], {
    cwd: new URL('../..', import.meta.url).pathname,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  let log = '';
  const listening = Promise.withResolvers<number>();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      log += decoder.decode(chunk, { stream: true });
      const port = /"port":(\d+).*"msg":"listening"/.exec(log)?.[1];
      if (port !== undefined) listening.resolve(Number(port));
    }
    listening.reject(new Error(`the server ended before it listened:\n${log}`));
  })();
  const timer = setTimeout(
    () => listening.reject(new Error(`the server did not listen in time:\n${log}`)),
    START_DEADLINE_MS,
  );
  const port = await listening.promise.finally(() => clearTimeout(timer));
  return {
    pid: child.pid,
    ...addresses(port),
    log: () => log,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await Promise.all([child.exited, reading]);
      return child.exited;
    },
  };
}
