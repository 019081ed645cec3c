import { expect } from 'bun:test';
import type { Draft, MessageRecord } from '../../protocol/messages.ts';
import { publishKey } from '../idempotency.ts';
import type { LogFixture, LogTraits, Submission } from './fixture.ts';

/**
 * Holds what became of every submission against the port, once all is settled: a record for each
 * that was acknowledged, none for what was refused, one at most for a (from_id, id), in the order of
 * submission. Texts tell the drafts of a room apart, so each test gives each draft its own.
 */
export async function checkOutcome(fixture: LogFixture, traits: LogTraits): Promise<void> {
  for (const room of fixture.observer.rooms) {
    if (fixture.observer.isOpen(room) && !fixture.stopped) await learnAll(fixture, room);
    const submissions = fixture.submissions.filter((each) => each.room === room);
    checkAnswers(fixture, submissions, traits);
    for (const epoch of fixture.observer.epochs(room)) {
      const records = [...epoch.records.values()].sort((one, other) => one.offset - other.offset);
      const own = submissions.filter((each) => each.epoch === epoch.name);
      checkRecords(fixture, records, own);
      const is_current = epoch === fixture.observer.epochs(room).at(-1);
      if (is_current && fixture.observer.isOpen(room)) checkCompleteness(fixture, records, own);
    }
  }
}

/** Reads the whole room, so that what was committed while it was closed is known too. */
async function learnAll(fixture: LogFixture, room: string): Promise<void> {
  if (fixture.log.recovery_records === 0) return;
  const all = await fixture.read(room, { after: 0 }, fixture.submissions.length + 1);
  expect(all).toEqual(fixture.observer.records(room));
}

function checkAnswers(
  fixture: LogFixture,
  submissions: readonly Submission[],
  traits: LogTraits,
): void {
  if (traits.answers === 'may be lost') return;
  const unanswered = submissions.filter((each) => each.accepted && !fixture.answer(each));
  expect(unanswered).toEqual([]);
}

function checkRecords(
  fixture: LogFixture,
  records: readonly MessageRecord[],
  submissions: readonly Submission[],
): void {
  let newest_token = -1;
  for (const record of records) {
    const tries = submissions.filter((each) => each.draft.text === record.text);
    const [first] = tries;
    const last = tries.at(-1);
    if (first === undefined || last === undefined) throw new Error(`${record.text}: from nowhere`);
    expect(draftOf(record)).toEqual(first.draft);
    expect(tries.some((each) => mayHaveCommitted(fixture, each, record.offset))).toBe(true);
    expect(last.token).toBeGreaterThan(newest_token);
    newest_token = Math.max(newest_token, first.token);
  }
  checkIds(records, fixture.settings.idempotency_ids_max);
}

/** The same (from_id, id) has two records only when the first had to be forgotten before. */
function checkIds(records: readonly MessageRecord[], ids_max: number): void {
  const places = new Map<string, number>();
  let place = 0;
  for (const { from_id, id } of records) {
    if (id === undefined) continue;
    place += 1;
    const key = publishKey(from_id, id);
    const before = places.get(key);
    if (before !== undefined) expect(place - before).toBeGreaterThan(ids_max);
    places.set(key, place);
  }
}

/** Whether this submission's answer, or its absence, allows that it put a record at `offset`. */
function mayHaveCommitted(fixture: LogFixture, submission: Submission, offset: number): boolean {
  if (!submission.accepted) return false;
  const answer = fixture.answer(submission);
  if (answer === undefined) return true;
  if (answer.kind === 'refused') return answer.code === 'unknown_outcome';
  return answer.offset === offset && !answer.duplicate;
}

/** Each acknowledgement names a record, a first one its own, a duplicate one of the same id. */
function checkCompleteness(
  fixture: LogFixture,
  records: readonly MessageRecord[],
  submissions: readonly Submission[],
): void {
  const by_offset = new Map(records.map((record) => [record.offset, record]));
  const first_acknowledgements = new Set<number>();
  for (const submission of submissions) {
    const answer = fixture.answer(submission);
    if (answer?.kind !== 'acknowledged') continue;
    const record = by_offset.get(answer.offset);
    if (record === undefined) throw new Error(`${answer.offset}: acknowledged and not there`);
    const { draft } = submission;
    if (answer.duplicate) {
      expect(draft.id).toBeDefined();
      expect([record.from_id, record.id]).toEqual([draft.from_id, draft.id]);
    } else {
      expect(draftOf(record)).toEqual(draft);
      expect(first_acknowledgements.has(answer.offset)).toBe(false);
      first_acknowledgements.add(answer.offset);
    }
  }
}

function draftOf({ from, from_id, text, id }: MessageRecord): Draft {
  return id === undefined ? { from, from_id, text } : { from, from_id, text, id };
}
