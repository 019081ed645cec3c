import type { Dialect } from './dialect.ts';
import type { RuleName } from './rules.ts';

/** A running server, and how it was started. */
export interface Subject {
  /** The chat path, such as `ws://127.0.0.1:8080/ws`. */
  readonly url: string;
  readonly dialect: Dialect;
  /** Messages/s a connection may send; 0 = no limit. */
  readonly rate_limit: number;
  /** Within this time a dead peer has to be cut; 0 = not to be checked. */
  readonly keepalive_ms: number;
  /** How many connect at once. */
  readonly connections: number;
  /** How long any single answer may take. */
  readonly deadline_ms: number;
}

/** Looks at one side of a server. */
export interface Check {
  /** The first one is broken when the server does not answer in time. */
  readonly rules: readonly [RuleName, ...RuleName[]];
  /** @returns why it cannot be done with this server, undefined when it can */
  skip(subject: Subject): string | undefined;
  /** @throws Breach of one of its rules @throws Error when the server hangs up or does not answer */
  run(subject: Subject): Promise<void>;
}

/** Most checks send more than a limit lets through. */
export const unlessLimited = ({ rate_limit }: Subject): string | undefined =>
  rate_limit > 0 ? 'takes a server without rate limit' : undefined;
