import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { UnavailableError } from '../../errors.ts';
import type { LogFixture, LogTraits, MakeHarness } from './fixture.ts';
import { withLog } from './with_log.ts';

const ROOMS = ['red', 'green', 'blue'];
const USERS = ['ann', 'bob', 'cem'];
const IDS = ['1', '2', '3', '4'];

type Command =
  | { readonly kind: 'submit'; readonly room: string; readonly user: string; readonly id?: string }
  | { readonly kind: 'read'; readonly room: string; readonly after: number; readonly limit: number }
  | { readonly kind: 'open' | 'close'; readonly room: string }
  | { readonly kind: 'step' };

const room = fc.constantFrom(...ROOMS);
const user = fc.constantFrom(...USERS);

const submit: fc.Arbitrary<Command> = fc.record(
  { kind: fc.constant('submit'), room, user, id: fc.constantFrom(...IDS) },
  { requiredKeys: ['kind', 'room', 'user'] },
);
const read: fc.Arbitrary<Command> = fc.record({
  kind: fc.constant('read'),
  room,
  after: fc.nat(50),
  limit: fc.integer({ min: 1, max: 20 }),
});
const open: fc.Arbitrary<Command> = fc.record({ kind: fc.constant('open'), room });
const close: fc.Arbitrary<Command> = fc.record({ kind: fc.constant('close'), room });
const step: fc.Arbitrary<Command> = fc.record({ kind: fc.constant('step') });

const schedule = fc.array(
  fc.oneof(
    { weight: 14, arbitrary: submit },
    { weight: 4, arbitrary: step },
    { weight: 2, arbitrary: open },
    { weight: 1, arbitrary: close },
    { weight: 1, arbitrary: read },
  ),
  { maxLength: 200, size: 'max' },
);

/** fast-check prints its seed, and the smallest schedule it finds, when one of these fails. */
export function testProperties(traits: LogTraits, make: MakeHarness): void {
  test('any schedule over several rooms and users keeps every promise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer(),
          idempotency_ids_max: fc.constantFrom(2, 5, 1_000),
          queue_max: fc.constantFrom(3, 1_000),
        }),
        schedule,
        (settings, commands) =>
          withLog(make, traits, settings, (fixture) => runSchedule(fixture, commands)),
      ),
    );
  });

  test('texts, names and ids come back as they went in', async () => {
    const words = fc.string({ unit: 'binary' });
    const drafts = fc.array(fc.record({ from: words, from_id: words, text: words, id: words }));
    const settings = { idempotency_ids_max: 1_000, queue_max: 1_000 };
    await fc.assert(
      fc.asyncProperty(fc.integer(), words, drafts, (seed, name, list) =>
        withLog(make, traits, { ...settings, seed }, async (fixture) => {
          await fixture.open(name);
          for (const [index, draft] of list.entries()) {
            const unlike = { ...draft, text: `${index} ${draft.text}`, id: `${index} ${draft.id}` };
            const { offset } = await fixture.publish(name, unlike);
            expect(fixture.observer.records(name).at(-1)).toMatchObject({ ...unlike, offset });
          }
        }),
      ),
      { numRuns: 30 },
    );
  });
}

/**
 * Runs the commands without waiting for what they start, except where one says `step`: that is where
 * logs have their races. As any caller, it does not use a room before its `open` has answered.
 */
async function runSchedule(fixture: LogFixture, commands: readonly Command[]): Promise<void> {
  for (const name of ROOMS) await fixture.open(name);
  const under_way = new Map<Promise<void>, string>();
  const start = (name: string, attempt: Promise<unknown>) => {
    const done = tolerateOutage(attempt).then(() => void under_way.delete(done));
    under_way.set(done, name);
  };
  for (const [index, command] of commands.entries()) {
    if (command.kind === 'step') {
      await fixture.step();
      continue;
    }
    const { kind, room: name } = command;
    const is_opening = [...under_way.values()].includes(name);
    if (kind === 'open') start(name, fixture.openOnce(name));
    else if (is_opening) continue;
    else if (kind === 'submit') submitOne(fixture, command, `text ${index}`);
    else if (kind === 'read') start('', readOne(fixture, command));
    else fixture.close(name);
  }
  await fixture.settle();
  await Promise.all(under_way.keys());
}

function submitOne(
  fixture: LogFixture,
  command: Extract<Command, { kind: 'submit' }>,
  text: string,
): void {
  const { user: from_id, id } = command;
  const draft = { from: `name of ${from_id}`, from_id, text };
  const { accepted } = fixture.submit(command.room, id === undefined ? draft : { ...draft, id });
  if (!fixture.observer.isOpen(command.room)) expect(accepted).toBe(false);
}

async function readOne(
  fixture: LogFixture,
  { room: name, after, limit }: Extract<Command, { kind: 'read' }>,
): Promise<void> {
  const epoch = fixture.observer.epochs(name).at(-1)?.name;
  const records = await fixture.log.read(name, { after }, limit);
  expect(records.length).toBeLessThanOrEqual(limit);
  expect(records.every((record) => record.offset > after)).toBe(true);
  if (fixture.observer.epochs(name).at(-1)?.name === epoch) fixture.observer.read(name, records);
}

async function tolerateOutage(attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt;
  } catch (reason) {
    expect(reason).toBeInstanceOf(UnavailableError);
  }
}
