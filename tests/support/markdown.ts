/** As much Markdown as the documents that tests read are written in: headings, tables, fenced blocks. */

export interface Fence {
  /** What stands behind the opening back-ticks: `exchange rate_limit=1`. */
  readonly info: string;
  /** The line of the document the first content line stands on, counted from 1. */
  readonly line: number;
  readonly content: readonly string[];
}

export interface Table {
  readonly columns: readonly string[];
  /** Cells as they are written, trimmed. */
  readonly rows: readonly (readonly string[])[];
}

export interface Section {
  readonly title: string;
  readonly tables: readonly Table[];
  readonly fences: readonly Fence[];
}

interface OpenSection extends Section {
  readonly tables: Table[];
  readonly fences: Fence[];
}

const FENCE = '```';
const HEADING = /^#{1,6} (.*)$/;

/** Splits a document at its headings, whatever their level. What stands before the first is left out. */
export function parseMarkdown(source: string): readonly Section[] {
  const lines = source.split('\n');
  const sections: OpenSection[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const title = HEADING.exec(line)?.[1];
    const section = sections.at(-1);
    if (title !== undefined) {
      sections.push({ title, tables: [], fences: [] });
      at += 1;
    } else if (line.startsWith(FENCE)) {
      const end = lines.indexOf(FENCE, at + 1);
      if (end === -1) throw new Error(`the block opened on line ${at + 1} is never closed`);
      const info = line.slice(FENCE.length).trim();
      section?.fences.push({ info, line: at + 2, content: lines.slice(at + 1, end) });
      at = end + 1;
    } else if (line.startsWith('|')) {
      const start = at;
      while (lines[at]?.startsWith('|')) at += 1;
      section?.tables.push(parseTable(lines.slice(start, at)));
    } else {
      at += 1;
    }
  }
  return sections;
}

function parseTable(lines: readonly string[]): Table {
  const [columns = [], , ...rows] = lines.map(cellsOf);
  return { columns, rows };
}

/** A `|` inside a cell is written `\|`. */
const cellsOf = (line: string): readonly string[] =>
  line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

/** Links into the same document that lead to no heading. */
export function danglingAnchors(source: string): readonly string[] {
  const anchors = new Set(parseMarkdown(source).map(({ title }) => anchorOf(title)));
  const links = [...source.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor = '']) => anchor);
  return links.filter((anchor) => !anchors.has(anchor));
}

/** What GitHub calls a heading: lower case, spaces as hyphens, punctuation left out. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

/** The first word between back-ticks: what a cell like `` `since?` `` names. */
export const codeOf = (cell: string | undefined): string => /`([^`]*)`/.exec(cell ?? '')?.[1] ?? '';

/** The one section whose title contains `title`. */
export function sectionNamed(sections: readonly Section[], title: string): Section {
  const [section, another] = sections.filter((one) => one.title.includes(title));
  if (section === undefined || another !== undefined) {
    throw new Error(`there must be one section "${title}"`);
  }
  return section;
}

/** The one table of a section. */
export function tableOf(section: Section): Table {
  const [table, another] = section.tables;
  if (table === undefined || another !== undefined) {
    throw new Error(`the section "${section.title}" must have one table`);
  }
  return table;
}
