import { Refusal } from '../errors.ts';
import type { Fields } from './encoding.ts';
import type { Position } from './messages.ts';

/** Readers of single fields. Each answers the value or says, as a value, what is wrong with it. */

export const ID_CHARACTERS_MAX = 64;

const invalid = (field: string, expected: string): Refusal =>
  new Refusal('invalid_field', `"${field}" must be ${expected}.`);

/** Own properties only: a field named like something every object inherits is still absent. */
export function read(fields: Fields, field: string): unknown {
  return Object.hasOwn(fields, field) ? fields[field] : undefined;
}

export function readString(fields: Fields, field: string): string | Refusal {
  const value = read(fields, field);
  if (typeof value !== 'string') return invalid(field, 'a string');
  // A lone surrogate has no UTF-8 form: it could not reach other members unchanged.
  return value.isWellFormed() ? value : invalid(field, 'well-formed Unicode');
}

export function readOptionalString(fields: Fields, field: string): string | undefined | Refusal {
  return read(fields, field) === undefined ? undefined : readString(fields, field);
}

/** The `id` any message may carry: echoed in its reply, and a publish's idempotency key. */
export function readId(fields: Fields): string | undefined | Refusal {
  const id = readOptionalString(fields, 'id');
  if (typeof id === 'string' && (id.length === 0 || id.length > ID_CHARACTERS_MAX)) {
    return invalid('id', `a string of 1 to ${ID_CHARACTERS_MAX} characters`);
  }
  return id;
}

export function readOptionalInteger(
  fields: Fields,
  field: string,
  min: number,
  max: number,
): number | undefined | Refusal {
  const value = read(fields, field);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    return invalid(field, `an integer from ${min} to ${max}`);
  }
  return value;
}

export function readOneOf<T extends string>(
  fields: Fields,
  field: string,
  allowed: readonly T[],
): T | Refusal {
  const value = read(fields, field);
  const found = allowed.find((one) => one === value);
  return found ?? invalid(field, `one of ${allowed.join(', ')}`);
}

export function readOptionalPosition(
  fields: Fields,
  field: string,
): Position | undefined | Refusal {
  const value = read(fields, field);
  if (value === undefined) return undefined;
  const expected = 'an object {epoch, offset}';
  if (typeof value !== 'object' || value === null) return invalid(field, expected);
  const epoch = readString(value as Fields, 'epoch');
  const offset = readOptionalInteger(value as Fields, 'offset', 0, Number.MAX_SAFE_INTEGER);
  if (typeof epoch !== 'string' || typeof offset !== 'number') return invalid(field, expected);
  return { epoch, offset };
}
