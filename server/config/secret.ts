import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Config } from './options.ts';

const FILE = 'session.secret';
const SECRET_BYTES = 32;
const GIVEN_SECRET_CHARACTERS_MIN = 16;

/**
 * The key of the resume tokens. It outlives the process, so that clients keep their identity over a
 * restart; nodes behind one address are given the same one.
 * @throws ConfigError when it can be neither read nor kept
 */
export function sessionSecret(config: Pick<Config, 'data_dir' | 'session_secret'>): string {
  if (config.session_secret.length >= GIVEN_SECRET_CHARACTERS_MIN) return config.session_secret;
  if (config.session_secret !== '') {
    throw new ConfigError(
      `--session-secret must have at least ${GIVEN_SECRET_CHARACTERS_MIN} characters.`,
    );
  }
  const path = join(config.data_dir, FILE);
  let secret: string;
  try {
    secret = readSecret(path) ?? makeSecret(config.data_dir, path);
  } catch (error) {
    throw new ConfigError(
      `The session secret cannot be kept in ${path}; choose a writable --data-dir or set --session-secret.`,
      { cause: error },
    );
  }
  if (secret.length >= SECRET_BYTES) return secret;
  throw new ConfigError(`${path} holds no usable secret; delete it and start again.`);
}

function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of two servers started at once, one gives the file its name, whole, and the other reads it. */
function makeSecret(folder: string, path: string): string {
  mkdirSync(folder, { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, randomBytes(SECRET_BYTES).toString('base64url'), {
      flag: 'wx',
      mode: 0o600,
    });
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(path, 'utf8');
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;
