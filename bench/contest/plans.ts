import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Value } from 'typebox/value';
import { UsageError } from '../command/options.ts';
import { PLAN, type Plan } from './plan.ts';

const FOLDER = join(import.meta.dir, 'plans');
const ENDING = '.toml';

/** The scenarios that come with the benchmark, by name. */
export const PLAN_NAMES: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => basename(file, ENDING))
  .toSorted();

/** Whether this names a scenario: one of ours, or a file of somebody's own. */
export const isPlan = (word: string): boolean => PLAN_NAMES.includes(word) || word.endsWith(ENDING);

/**
 * Reads a scenario: `fanout`, or the path of a file such as `./mine.toml`.
 * @throws UsageError when there is none, or with what is wrong with it
 */
export async function readPlan(word: string): Promise<Plan> {
  const file = Bun.file(PLAN_NAMES.includes(word) ? join(FOLDER, word + ENDING) : word);
  if (!(await file.exists())) {
    throw new UsageError(`There is no scenario "${word}": ${PLAN_NAMES.join(', ')}.`);
  }
  return checkedPlan({ name: basename(word, ENDING), ...parse(word, await file.text()) });
}

function parse(word: string, source: string): object {
  try {
    return Bun.TOML.parse(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${word} is no TOML: ${reason}`, { cause: error });
  }
}

/**
 * Fills in what is not said.
 * @throws UsageError with the first thing that is not as `PLAN` wants it
 */
export function checkedPlan(said: object): Plan {
  const plan = Value.Default(PLAN, { ...said });
  if (Value.Check(PLAN, plan)) return plan;
  const [first] = Value.Errors(PLAN, plan);
  const field = first?.instancePath.replace('/', '').replaceAll('/', '.') ?? '';
  throw new UsageError(`The scenario's ${field || 'fields'} ${first?.message ?? 'make no sense'}.`);
}
