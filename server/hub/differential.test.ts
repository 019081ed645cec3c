import { afterEach, describe, expect, setSystemTime } from 'bun:test';
import fc from 'fast-check';
import { events, records, words } from '../../tests/support/arbitraries.ts';
import { requires } from '../../tests/support/requires.ts';
import { ENCODINGS, type Encoding, encode } from '../protocol/encoding.ts';
import { LIMITS, type MakeHub } from './contract/fixture.ts';
import { PairRun } from './differential/pair_run.ts';
import { type Step, schedule, text } from './differential/steps.ts';
import { loadAddon } from './native/addon.ts';
import { NativeHub } from './native/hub.ts';
import { batchBytes, openNativeHub } from './native/open.ts';
import type { Hub, HubEvents, HubLimits } from './port.ts';
import { ScriptHub } from './script.ts';

/**
 * The hub in TypeScript and the native one are given the same, and have to say the same, byte for
 * byte. fast-check prints its seed, and the smallest schedule it finds, when they do not.
 */

const testAddon = requires('native-addon');

const NATIVE_LIMITS = { idempotency_ids_max: 1_000, pool_bytes_max: 256 * 1_024 * 1_024 };
const ANN = { user_id: 'ann', username: 'Ann' };
const RUNS = 400;
const RUN_TIMEOUT_MS = 60_000;

const limits = (changes: Partial<HubLimits>, tight: fc.Arbitrary<Partial<HubLimits>>) =>
  fc
    .record({
      flush_interval_ms: fc.constantFrom(0, 5),
      batch_records_max: fc.constantFrom(1, 3, 1_000),
      batch_bytes_max: fc.constantFrom(1, 400, 1_000_000),
      history_records_max: fc.constantFrom(0, 3, 1_000),
      history_bytes_max: fc.constantFrom(500, 20_000, 10_000_000),
      history_age_ms_max: fc.constantFrom(0, 50),
      joined_users_max: fc.constantFrom(1, 100),
    })
    .chain((drawn) =>
      tight.map((more): HubLimits => ({ ...LIMITS, ...drawn, ...changes, ...more })),
    );

describe('the native hub and the hub in TypeScript', () => {
  afterEach(() => void setSystemTime());

  testAddon(
    'say the same to the same schedule',
    () => compare(limits({ pending_bytes_max: 1_000_000_000 }, fc.constant({}))),
    RUN_TIMEOUT_MS,
  );

  testAddon(
    'say the same where rooms are overrun all the time',
    () => compare(limits({}, fc.record({ pending_bytes_max: fc.constantFrom(1, 400, 2_000) }))),
    RUN_TIMEOUT_MS,
  );
});

/** Texts of every length that MessagePack writes in another way. */
const pages = fc.array(
  fc.tuple(records, text).map(([record, longer]) => ({ ...record, text: longer })),
  { maxLength: 4 },
);

describe('the native encoders and those in TypeScript', () => {
  testAddon('write the same bytes for a record', () => {
    fc.assert(
      fc.property(words, pages, fc.boolean(), (name, page, isSpoken) => {
        withNativeHub(LIMITS, silent, (native) => {
          const script = new ScriptHub(LIMITS, silent);
          const [expected, encoded] = [script, native].map((hub) => {
            const room = hub.openRoom(name, { epoch: 'e.1', head: 0, tail: [] });
            // Where somebody speaks MessagePack it is made of the record, elsewhere of the JSON.
            if (isSpoken) hub.join(room, ANN, 'msgpack', undefined);
            return ENCODINGS.map((encoding) => {
              const { count, data } = hub.encodePage(room, encoding, page);
              return { count, bytes: Buffer.from(data) };
            });
          });
          expect(encoded).toEqual(expected);
        });
      }),
    );
  });

  testAddon('write the same bytes for an event', () => {
    fc.assert(
      fc.property(events, (event) => {
        const frames = new Map<Encoding, Buffer>();
        const publish: HubEvents['publish'] = (_room, encoding, data) => {
          frames.set(encoding, Buffer.from(data));
        };
        withNativeHub(LIMITS, { ...silent, publish }, (hub) => {
          const room = hub.openRoom(event.room, { epoch: 'e.1', head: 0, tail: [] });
          for (const encoding of ENCODINGS) hub.join(room, ANN, encoding, undefined);
          hub.broadcast(room, event);
          hub.leave(room, ANN, 'json');
        });
        for (const encoding of ENCODINGS) {
          expect(frames.get(encoding)).toEqual(Buffer.from(encode(encoding, event)));
        }
      }),
    );
  });
});

const silent: HubEvents = { publish: () => {}, wake: () => {}, overrun: () => {} };

function compare(arbitrary: fc.Arbitrary<HubLimits>): void {
  fc.assert(
    fc.property(arbitrary, schedule, (drawn, steps) => runPair(drawn, steps)),
    { numRuns: RUNS, includeErrorInReport: true },
  );
}

function runPair(drawn: HubLimits, steps: readonly Step[]): void {
  let close = (): void => {};
  const makeNative: MakeHub = (...given) => {
    const native = openHub(...given);
    close = native.close;
    return native.hub;
  };
  const makeScript: MakeHub = (...given) => new ScriptHub(...given);
  try {
    new PairRun([makeScript, makeNative], drawn).run(steps);
  } finally {
    close();
  }
}

function withNativeHub(drawn: HubLimits, hubEvents: HubEvents, use: (hub: Hub) => void): void {
  const { hub, close } = openHub(drawn, hubEvents, () => 1_000);
  try {
    use(hub);
  } finally {
    close();
  }
}

function openHub(drawn: HubLimits, hubEvents: HubEvents, clock: () => number) {
  const addon = loadAddon();
  if (typeof addon === 'string') throw new Error(`the addon ${addon}`);
  const id = openNativeHub(addon, { ...drawn, ...NATIVE_LIMITS }, 1);
  const door = new addon.Door(id, 0, hubEvents.wake);
  const hub = new NativeHub({
    door,
    events: hubEvents,
    onVerdict: () => {
      throw new Error('nothing was sequenced');
    },
    batch_bytes: batchBytes(drawn),
    clock,
  });
  const close = (): void => {
    door.detach();
    addon.closeHub(id);
  };
  return { hub, close };
}
