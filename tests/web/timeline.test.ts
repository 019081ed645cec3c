import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { RoomMessage } from '../../client/index.ts';
import { type Row, rowsOf } from '../../server/web/page/model/rows.ts';
import { Timeline } from '../../server/web/page/model/timeline.ts';
import { markText } from '../../server/web/page/model/words.ts';

const ME = { name: 'Ada', user_id: 'ada' };
const NOON = new Date(2026, 0, 2, 12).getTime();
const MINUTE_MS = 60_000;

const record = (offset: number, from_id = 'ben', text = `text ${offset}`): RoomMessage => ({
  type: 'message',
  room: 'kitchen',
  from: from_id === ME.user_id ? ME.name : 'Ben',
  from_id,
  text,
  timestamp: NOON + offset,
  offset,
});

const live = { own: false, seen: true };

/** What somebody reads, from top to bottom. */
const read = (rows: readonly Row[]): readonly string[] =>
  rows.map((row) => {
    if (row.kind === 'message') return `${row.isHead ? '+ ' : '  '}${row.text} ${row.state}`;
    return row.kind === 'day' ? 'day' : markText(row.mark);
  });

const show = (timeline: Timeline): readonly string[] => read(rowsOf(timeline, ME.user_id));

function joined(offset = 0): Timeline {
  const timeline = new Timeline();
  timeline.joined('e1', offset);
  return timeline;
}

describe('a timeline', () => {
  test('has an own message once, whichever of its answers comes first', () => {
    for (const answers of [
      ['ack', 'record'],
      ['record', 'ack'],
    ]) {
      const timeline = joined();
      const key = timeline.queue('hello', NOON);
      expect(show(timeline)).toEqual(['day', '+ hello sending']);
      for (const answer of answers) {
        if (answer === 'ack') timeline.acknowledge(key, 1, ME);
        else timeline.receive(record(1, ME.user_id, 'hello'), { own: true, seen: true });
        expect(show(timeline)).toEqual(['day', '+ hello sent']);
        expect(timeline.entries.map((entry) => entry.key)).toEqual([key]);
      }
    }
  });

  test('shows a failure until it is discarded, or its record comes after all', () => {
    const timeline = joined();
    const lost = timeline.queue('lost', NOON);
    const late = timeline.queue('late', NOON);
    for (const key of [lost, late]) timeline.fail(key, 'no answer');
    expect(show(timeline)).toEqual(['day', '+ lost failed', '  late failed']);
    timeline.receive(record(1, ME.user_id, 'late'), { own: true, seen: true });
    expect(timeline.discard(lost)?.text).toBe('lost');
    expect(show(timeline)).toEqual(['day', '+ late sent']);
  });

  test('marks what was missed, and counts only others there', () => {
    const timeline = joined();
    timeline.receive(record(1), live);
    timeline.joined('e1', 3);
    timeline.receive(record(2), live);
    timeline.receive(record(3, ME.user_id), { own: true, seen: true });
    timeline.receive(record(4), live);
    expect(show(timeline)).toEqual([
      'day',
      '+ text 1 received',
      'While you were away: 1 message',
      '+ text 2 received',
      '+ text 3 sent',
      '+ text 4 received',
    ]);
  });

  test('has no mark where nothing was missed, or only own messages were', () => {
    const timeline = joined();
    timeline.receive(record(1), live);
    timeline.joined('e1', 2);
    timeline.receive(record(2, ME.user_id), { own: true, seen: true });
    timeline.joined('e1', 2);
    expect(show(timeline)).toEqual(['day', '+ text 1 received', '+ text 2 sent']);
  });

  test('marks the first message nobody looked at, until somebody did', () => {
    const timeline = joined();
    timeline.receive(record(1), live);
    for (const offset of [2, 3]) timeline.receive(record(offset), { own: false, seen: false });
    expect(show(timeline).indexOf('New messages')).toBe(2);
    timeline.read();
    timeline.receive(record(4), { own: false, seen: false });
    expect(show(timeline).filter((row) => row === 'New messages')).toHaveLength(1);
    expect(show(timeline).at(-2)).toBe('New messages');
  });

  test('goes on in a new epoch below a mark, and asks for no history across it', () => {
    const timeline = joined();
    timeline.receive(record(7), live);
    expect(timeline.oldest).toBe(7);
    timeline.joined('e2', 0);
    timeline.gap({
      room: 'kitchen',
      reason: 'epoch_changed',
      after: { epoch: 'e1', offset: 7 },
      epoch: 'e2',
    });
    timeline.receive(record(1), live);
    expect(show(timeline).map((row) => row.slice(0, 24))).toEqual([
      'day',
      '+ text 7 received',
      'The server started anew.',
      '+ text 1 received',
    ]);
    expect(timeline.oldest).toBeUndefined();
  });

  test('puts days between days, and runs of one person together', () => {
    const timeline = joined();
    const at = (offset: number, timestamp: number): void =>
      timeline.receive({ ...record(offset), timestamp }, live);
    at(1, NOON);
    at(2, NOON + MINUTE_MS);
    at(3, NOON + 20 * MINUTE_MS);
    at(4, NOON + 24 * 60 * MINUTE_MS);
    expect(show(timeline)).toEqual([
      'day',
      '+ text 1 received',
      '  text 2 received',
      '+ text 3 received',
      'day',
      '+ text 4 received',
    ]);
  });

  test('stays bounded', () => {
    const timeline = joined();
    for (let offset = 1; offset <= 2_000; offset += 1) timeline.receive(record(offset), live);
    expect(timeline.entries.length).toBeLessThan(1_000);
    expect(show(timeline).at(-1)).toBe('  text 2000 received');
  });

  test('has each record once and in order, however pages and live records mix', () => {
    const pages = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 })), { maxLength: 6 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), pages, (head, asked) => {
        const timeline = joined(head);
        const expected = new Set<number>();
        let newest = head;
        for (const [before, size] of asked) {
          const page = Array.from({ length: size }, (_, at) => before - size + at);
          const messages = page.filter((offset) => offset > 0 && offset <= newest);
          timeline.history(
            messages.map((offset) => record(offset)),
            () => false,
          );
          for (const offset of messages) expected.add(offset);
          newest += 1;
          timeline.receive(record(newest), live);
          expected.add(newest);
        }
        const offsets = timeline.entries.map((entry) => entry.kind === 'record' && entry.offset);
        expect(offsets).toEqual([...expected].sort((a, b) => a - b));
      }),
    );
  });
});
