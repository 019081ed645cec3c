import Type, { type Static } from 'typebox';

/** What a scenario does with its clients: each kind has a file in `kinds/`. */
export const KINDS = [
  /** A crowd joins, then some of it speaks at a rate: one window is measured. */
  'traffic',
  /** As `traffic`, at higher and lower rates until the highest is found that the server sustains. */
  'search',
  /** As `traffic`, while other clients come and go. */
  'churn',
  /** A crowd joins and is silent. */
  'idle',
  /** A crowd joins, loses its connections all at once, and comes back. */
  'storm',
  /** As `traffic`, before and while some members stop reading. */
  'stall',
  /** Messages that come back to the client that sent them, on the echo path. */
  'echo',
] as const;

export type Kind = (typeof KINDS)[number];

export const PATTERNS = ['fixed', 'burst', 'ramp'] as const;

const whole = (minimum: number, maximum: number, standard: number, description: string) =>
  Type.Integer({ minimum, maximum, default: standard, description });

const fraction = (minimum: number, maximum: number, standard: number, description: string) =>
  Type.Number({ minimum, maximum, default: standard, description });

/**
 * A scenario: what its data file says (`plans/<name>.toml`), the defaults here for the rest, and
 * options of the command on top.
 */
export const PLAN = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9-]+$', maxLength: 40 }),
    summary: Type.String(),
    kind: Type.Enum(KINDS),
    clients: Type.Array(Type.Integer({ minimum: 1, maximum: 50_000 }), {
      minItems: 1,
      default: [100],
      description: 'connections; several make a ladder, a case each',
    }),
    room_size: whole(0, 50_000, 0, 'clients in each room; 0 = all in one'),
    senders: whole(0, 50_000, 0, 'clients who send, spread over the rooms; 0 = all'),
    rate: fraction(0.001, 1_000_000, 1, 'messages/s of each sender'),
    payload: whole(96, 1_048_576, 128, 'bytes of a client’s frame'),
    delivery_bytes: whole(0, 65_536, 0, 'least size of a message as delivered; 0 = as it comes'),
    pattern: Type.Enum(PATTERNS, {
      default: 'fixed',
      description: 'how messages are spread over time',
    }),
    burst_size: whole(1, 50_000, 1, 'messages at once, with pattern burst'),
    ramp: fraction(0, 3_600, 0, 'seconds over which clients connect'),
    warmup: fraction(0, 3_600, 5, 'seconds of traffic before the window'),
    duration: fraction(0.5, 3_600, 10, 'seconds of the measured window'),
    rate_limit: whole(0, 1_000_000, 0, 'messages/s that servers allow a client; 0 = no limit'),
    window_ms: whole(1, 1_000, 5, 'window in which messages gather, for subjects with one'),
    others: whole(0, 10_000, 0, 'clients that come and go (churn) or stop reading (stall)'),
    opcode: Type.Enum(['text', 'binary'], {
      default: 'text',
      description: 'how echoes are sent',
    }),
    tolerates_loss: Type.Boolean({
      default: false,
      description: 'more is offered than any server bears: what it delivers is the figure',
    }),
  },
  { additionalProperties: false },
);

export type Plan = Static<typeof PLAN>;

/** One size of a plan. */
export interface Rung {
  /** Empty when the plan has one size. */
  readonly label: string;
  readonly clients: number;
  readonly rooms: number;
  readonly senders: number;
  /** Messages/s of all senders together. */
  readonly rate: number;
}

/** The cases of a plan, one for each number of clients. */
export function rungsOf({ clients, room_size, senders, rate }: Plan): readonly Rung[] {
  return clients.map((count) => {
    const speaking = senders === 0 ? count : Math.min(senders, count);
    return {
      label: clients.length === 1 ? '' : `${count.toLocaleString('en')} clients`,
      clients: count,
      rooms: room_size === 0 ? 1 : Math.ceil(count / room_size),
      senders: speaking,
      rate: rate * speaking,
    };
  });
}
