import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { missingForEngine } from './engine_build.ts';
import { ENGINE_KINDS, type EngineKind, startEngine } from './engines.ts';
import { Histogram } from './histogram.ts';
import { startLiar, type Treatment } from './lying_server.ts';

/** Both engines in the same run: whatever the server does, they give the same counts. */

const missing = missingForEngine();
const suffix = missing.length === 0 ? '' : ` [needs ${missing.join(' and ')}]`;

const MEMBERS = 3;
const MESSAGES = 80;
const RATE = 400;
const RUNS = 5;
/** Runs that shrink, and a first build. */
const TEST_MS_MAX = 300_000;

const KINDS = ['dropped', 'doubled', 'late', 'joined', 'invented', 'error'] as const;

/** What happens to one message on its way to one member. */
interface Fate {
  readonly nth: number;
  readonly member: number;
  readonly kind: (typeof KINDS)[number];
}

const fates: fc.Arbitrary<Fate[]> = fc.array(
  fc.record({
    nth: fc.nat(MESSAGES - 1),
    member: fc.nat(MEMBERS - 1),
    kind: fc.constantFrom(...KINDS),
  }),
  { maxLength: 25 },
);

/** A server in which each message for each member has the first fate that was drawn for it. */
function treatmentOf(drawn: readonly Fate[]): Treatment {
  const held = new Map<number, string>();
  return (line, nth, member) => {
    const fate = drawn.find((one) => one.nth === nth && one.member === member);
    const before = held.get(member);
    held.delete(member);
    const numbered = line.replace(/}$/, `,"offset":${nth + 7}}`);
    const said = saidBy(fate?.kind, numbered);
    if (fate?.kind === 'late') held.set(member, numbered);
    return before === undefined ? said : [...said, before];
  };
}

function saidBy(kind: Fate['kind'] | undefined, line: string): string[] {
  switch (kind) {
    case 'dropped':
    case 'late':
      return [];
    case 'doubled':
      return [line, line];
    case 'joined':
      return [`${line}\n{"type":"presence"}\n${line}`];
    case 'invented':
      return [line.replace('bench-0', 'bench-1'), line];
    case 'error':
      return [`{"type":"error","code":"made up"}`, line];
    default:
      return [line];
  }
}

async function countsOf(kind: EngineKind, drawn: readonly Fate[]): Promise<unknown> {
  const liar = startLiar(treatmentOf(drawn));
  const engine = await startEngine(kind, 0);
  try {
    const target = { hostname: '127.0.0.1', port: liar.port, path: '/ws' };
    const crowd = { target, members: MEMBERS, rooms: 1, timeout_ms: 10_000 };
    const { joined, failed } = await engine.connect(crowd);
    const duration_ms = (MESSAGES * 1_000) / RATE;
    const traffic = { rate: RATE, senders: 1, payload_bytes: 128, warmup_ms: 0, duration_ms };
    const { window, latency_us, send_lag_us, elapsed_ms, ...counts } = await engine.run(traffic);
    const recorded = [latency_us, send_lag_us].map((snapshot) => Histogram.of([snapshot]).count);
    return { joined, failed, recorded, ...counts };
  } finally {
    await engine.stop();
    await liar.stop();
  }
}

test.skipIf(missing.length > 0)(
  `the same run gives the same counts${suffix}`,
  async () => {
    await fc.assert(
      fc.asyncProperty(fates, async (drawn) => {
        const [one, other] = await Promise.all(ENGINE_KINDS.map((kind) => countsOf(kind, drawn)));
        expect(other).toEqual(one);
      }),
      { numRuns: RUNS },
    );
  },
  TEST_MS_MAX,
);
