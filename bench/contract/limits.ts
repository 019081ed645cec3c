import { type Check, unlessLimited } from './check.ts';
import { Probe } from './probe.ts';
import { crowd, freshRoom, isMessage, settle } from './rooms.ts';
import { must } from './rules.ts';

const SECOND_MS = 1_000;
/** So many under way at once: a queue of 64 messages is never full. */
const TURN = 16;
const TURNS_UNLIMITED = 20;

const isVerdict = ({ type, code }: { type: string; code?: unknown }): boolean =>
  type === 'message' || (type === 'error' && code === 'rate_limited');

export const rateLimit: Check = {
  rules: ['rate-limit'],
  skip: ({ rate_limit }) =>
    rate_limit === 0 ? 'takes a server with a rate limit (--rate-limit)' : undefined,
  async run(subject) {
    using all = crowd();
    const limit = subject.rate_limit;
    const room = freshRoom();
    const eager = await Probe.join(subject.url, room, subject);
    all.add(eager);
    const started_ms = performance.now();
    for (let index = 0; index < limit * 3; index += 1) {
      eager.send({ type: 'chat', room, text: `${index}` });
    }
    const verdicts = await eager.collect(limit * 3, isVerdict);
    const seconds = (performance.now() - started_ms) / SECOND_MS;
    const passed = verdicts.filter(isMessage).length;
    const answered = `${passed} of ${limit * 3} passed, ${verdicts.length - passed} were refused`;
    must('rate-limit', verdicts.length === limit * 3, () => answered);
    must('rate-limit', passed >= limit && passed <= limit * (1 + seconds) + 1, () => answered);

    const other = await Probe.join(subject.url, room, subject);
    all.add(other);
    other.send({ type: 'chat', room, text: 'from another' });
    const fromOther = ({ type, text }: { type: string; text?: unknown }): boolean =>
      type === 'error' || (type === 'message' && text === 'from another');
    const verdict = await other.receive('a verdict', fromOther);
    must('rate-limit', isMessage(verdict), () => 'one client used up the allowance of another');

    await Bun.sleep((2 * SECOND_MS) / limit);
    eager.send({ type: 'chat', room, text: 'later' });
    const isLater = ({ text }: { text?: unknown }): boolean => text === 'later';
    await eager.receive('a message after the allowance has refilled', isLater);
  },
};

export const noRateLimit: Check = {
  rules: ['rate-limit-off'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const eager = await Probe.join(subject.url, room, subject);
    all.add(eager);
    for (let turn = 0; turn < TURNS_UNLIMITED; turn += 1) {
      for (let index = 0; index < TURN; index += 1) {
        eager.send({ type: 'chat', room, text: `${turn}/${index}` });
      }
      const verdicts = await eager.collect((turn + 1) * TURN, isVerdict);
      const passed = verdicts.filter(isMessage).length;
      const wanted = (turn + 1) * TURN;
      must('rate-limit-off', passed === wanted, () => `${passed} of ${wanted} passed`);
    }
  },
};

const LARGE_TEXT = 'x'.repeat(16_000);
/** 19 MB: more than the kernel's buffers for one connection and any sensible queue hold together. */
const LARGE_MESSAGES = 1_200;

export const slowReader: Check = {
  rules: ['slow-reader'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const slow = await Probe.join(subject.url, room, subject);
    const sender = await Probe.join(subject.url, room, subject);
    const reader = await Probe.join(subject.url, room, subject);
    all.add(slow, sender, reader);
    slow.pause();
    for (let index = 0; index < LARGE_MESSAGES; index += 1) {
      sender.send({ type: 'chat', room, text: `${index} ${LARGE_TEXT}` });
      if (index % TURN !== TURN - 1) continue;
      const isNewest = ({ text }: { text?: unknown }): boolean =>
        typeof text === 'string' && text.startsWith(`${index} `);
      await sender.receive('the newest message at the sender', isNewest);
      await reader.receive('the newest message at another member', isNewest);
    }
    const heard = reader.all(isMessage).length + LARGE_MESSAGES / TURN;
    must('slow-reader', heard === LARGE_MESSAGES, () => `another member received ${heard}`);
    await settle(sender);
    slow.resume();
    await caughtUp(slow, subject.deadline_ms);
    const kept = slow.all(isMessage).length;
    const isBounded = slow.isEnded || kept < LARGE_MESSAGES;
    must('slow-reader', isBounded, () => 'all 19 MB were kept for a client that did not read');
  },
};

const LOOK_MS = 100;

/** Until it is cut, or a pong gets through: one that finds the queue full is dropped like the rest. */
async function caughtUp(slow: Probe, deadline_ms: number): Promise<void> {
  const isPong = ({ type }: { type: string }): boolean => type === 'pong';
  const end_ms = performance.now() + deadline_ms;
  while (!slow.isEnded && slow.all(isPong).length === 0 && performance.now() < end_ms) {
    slow.send({ type: 'ping', id: 'late' });
    await Bun.sleep(LOOK_MS);
  }
}
