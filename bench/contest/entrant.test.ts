import { expect, test } from 'bun:test';
import { PEERS } from '../peers/peers.ts';
import { defaultEntrants, entrantsOf } from './entrant.ts';
import { subjectOf } from './entrant_words.ts';
import { checkedPlan } from './plans.ts';

const PLAN = checkedPlan({ name: 'mine', summary: 'mine', kind: 'traffic', window_ms: 7 });

test('a name says which server, in which form, with how many workers', () => {
  const [bare, joined, native, many] = entrantsOf([
    'go-gorilla',
    'go-gorilla:joined',
    'hubbub-native:frame',
    'hubbub-native:ndjson@2',
  ]);
  expect(bare).toMatchObject({ is: 'peer', mode: 'frame' });
  expect(joined).toMatchObject({ is: 'peer', mode: 'joined' });
  expect(native).toMatchObject({ is: 'hubbub', hub: 'native', form: 'frame', workers: 1 });
  expect(many).toMatchObject({ is: 'hubbub', form: 'ndjson', workers: 2 });
});

test.each([
  ['nobody', 'There is no peer "nobody": hubbub-script[:'],
  ['go-gorilla:sideways', 'There is no peer "go-gorilla:sideways"'],
  ['go-gorilla@2', 'There is no peer "go-gorilla@2"'],
  ['hubbub-native:xml', 'There is no peer "hubbub-native:xml"'],
  ['hubbub-native@0', 'There is no peer "hubbub-native@0"'],
  ['hubbub-script@2', 'serves with one worker'],
])('%s is refused', (name, reason) => {
  expect(() => entrantsOf([name])).toThrow(reason);
});

test('without names everybody takes part frame for frame, and Hubbub in all of its forms', () => {
  const entrants = defaultEntrants('all');
  const names = entrants.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name } of PEERS) expect(names).toContain(name);
  for (const form of ['json', 'ndjson', 'msgpack', 'frame']) {
    expect(names).toContain(`hubbub-native:${form}`);
  }
  const minimal = defaultEntrants('B');
  expect(minimal.every((one) => one.is !== 'peer' || one.peer.profile === 'B')).toBe(true);
  for (const entrant of entrants) {
    const { mode, window_ms } = subjectOf(entrant, PLAN);
    expect(window_ms).toBe(mode === 'frame' ? 0 : 7);
  }
});
