import { Value } from 'typebox/value';
import { UsageError } from '../command/options.ts';
import { DOCUMENT, type ResultDocument } from './document.ts';

/** @throws UsageError with the first reason why it is no result of this benchmark */
export async function readDocument(path: string): Promise<ResultDocument> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new UsageError(`There is no file ${path}.`);
  return requireDocument(parse(await file.text(), path), path);
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${error}`, { cause: error });
  }
}

/**
 * @param path what it was read from, for the message
 * @throws UsageError with the first reason why it is no result of this benchmark
 */
export function requireDocument(value: unknown, path: string): ResultDocument {
  if (Value.Check(DOCUMENT, value)) return value;
  const [first] = Value.Errors(DOCUMENT, value);
  const place = first?.instancePath || 'the file';
  const reason = first?.keyword === 'boolean' ? 'is not known' : first?.message;
  throw new UsageError(`${path} is not a result of this benchmark: ${place} ${reason}.`);
}
