import { formatTable } from '../../bench/report/table.ts';
import type { Answer } from './client.ts';

type Row = Readonly<Record<string, unknown>>;

/** An answer for people: lists as a table, everything else line by line. */
export function showAnswer(answer: Answer): string {
  const [list] = Object.values(answer).filter((value): value is readonly Row[] =>
    Array.isArray(value),
  );
  if (list === undefined) {
    const lines = Object.entries(answer).map(([name, value]) => `${name}: ${show(name, value)}\n`);
    return lines.length === 0 ? 'Done.\n' : lines.join('');
  }
  const rows = list.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, show(name, value)])),
  );
  const table = rows.length === 0 ? 'There are none.\n' : formatTable(rows);
  return answer.next === undefined ? table : `${table}More: --after ${answer.next}\n`;
}

/** What came from elsewhere must not steer the terminal. */
function show(name: string, value: unknown): string {
  if (name.endsWith('_at_ms')) return new Date(Number(value)).toISOString();
  return String(value).replaceAll(/\p{C}/gu, '\ufffd');
}
