import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeMachine, type Machine, machineLine } from './machine.ts';
import { formatTable } from './table.ts';
import { type Target, targetRow } from './target.ts';

/** What a scenario hands back: tables for people, everything else for the file. */
export interface Findings {
  readonly tables: readonly (readonly Readonly<Record<string, string>>[])[];
  readonly targets: readonly Target[];
  /** Why the figures must not be trusted; empty when they may be. */
  readonly problems: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Result {
  readonly scenario: string;
  /** ISO 8601. */
  readonly started_at: string;
  readonly machine: Machine;
  readonly options: Readonly<Record<string, unknown>>;
  readonly findings: Findings;
}

export const beginResult = (
  scenario: string,
  options: Readonly<Record<string, unknown>>,
): Omit<Result, 'findings'> => ({
  scenario,
  started_at: new Date().toISOString(),
  machine: describeMachine(),
  options,
});

export function formatResult({ machine, findings }: Result): string {
  const targets = findings.targets.map(targetRow);
  const tables = [...findings.tables, targets].filter((rows) => rows.length > 0);
  const problems = findings.problems.map((problem) => `INVALID: ${problem}\n`);
  return [machineLine(machine), ...tables.map(formatTable), ...problems].join('\n');
}

/** Writes the result as JSON. @returns the path of the file */
export async function saveResult(folder: string, result: Result): Promise<string> {
  const { findings, ...head } = result;
  const { data, targets, problems } = findings;
  const path = join(folder, `${result.scenario}-${result.started_at.replaceAll(':', '-')}.json`);
  await mkdir(folder, { recursive: true });
  await Bun.write(path, `${JSON.stringify({ ...head, targets, problems, ...data }, null, 2)}\n`);
  return path;
}
