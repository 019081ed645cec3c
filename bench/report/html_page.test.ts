import { afterAll, expect } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Look } from '../../tests/support/browser_page.ts';
import { startBrowser } from '../../tests/support/chromium.ts';
import { requires } from '../../tests/support/requires.ts';
import { documentHtml } from './html.ts';
import { madeUpDocument } from './made_up_document.ts';

const folder = await mkdtemp(join(tmpdir(), 'hubbub-page-'));
afterAll(() => rm(folder, { recursive: true }));

const TEST_TIMEOUT_MS = 60_000;

const LOOKS: readonly Look[] = [
  { width: 1280, height: 900, scheme: 'light' },
  { width: 1280, height: 900, scheme: 'dark' },
  { width: 390, height: 780, scheme: 'light' },
  { width: 390, height: 780, scheme: 'dark' },
];

/** Letters of plots that lie over one another or stick out, as lines; small overlaps are none. */
const CROWDED = `[...document.querySelectorAll('.plot')]
  .filter((plot) => plot.getBoundingClientRect().width > 0)
  .flatMap((plot) => {
    const outer = plot.getBoundingClientRect();
    const texts = [...plot.querySelectorAll('text')].map((text) => ({
      said: text.textContent, box: text.getBoundingClientRect() }));
    const out = texts.filter(({ box }) => box.left < outer.left - 1 || box.right > outer.right + 1);
    const over = texts.flatMap((a, at) => texts.slice(at + 1).filter(({ box }) =>
      Math.min(a.box.right, box.right) - Math.max(a.box.left, box.left) > 2 &&
      Math.min(a.box.bottom, box.bottom) - Math.max(a.box.top, box.top) > 4,
    ).map((b) => a.said + ' over ' + b.said));
    return [...out.map(({ said }) => said + ' sticks out'), ...over];
  })`;

requires('chromium')(
  'a page fits its window in every look, axe finds nothing, and no letters cover others',
  async () => {
    const path = join(folder, 'page.html');
    const documents = [
      madeUpDocument({ kind: 'search', subjects: 14 }),
      { ...madeUpDocument({ clients: [100, 10_000], subjects: 3 }), problems: ['too slow'] },
    ];
    await using browser = await startBrowser();
    for (const document of documents) {
      await Bun.write(path, documentHtml(document));
      const page = await browser.open(`file://${path}`);
      for (const look of LOOKS) {
        await page.look(look);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(
          true,
        );
        expect([look, await page.evaluate(CROWDED)]).toEqual([look, []]);
        await page.evaluate(axe.source);
        const violations = await page.evaluate(`(await axe.run()).violations.flatMap((one) =>
          one.nodes.map(({ target, failureSummary }) => one.id + ' ' + target + failureSummary))`);
        expect([look, violations]).toEqual([look, []]);
      }
      expect(page.problems).toEqual([]);
    }
  },
  TEST_TIMEOUT_MS,
);
