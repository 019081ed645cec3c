import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { pageHeads, records, words } from '../../tests/support/arbitraries.ts';
import { type EncodedPage, type Encoding, encodeWithPage, joinPages } from './encoding.ts';
import * as json from './json.ts';
import * as messagepack from './messagepack.ts';
import type { MessageRecord, PageHead } from './messages.ts';

const ENCODINGS_OF_PAGES: readonly Encoding[] = ['ndjson', 'msgpack'];
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

function pageOf(encoding: Encoding, room: string, run: readonly MessageRecord[]): EncodedPage {
  const data =
    encoding === 'msgpack'
      ? messagepack.concat(run.map((record) => messagepack.encodeRecord(room, record)))
      : run.map((record) => json.encodeRecord(room, record)).join('\n');
  return { count: run.length, data };
}

const decode = (frame: string | Uint8Array): { readonly messages: readonly unknown[] } =>
  typeof frame === 'string' ? JSON.parse(frame) : unpackr.unpack(frame);

describe('a record', () => {
  test('is the same in JSON and in MessagePack, byte for byte what transcoding makes of it', () => {
    fc.assert(
      fc.property(words, records, (room, record) => {
        const line = json.encodeRecord(room, record);
        const bytes = messagepack.encodeRecord(room, record);
        expect(JSON.stringify(unpackr.unpack(bytes))).toBe(line);
        expect(JSON.stringify(JSON.parse(line))).toBe(line);
        expect(messagepack.transcode(line)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  test('says prev only after a hole, and id only when there is one', () => {
    fc.assert(
      fc.property(records, (record) => {
        const { prev, id, ...always } = record;
        const line = json.encodeRecord('r', record);
        expect(JSON.parse(line)).toEqual({
          type: 'message',
          room: 'r',
          ...always,
          ...(prev === record.offset - 1 ? {} : { prev }),
          ...(id === undefined ? {} : { id }),
        });
      }),
    );
  });
});

describe('encodeWithPage', () => {
  test('the page is the head’s last field, read back as it was', () => {
    const pages = fc.array(records, { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.constantFrom(...ENCODINGS_OF_PAGES),
        pageHeads,
        pages,
        (encoding, head, run) => {
          const read = decode(encodeWithPage(head, pageOf(encoding, head.room, run)));
          const messages = run.map((record) => JSON.parse(json.encodeRecord(head.room, record)));
          expect(JSON.stringify(read)).toBe(JSON.stringify({ ...head, messages }));
        },
      ),
      { numRuns: 300 },
    );
  });

  const head: PageHead = { type: 'history', room: 'red', epoch: 'e.1', more: false };

  for (const count of [0, 1, 15, 16, 65_535, 65_536, 70_000]) {
    test(`${count} records`, () => {
      const run = Array.from({ length: count }, (_, index) => ({
        offset: index + 1,
        prev: index,
        from: 'a',
        from_id: 'a',
        text: '',
        timestamp: 1,
      }));
      for (const encoding of ENCODINGS_OF_PAGES) {
        const { messages, ...rest } = decode(encodeWithPage(head, pageOf(encoding, 'red', run)));
        expect(rest).toEqual({ ...head } as object);
        expect(messages.length).toBe(count);
        expect(messages.at(-1) ?? { offset: 0 }).toMatchObject({ offset: count });
      }
    });
  }

  test('a head that leaves no place for the page is refused, not written wrongly', () => {
    const page = pageOf('msgpack', 'red', []);
    const more = (fields: number) =>
      Object.fromEntries(Array.from({ length: fields }, (_, index) => [`f${index}`, index]));
    const widest = { ...head, ...more(14 - Object.keys(head).length) };
    const tooMany = more(15 - Object.keys(head).length);
    expect(decode(encodeWithPage(widest, page)) as object).toEqual({ ...widest, messages: [] });
    expect(() => encodeWithPage({ ...widest, ...tooMany }, page)).toThrow(RangeError);
  });
});

describe('joinPages', () => {
  test('pages of one run make the page of the whole run', () => {
    const parts = fc.array(fc.array(records, { maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...ENCODINGS_OF_PAGES), words, parts, (encoding, room, runs) => {
        const pages = runs.map((run) => pageOf(encoding, room, run));
        expect(joinPages(encoding, pages)).toEqual(pageOf(encoding, room, runs.flat()));
      }),
    );
  });
});
