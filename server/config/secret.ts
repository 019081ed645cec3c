import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Config } from './options.ts';

const FILE = 'session.secret';
const SECRET_BYTES = 32;

/**
 * The key of the resume tokens. It outlives the process, so that clients keep their identity over a
 * restart; nodes behind one address are given the same one.
 * @throws ConfigError when it can be neither read nor kept
 */
export function sessionSecret(config: Pick<Config, 'data_dir' | 'session_secret'>): string {
  if (config.session_secret !== '') return config.session_secret;
  const path = join(config.data_dir, FILE);
  try {
    mkdirSync(config.data_dir, { recursive: true });
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    // Of two servers started at once, one makes the file and the other reads it.
    writeFileSync(path, secret, { flag: 'wx', mode: 0o600 });
    return secret;
  } catch (error) {
    if (!isFileExists(error)) throw cannotKeep(path, error);
  }
  const kept = readFileSync(path, 'utf8');
  if (kept.length >= SECRET_BYTES) return kept;
  throw new ConfigError(`${path} holds no usable secret; delete it and start again.`);
}

const isFileExists = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EEXIST';

const cannotKeep = (path: string, cause: unknown): ConfigError =>
  new ConfigError(
    `The session secret cannot be kept in ${path}; choose a writable --data-dir or set --session-secret.`,
    { cause },
  );
