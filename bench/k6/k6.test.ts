import { afterAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '../../tests/support/serve.ts';
import { parseOptions, UsageError } from '../command/options.ts';
import { type Fault, startFaulty } from '../contract/faulty_server.ts';
import { bunBare } from '../peers/bun_bare/peer.ts';
import { startPeer } from '../peers/start.ts';
import { k6Command } from './command.ts';
import { findK6, GET_K6 } from './program.ts';
import { runScript, SCRIPTS, type Script, type ScriptRun, type ScriptSummary } from './run.ts';

/** Debian has no k6, and no Go that builds it: elsewhere `bun run bench k6` runs the scripts. */
const k6 = findK6();
const RUN_MS = 60_000;

const CROWD = { CLIENTS: 5, CHURNERS: 3, ROOMS: 1, RATE: 5, STAY: 1, DURATION: 3 };
/** Whatever the machine is busy with. */
const PATIENT = { P95_MS: 30_000, RECOVERY_MS: 30_000 };

function run(script: Script, url: string, more: Partial<ScriptRun> = {}): Promise<ScriptSummary> {
  const settings = { ...CROWD, ...PATIENT, ...more.settings };
  const plan = { script, url, dialect: 'peer', cpu: 0, deadline_ms: RUN_MS, ...more } as const;
  return runScript(k6 ?? '', { ...plan, settings });
}

async function runAgainst(fault: Fault, script: Script, settings: ScriptRun['settings'] = {}) {
  await using server = startFaulty(fault);
  return await run(script, server.url, { settings: { DRAIN: 1, ...settings } });
}

test('the command takes no address that is none of a WebSocket', async () => {
  const asked = { ...parseOptions(k6Command.options, []), url: 'http://127.0.0.1:8080' };
  await expect(k6Command.run(asked, () => undefined)).rejects.toThrow(UsageError);
});

if (k6 === undefined) {
  test(`no k6 here (${GET_K6}): nothing is run, the scripts can be parsed`, () => {
    const transpiler = new Bun.Transpiler({ loader: 'js' });
    for (const name of readdirSync(import.meta.dir).filter((file) => file.endsWith('.js'))) {
      const { imports } = transpiler.scan(readFileSync(join(import.meta.dir, name), 'utf8'));
      const foreign = imports
        .map(({ path }) => path)
        .filter((path) => !/^(k6($|\/)|\.\/)/.test(path));
      expect([name, foreign]).toEqual([name, []]);
    }
  });
} else {
  describe('k6 scripts', () => {
    const bare = startPeer(bunBare);
    const hubbub = serve({ rate_limit: 0, command_rate_limit: 0 });
    afterAll(async () => {
      await (await bare)[Symbol.asyncDispose]();
      await hubbub[Symbol.asyncDispose]();
    });

    const allIsWell = ({ counts, crossed, connected, latency }: ScriptSummary): void => {
      expect(crossed).toEqual([]);
      expect(counts).toMatchObject({ lost: 0, doubled: 0, refused: 0, unsent: 0, reconnects: 0 });
      expect(counts.sent).toBeGreaterThanOrEqual(CROWD.CLIENTS * CROWD.RATE * CROWD.DURATION);
      expect(connected).toBe(1);
      expect(latency?.med).toBeGreaterThan(0);
    };

    test.each(SCRIPTS)(
      '%s: a sound server passes',
      async (script) => {
        const summary = await run(script, (await bare).url);
        allIsWell(summary);
        const isChurn = script === 'churn';
        expect(summary.recovery !== undefined).toBe(isChurn);
      },
      RUN_MS,
    );

    test.each(SCRIPTS)(
      '%s: so does the server of this project, in its dialect',
      async (script) => {
        allIsWell(await run(script, hubbub.url, { dialect: 'hubbub' }));
      },
      RUN_MS,
    );

    test.each(SCRIPTS)(
      '%s: a server that loses messages fails',
      async (script) => {
        const { counts, crossed } = await runAgainst('drops', script);
        expect(crossed).toEqual(['messages_lost count==0']);
        expect(counts.lost).toBeGreaterThan(0);
      },
      RUN_MS,
    );

    test(
      'every message to every other counts in latency, each own one has to come back',
      async () => {
        const { counts, crossed } = await runAgainst('skips-the-sender', 'steady');
        expect(counts.lost).toBe(counts.sent);
        expect(counts.received).toBe(counts.sent * (CROWD.CLIENTS - 1));
        expect(crossed).toEqual(['messages_lost count==0']);
      },
      RUN_MS,
    );

    test(
      'messages that come twice are found',
      async () => {
        const { crossed } = await runAgainst('duplicates', 'burst');
        expect(crossed).toEqual(['messages_doubled count==0']);
      },
      RUN_MS,
    );

    test(
      'clients who are turned away are found',
      async () => {
        const { crossed, connected } = await runAgainst('few-connections', 'steady', {
          CLIENTS: 12,
        });
        expect(connected).toBeLessThan(1);
        expect(crossed).toContain('connects rate>=0.99');
      },
      RUN_MS,
    );

    test(
      'refused messages are found',
      async () => {
        await using limited = serve({ rate_limit: 1, rate_burst: 1 });
        const { counts, crossed } = await run('burst', limited.url, { dialect: 'hubbub' });
        expect(counts.refused).toBeGreaterThan(0);
        expect(crossed).toContain('messages_refused count==0');
      },
      RUN_MS,
    );

    test(
      'who loses the connection comes back and goes on',
      async () => {
        const { counts, crossed, recovery } = await runAgainst('ends-take-others-along', 'churn');
        expect(counts.reconnects).toBeGreaterThan(0);
        expect(recovery?.max).toBeGreaterThan(0);
        expect(crossed).not.toContain(`clients_done count==${CROWD.CLIENTS + CROWD.CHURNERS}`);
        expect(crossed).not.toContain('checks rate==1');
      },
      RUN_MS,
    );

    test(
      'a server that is not there fails, and a script that cannot run says so',
      async () => {
        const { crossed } = await run('steady', 'ws://127.0.0.1:1/ws');
        expect(crossed).toContain('messages_received count>0');
        await expect(run('steady', 'http://127.0.0.1:1')).rejects.toThrow('takes');
      },
      RUN_MS,
    );
  });
}
