import { type Check, type Subject, unlessLimited } from './check.ts';
import { Probe } from './probe.ts';
import { crowd, freshRoom, isMessage, settle } from './rooms.ts';
import { must } from './rules.ts';

export const keepalive: Check = {
  rules: ['keepalive'],
  skip: ({ keepalive_ms }) =>
    keepalive_ms === 0 ? 'takes a server with a short interval (--keepalive-ms)' : undefined,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const lives = await Probe.join(subject.url, room, subject);
    const dead = await Probe.join(subject.url, room, { ...subject, answersPings: false });
    all.add(lives, dead);
    await dead.ended(subject.keepalive_ms).catch(() => undefined);
    must('keepalive', dead.pings > 0, () => `no ping came within ${subject.keepalive_ms} ms`);
    const late = `a dead peer was not cut within ${subject.keepalive_ms} ms`;
    must('keepalive', dead.isEnded, () => late);
    must('keepalive', !lives.isEnded, () => 'a peer that answered was cut as well');
    await lives.ping();
  },
};

export const close: Check = {
  rules: ['close'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const stays = await Probe.join(subject.url, room, subject);
    const goes = await Probe.join(subject.url, room, subject);
    all.add(stays, goes);
    goes.sendClose(1000);
    const { code } = await goes.ended();
    must('close', code === 1000, () => `a Close with 1000 was answered ${code ?? 'without one'}`);
    stays.send({ type: 'chat', room, text: 'still here' });
    await stays.receive('its own message', isMessage);
  },
};

/** What a peer answers on `/stats`; a peer may tell more. */
interface Counters {
  /** Open now, those on the echo path included. */
  readonly connections: number;
  /** Frames with text or bytes that came in, and that were handed on to clients. */
  readonly received: number;
  readonly sent: number;
  /** Messages a full queue had no room for. */
  readonly dropped: number;
  readonly rate_limited: number;
}

const NAMES = ['connections', 'received', 'sent', 'dropped', 'rate_limited'] as const;

async function countersOf({ url, deadline_ms }: Subject): Promise<Counters> {
  const address = new URL('/stats', url.replace(/^ws/, 'http'));
  const response = await fetch(address, { signal: AbortSignal.timeout(deadline_ms) });
  must('counters', response.ok, () => `/stats answered ${response.status}`);
  const found = (await response.json()) as Record<string, unknown>;
  for (const name of NAMES) {
    must('counters', Number.isInteger(found[name]), () => `/stats has no whole number "${name}"`);
  }
  return found as Record<string, unknown> & Counters;
}

const LOOK_MS = 20;

/** Connections of earlier checks end in their own time. */
async function waitForConnections(subject: Subject, wanted: number): Promise<Counters> {
  const deadline_ms = performance.now() + subject.deadline_ms;
  for (;;) {
    const counters = await countersOf(subject);
    if (counters.connections === wanted) return counters;
    const isLate = performance.now() > deadline_ms;
    const saw = `${counters.connections} connections are counted, ${wanted} are open`;
    must('counters', !isLate, () => saw);
    await Bun.sleep(LOOK_MS);
  }
}

export const counters: Check = {
  rules: ['counters'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const before = await waitForConnections(subject, 0);
    const room = freshRoom();
    const sender = await Probe.join(subject.url, room, subject);
    const other = await Probe.join(subject.url, room, subject);
    all.add(sender, other);
    sender.send({ type: 'chat', room, text: 'counted' });
    await sender.receive('its own message', isMessage);
    await settle(sender, other);
    const after = await waitForConnections(subject, 2);
    // Two joins, a chat, two pings; two answers, two deliveries, two pongs.
    const received = after.received - before.received;
    const sent = after.sent - before.sent;
    must('counters', received === 5, () => `5 messages came in, ${received} are counted`);
    must('counters', sent === 6, () => `6 messages went out, ${sent} are counted`);
  },
};
