/**
 * Every setting and every limit of the server, with its unit, default and range. Each one is a flag
 * (`--flush-interval-ms`), an environment variable (`HUBBUB_FLUSH_INTERVAL_MS`) and a key of the
 * configuration file (`flush_interval_ms`).
 */

interface IntegerOption {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

interface TextOption {
  readonly kind: 'text';
  readonly default: string;
  readonly help: string;
}

interface ChoiceOption<T extends string = string> {
  readonly kind: 'choice';
  readonly default: T;
  readonly choices: readonly T[];
  readonly help: string;
}

export type Option = IntegerOption | TextOption | ChoiceOption;

const integer = (value: number, min: number, max: number, help: string): IntegerOption => ({
  kind: 'integer',
  default: value,
  min,
  max,
  help,
});
const text = (value: string, help: string): TextOption => ({ kind: 'text', default: value, help });
const choice = <const T extends string>(
  value: NoInfer<T>,
  choices: readonly T[],
  help: string,
): ChoiceOption<T> => ({ kind: 'choice', default: value, choices, help });

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;
const ANY = Number.MAX_SAFE_INTEGER;

export const OPTIONS = {
  port: integer(8080, 0, 65_535, 'TCP port; 0 takes a free one and prints it'),
  host: text('0.0.0.0', 'address to listen on'),
  workers: integer(0, 0, 255, 'threads that serve connections; 0 = as many as the hub can use'),
  hub: choice('auto', ['auto', 'native', 'script'], 'what carries rooms: the addon, or TypeScript'),
  log: choice('sqlite', ['memory', 'sqlite', 'postgres'], 'what orders and remembers messages'),
  storage: choice(
    'auto',
    ['auto', 'memory', 'sqlite', 'postgres'],
    'what remembers users and sessions; auto = the same as the log',
  ),
  log_level: choice(
    'info',
    ['debug', 'info', 'warn', 'error', 'silent'],
    'least severe log line that is written',
  ),
  data_dir: text('data', 'folder for what outlives the process: session secret, SQLite database'),
  postgres_url: text('', 'where PostgreSQL is: postgres://user:password@host:port/database'),
  sync: choice(
    'full',
    ['full', 'normal'],
    'what a SQLite commit survives: full = loss of power too',
  ),
  log_records_max: integer(0, 0, ANY, 'messages a database keeps of a room; 0 = all'),
  log_age_ms_max: integer(0, 0, ANY, 'age of what a database keeps; 0 = any'),
  log_queue_records_max: integer(20_000, 1, 1_000_000, 'messages of a worker that wait for commit'),
  log_queue_bytes_max: integer(16 * MIB, 64 * KIB, 1_024 * MIB, 'size of their texts'),
  log_stall_ms_max: integer(2_000, 10, HOUR_MS, 'commit that takes longer: messages are refused'),
  session_secret: text('', 'key of the resume tokens; empty = one kept in the data folder'),
  session_ttl_ms: integer(24 * HOUR_MS, 1_000, ANY, 'how long a resume token is accepted'),

  guests: choice('allow', ['allow', 'deny'], 'whether one may come without a token'),
  guest_rooms: text('', 'rights of guests by room pattern, as JSON; empty = all, everywhere'),
  allowed_origins: text('', 'web pages that may connect, separated by commas; empty = all'),
  auth_timeout_ms: integer(10_000, 1, HOUR_MS, 'wait for `auth` where guests are denied'),
  token_bytes_max: integer(8 * KIB, 256, 64 * KIB, 'size of a token'),
  token_lifetime_ms_max: integer(
    30 * 24 * HOUR_MS,
    1_000,
    ANY,
    'how long a token may be good, whoever issued it',
  ),
  token_refresh_window_ms: integer(
    60_000,
    0,
    24 * HOUR_MS,
    'time before the end of a token at which its owner is told',
  ),
  jwt_secret: text('', 'secret of HS256 tokens; empty = none are accepted'),
  jwt_public_key: text('', 'PEM, JWK or JWK Set file that verifies RS256, ES256 or EdDSA tokens'),
  jwt_jwks_url: text('', 'URL of a JWK Set that verifies RS256, ES256 or EdDSA tokens'),
  jwt_jwks_cache_ms: integer(600_000, 1_000, ANY, 'age at which its keys are fetched again'),
  jwt_jwks_cooldown_ms: integer(30_000, 100, ANY, 'least time between two fetches'),
  jwt_jwks_timeout_ms: integer(5_000, 1, HOUR_MS, 'wait for an answer from that URL'),
  jwt_algorithms: text('', 'the only ones accepted; empty = all that the keys are for'),
  jwt_issuer: text('', 'the claim "iss" of every token; empty = any'),
  jwt_audience: text('', 'one of the claim "aud" of every token; empty = any'),
  jwt_clock_skew_ms: integer(5_000, 0, 600_000, 'by how much the clock of the issuer may differ'),
  jwt_rooms_claim: text('rooms', 'the claim that holds permissions'),
  admin_key: text('', 'key of the administration API; empty = there is none'),

  default_room: text('lobby', 'room meant by a message without one'),
  rooms: text('', 'the only rooms there are, separated by commas; empty = made on first join'),
  rooms_max: integer(100_000, 1, 10_000_000, 'rooms at a time'),
  room_idle_ms_max: integer(300_000, 0, ANY, 'how long a room without members is kept'),
  room_name_bytes_max: integer(128, 1, 1_024, 'length of a room name'),
  rooms_per_connection_max: integer(100, 1, 100_000, 'rooms one connection may be in'),

  connections_max: integer(0, 0, 1_000_000, 'connections at a time; 0 = what descriptors allow'),
  connections_per_address: integer(0, 0, 1_000_000, 'connections from one address; 0 = no cap'),
  accept_rate: integer(0, 0, 1_000_000, 'new connections/s; 0 = no cap'),
  accept_burst: integer(1_000, 1, 1_000_000, 'new connections taken at once under that cap'),

  rate_limit: integer(10, 0, 1_000_000, 'messages/s per connection; 0 = off'),
  rate_burst: integer(10, 1, 1_000_000, 'messages a connection may send at once'),
  command_rate_limit: integer(50, 0, 1_000_000, 'other commands/s per connection; 0 = off'),
  command_burst: integer(200, 1, 1_000_000, 'other commands a connection may send at once'),
  publishes_in_flight_max: integer(64, 1, 100_000, 'unanswered messages before reading pauses'),

  text_bytes_max: integer(16 * KIB, 1, 16 * MIB, 'size of a message text in UTF-8'),
  frame_bytes_max: integer(64 * KIB, 256, 64 * MIB, 'size of a frame from a client'),
  send_buffer_bytes_max: integer(MIB, 16 * KIB, 1_024 * MIB, 'unsent bytes before 1013'),
  ping_interval_ms: integer(30_000, 1_000, HOUR_MS, 'silence before a ping'),
  pong_timeout_ms: integer(10_000, 1_000, HOUR_MS, 'wait for any sign of life after it'),

  flush_interval_ms: integer(5, 0, 1_000, 'window in which a busy room batches; 0 = every turn'),
  batch_bytes_max: integer(64 * KIB, 1_024, 16 * MIB, 'size at which a batch leaves early'),
  batch_records_max: integer(512, 1, 100_000, 'messages at which a batch leaves early'),
  pending_bytes_max: integer(8 * MIB, 64 * KIB, 1_024 * MIB, 'a room’s unpublished messages'),
  history_records_max: integer(100, 0, 1_000_000, 'messages a room remembers'),
  history_bytes_max: integer(256 * KIB, 0, 1_024 * MIB, 'size of what a room remembers'),
  history_age_ms_max: integer(0, 0, ANY, 'age of what a room remembers; 0 = any'),
  pool_bytes_max: integer(
    0,
    0,
    ANY,
    'memory of all rooms; 0 = half of what there is, up to 512 MiB',
  ),
  idempotency_ids_max: integer(10_000, 0, 1_000_000, 'message ids a room remembers'),
  replay_records_max: integer(1_000, 0, 1_000_000, 'messages one recovery may bring back'),

  replay_bytes_max: integer(512 * KIB, 0, 1_024 * MIB, 'size of what one recovery may bring back'),

  presence_interval_ms: integer(100, 0, 60_000, 'window in which arrivals and departures gather'),
  presence_names_max: integer(100, 1, 10_000, 'members up to which each one is announced by name'),

  log_timeout_ms: integer(5_000, 1, HOUR_MS, 'wait for the log to load or read'),
  publish_timeout_ms: integer(10_000, 1, HOUR_MS, 'wait for the log to accept a message'),
  reconnect_jitter_ms: integer(
    5_000,
    0,
    HOUR_MS,
    'window over which clients are sent back at a stop',
  ),
  shutdown_timeout_ms: integer(10_000, 1, HOUR_MS, 'wait for connections to end after SIGTERM'),
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<O> = O extends ChoiceOption<infer T> ? T : O extends IntegerOption ? number : string;

export type Config = Readonly<{ [N in OptionName]: ValueOf<(typeof OPTIONS)[N]> }>;

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];
export const flagOf = (name: OptionName): string => `--${name.replaceAll('_', '-')}`;
export const variableOf = (name: OptionName): string => `HUBBUB_${name.toUpperCase()}`;
