import type { Config } from '../config/options.ts';
import type { HubKind } from '../hub/port.ts';

/** What is worth telling about a server that has just started. */
export interface Started {
  readonly version: string;
  readonly bun: string;
  readonly port: number;
  readonly workers: number;
  readonly hub: HubKind;
  readonly log: string;
  /** Why the hub is not the one it could be. */
  readonly fallback: string | undefined;
}

/** What a log promises, in the words of somebody who has to rely on it. */
const PROMISES: ReadonlyMap<string, string> = new Map([
  ['memory', 'memory log (a restart forgets messages)'],
  ['sqlite', 'SQLite log (messages outlive a restart)'],
  ['postgres', 'PostgreSQL log (messages outlive a restart)'],
]);

const KIB = 1_024;
const count = new Intl.NumberFormat('en');

/** @returns a few lines for the person at the terminal: what to open, what serves it, which limits hold */
export function startText(started: Started, config: Config): string {
  const host = isEverywhere(config.host) ? 'localhost' : config.host;
  const address = `${host.includes(':') ? `[${host}]` : host}:${started.port}`;
  const { version, bun, workers, hub, log, fallback } = started;
  const threads = workers === 1 ? '1 worker' : `${workers} workers`;
  const rows: readonly (readonly [label: string, text: string])[] = [
    ['open', `http://${address}/`],
    [
      'connect',
      `ws://${address}/ws${isEverywhere(config.host) ? ', from other machines too' : ''}`,
    ],
    ['serving', `${threads}, ${hub} hub, ${PROMISES.get(log) ?? `${log} log`}`],
    ...(fallback === undefined ? [] : ([['note', `TypeScript hub, because ${fallback}`]] as const)),
    ['limits', limitsText(config)],
    [
      'rooms',
      `${count.format(config.rooms_max)}, each remembers ${count.format(config.history_records_max)} messages`,
    ],
    ['watch', `http://${address}/stats, /metrics, /healthz, /readyz`],
    ['stop', 'Ctrl-C'],
  ];
  const lines = rows.map(([label, text]) => `  ${label.padEnd(9)}${text}`);
  return `\nHubbub ${version} on Bun ${bun}\n\n${lines.join('\n')}\n\n`;
}

function limitsText({ rate_limit, rate_burst, connections_max, text_bytes_max }: Config): string {
  const rate =
    rate_limit === 0
      ? 'messages at any rate'
      : `${count.format(rate_limit)} messages/s each (${count.format(rate_burst)} at once)`;
  const connections = connections_max === 0 ? '' : `${count.format(connections_max)} connections, `;
  return `${connections}${rate}, texts up to ${count.format(Math.floor(text_bytes_max / KIB))} KiB`;
}

const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';
