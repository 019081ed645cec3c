import { choice, integer, list, text, UsageError, type Values } from '../command/options.ts';
import { HUBBUB, SPEAKERS, startSubject } from '../peers/subject.ts';
import { HUBS } from '../process/hub.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { requireK6 } from './program.ts';
import { runScript, SCRIPTS, type Script, type ScriptSummary, type Trend } from './run.ts';

/** The scripts speak the contract's JSON, and no protocol of a product. */
const NAMES = [HUBBUB, ...SPEAKERS];

const AS_SCRIPTED = 0;
/** The contract's limit for these scenarios. */
const RATE_LIMIT = 10;
/** What a script takes beside sending: starting k6, settling, the last messages, what it spares. */
const SLACK_S = 60;

const OPTIONS = {
  scripts: list(['steady'], SCRIPTS, 'which of them'),
  peers: list([HUBBUB, 'bun-bare'], NAMES, 'servers to start, one after the other'),
  url: text('', 'a running server instead, such as ws://127.0.0.1:8080/ws'),
  dialect: choice('peer', ['peer', 'hubbub'], 'how that server is spoken to'),
  hub: choice('native', HUBS, 'which hub hubbub runs'),
  clients: integer(AS_SCRIPTED, 0, 10_000, 'connections; 0 = as the script has it'),
  rate: integer(AS_SCRIPTED, 0, 1_000, 'messages/s of each; 0 = as the script has it'),
  rooms: integer(AS_SCRIPTED, 0, 1_000, 'clients are spread over them; 0 = as the script has it'),
  payload: integer(128, 96, 16_384, 'bytes of a client’s chat frame'),
  ramp: integer(0, 0, 3_600, 'seconds over which clients connect'),
  duration: integer(30, 1, 3_600, 'seconds in which clients send'),
  p95_ms: integer(50, 1, 60_000, 'latency that 95 % of deliveries may not exceed'),
  server_cpu: integer(0, 0, 1_023, 'core of the server'),
  client_cpu: integer(1, 0, 1_023, 'core of k6'),
};

type K6Values = Values<typeof OPTIONS>;

interface Outcome extends ScriptSummary {
  readonly server: string;
  readonly script: Script;
}

/** Runs `work` against each server that was asked for. */
async function withEach(
  { url, dialect, peers, hub, server_cpu }: K6Values,
  work: (server: string, url: string, dialect: K6Values['dialect']) => Promise<void>,
): Promise<void> {
  if (url !== '') return work(url, url, dialect);
  for (const name of peers) {
    const options = { cpus: [server_cpu], rate_limit: RATE_LIMIT, hub };
    await using server = await startSubject(name, options);
    await work(name, server.url, name === HUBBUB ? 'hubbub' : 'peer');
  }
}

function settingsOf(values: K6Values): Readonly<Record<string, number>> {
  const { clients, rate, rooms, payload, ramp, duration, p95_ms } = values;
  const scripted = { CLIENTS: clients, RATE: rate, ROOMS: rooms };
  const chosen = Object.entries(scripted).filter(([, value]) => value !== AS_SCRIPTED);
  return {
    ...Object.fromEntries(chosen),
    ...{ PAYLOAD: payload, RAMP: ramp, DURATION: duration, P95_MS: p95_ms },
  };
}

const inMs = (trend: Trend | undefined, figure: keyof Trend): string =>
  trend === undefined ? '' : trend[figure].toFixed(2);

const rowOf = ({ server, script, latency, recovery, counts, connected, crossed }: Outcome) => ({
  server,
  script,
  sent: String(counts.sent),
  received: String(counts.received),
  lost: String(counts.lost),
  doubled: String(counts.doubled),
  refused: String(counts.refused),
  'p50 ms': inMs(latency, 'med'),
  'p95 ms': inMs(latency, 'p(95)'),
  'p99 ms': inMs(latency, 'p(99)'),
  'connected %': (connected * 100).toFixed(1),
  'recovery p95 ms': inMs(recovery, 'p(95)'),
  outcome: crossed.length === 0 ? 'passed' : 'failed',
});

/** The k6 scripts of this folder against servers that this command starts, or one that runs. */
export const k6Command: Scenario<typeof OPTIONS> = {
  name: 'k6',
  summary: 'k6 scripts (steady, burst, churn): the same servers, seen by a tool of others',
  options: OPTIONS,
  words: 'scripts',
  async run(values, progress) {
    const { protocol } = URL.canParse(values.url) ? new URL(values.url) : { protocol: '' };
    if (values.url !== '' && !['ws:', 'wss:'].includes(protocol)) {
      throw new UsageError('--url takes the chat path of a server: ws://<host>:<port>/ws.');
    }
    const k6 = await requireK6(progress);
    const settings = settingsOf(values);
    const deadline_ms = (values.ramp + values.duration + SLACK_S) * 1_000;
    const outcomes: Outcome[] = [];
    await withEach(values, async (server, url, dialect) => {
      for (const script of values.scripts) {
        progress(`k6: ${script} against ${server}`);
        const run = { script, url, dialect, settings, cpu: values.client_cpu, deadline_ms };
        outcomes.push({ server, script, ...(await runScript(k6, run)) });
      }
    });
    return {
      tables: [outcomes.map(rowOf)],
      targets: [],
      problems: outcomes.flatMap(({ server, script, crossed }) =>
        crossed.map((threshold) => `${script} against ${server}: ${threshold} does not hold`),
      ),
      data: { runs: outcomes },
    };
  },
};
