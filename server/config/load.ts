import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '../errors.ts';
import {
  type Config,
  flagOf,
  OPTION_NAMES,
  OPTIONS,
  type OptionName,
  variableOf,
} from './options.ts';

const CONFIG_FLAG = '--config';
const CONFIG_VARIABLE = 'HUBBUB_CONFIG';

/**
 * The one configuration of this process. A flag wins over an environment variable, that over the
 * file, that over the default.
 * @param args what stands behind the program's name
 * @returns undefined when `--help` was asked for
 * @throws ConfigError with one sentence that names the setting and what it would take
 */
export function loadConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | undefined {
  const flags = parseFlags(args);
  if (flags === undefined) return undefined;
  const path = flags.get('config') ?? environment[CONFIG_VARIABLE];
  const file = path === undefined ? new Map<string, unknown>() : readFile(path);
  const config: Record<string, number | string> = {};
  for (const name of OPTION_NAMES) {
    config[name] =
      check(name, flagOf(name), flags.get(name)) ??
      check(name, variableOf(name), environment[variableOf(name)]) ??
      check(name, `"${name}" in ${path}`, file.get(name)) ??
      OPTIONS[name].default;
  }
  const complete = Object.freeze(config) as Config;
  checkRelations(complete);
  return complete;
}

function parseFlags(args: readonly string[]): ReadonlyMap<string, string> | undefined {
  const names = new Map(OPTION_NAMES.map((name) => [flagOf(name).slice(2), name as string]));
  names.set(CONFIG_FLAG.slice(2), 'config');
  const options = Object.fromEntries(
    [...names.keys()].map((key) => [key, { type: 'string' }] as const),
  );
  let values: { readonly help?: boolean };
  try {
    values = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
    }).values as typeof values;
  } catch (error) {
    const reason = messageOf(error).split(/\.\s/)[0];
    throw new ConfigError(`${reason}; --help lists every option.`, { cause: error });
  }
  if (values.help === true) return undefined;
  return new Map(
    Object.entries(values).map(([key, value]) => [names.get(key) ?? key, String(value)]),
  );
}

function readFile(path: string): ReadonlyMap<string, unknown> {
  let entries: unknown;
  try {
    const source = readFileSync(path, 'utf8');
    entries = path.endsWith('.json') ? JSON.parse(source) : Bun.TOML.parse(source);
  } catch (error) {
    throw new ConfigError(`The configuration file ${path} cannot be used: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) {
    throw new ConfigError(`The configuration file ${path} must hold one object.`);
  }
  for (const key of Object.keys(entries)) {
    if (!Object.hasOwn(OPTIONS, key)) {
      throw new ConfigError(`"${key}" in ${path} is not an option; --help lists every option.`);
    }
  }
  return new Map(Object.entries(entries));
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** @returns the value in its own type, undefined when there is none */
function check(name: OptionName, source: string, value: unknown): number | string | undefined {
  if (value === undefined) return undefined;
  const option = OPTIONS[name];
  switch (option.kind) {
    case 'integer': {
      const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isSafeInteger(number)) {
        if (number >= option.min && number <= option.max) return number;
      }
      throw new ConfigError(
        `${source} must be an integer from ${option.min} to ${option.max}, not ${show(value)}.`,
      );
    }
    case 'choice': {
      const chosen = option.choices.find((one) => one === value);
      if (chosen !== undefined) return chosen;
      throw new ConfigError(
        `${source} must be ${option.choices.join(' or ')}, not ${show(value)}.`,
      );
    }
    case 'text': {
      if (typeof value === 'string') return value;
      throw new ConfigError(`${source} must be text, not ${show(value)}.`);
    }
  }
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** Limits that only make sense together. */
const RELATIONS: readonly (readonly [smaller: OptionName, larger: OptionName])[] = [
  ['text_bytes_max', 'frame_bytes_max'],
  ['batch_bytes_max', 'pending_bytes_max'],
  ['history_bytes_max', 'send_buffer_bytes_max'],
  ['replay_bytes_max', 'send_buffer_bytes_max'],
];

function checkRelations(config: Config): void {
  for (const [smaller, larger] of RELATIONS) {
    if (config[smaller] > config[larger]) {
      throw new ConfigError(
        `${flagOf(smaller)} (${config[smaller]}) must not be larger than ${flagOf(larger)} (${config[larger]}).`,
      );
    }
  }
}
