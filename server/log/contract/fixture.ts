import { expect } from 'bun:test';
import { UnavailableError } from '../../errors.ts';
import type { Draft, MessageRecord } from '../../protocol/messages.ts';
import type { Log, LogSink, OpenedRoom, Range } from '../port.ts';
import type { Answer, LogObserver } from './observer.ts';

/** What an adapter declares about itself where the port leaves it free. */
export interface LogTraits {
  /** Whether a room that is closed and opened again still has its past. */
  readonly epoch_after_close: 'kept' | 'new';
  /** 'may be lost': a token may stay unanswered when all is settled. */
  readonly answers: 'always' | 'may be lost';
  /** 'exactly': the newest `idempotency_ids_max` of a room and no more; 'at least': these, or more. */
  readonly ids_remembered: 'exactly' | 'at least';
  /** 'bounded': at `queue_max` unanswered tokens `submit` returns false. */
  readonly queue: 'bounded' | 'none';
}

export interface LogSettings {
  /** For adapters that decide by one. */
  readonly seed: number;
  readonly idempotency_ids_max: number;
  readonly queue_max: number;
}

/** One log under test. Wrapped around it stands a `LogFixture`. */
export interface LogHarness {
  readonly log: Log;
  /** Lets a little time pass, so that some of what waits happens. */
  step(): Promise<void>;
  /** Returns when all that was submitted is answered, as far as it ever will be, and delivered. */
  settle(): Promise<void>;
  /** Called after `log.stop()`. */
  dispose(): Promise<void>;
}

export type MakeHarness = (
  sink: LogSink,
  settings: LogSettings,
) => LogHarness | Promise<LogHarness>;

export interface Submission {
  /** Rises with each submission. */
  readonly token: number;
  readonly room: string;
  /** The room's epoch when it was submitted. */
  readonly epoch: string | undefined;
  readonly draft: Draft;
  /** False when `submit` returned false. */
  readonly accepted: boolean;
}

const ATTEMPTS_MAX = 200;

/** Drives a log the way the server does, remembers what it asked, and observes what comes back. */
export class LogFixture {
  readonly log: Log;
  readonly observer: LogObserver;
  readonly settings: LogSettings;
  readonly submissions: Submission[] = [];
  stopped = false;
  readonly #harness: LogHarness;

  constructor(harness: LogHarness, observer: LogObserver, settings: LogSettings) {
    this.log = harness.log;
    this.settings = settings;
    this.observer = observer;
    this.#harness = harness;
  }

  step(): Promise<void> {
    return this.#harness.step();
  }

  settle(): Promise<void> {
    return this.#harness.settle();
  }

  /** One try. The observer knows the room as open before anything else can happen. */
  async openOnce(room: string): Promise<OpenedRoom> {
    const opened = await this.log.open(room);
    this.observer.opened(room, opened);
    return opened;
  }

  /** Tries until the engine answers. */
  open(room: string): Promise<OpenedRoom> {
    return this.#persist(() => this.openOnce(room));
  }

  close(room: string): void {
    this.log.close(room);
    this.observer.closed(room);
  }

  async read(room: string, range: Range, limit: number): Promise<readonly MessageRecord[]> {
    const records = await this.#persist(() => this.log.read(room, range, limit));
    this.observer.read(room, records);
    return records;
  }

  submit(room: string, draft: Draft): Submission {
    const token = this.submissions.length;
    const epoch = this.observer.epochs(room).at(-1)?.name;
    this.observer.submitting(token);
    const submission = { token, room, epoch, draft, accepted: true };
    this.submissions.push(submission);
    submission.accepted = this.log.submit(room, draft, token);
    if (!submission.accepted) this.observer.turnedDown(token);
    return submission;
  }

  answer({ token }: Submission): Answer | undefined {
    return this.observer.answer(token);
  }

  /** As a client does it: submits the same draft until it is acknowledged. */
  async publish(
    room: string,
    draft: Draft & { readonly id: string },
  ): Promise<Extract<Answer, { kind: 'acknowledged' }>> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const submission = this.submit(room, draft);
      await this.settle();
      const answer = this.answer(submission);
      if (answer?.kind === 'acknowledged') return answer;
    }
    throw new Error(`not acknowledged in ${ATTEMPTS_MAX} attempts`);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.log.stop();
    this.observer.stopped();
  }

  async #persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts += 1) {
      const [result] = await Promise.allSettled([attempt(), this.settle()]);
      if (result.status === 'fulfilled') return result.value;
      expect(result.reason).toBeInstanceOf(UnavailableError);
    }
    throw new Error(`no answer in ${ATTEMPTS_MAX} attempts`);
  }
}

/** Makes a test's body of one that wants a fresh log. */
export type On = (
  body: (fixture: LogFixture) => Promise<void>,
  changes?: Partial<LogSettings>,
) => () => Promise<void>;

export async function expectUnavailable(
  fixture: LogFixture,
  attempt: () => Promise<unknown>,
): Promise<void> {
  const [result] = await Promise.allSettled([attempt(), fixture.settle()]);
  expect(result.status).toBe('rejected');
  if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(UnavailableError);
}
