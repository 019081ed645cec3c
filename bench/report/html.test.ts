import { expect, test } from 'bun:test';
import { KINDS } from '../contest/plan.ts';
import type { ResultDocument } from './document.ts';
import { documentHtml } from './html.ts';
import { madeUpDocument } from './made_up_document.ts';

const everything: readonly ResultDocument[] = [
  ...KINDS.map((kind) => madeUpDocument({ kind, subjects: 2, runs: 3 })),
  madeUpDocument({ kind: 'search', subjects: 14 }),
  madeUpDocument({ clients: [100, 1_000], subjects: 3 }),
];

test('a page asks nobody for anything', () => {
  for (const document of everything) {
    const html = documentHtml(document);
    expect(html).not.toMatch(/https?:|url\((?!#)|<script|<link|<img|<iframe|@import| src=| on\w+=/);
    // What is referred to stands in the page itself.
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const named = [...html.matchAll(/url\(#([^)]+)\)|aria-labelledby="([^"]+)"/g)];
    const wanted = named.flatMap(([, one, several]) => (one ?? several ?? '').split(' '));
    expect(wanted.filter((id) => !ids.has(id))).toEqual([]);
    expect(ids.size).toBe([...html.matchAll(/ id="/g)].length);
  }
});

test('a page has every subject in the comparison, the statistics and the legend', () => {
  const document = madeUpDocument({ kind: 'search', subjects: 14 });
  const html = documentHtml(document);
  for (const { name } of document.subjects) {
    expect(html.split(`<th scope="row" class="word">${name}</th>`).length - 1).toBeGreaterThan(2);
    expect(html).toMatch(new RegExp(`</svg>${name}</li>`));
  }
});

test('every plot is there in both sizes, and says in words what it shows', () => {
  const html = documentHtml(madeUpDocument({ kind: 'search', subjects: 3 }));
  expect([...html.matchAll(/<figcaption>([^<]*)/g)].map(([, title]) => title)).toEqual([
    'Sustained, deliveries/s (more is better)',
    'CPU a delivery, µs (less is better)',
    'Server memory, peak, MiB (less is better)',
    'Throughput against the rate that was offered',
    'Latency: share of messages that took at most so long',
    'Processor time of the server in each second of its median run',
    'Resident memory of the server in each second of its median run',
  ]);
  for (const size of ['wide', 'narrow']) {
    expect(html.split(`<svg class="plot ${size}"`).length - 1).toBe(7);
  }
  expect(html.match(/<desc id="[^"]+">[^<]{20,}/g)?.length).toBe(14);
});

test('lines are told apart by colour, marker and dash', () => {
  const html = documentHtml(madeUpDocument({ kind: 'search', subjects: 14 }));
  const legend = [...html.matchAll(/<li><svg class="legend-mark".*?<\/svg>/g)].map(
    ([line]) => line,
  );
  expect(new Set(legend).size).toBe(14);
  expect(new Set(legend.map((line) => line.replaceAll(/var\([^)]*\)/g, ''))).size).toBe(10);
});

test('what others have written is text and never markup', () => {
  const evil = '<img src=x onerror="alert(1)">&';
  const document = madeUpDocument({ clients: [10, 20], subjects: 2 });
  document.plan.summary = evil;
  document.machine.cpu = evil;
  document.command = [evil];
  document.problems = [evil];
  document.baseline = evil;
  const [first] = document.subjects;
  const [one] = first?.cases ?? [];
  if (first === undefined || one?.runs[0] === undefined) throw new Error('nothing was made up');
  first.name = evil;
  one.label = evil;
  one.runs[0].faults = [evil];
  one.runs[0].errors = { [evil]: 1 };
  const html = documentHtml(document);
  expect(html).not.toContain('<img');
  expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;');
});

test('a result that must not be trusted says so first and names no leader', () => {
  const document = { ...madeUpDocument(), problems: ['the client was the limit'] };
  const html = documentHtml(document);
  expect(html.indexOf('must not be trusted')).toBeLessThan(html.indexOf('<h2>'));
  expect(html).not.toContain('leads:');
  expect(documentHtml(madeUpDocument())).toContain('<strong>zig-std</strong> leads:');
});

test('a server of which no run counts leaves a page with gaps', () => {
  const document = madeUpDocument({ kind: 'search', subjects: 2, runs: 1 });
  for (const { cases } of document.subjects) {
    for (const one of cases) {
      one.summary = {};
      for (const run of one.runs) run.void_reasons = ['noise'];
    }
  }
  const html = documentHtml(document);
  expect(html).toContain('0 of 1');
  expect(html).toContain('What went wrong');
  expect(html).not.toMatch(/NaN|Infinity|undefined/);
});

test('no figure of a page is none', () => {
  for (const document of everything) {
    expect(documentHtml(document)).not.toMatch(/NaN|Infinity|undefined|\[object/);
  }
});
