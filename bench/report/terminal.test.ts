import { expect, test } from 'bun:test';
import type { ResultDocument } from './document.ts';
import { madeUpDocument } from './made_up_document.ts';
import { documentMarkdown, markdownTable } from './markdown.ts';
import { summarise } from './summary.ts';
import { formatDocument } from './terminal.ts';

/** The first run of the first subject, changed; its summary follows. */
function withFirstRun(
  document: ResultDocument,
  change: Partial<ResultDocument['subjects'][number]['cases'][number]['runs'][number]>,
): ResultDocument {
  const changed = structuredClone(document);
  const [first] = changed.subjects[0]?.cases ?? [];
  if (first?.runs[0] === undefined) throw new Error('no run was made up');
  first.runs[0] = { ...first.runs[0], ...change };
  first.summary = summarise(first.runs);
  return changed;
}

const rowOf = (text: string, server: string): string =>
  text.split('\n').findLast((line) => line.startsWith(`${server} `)) ?? '';

test('each server has its statistics in the form that was agreed, over all runs that count', () => {
  const document = madeUpDocument({ subjects: 1, runs: 2 });
  const [only] = document.subjects;
  for (const run of only?.cases[0]?.runs ?? []) {
    Object.assign(run, { messages: 1_000_500, window_ms: 10_000 });
    run.latency_us = { buckets: [200, 3, 250, 1], min: 200, max: 250, sum: 860 };
  }
  expect(formatDocument(document)).toContain(
    [
      'go-gorilla',
      '--- Statistics ---',
      'Total messages: 2001000',
      'Processing time: 20.000s',
      'Average latency: 0.215ms',
      'Throughput: 100050.00 messages/sec',
      '',
    ].join('\n'),
  );
});

test('a run that does not count is in no figure, and is told with its reason', () => {
  const document = withFirstRun(madeUpDocument({ subjects: 2, runs: 3 }), {
    void_reasons: ['the load client used 99 % of its core'],
    messages: 1e15,
    faults: ['3 lost'],
    errors: { rate_limited: 7 },
  });
  const text = formatDocument(document);
  expect(text).not.toContain('1000000000000000');
  expect(text).toContain('2 of 3');
  expect(text).toContain(
    'does not count  the load client used 99 % of its core; 3 lost; 7 errors "rate_limited"',
  );
});

test('a server of which no run counts has neither figures nor ratios', () => {
  const document = withFirstRun(madeUpDocument({ subjects: 2, runs: 1 }), { void_reasons: ['x'] });
  const text = formatDocument(document);
  expect(text).toContain('go-gorilla: no run counts\n');
  expect(text.split('\n').find((line) => /^go-gorilla +B/.test(line))).toMatch(/–.*0 of 1$/);
});

test('ratios are to the baseline, between what single runs would give', () => {
  const document = madeUpDocument({ subjects: 2, runs: 3 });
  const cpu = [
    [4, 5, 4.5],
    [2.5, 2, 2.25],
  ];
  for (const [index, { cases }] of document.subjects.entries()) {
    for (const [at, run] of (cases[0]?.runs ?? []).entries()) {
      run.figures.cpu_us_per_delivery = cpu[index]?.[at] ?? 0;
    }
    if (cases[0] !== undefined) cases[0].summary = summarise(cases[0].runs);
  }
  const text = formatDocument(document);
  expect(rowOf(text, 'go-gorilla')).toMatch(/4\.500 +baseline/);
  expect(rowOf(text, 'rust-tungstenite')).toMatch(/2\.250 +0\.50 × \(0\.40–0\.63\)/);
});

test('problems come last, one line each', () => {
  const document = { ...madeUpDocument(), problems: ['too little', 'too late'] };
  expect(formatDocument(document)).toEndWith('\nINVALID: too little\nINVALID: too late\n');
  expect(documentMarkdown(document)).toContain('**INVALID: too little**');
});

test('Markdown has every subject and size, and is not broken by names', () => {
  const document = madeUpDocument({ subjects: 14, clients: [100, 1_000] });
  const markdown = documentMarkdown(document);
  for (const { name } of document.subjects) expect(markdown).toContain(`| ${name} |`);
  expect(markdown).toContain('### 1,000 clients');
  expect(markdownTable([{ server: 'a|b *c*', 'p99 ms': '1' }])).toBe(
    ['| server | p99 ms |', '|---|---:|', '| a\\|b \\*c\\* | 1 |'].join('\n'),
  );
});
