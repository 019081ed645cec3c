import { deepEquals } from 'bun';

/**
 * Messages as the document writes them: JSON, and some additions. `"<name>"` stands for any string and
 * `<name>` for any number, the same one wherever the name stands again; `<name+1>` is the number after
 * it. `"…"` is a string that does not matter; a bare `…` at the end of an object or array stands for
 * whatever else may be in it.
 */

export type Bindings = Map<string, string | number>;

const ANY_STRING = '…';
const REST = '<rest>';
const NUMBER = '<number>';
const STRING_FORM = /^<([a-z_]+)>$/;
const ADDITIONS = /("(?:[^"\\]|\\.)*")|<([a-z_]+)(\+\d+)?>|…(?=\s*([}\]]))/g;

interface NumberPlaceholder {
  readonly [NUMBER]: string;
  readonly plus: number;
}

/** @throws SyntaxError when the text is no message in the document's notation */
export function parsePattern(text: string): unknown {
  const json = text.replace(
    ADDITIONS,
    (_whole, literal?: string, name?: string, plus?: string, closing?: string) => {
      if (literal !== undefined) return literal;
      if (name !== undefined) return JSON.stringify({ [NUMBER]: name, plus: Number(plus ?? 0) });
      return closing === '}' ? `"${REST}":true` : `"${REST}"`;
    },
  );
  return JSON.parse(json) as unknown;
}

/** What a pattern says once its placeholders are filled in, for sending. */
export function fillIn(pattern: unknown, bindings: Bindings): unknown {
  if (typeof pattern === 'string') {
    const name = STRING_FORM.exec(pattern)?.[1];
    return name === undefined ? pattern : boundValue(name, bindings);
  }
  if (Array.isArray(pattern)) return pattern.map((item) => fillIn(item, bindings));
  if (isNumberPlaceholder(pattern)) {
    return Number(boundValue(pattern[NUMBER], bindings)) + pattern.plus;
  }
  if (!isObject(pattern)) return pattern;
  return Object.fromEntries(
    Object.entries(pattern).map(([key, value]) => [key, fillIn(value, bindings)]),
  );
}

/** Fills in the `<name>` parts of a text, such as a request target. */
export const fillInText = (text: string, bindings: Bindings): string =>
  text.replaceAll(/<([a-z_]+)>/g, (_whole, name: string) => String(boundValue(name, bindings)));

/** Whether `value` is what the pattern describes. Names seen for the first time are bound. */
export function matches(pattern: unknown, value: unknown, bindings: Bindings): boolean {
  if (typeof pattern === 'string') {
    if (pattern === ANY_STRING) return typeof value === 'string';
    const name = STRING_FORM.exec(pattern)?.[1];
    if (name === undefined) return pattern === value;
    return typeof value === 'string' && bind(name, value, bindings);
  }
  if (isNumberPlaceholder(pattern)) {
    return typeof value === 'number' && bind(pattern[NUMBER], value - pattern.plus, bindings);
  }
  if (Array.isArray(pattern)) return Array.isArray(value) && matchItems(pattern, value, bindings);
  if (isObject(pattern)) return isObject(value) && matchFields(pattern, value, bindings);
  return deepEquals(pattern, value);
}

function matchItems(
  pattern: readonly unknown[],
  items: readonly unknown[],
  bindings: Bindings,
): boolean {
  const isOpen = pattern.at(-1) === REST;
  const wanted = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? items.length < wanted.length : items.length !== wanted.length) return false;
  return wanted.every((one, index) => matches(one, items[index], bindings));
}

type Fields = Readonly<Record<string, unknown>>;

function matchFields(pattern: Fields, fields: Fields, bindings: Bindings): boolean {
  const wanted = Object.keys(pattern).filter((key) => key !== REST);
  const isOpen = Object.hasOwn(pattern, REST);
  if (!isOpen && wanted.length !== Object.keys(fields).length) return false;
  return wanted.every(
    (key) => Object.hasOwn(fields, key) && matches(pattern[key], fields[key], bindings),
  );
}

function bind(name: string, value: string | number, bindings: Bindings): boolean {
  if (bindings.has(name)) return bindings.get(name) === value;
  bindings.set(name, value);
  return true;
}

function boundValue(name: string, bindings: Bindings): string | number {
  const value = bindings.get(name);
  if (value === undefined) throw new Error(`nothing has been received yet for <${name}>`);
  return value;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNumberPlaceholder = (value: unknown): value is NumberPlaceholder =>
  isObject(value) && Object.hasOwn(value, NUMBER);
