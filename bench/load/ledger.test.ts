import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { NO_OFFSET } from './chat.ts';
import { Ledger } from './ledger.ts';

/** What one sender's message goes through on its way to one member. */
const fates = fc.array(
  fc.record({
    sender: fc.nat(2),
    copies: fc.constantFrom(0, 1, 1, 1, 2, 3),
    /** Places it falls behind. */
    delay: fc.constantFrom(0, 0, 0, 1, 2, 5),
  }),
  { maxLength: 120 },
);

interface Message {
  readonly sender: number;
  readonly sequence: number;
}

test('every loss, duplicate and overtaking is counted, and nothing else', () => {
  fc.assert(
    fc.property(fates, (messages) => {
      const sent = new Int32Array(3);
      const arrivals: { readonly place: number; readonly message: Message }[] = [];
      for (const [place, { sender, copies, delay }] of messages.entries()) {
        const sequence = sent[sender] ?? 0;
        sent[sender] = sequence + 1;
        for (let copy = 0; copy < copies; copy += 1) {
          arrivals.push({ place: place + delay * (copy + 1), message: { sender, sequence } });
        }
      }
      const received = arrivals.toSorted((a, b) => a.place - b.place).map(({ message }) => message);

      const ledger = new Ledger(sent);
      for (const { sender, sequence } of received) ledger.note(sender, sequence);

      const lost = messages.filter(({ copies }) => copies === 0).length;
      const duplicated = messages.reduce((sum, { copies }) => sum + Math.max(0, copies - 1), 0);
      const reordered = overtaken(received);
      expect(ledger.discrepancies()).toEqual({ lost, duplicated, reordered, foreign: 0, gaps: 0 });
      expect(ledger.received).toBe(received.length);
      expect(ledger.isComplete).toBe(lost === 0);
    }),
  );
});

/** First copies that arrive behind a later message of the same sender, counted the slow way. */
function overtaken(received: readonly Message[]): number {
  return received.filter(({ sender, sequence }, index) => {
    const before = received.slice(0, index).filter((earlier) => earlier.sender === sender);
    const isFirst = before.every((earlier) => earlier.sequence !== sequence);
    return isFirst && before.some((earlier) => earlier.sequence > sequence);
  }).length;
}

test('what was never sent is foreign', () => {
  const ledger = new Ledger(Int32Array.of(1, 0));
  ledger.note(0, 0);
  ledger.note(0, 1);
  ledger.note(1, 0);
  ledger.note(2, 0);
  ledger.note(-1, 0);
  expect(ledger.discrepancies()).toEqual({
    lost: 0,
    duplicated: 0,
    reordered: 0,
    foreign: 4,
    gaps: 0,
  });
});

test('the order of two senders is part of what a member saw', () => {
  const sent = Int32Array.of(2, 2);
  const see = (...messages: readonly (readonly [number, number])[]): number => {
    const ledger = new Ledger(sent);
    for (const [sender, sequence] of messages) ledger.note(sender, sequence);
    return ledger.order;
  };
  const one = see([0, 0], [1, 0], [0, 1], [1, 1]);
  expect(see([0, 0], [1, 0], [0, 1], [1, 1])).toBe(one);
  expect(see([1, 0], [0, 0], [0, 1], [1, 1])).not.toBe(one);
  expect(see([0, 0], [0, 1], [1, 0], [1, 1])).not.toBe(one);
});

test('each offset follows on the one before, from wherever the first one is', () => {
  const gapsOf = (...offsets: readonly number[]): number => {
    const ledger = new Ledger(Int32Array.of(offsets.length));
    for (const [sequence, offset] of offsets.entries()) ledger.note(0, sequence, offset);
    return ledger.discrepancies().gaps;
  };
  expect(gapsOf(0, 1, 2)).toBe(0);
  expect(gapsOf(41, 42, 43)).toBe(0);
  expect(gapsOf(41, 43, 44)).toBe(1);
  expect(gapsOf(41, 42, 42)).toBe(1);
  expect(gapsOf(42, 41, 43)).toBe(2);
  expect(gapsOf(NO_OFFSET, NO_OFFSET)).toBe(0);
});
