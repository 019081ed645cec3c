import Type, { type Static } from 'typebox';

/** What may be asked of a scenario by `kind`: each has its way to be run. */
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

const count = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description });

/** A scenario as its data file has it (`plans/<name>.toml`), and as options have changed it. */
export const PLAN = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9-]+$' }),
    summary: Type.String(),
    kind: Type.Enum(KINDS),
    clients: Type.Array(count(1, 100_000, 'connections'), {
      minItems: 1,
      description: 'several make a ladder: each is a case of its own',
    }),
    rooms: count(1, 10_000, 'clients are spread over them evenly'),
    senders: count(0, 100_000, 'clients who send, spread over the rooms evenly; 0 = all of them'),
    rate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1_000_000,
      description: 'messages/s of each sender',
    }),
    payload_bytes: count(64, 1_048_576, 'of a client’s chat frame'),
    pattern: Type.Union([Type.Literal('fixed'), Type.Literal('burst'), Type.Literal('ramp')]),
    burst_size: count(1, 100_000, 'messages at once, with pattern burst'),
    ramp_s: Type.Number({
      minimum: 0,
      maximum: 3_600,
      description: 'over which clients connect, or the rate rises with pattern ramp',
    }),
    warmup_s: Type.Number({ minimum: 0, maximum: 3_600, description: 'traffic before the window' }),
    duration_s: Type.Number({ minimum: 0.5, maximum: 3_600, description: 'the measured window' }),
    rate_limit: count(0, 1_000_000, 'messages/s that the server allows a client; 0 = no limit'),
    /** Clients who come and go (churn), stop reading (stall), with kinds that have them. */
    others: count(0, 100_000, 'clients that do what makes the scenario'),
    /** How echoes are sent (echo). */
    opcode: Type.Union([Type.Literal('text'), Type.Literal('binary')]),
  },
  { additionalProperties: false },
);

export type Plan = Static<typeof PLAN>;
export type Kind = Plan['kind'];
