import { parseArgs } from 'node:util';
import { UsageError } from './errors.ts';

export interface AdminOptions {
  readonly url: string;
  readonly json: boolean;
  readonly help: boolean;
  readonly name: string | undefined;
  readonly ttl: string | undefined;
  readonly limit: string | undefined;
  readonly after: string | undefined;
}

const STANDARD_URL = 'http://localhost:8080';

/** @throws UsageError with one sentence */
export function readArguments(args: readonly string[]): {
  readonly words: readonly string[];
  readonly options: AdminOptions;
} {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        name: { type: 'string' },
        ttl: { type: 'string' },
        limit: { type: 'string' },
        after: { type: 'string' },
      },
    });
    const { url = STANDARD_URL, json = false, help = false, name, ttl, limit, after } = values;
    return { words: positionals, options: { url, json, help, name, ttl, limit, after } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(reason.split(/\.\s/)[0], { cause: error });
  }
}
