import { UsageError } from '../command/options.ts';
import { type Entry, type Round, roundsOf } from './comparison.ts';
import type { ResultDocument } from './document.ts';
import { markdownTable } from './markdown.ts';
import type { MetricName } from './metrics.ts';
import { figureCell, mainTables, ratioCell, type Table } from './tables.ts';
import { confinementWords, machineWords, methodWords, RATIO_WORDS } from './words.ts';

/** Tables that stand between markers in documents, by name: any other name is a scenario's. */
const TABLES: Readonly<Record<string, { scenario: string; tables: Tables }>> = {
  peers: {
    scenario: 'fanout',
    tables: (document) => [peers(document), ...hubbub(document), ...frameworks(document)],
  },
  ladder: { scenario: 'ladder', tables: (document) => [ladder(document)] },
};

type Tables = (document: ResultDocument) => readonly Table[];

const MARKED = /<!-- bench:([a-z0-9-]+) -->[\s\S]*?<!-- \/bench:\1 -->/g;
const OPENING = /<!-- bench:[a-z0-9-]+ -->/g;

/**
 * The text with every marked table written anew, each from the youngest result of its scenario.
 * @throws UsageError when a marker is not closed, or no result is there for it
 */
export function writeTables(text: string, documents: readonly ResultDocument[]): string {
  const opened = text.match(OPENING)?.length ?? 0;
  if (opened !== (text.match(MARKED)?.length ?? 0)) {
    throw new UsageError('A marker <!-- bench:NAME --> is not closed by <!-- /bench:NAME -->.');
  }
  return text.replaceAll(MARKED, (_, name: string) => {
    const { scenario, tables } = TABLES[name] ?? { scenario: name, tables: mainTables };
    const youngest = documents
      .filter(({ plan }) => plan.name === scenario)
      .toSorted((a, b) => a.started_at.localeCompare(b.started_at))
      .at(-1);
    if (youngest === undefined) {
      throw new UsageError(`No result of the scenario "${scenario}" is there for bench:${name}.`);
    }
    const body = [...tables(youngest).map(tableText), footOf(youngest)].join('\n\n');
    return `<!-- bench:${name} -->\n\n${body}\n\n<!-- /bench:${name} -->`;
  });
}

const tableText = ({ title, rows }: Table): string =>
  `${title === '' ? '' : `**${title}**\n\n`}${markdownTable(rows)}`;

/** What it was measured on, when, how, and with which command. */
function footOf(document: ResultDocument): string {
  const { confinement, started_at, command, baseline, problems } = document;
  const invalid = problems.map((problem) => `**INVALID: ${problem}** `).join('');
  return (
    `${invalid}Measured on ${started_at.slice(0, 10)} with \`bun run bench ${command.join(' ')}\`: ` +
    `${machineWords(document)}; ${confinementWords(confinement)}. ` +
    `${sentence(methodWords(document))} Baseline: ${baseline}. ${RATIO_WORDS}`
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The size with the most clients: what several sizes are boiled down to. */
const greatest = (document: ResultDocument): Round | undefined =>
  roundsOf(document).toSorted((a, b) => b.clients - a.clients)[0];

const PROFILES = ['B', 'A', 'hubbub', 'url'] as const;

/** Every server against the baseline: minimal stacks, then frameworks, then Hubbub. */
function peers(document: ResultDocument): Table {
  const { entries = [], baseline } = greatest(document) ?? {};
  const sorted = entries.toSorted(
    (a, b) => PROFILES.indexOf(a.subject.profile) - PROFILES.indexOf(b.subject.profile),
  );
  return {
    title: '',
    rows: sorted.map((entry) => ({
      server: entry.subject.name,
      stack: `${entry.subject.language}: ${entry.subject.stack}`,
      profile: entry.subject.profile,
      'deliveries/s sustained': figureCell(entry, 'sustained_per_s'),
      'of the baseline': ratioCell(entry, 'sustained_per_s', baseline),
      'CPU µs a delivery': figureCell(entry, 'cpu_us_per_delivery'),
      'p50 / p99 ms': cells(entry, 'latency_p50_ms', 'latency_p99_ms'),
      'memory MiB': figureCell(entry, 'server_rss_peak_mib'),
      'lost %': figureCell(entry, 'drop_percent'),
      'bytes each': figureCell(entry, 'bytes_per_delivery'),
      'client CPU %': figureCell(entry, 'client_cpu_percent'),
    })),
  };
}

/** What Hubbub sustains, as a multiple of each other server: a column for each way it takes part. */
function hubbub(document: ResultDocument): readonly Table[] {
  const entries = greatest(document)?.entries ?? [];
  const isOurs = ({ subject }: Entry): boolean => subject.profile === 'hubbub';
  const others = entries.filter((entry) => !isOurs(entry));
  // Both hubs send the same: the one that comes by default is held against the others.
  const native = entries.filter(({ subject }) => subject.peer === 'hubbub-native');
  const ours = native.length > 0 ? native : entries.filter(isOurs);
  if (ours.length === 0 || others.length === 0) return [];
  const rows = others.map((other) => ({
    against: other.subject.name,
    ...Object.fromEntries(
      ours.map((one) => [one.subject.name, ratioCell(one, 'sustained_per_s', other)]),
    ),
  }));
  return [{ title: 'Deliveries/s that Hubbub sustains, against each', rows }];
}

const cells = (entry: Entry, ...names: readonly MetricName[]): string =>
  names.map((name) => figureCell(entry, name)).join(' / ');

/** What each framework costs, against the minimal stacks of its language, frame for frame. */
function frameworks(document: ResultDocument): readonly Table[] {
  const entries = (greatest(document)?.entries ?? []).filter(
    ({ subject }) => subject.mode === 'frame',
  );
  const rows = entries
    .filter(({ subject }) => subject.profile === 'A')
    .flatMap((framework) =>
      entries
        .filter(({ subject }) => subject.profile === 'B')
        .filter(({ subject }) => subject.language === framework.subject.language)
        .map((minimal) => ({
          language: framework.subject.language,
          framework: framework.subject.name,
          'minimal stack': minimal.subject.name,
          'deliveries/s sustained': ratioCell(framework, 'sustained_per_s', minimal),
          'CPU a delivery': ratioCell(framework, 'cpu_us_per_delivery', minimal),
          p99: ratioCell(framework, 'latency_p99_ms', minimal),
          memory: ratioCell(framework, 'server_rss_peak_mib', minimal),
        })),
    );
  return rows.length === 0 ? [] : [{ title: 'Frameworks (A) against minimal stacks (B)', rows }];
}

/** A row for each server and size. */
const ladder = (document: ResultDocument): Table => ({
  title: '',
  rows: roundsOf(document).flatMap(({ clients, entries }) =>
    entries.map((entry) => ({
      connections: clients.toLocaleString('en'),
      server: entry.subject.name,
      'deliveries/s': figureCell(entry, 'throughput_per_s'),
      'p50 / p99 ms': cells(entry, 'latency_p50_ms', 'latency_p99_ms'),
      'CPU %': figureCell(entry, 'server_cpu_percent'),
      'CPU µs a delivery': figureCell(entry, 'cpu_us_per_delivery'),
      'memory MiB': figureCell(entry, 'server_rss_peak_mib'),
      'network MiB/s': figureCell(entry, 'network_mib_per_s'),
      'lost %': figureCell(entry, 'drop_percent'),
    })),
  ),
});
