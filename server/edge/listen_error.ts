import { ConfigError } from '../errors.ts';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another process does already; choose another --port.'],
  ['EADDRNOTAVAIL', 'it is not an address of this machine; choose another --host.'],
  ['EACCES', 'this user may not; choose a --port from 1024 on.'],
]);

/** @returns what to tell the person at the terminal when the address cannot be had; else the error itself */
export function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS.get(code);
  if (reason === undefined) return error;
  return new ConfigError(`Cannot listen on ${host}:${port}: ${reason}`, { cause: error });
}
