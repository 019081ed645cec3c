import type { Results } from './results.ts';

/** What a JUnit report says, and which test files it speaks of. */
export interface JunitReport extends Results {
  files: Set<string>;
}

/** Reads a JUnit report as written by `bun test` or `ctest`. */
export function parseJunit(xml: string): JunitReport {
  const report: JunitReport = { passed: 0, failed: 0, skipped: [], files: new Set() };
  for (const [, attributes = '', rest = ''] of xml.matchAll(
    /<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs,
  )) {
    const file = readAttribute(attributes, 'file');
    if (file !== undefined) report.files.add(file);
    if (rest.includes('<failure') || rest.includes('<error')) report.failed += 1;
    else if (rest.includes('<skipped')) report.skipped.push(readSkipped(attributes));
    else report.passed += 1;
  }
  return report;
}

/** A skipped test carries its reason at the end of its name, see tests/support/requires.ts. */
function readSkipped(attributes: string): { name: string; reason: string } {
  const full = readAttribute(attributes, 'name') ?? '';
  const match = /^(.*) \[(needs .+)\]$/s.exec(full);
  return { name: match?.[1] ?? full, reason: match?.[2] ?? 'no reason given' };
}

function readAttribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return value === undefined ? undefined : unescapeXml(value);
}

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replace(/&(#?\w+);/g, (whole, entity: string) => {
    if (entity.startsWith('#x')) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16));
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)));
    return entities[entity] ?? whole;
  });
}
