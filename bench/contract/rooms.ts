import { randomUUID } from 'node:crypto';
import { type Check, type Subject, unlessLimited } from './check.ts';
import type { Action, Said } from './dialect.ts';
import { Probe } from './probe.ts';
import { Breach, must } from './rules.ts';

/** A room that nobody has been in. */
export const freshRoom = (): string => `room-${randomUUID()}`;

export const isMessage = ({ type }: Said): boolean => type === 'message';

/** Padded to the size that the benchmark sends. */
const PAYLOAD_CHARACTERS = 90;
const chat = (room: string, text: string) => ({
  type: 'chat' as const,
  room,
  text: text.padEnd(PAYLOAD_CHARACTERS, '.'),
});

/** Everything the server does for `sender`, and then for `others`, has been done. */
export async function settle(sender: Probe, ...others: readonly Probe[]): Promise<void> {
  await sender.ping();
  for (const other of others) await other.ping();
}

/** Closes all of them, however the block ends. */
export function crowd(): Disposable & { add(...probes: readonly Probe[]): void } {
  const all: Probe[] = [];
  return {
    add(...probes) {
      all.push(...probes);
    },
    [Symbol.dispose]: () => {
      for (const probe of all) probe[Symbol.dispose]();
    },
  };
}

export const join: Check = {
  rules: ['join'],
  skip: () => undefined,
  async run(subject) {
    using probe = await Probe.open(subject.url, subject);
    const room = freshRoom();
    probe.send({ type: 'join', room });
    const joined = await probe.receive('`joined`', ({ type }) => type === 'joined');
    must('join', joined.room === room, () => `\`joined\` names ${String(joined.room)}`);
  },
};

const MEMBERS = 4;
const MESSAGES_EACH = 10;

export const broadcast: Check = {
  rules: ['broadcast-complete', 'broadcast-once', 'broadcast-order'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const members: Probe[] = [];
    for (let member = 0; member < MEMBERS; member += 1) {
      members.push(await Probe.join(subject.url, room, subject));
      all.add(...members.slice(-1));
    }
    const sent: string[] = [];
    for (let index = 0; index < MESSAGES_EACH; index += 1) {
      for (const [sender, member] of members.entries()) {
        const message = chat(room, `${sender}:${index} Grüße, 世界`);
        sent.push(message.text);
        member.send(message);
      }
    }
    const received: (readonly string[])[] = [];
    await Promise.all(members.map((member) => member.collect(sent.length, isMessage)));
    const [first, ...others] = members;
    if (first !== undefined) await settle(first, ...others);
    for (const member of members) {
      received.push(member.all(isMessage).map(({ text }) => String(text)));
    }
    for (const [member, texts] of received.entries()) judge(member, texts, sent);
    const orders = new Set(received.map((texts) => texts.join('\n')));
    must('broadcast-order', orders.size === 1, () => `members saw ${orders.size} different orders`);
  },
};

function judge(member: number, received: readonly string[], sent: readonly string[]): void {
  const seen = new Set(received);
  const missing = sent.filter((text) => !seen.has(text));
  if (missing.length > 0) {
    const own = missing.filter((text) => text.startsWith(`${member}:`)).length;
    const which = `${missing.length} of ${sent.length} messages, ${own} of them its own`;
    throw new Breach('broadcast-complete', `member ${member} missed ${which}`);
  }
  const extra = received.length - sent.length;
  must('broadcast-once', extra === 0, () => `member ${member} received ${extra} too many`);
  for (let sender = 0; sender < MEMBERS; sender += 1) {
    const own = (texts: readonly string[]): string =>
      texts.filter((text) => text.startsWith(`${sender}:`)).join();
    const isInOrder = own(received) === own(sent);
    must('broadcast-order', isInOrder, () => `member ${member} saw sender ${sender} out of order`);
  }
}

export const isolation: Check = {
  rules: ['room-isolation'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const rooms = [freshRoom(), freshRoom(), freshRoom()];
    const members = await Promise.all(rooms.map((room) => Probe.join(subject.url, room, subject)));
    const stranger = await Probe.open(subject.url, subject);
    all.add(...members, stranger);
    for (const [index, member] of members.entries()) {
      member.send(chat(rooms[index] ?? '', `said in ${index}`));
    }
    for (const member of members) await member.collect(1, isMessage);
    for (const member of members) await settle(member, ...members, stranger);
    for (const [index, member] of members.entries()) {
      const heard = member.all(isMessage);
      const foreign = heard.find(({ room, text }) => {
        return room !== rooms[index] || !String(text).startsWith(`said in ${index}`);
      });
      const what = `a member of room ${index} received ${JSON.stringify(foreign)}`;
      must('room-isolation', foreign === undefined, () => what);
    }
    const heard = stranger.all(isMessage).length;
    must('room-isolation', heard === 0, () => 'a client in no room received a message');
  },
};

export const leave: Check = {
  rules: ['leave'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const stays = await Probe.join(subject.url, room, subject);
    const leaves = await Probe.join(subject.url, room, subject);
    all.add(stays, leaves);
    leaves.send({ type: 'leave', room });
    await leaves.receive('`left`', (said) => said.type === 'left' && said.room === room);
    stays.send(chat(room, 'after the farewell'));
    await stays.receive('its own message', isMessage);
    await settle(stays, leaves);
    const heard = leaves.all(isMessage).length;
    must('leave', heard === 0, () => 'who has left still received a message');
    await refuses(leaves, chat(room, 'from outside'));
    await settle(leaves, stays);
    const intruded = stays.all(isMessage).length > 0;
    must('leave', !intruded, () => 'a message from outside reached the room');
  },
};

async function refuses(probe: Probe, message: Action): Promise<void> {
  probe.send(message);
  const { code } = await probe.receive('an error', ({ type }) => type === 'error');
  must('leave', code === 'not_joined', () => `answered ${String(code)} for not_joined`);
}

export const ping: Check = {
  rules: ['ping'],
  skip: () => undefined,
  async run(subject: Subject) {
    using probe = await Probe.open(subject.url, subject);
    const ids = ['p1', 'p2', 'a "quoted" id'];
    for (const id of ids) probe.send({ type: 'ping', id });
    for (const id of ids) {
      const pong = await probe.receive('`pong`', ({ type }) => type === 'pong');
      must(
        'ping',
        pong.id === id,
        () => `\`pong\` carries ${JSON.stringify(pong.id)}, not "${id}"`,
      );
    }
  },
};
