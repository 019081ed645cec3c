import type { AdminOptions } from './arguments.ts';
import type { AdminClient, Answer } from './client.ts';
import { UsageError } from './errors.ts';

interface Command {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly help: string;
  run(client: AdminClient, given: readonly string[], options: AdminOptions): Promise<Answer>;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** @returns milliseconds; nothing for nothing */
function durationOf(text: string | undefined): { readonly ttl_ms?: number } {
  if (text === undefined) return {};
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const unit_ms = UNITS.get(unit);
  if (unit_ms === undefined) throw new UsageError('--ttl is a number and s, m, h or d: 30d.');
  return { ttl_ms: Number(count) * unit_ms };
}

const part = (text: string | undefined): string => encodeURIComponent(text ?? '');

function pageQuery({ limit, after }: AdminOptions): string {
  const query = new URLSearchParams();
  if (limit !== undefined) query.set('limit', limit);
  if (after !== undefined) query.set('after', after);
  return query.size === 0 ? '' : `?${query}`;
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'users create',
    parameters: ['<user_id>'],
    help: 'a user with --name, or the id as the name',
    run: (client, [user_id = ''], { name }) =>
      client.ask('POST', '/users', { user_id, username: name ?? user_id }),
  },
  {
    name: 'users list',
    parameters: [],
    help: 'by id; --limit and --after for pages',
    run: (client, _, options) => client.ask('GET', `/users${pageQuery(options)}`),
  },
  {
    name: 'users disable',
    parameters: ['<user_id>'],
    help: 'sends them away and lets them in no more',
    run: (client, [id]) => client.ask('PATCH', `/users/${part(id)}`, { disabled: true }),
  },
  {
    name: 'users enable',
    parameters: ['<user_id>'],
    help: 'takes that back; they need new tokens',
    run: (client, [id]) => client.ask('PATCH', `/users/${part(id)}`, { disabled: false }),
  },
  {
    name: 'users revoke',
    parameters: ['<user_id>'],
    help: 'voids all tokens issued until now and sends them away',
    run: (client, [id]) => client.ask('POST', `/users/${part(id)}/revoke`),
  },
  {
    name: 'sessions create',
    parameters: ['<user_id>'],
    help: 'a session token, shown this once; --ttl 12h',
    run: (client, [user_id = ''], { ttl }) =>
      client.ask('POST', '/sessions', { user_id, ...durationOf(ttl) }),
  },
  {
    name: 'sessions list',
    parameters: ['<user_id>'],
    help: 'by id; --limit and --after for pages',
    run: (client, [id], options) =>
      client.ask('GET', `/users/${part(id)}/sessions${pageQuery(options)}`),
  },
  {
    name: 'sessions revoke',
    parameters: ['<session_id>'],
    help: 'voids one session token and sends away who uses it',
    run: (client, [id]) => client.ask('DELETE', `/sessions/${part(id)}`),
  },
  {
    name: 'tokens revoke',
    parameters: ['<jti>'],
    help: 'voids one JSON Web Token, by its claim "jti"',
    run: (client, [jti = '']) => client.ask('POST', '/revocations', { jti }),
  },
];

export function helpText(): string {
  const rows = COMMANDS.map(({ name, parameters, help }) => [
    [name, ...parameters].join(' '),
    help,
  ]);
  const width = Math.max(...rows.map(([usage = '']) => usage.length));
  return [
    'Users, session tokens and revocations of a running server.',
    '',
    'Usage: HUBBUB_ADMIN_KEY=… bun run admin <command> [options]',
    '',
    ...rows.map(([usage = '', help]) => `  ${usage.padEnd(width)}  ${help}`),
    '',
    '  --url <url>  where the server is (default http://localhost:8080)',
    '  --json       the answer as the server gave it, on one line',
    '  --help       this text',
    '',
  ].join('\n');
}
