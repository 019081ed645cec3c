import { OPCODE_PING, OPCODE_TEXT } from '../load/frame_writer.ts';
import { type Check, unlessLimited } from './check.ts';
import { maskedFrame, Probe } from './probe.ts';
import { crowd, freshRoom, isMessage, settle } from './rooms.ts';
import { must } from './rules.ts';

/** Each with the codes that may answer it: what a wrong type is called depends on the JSON reader. */
const NONSENSE: readonly (readonly [string, readonly string[]])[] = [
  ['Hello', ['malformed']],
  ['{"type":"chat"', ['malformed']],
  ['[]', ['malformed', 'unknown_type', 'invalid_field']],
  ['{"type":"sing"}', ['unknown_type']],
  ['{"type":"join","room":7}', ['invalid_field', 'malformed']],
];

export const malformedMessage: Check = {
  rules: ['malformed-message'],
  skip: () => undefined,
  async run(subject) {
    using probe = await Probe.open(subject.url, subject);
    for (const [text, codes] of NONSENSE) {
      probe.sendText(text);
      const what = `an error for ${text}`;
      const { code } = await probe.receive(what, ({ type }) => type === 'error');
      const isKnown = codes.includes(String(code));
      must('malformed-message', isKnown, () => `${text} was answered ${String(code)}`);
      await probe.ping();
    }
    const room = freshRoom();
    probe.sendText(JSON.stringify({ type: 'join', room, unknown: true }));
    await probe.receive('a join with an unknown field', ({ type }) => type === 'joined');
    probe.sendText(JSON.stringify({ type: 'chat', room }));
    const { code } = await probe.receive('an error', ({ type }) => type === 'error');
    const isRight = code === 'invalid_field';
    must('malformed-message', isRight, () => `a chat without text was answered ${String(code)}`);
    await probe.ping();
  },
};

const withFirstByte = (bits: number): Buffer => {
  const frame = maskedFrame(OPCODE_TEXT, Buffer.from('{"type":"ping"}'));
  frame[0] = (frame[0] ?? 0) | bits;
  return frame;
};

/** RFC 6455: what each of these is, and that it fails the connection. */
const BROKEN_FRAMES: readonly (readonly [string, Buffer])[] = [
  ['a reserved bit', withFirstByte(0x40)],
  ['a reserved opcode', maskedFrame(0x3, Buffer.from('x'))],
  ['a ping of 200 bytes', maskedFrame(OPCODE_PING, Buffer.alloc(200))],
  ['text that is not UTF-8', maskedFrame(OPCODE_TEXT, Buffer.from([0x7b, 0xc3, 0x28, 0x7d]))],
  ['a frame of 1 GiB', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4])],
];

export const malformedFrame: Check = {
  rules: ['malformed-frame'],
  skip: () => undefined,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const witness = await Probe.join(subject.url, room, subject);
    all.add(witness);
    for (const [what, bytes] of BROKEN_FRAMES) {
      const rude = await Probe.join(subject.url, room, subject);
      all.add(rude);
      rude.write(bytes);
      await rude.ended().catch(() => undefined);
      must('malformed-frame', rude.isEnded, () => `${what} did not end the connection`);
      await witness.ping();
    }
    const heard = witness.all(isMessage).length;
    must('malformed-frame', heard === 0, () => 'something of a broken frame reached the room');
  },
};

export const manyConnections: Check = {
  rules: ['many-connections'],
  skip: () => undefined,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const joins = Array.from({ length: subject.connections }, async () => {
      const member = await Probe.join(subject.url, room, subject);
      all.add(member);
      return member;
    });
    const settled = await Promise.allSettled(joins);
    const members = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const joined = `${members.length} of ${joins.length} could join`;
    must('many-connections', members.length === joins.length, () => joined);
    members[0]?.send({ type: 'chat', room, text: 'to all' });
    const heard = await Promise.all(members.map((member) => member.collect(1, isMessage)));
    const served = heard.filter(({ length }) => length === 1).length;
    const saw = `${served} of ${members.length} members received the message once`;
    must('many-connections', served === members.length, () => saw);
  },
};

const VANISHING = 20;

export const abruptEnd: Check = {
  rules: ['abrupt-end'],
  skip: unlessLimited,
  async run(subject) {
    using all = crowd();
    const room = freshRoom();
    const stays = await Probe.join(subject.url, room, subject);
    all.add(stays);
    for (let index = 0; index < VANISHING; index += 1) {
      const vanishes = await Probe.join(subject.url, room, subject);
      all.add(vanishes);
      vanishes.send({ type: 'chat', room, text: `last words ${index}` });
      // Cut in the middle of a frame, while the server writes.
      if (index % 2 === 0) vanishes.write(Buffer.from([0x81, 0xfe, 0x01]));
      await stays.receive('the last words', ({ text }) => text === `last words ${index}`);
      vanishes.reset();
      stays.send({ type: 'chat', room, text: `goes on ${index}` });
      await stays.receive('its own message', ({ text }) => text === `goes on ${index}`);
    }
    await settle(stays);
  },
};
