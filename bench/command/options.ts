import { parseArgs } from 'node:util';

/** What is asked of the command is not possible; the message says why in one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface IntegerOption {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

interface TextOption {
  readonly kind: 'text';
  readonly default: string;
  readonly help: string;
}

/** One or more of `choices`, separated by commas. */
interface ListOption<T extends string = string> {
  readonly kind: 'list';
  readonly default: readonly T[];
  readonly choices: readonly T[];
  readonly help: string;
}

/** One of `choices`. */
interface ChoiceOption<T extends string = string> {
  readonly kind: 'choice';
  readonly default: T;
  readonly choices: readonly T[];
  readonly help: string;
}

/** One or more whole numbers, separated by commas. */
interface IntegersOption {
  readonly kind: 'integers';
  readonly default: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

type Option = IntegerOption | TextOption | ListOption | ChoiceOption | IntegersOption;

/** By name with `_`, as results carry them; flags are written with `-`. */
export type Options = Readonly<Record<string, Option>>;

type ValueOf<O> = O extends IntegerOption
  ? number
  : O extends IntegersOption
    ? readonly number[]
    : O extends ListOption<infer T>
      ? readonly T[]
      : O extends ChoiceOption<infer T>
        ? T
        : string;

export type Values<O extends Options> = { readonly [N in keyof O]: ValueOf<O[N]> };

export const integer = (value: number, min: number, max: number, help: string): IntegerOption => ({
  kind: 'integer',
  default: value,
  min,
  max,
  help,
});

export const text = (value: string, help: string): TextOption => ({
  kind: 'text',
  default: value,
  help,
});

export const list = <const T extends string>(
  value: readonly NoInfer<T>[],
  choices: readonly T[],
  help: string,
): ListOption<T> => ({ kind: 'list', default: value, choices, help });

export const choice = <const T extends string>(
  value: NoInfer<T>,
  choices: readonly T[],
  help: string,
): ChoiceOption<T> => ({ kind: 'choice', default: value, choices, help });

export const integers = (
  value: readonly number[],
  min: number,
  max: number,
  help: string,
): IntegersOption => ({ kind: 'integers', default: value, min, max, help });

const flagOf = (name: string): string => name.replaceAll('_', '-');

/**
 * Reads `--name value` and `--name=value`.
 * @throws UsageError for an unknown option, a positional argument, and a value outside its range
 */
export function parseOptions<O extends Options>(options: O, given: readonly string[]): Values<O> {
  const names = Object.keys(options);
  const read = readFlags(names, given);
  const values = names.map((name) => {
    const option = options[name];
    if (option === undefined) throw new Error(`option ${name} is not declared`);
    const value = read[flagOf(name)];
    return [name, value === undefined ? option.default : parseValue(name, option, value)];
  });
  return Object.freeze(Object.fromEntries(values)) as Values<O>;
}

/** @returns what was given, with the words before the first flag as values of the option `name` */
export function wordsAs(name: string | undefined, given: readonly string[]): readonly string[] {
  const first = given.findIndex((word) => word.startsWith('-'));
  const words = first === -1 ? given : given.slice(0, first);
  if (name === undefined || words.length === 0) return given;
  return [`--${flagOf(name)}=${words.join(',')}`, ...given.slice(words.length)];
}

function readFlags(
  names: readonly string[],
  given: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const flags = Object.fromEntries(
    names.map((name) => [flagOf(name), { type: 'string' } as const]),
  );
  try {
    return { ...parseArgs({ args: [...given], options: flags, strict: true }).values };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

type Parsed = number | string | readonly number[] | readonly string[];

function parseValue(name: string, option: Option, value: string): Parsed {
  const flag = `--${flagOf(name)}`;
  switch (option.kind) {
    case 'text':
      return value;
    case 'integer': {
      if (isWithin(option, value)) return Number(value);
      throw new UsageError(`${flag} takes a whole number from ${option.min} to ${option.max}.`);
    }
    case 'integers': {
      const parts = value.split(',');
      if (parts.every((part) => isWithin(option, part))) return [...new Set(parts.map(Number))];
      const range = `from ${option.min} to ${option.max}`;
      throw new UsageError(`${flag} takes whole numbers ${range}, separated by commas.`);
    }
    case 'choice':
      if (option.choices.includes(value)) return value;
      throw new UsageError(`${flag} takes one of ${option.choices.join(', ')}.`);
    case 'list': {
      const parts = value.split(',');
      if (parts.every((part) => option.choices.includes(part))) return [...new Set(parts)];
      throw new UsageError(`${flag} takes ${option.choices.join(', ')}, separated by commas.`);
    }
  }
}

const isWithin = ({ min, max }: IntegerOption | IntegersOption, value: string): boolean =>
  /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max;

/** One line for each option, with its default. */
export function optionsHelp(options: Options): string {
  return Object.entries(options)
    .map(([name, option]) => {
      const value = Array.isArray(option.default) ? option.default.join(',') : option.default;
      const shown = value === '' ? '' : ` (${value})`;
      return `    ${`--${flagOf(name)}`.padEnd(22)} ${option.help}${shown}\n`;
    })
    .join('');
}

/** @throws UsageError when more members are to send than there are */
export function requireSenders(values: {
  readonly senders: number;
  readonly members: number;
}): void {
  if (values.senders > values.members) {
    throw new UsageError(`--senders (${values.senders}) are members: at most ${values.members}.`);
  }
}
