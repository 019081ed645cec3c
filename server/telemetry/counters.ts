import type { SessionCounters } from '../session/session.ts';

/** Why an upgrade was turned down, as a metric label. */
export type UpgradeRefusal =
  | 'bad_request'
  | 'subprotocol'
  | 'token'
  | 'server_full'
  | 'address_full'
  | 'draining';

/** What one worker's edge and sessions count: plain numbers, because one thread writes them. */
export interface WorkerCounters extends SessionCounters {
  connections_opened: number;
  frames_received: number;
  bytes_received: number;
  frames_published: number;
  bytes_published: number;
  handler_failures: number;
  /** How connections ended: a name from `CLOSES`, `keepalive`, or the peer's own close code. */
  readonly closed: Record<string, number>;
  readonly upgrades_refused: Record<UpgradeRefusal, number>;
}

export const newWorkerCounters = (): WorkerCounters => ({
  messages_received: 0,
  commands_received: 0,
  rate_limited: 0,
  refused: 0,
  malformed: 0,
  connections_opened: 0,
  frames_received: 0,
  bytes_received: 0,
  frames_published: 0,
  bytes_published: 0,
  handler_failures: 0,
  closed: {},
  upgrades_refused: {
    bad_request: 0,
    subprotocol: 0,
    token: 0,
    server_full: 0,
    address_full: 0,
    draining: 0,
  },
});
