import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigError } from '../errors.ts';

const KEY_BYTES_MIN = 32;
const BEARER = /^Bearer +(\S+) *$/i;

/** The one key of the administration API. */
export class AdminKey {
  readonly #hash: Buffer;

  /** @throws ConfigError when it could be guessed */
  constructor(key: string) {
    if (Buffer.byteLength(key) < KEY_BYTES_MIN || /[^!-~]/.test(key)) {
      throw new ConfigError(
        `--admin-key must have at least ${KEY_BYTES_MIN} bytes of ASCII without spaces.`,
      );
    }
    this.#hash = hashOf(key);
  }

  /** Hashes are compared, whole: neither the key's length nor how far a guess is right shows in the time. */
  isIn(headers: Headers): boolean {
    const given = BEARER.exec(headers.get('authorization') ?? '')?.[1] ?? '';
    return timingSafeEqual(hashOf(given), this.#hash);
  }
}

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();
