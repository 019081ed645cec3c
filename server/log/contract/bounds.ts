import { expect, test } from 'bun:test';
import { ROOM, say, sayOnce } from './drafts.ts';
import { expectUnavailable, type LogTraits, type On } from './fixture.ts';

export function testBounds(on: On, traits: LogTraits): void {
  test(
    traits.queue === 'bounded'
      ? 'a full queue turns down at once, and takes again when it has room'
      : 'there is no queue that could be full',
    on(
      async (fixture) => {
        await fixture.open(ROOM);
        const drafts = Array.from({ length: 12 }, (_, count) => say(`text ${count}`));
        // Duplicates wait in the queue like any other.
        drafts.push(...Array.from({ length: 12 }, () => sayOnce('1', 'text of 1')));
        const accepted = drafts.filter((draft) => fixture.submit(ROOM, draft).accepted);
        expect(accepted).toHaveLength(traits.queue === 'bounded' ? 4 : drafts.length);
        await fixture.settle();
        const repeated = drafts.slice(-12).filter((draft) => fixture.submit(ROOM, draft).accepted);
        expect(repeated).toHaveLength(traits.queue === 'bounded' ? 4 : 12);
      },
      { queue_max: 4 },
    ),
  );

  test(
    'stop answers what is pending, and nothing is accepted or heard afterwards',
    on(async (fixture) => {
      await fixture.open(ROOM);
      for (let count = 0; count < 50; count += 1) fixture.submit(ROOM, say(`text ${count}`));
      const under_way = Promise.allSettled([
        fixture.log.open('other room'),
        fixture.log.read(ROOM, { after: 0 }, 10),
      ]);
      await fixture.stop();
      await under_way;
      // Anything the log still says is a violation from here on.
      await fixture.settle();
      expect(fixture.observer.records(ROOM).length).toBeGreaterThan(0);
      expect(fixture.submit(ROOM, say('too late')).accepted).toBe(false);
      await expectUnavailable(fixture, () => fixture.log.open('third room'));
      await expectUnavailable(fixture, () => fixture.log.read(ROOM, { after: 0 }, 10));
      fixture.close(ROOM);
      await fixture.stop();
    }),
  );
}
