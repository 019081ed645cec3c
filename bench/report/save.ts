import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResultDocument } from './document.ts';
import { documentHtml } from './html.ts';
import { documentMarkdown } from './markdown.ts';

/** Where results go when nobody says otherwise, from the project's root. */
export const RESULTS = 'bench/results';
/** Those that tables in documents are written from. */
export const PUBLISHED = `${RESULTS}/published`;

/** Scenario, server and language when there is one server, and when it began. */
export function fileNameOf({ plan, subjects, started_at }: ResultDocument): string {
  const [first, ...others] = subjects;
  const server = first === undefined || others.length > 0 ? [] : [first.name, first.language];
  return [plan.name, ...server, started_at].map(slug).join('-');
}

/** Letters, digits, points and hyphens: fit for every file system and address. */
const slug = (text: string): string =>
  text
    .replaceAll('#', ' sharp')
    .replaceAll('+', 'p')
    .replaceAll(/[^A-Za-z0-9.]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '');

/** Indented, but for arrays of numbers: a histogram has hundreds, and they are for programs. */
function documentJson(document: ResultDocument): string {
  const indented = JSON.stringify(document, null, 1);
  // No string has a line break in it: they are escaped there.
  const compact = indented.replaceAll(/\[\n[\d\s,]+\]/g, (list) => list.replaceAll(/\s/g, ''));
  return `${compact}\n`;
}

/** The paths of one result in its forms. */
export interface Saved {
  readonly json: string;
  readonly markdown: string;
  readonly html: string;
}

/** Writes the result as JSON, Markdown and HTML into `folder`, which is made if need be. */
export async function saveDocument(folder: string, document: ResultDocument): Promise<Saved> {
  const base = join(folder, fileNameOf(document));
  const saved = { json: `${base}.json`, markdown: `${base}.md`, html: `${base}.html` };
  await mkdir(folder, { recursive: true });
  await Bun.write(saved.json, documentJson(document));
  await Bun.write(saved.markdown, documentMarkdown(document));
  await Bun.write(saved.html, documentHtml(document));
  return saved;
}
