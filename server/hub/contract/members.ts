import { expect, test } from 'bun:test';
import { ENCODINGS } from '../../protocol/encoding.ts';
import { type RoomHandle, topicOf } from '../port.ts';
import { type On, userOf } from './fixture.ts';
import { chain, expectMessages, offsetsOf, recordAt, run, typing, wireOf } from './messages.ts';

export function testMembers(on: On): void {
  test(
    'a join publishes what is pending before it takes the snapshot',
    on((fixture) => {
      const room = fixture.open('red', { epoch: 'e.7' });
      const ann = fixture.join(room, 'ann', 'ndjson');
      fixture.hub.append(room, chain(0, [3, 8]));
      const bob = fixture.join(room, 'bob', 'msgpack');
      expect(offsetsOf(ann.received)).toEqual([3, 8]);
      expect(bob).toMatchObject({ epoch: 'e.7', offset: 8, user_count: 2, arrived: true });
      expect(bob.users).toEqual([userOf('ann'), userOf('bob')]);
      fixture.hub.append(room, chain(8, [12]));
      fixture.settle();
      expectMessages(bob.received, [wireOf('red', recordAt(12, { prev: 8 }))]);
    }),
  );

  test(
    'a leave publishes what is pending, and nothing comes afterwards',
    on((fixture) => {
      const room = fixture.open();
      const [ann, bob] = [fixture.join(room, 'ann'), fixture.join(room, 'bob')];
      fixture.hub.append(room, run(1, 2));
      fixture.hub.broadcast(room, typing('red', 'ann'));
      expect(fixture.leave(ann)).toBe(true);
      fixture.hub.append(room, run(3, 3));
      fixture.settle();
      expectMessages(ann.received, [
        ...run(1, 2).map((record) => wireOf('red', record)),
        typing('red', 'ann'),
      ]);
      expect(offsetsOf(bob.received)).toEqual([1, 2, undefined, 3]);
    }),
  );

  test(
    'a user arrives with the first connection and departs with the last',
    on((fixture) => {
      const room = fixture.open();
      const first = fixture.join(room, 'ann', 'json');
      const second = fixture.join(room, 'ann', 'msgpack');
      expect([first.arrived, second.arrived]).toEqual([true, false]);
      expect(second.users).toEqual([userOf('ann')]);
      expect(fixture.hub.counters().members).toBe(2);
      expect(fixture.leave(first)).toBe(false);
      expect(fixture.leave(second)).toBe(true);
      expect(fixture.join(room, 'ann').arrived).toBe(true);
    }),
  );

  test(
    'a leave without a join throws, and counts nobody out',
    on((fixture) => {
      const room = fixture.open();
      fixture.join(room, 'ann', 'json');
      expect(() => fixture.hub.leave(room, userOf('bob'), 'json')).toThrow();
      expect(() => fixture.hub.leave(room, userOf('ann'), 'msgpack')).toThrow();
      expect(fixture.hub.users(room, 10, undefined).user_count).toBe(1);
    }),
  );

  test(
    'what comes while nobody is there reaches nobody, and is in the history',
    on((fixture) => {
      const room = fixture.open();
      fixture.hub.append(room, run(1, 3));
      fixture.hub.broadcast(room, typing('red', 'bob'));
      expect(fixture.hub.nextDue_ms()).toBeUndefined();
      const ann = fixture.join(room, 'ann', 'json', { epoch: 'e.1', offset: 1 });
      fixture.settle();
      expect(fixture.rows).toEqual([]);
      expect(offsetsOf(ann.recovery.messages)).toEqual([2, 3]);
    }),
  );
}

export function testUsers(on: On): void {
  const names = (users: readonly { readonly username: string }[]) =>
    users.map(({ username }) => username);

  test(
    'a user is present from the first connection to the last',
    on((fixture) => {
      const room = fixture.open();
      const ann = userOf('ann');
      const isPresent = () => fixture.hub.isPresent(room, ann.user_id);
      fixture.join(room, 'bob');
      expect(isPresent()).toBe(false);
      const [first, second] = [fixture.join(room, 'ann'), fixture.join(room, 'ann', 'ndjson')];
      expect(isPresent()).toBe(true);
      fixture.leave(first);
      expect(isPresent()).toBe(true);
      fixture.leave(second);
      expect(isPresent()).toBe(false);
      expect(fixture.hub.isPresent(fixture.open('blue'), userOf('bob').user_id)).toBe(false);
    }),
  );

  test(
    'users page in order of arrival, each once',
    on((fixture) => {
      const room = fixture.open();
      for (const name of ['ann', 'bob', 'ann', 'cem', 'dot', 'bob']) fixture.join(room, name);
      const seen: string[] = [];
      let after: string | undefined;
      for (const isLast of [false, true]) {
        const { users, user_count, more } = fixture.hub.users(room, 3, after);
        expect([user_count, more]).toEqual([4, !isLast]);
        seen.push(...names(users));
        after = users.at(-1)?.user_id;
      }
      expect(seen).toEqual(['ann', 'bob', 'cem', 'dot']);
    }),
  );

  test(
    'a page that ends with the last user has no more behind it',
    on((fixture) => {
      const room = fixture.open();
      for (const name of ['ann', 'bob', 'cem']) fixture.join(room, name);
      const page = (limit: number, after?: string) => {
        const { users, more } = fixture.hub.users(room, limit, after && userOf(after).user_id);
        return [...names(users), more];
      };
      expect(page(3)).toEqual(['ann', 'bob', 'cem', false]);
      expect(page(2)).toEqual(['ann', 'bob', true]);
      expect(page(2, 'ann')).toEqual(['bob', 'cem', false]);
      expect(page(5, 'cem')).toEqual([false]);
      expect(page(0)).toEqual([true]);
      expect(page(2, 'nobody')).toEqual(['ann', 'bob', true]);
    }),
  );

  test(
    'who comes back stands at the end',
    on((fixture) => {
      const room = fixture.open();
      const ann = fixture.join(room, 'ann');
      fixture.join(room, 'bob');
      fixture.leave(ann);
      fixture.join(room, 'ann');
      expect(names(fixture.hub.users(room, 9, undefined).users)).toEqual(['bob', 'ann']);
    }),
  );

  test(
    'a joined answer names so many users and no more, and counts all',
    on(
      (fixture) => {
        const room = fixture.open();
        fixture.join(room, 'ann');
        fixture.join(room, 'bob');
        const { users, user_count } = fixture.join(room, 'cem');
        expect(names(users)).toEqual(['ann', 'bob']);
        expect(user_count).toBe(3);
      },
      { joined_users_max: 2 },
    ),
  );
}

export function testHandles(on: On): void {
  test(
    'a closed handle is dead',
    on((fixture) => {
      const { hub } = fixture;
      const room = fixture.open();
      fixture.close(room);
      const uses: ((room: RoomHandle) => unknown)[] = [
        () => hub.append(room, run(1, 1)),
        () => hub.broadcast(room, typing('red', 'ann')),
        () => hub.join(room, userOf('ann'), 'json', undefined),
        () => hub.leave(room, userOf('ann'), 'json'),
        () => hub.users(room, 1, undefined),
        () => hub.history(room, 'json', 1, 1),
        () => hub.covers(room, 1),
        () => hub.encodePage(room, 'json', []),
      ];
      for (const use of uses) expect(use).toThrow();
      hub.fill(room, run(1, 1));
      hub.closeRoom(room);
      expect(hub.counters()).toMatchObject({ rooms: 0, records: 0 });
    }),
  );

  test(
    'a room opened again has another handle, other topics and nothing of the old one',
    on((fixture) => {
      const handles = new Set<RoomHandle>();
      const topics = new Set<string>();
      const times = 50;
      for (let time = 0; time < times; time += 1) {
        const room = fixture.open('red', { epoch: `e.${time}` });
        handles.add(room);
        for (const encoding of ENCODINGS) topics.add(topicOf(room, encoding));
        expect(fixture.hub.users(room, 9, undefined).user_count).toBe(0);
        expect(fixture.join(room, 'ann', 'json', { epoch: 'e.0', offset: 0 })).toMatchObject({
          epoch: `e.${time}`,
          offset: 0,
          recovery: { recovered: time === 0, messages: [] },
        });
        fixture.hub.append(room, run(1, 5));
        fixture.close(room);
      }
      expect(handles.size).toBe(times);
      expect(topics.size).toBe(times * ENCODINGS.length);
    }),
  );

  test(
    'what a closed room had pending is not published, also not by the room opened after it',
    on((fixture) => {
      const closed = fixture.open('red');
      const gone = fixture.join(closed);
      fixture.hub.append(closed, run(1, 3));
      fixture.close(closed);
      const room = fixture.open('red', { epoch: 'e.2' });
      const { received } = fixture.join(room);
      fixture.hub.append(room, run(1, 1));
      fixture.settle();
      expect(gone.received).toEqual([]);
      expect(offsetsOf(received)).toEqual([1]);
      expect(fixture.hub.counters()).toMatchObject({ rooms: 1, members: 1 });
    }),
  );
}
