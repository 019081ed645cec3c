import { read } from '../protocol/fields.ts';
import { Fault } from './answer.ts';

/** Everything an endpoint is given. */
export interface Input {
  /** What stands for the wildcards of its path, decoded. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

const BODY_BYTES_MAX = 16 * 1024;
const LIMIT_MAX = 1_000;
const LIMIT_STANDARD = 100;

/** @returns the JSON object of a request; an empty one when it has no body */
export async function readBody(request: Request): Promise<Input['body'] | Fault> {
  const tooLarge = new Fault(413, 'too_large', `A body has at most ${BODY_BYTES_MAX} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES_MAX) return tooLarge;
  const bytes = await request.bytes();
  if (bytes.length > BODY_BYTES_MAX) return tooLarge;
  if (bytes.length === 0) return {};
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Input['body'];
    }
  } catch {
    // Not JSON: answered like JSON that is no object.
  }
  return new Fault(400, 'malformed', 'The body must be one JSON object.');
}

const invalid = (field: string, expected: string): Fault =>
  new Fault(400, 'invalid_field', `"${field}" must be ${expected}.`);

export function readText(body: Input['body'], field: string): string | Fault {
  const value = read(body, field);
  return typeof value === 'string' && value.isWellFormed() ? value : invalid(field, 'a string');
}

export function readFlag(body: Input['body'], field: string): boolean | Fault {
  const value = read(body, field);
  return typeof value === 'boolean' ? value : invalid(field, 'true or false');
}

/** @returns `standard` when there is none */
export function readDuration(
  body: Input['body'],
  field: string,
  standard: number,
  max: number,
): number | Fault {
  const value = read(body, field) ?? standard;
  const isOne = typeof value === 'number' && Number.isSafeInteger(value);
  if (isOne && value >= 1 && value <= max) return value;
  return invalid(field, `an integer from 1 to ${max}`);
}

export interface Page {
  readonly limit: number;
  readonly after: string | undefined;
}

export function readPage(query: URLSearchParams): Page | Fault {
  const limit = query.get('limit') ?? String(LIMIT_STANDARD);
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > LIMIT_MAX) {
    return invalid('limit', `an integer from 1 to ${LIMIT_MAX}`);
  }
  return { limit: Number(limit), after: query.get('after') ?? undefined };
}

/** @returns what leads to the next page, as a field of this one; nothing when this is the last */
export function nextOf<T>(
  entries: readonly T[],
  { limit }: Page,
  keyOf: (entry: T) => string,
): { readonly next?: string } {
  const last = entries.at(-1);
  return last === undefined || entries.length < limit ? {} : { next: keyOf(last) };
}
