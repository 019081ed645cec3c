import { afterEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../command/options.ts';
import { startLiar, type Treatment } from '../load/lying_server.ts';
import type { ResultDocument } from '../report/document.ts';
import { readDocument } from '../report/read.ts';
import { contests } from './command.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const SHORT = ['--warmup', '0', '--duration', '1', '--runs', '1', '--clients', '10', '--ramp', '0'];
const DEADLINE_MS = 180_000;

/** Holds one short contest, and reads back what it leaves behind. */
async function contest(word: string, ...given: readonly string[]): Promise<ResultDocument> {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-contest-'));
  folders.push(folder);
  for await (const { files, document } of contests(
    [word],
    [...SHORT, '--out', folder, ...given],
    () => undefined,
  )) {
    for (const path of Object.values(files)) expect(await Bun.file(path).exists()).toBe(true);
    const read = await readDocument(files.json);
    expect(read.command.slice(0, 2)).toEqual([word, '--warmup']);
    expect(read.command).not.toContain(folder);
    expect(read.subjects.map(({ name }) => name)).toEqual(
      document.subjects.map(({ name }) => name),
    );
    return read;
  }
  throw new Error('there is a result');
}

const figuresOf = ({ subjects }: ResultDocument) =>
  subjects.flatMap(({ cases }) => cases.flatMap(({ runs }) => runs.map(({ figures }) => figures)));

test(
  'two servers take turns, everything sent arrives, and the order comes back with its seed',
  async () => {
    const given = [
      '--peers',
      'bun-bare,hubbub-native:frame',
      '--runs',
      '2',
      '--seed',
      '7',
      '--rate',
      '5',
    ];
    const first = await contest('steady', ...given);
    const again = await contest('steady', ...given);
    const orders = ({ subjects }: ResultDocument) =>
      subjects.map(({ cases }) => cases.flatMap(({ runs }) => runs.map(({ order }) => order)));
    expect(orders(again)).toEqual(orders(first));
    expect(orders(first).flat().toSorted()).toEqual([0, 1, 2, 3]);
    for (const figures of figuresOf(first)) {
      expect(figures).toMatchObject({
        ...{ connected_percent: 100, drop_percent: 0, duplicated: 0, reordered: 0, mismatched: 0 },
        ...{ client_sent_percent: 100, sent_per_s: 50 },
      });
      expect(figures.server_rss_peak_mib).toBeGreaterThan(1);
      expect(figures.latency_p50_ms).toBeGreaterThan(0);
    }
    expect(first.baseline).toBe('bun-bare');
    expect(first.plan).toMatchObject({ name: 'steady', clients: [10], rate: 5, rate_limit: 10 });
  },
  DEADLINE_MS,
);

test(
  'each kind of scenario shows what it is for',
  async () => {
    const bare = ['--peers', 'bun-bare'];
    const [churn] = figuresOf(await contest('churn', ...bare, '--others', '2'));
    expect(churn?.recovery_p99_ms).toBeGreaterThan(0);
    expect(churn?.reconnects_per_s).toBeGreaterThan(0);
    const [idle] = figuresOf(await contest('idle-10k', ...bare, '--clients', '200'));
    expect(idle?.memory_per_connection_kib).toBeGreaterThan(0);
    const [storm] = figuresOf(await contest('reconnect-storm', ...bare, '--clients', '50'));
    expect(storm).toMatchObject({ connected_percent: 100 });
    expect(storm?.recovery_all_ms).toBeGreaterThan(0);
    const [stall] = figuresOf(await contest('slow-reader', ...bare));
    expect(stall?.stalled_p99_ratio).toBeGreaterThan(0);
    for (const word of ['echo-text', 'echo-binary']) {
      const [echo] = figuresOf(await contest(word, ...bare));
      expect(echo).toMatchObject({ drop_percent: 0, mismatched: 0, duplicated: 0 });
      expect(echo?.throughput_per_s).toBeGreaterThan(500);
    }
    const { subjects } = await contest('ladder', ...bare, '--clients', '5,10', '--rate', '2');
    expect(subjects[0]?.cases.map(({ label }) => label)).toEqual(['5 clients', '10 clients']);
  },
  DEADLINE_MS,
);

test(
  'the highest rate that a server sustains is looked for',
  async () => {
    const given = ['--peers', 'bun-bare', '--senders', '5', '--rate', '2000'];
    const { subjects } = await contest('fanout', ...given);
    const [run] = subjects[0]?.cases[0]?.runs ?? [];
    expect(run?.trials?.length).toBeGreaterThan(2);
    expect(run?.figures.sustained_per_s).toBeGreaterThan(1_000);
  },
  DEADLINE_MS,
);

/** What liars do with a message, and what it is called. */
const LIES: readonly (readonly [string, string, Treatment])[] = [
  ['drops', 'lost', (line, nth) => (nth % 20 === 3 ? [] : [line])],
  ['doubles', 'duplicated', (line, nth) => (nth % 20 === 3 ? [line, line] : [line])],
  ['reorders', 'reordered', reorder()],
  [
    'invents',
    'foreign',
    (line, nth) => (nth % 20 === 3 ? [line, line.replace(/"\d+:/, '"99:')] : [line]),
  ],
];

/** Keeps every twentieth message back until the one behind it has gone. */
function reorder(): Treatment {
  const kept = new Map<number, string>();
  return (line, nth, member) => {
    if (nth % 20 === 3) {
      kept.set(member, line);
      return [];
    }
    const before = kept.get(member);
    kept.delete(member);
    return before === undefined ? [line] : [line, before];
  };
}

test.each(LIES)(
  'a server that %s is caught, by name',
  async (_, name, treat) => {
    const server = startLiar(treat);
    try {
      // One sender: whose next message overtakes the one that was kept back.
      const given = [
        '--url',
        `ws://127.0.0.1:${server.port}/ws`,
        '--rate',
        '100',
        '--senders',
        '1',
      ];
      const { subjects } = await contest('steady', ...given);
      expect(subjects[0]?.cases[0]?.runs[0]?.faults.join()).toContain(name);
    } finally {
      await server.stop();
    }
  },
  DEADLINE_MS,
);

test(
  'a server that stalls for a second shows it, to a client that goes on meanwhile',
  async () => {
    const server = startLiar(
      (line) => [line],
      (nth) => (nth === 300 ? 1_000 : 0),
    );
    try {
      const url = `ws://127.0.0.1:${server.port}/ws`;
      const [figures] = figuresOf(
        await contest('steady', '--url', url, '--rate', '20', '--duration', '4'),
      );
      expect(figures?.latency_p999_ms).toBeGreaterThan(900);
      expect(figures?.latency_p50_ms).toBeLessThan(500);
    } finally {
      await server.stop();
    }
  },
  DEADLINE_MS,
);

test.each([
  [['--peers', 'nobody'], 'There is no peer "nobody"'],
  [['--url', 'http://127.0.0.1'], '--url takes the address'],
  [['--memory', 'much'], '--memory takes'],
  [['--peers', 'bun-bare', '--baseline', 'node-ws'], '--baseline takes one of bun-bare'],
  [['--rate', 'fast'], '--rate '],
])('%p is refused', async (given, sentence) => {
  const held = contest('steady', ...given);
  await expect(held).rejects.toThrow(UsageError);
  await expect(held).rejects.toThrow(sentence);
});
