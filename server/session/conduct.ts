import type { CloseName } from '../errors.ts';
import { TokenBucket } from './token_bucket.ts';

interface ConductLimits {
  readonly rate_limit: number;
  readonly rate_burst: number;
  readonly command_rate_limit: number;
  readonly command_burst: number;
}

/**
 * Refusals a connection may run into, beside one for each message and command it may send: so many has
 * a client that sends on as soon as `retry_after_ms` lets it, and it never sees the end of it.
 */
const REFUSALS_PER_SECOND = 10;
const REFUSALS_BURST = 100;
/** Frames nobody can read are a bug in the client: ten are told so, then it goes. */
const MALFORMED_PER_SECOND = 0.2;
const MALFORMED_BURST = 10;

/** Rooms that are not for this client: a list of them may be tried once, but not gone through for ever. */
const FORBIDDEN_PER_SECOND = 1;
const FORBIDDEN_BURST = 100;

/** How much one connection may do, and when its behaviour ends it. Times are monotonic milliseconds. */
export class Conduct {
  readonly #limits: ConductLimits;
  // A bucket is made when it is first asked: it is full then, as it would be by now. Many connections
  // never say a word, and most never run into a refusal.
  #messages: TokenBucket | undefined;
  #commands: TokenBucket | undefined;
  #refusals: TokenBucket | undefined;
  #malformed: TokenBucket | undefined;
  #forbidden: TokenBucket | undefined;

  constructor(limits: ConductLimits) {
    this.#limits = limits;
  }

  /** @returns 0 when allowed, else the milliseconds to wait */
  admitMessage(now_ms: number): number {
    const { rate_limit, rate_burst } = this.#limits;
    this.#messages ??= new TokenBucket(rate_limit, rate_burst, now_ms);
    return this.#messages.take(now_ms);
  }

  /** @returns 0 when allowed, else the milliseconds to wait */
  admitCommand(now_ms: number): number {
    const { command_rate_limit, command_burst } = this.#limits;
    this.#commands ??= new TokenBucket(command_rate_limit, command_burst, now_ms);
    return this.#commands.take(now_ms);
  }

  /** One more request was refused for coming too fast. @returns how to close when that was one too many */
  noteRefusal(now_ms: number): CloseName | undefined {
    const { rate_limit, command_rate_limit } = this.#limits;
    const rate = REFUSALS_PER_SECOND + rate_limit + command_rate_limit;
    this.#refusals ??= new TokenBucket(rate, REFUSALS_BURST, now_ms);
    return this.#refusals.take(now_ms) > 0 ? 'too_many' : undefined;
  }

  /** One more frame or message made no sense. @returns how to close when that was one too many */
  noteMalformed(now_ms: number): CloseName | undefined {
    this.#malformed ??= new TokenBucket(MALFORMED_PER_SECOND, MALFORMED_BURST, now_ms);
    return this.#malformed.take(now_ms) > 0 ? 'malformed_too_often' : undefined;
  }

  /** One more request was not for this user. @returns how to close when that was one too many */
  noteForbidden(now_ms: number): CloseName | undefined {
    this.#forbidden ??= new TokenBucket(FORBIDDEN_PER_SECOND, FORBIDDEN_BURST, now_ms);
    return this.#forbidden.take(now_ms) > 0 ? 'forbidden' : undefined;
  }
}
