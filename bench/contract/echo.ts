import { randomBytes, randomUUID } from 'node:crypto';
import type { Check, Subject } from './check.ts';
import { Probe } from './probe.ts';
import { crowd } from './rooms.ts';
import { must, type RuleName } from './rules.ts';

export const ECHO_PATH = '/echo';
const LARGE_BYTES = 1_000_000;

const open = (subject: Subject): Promise<Probe> =>
  Probe.open(subject.url, { ...subject, path: ECHO_PATH });

async function returns(
  subject: Subject,
  rule: RuleName,
  isText: boolean,
  payloads: readonly Buffer[],
) {
  using probe = await open(subject);
  for (const payload of payloads) {
    if (isText) probe.sendText(payload.toString());
    else probe.sendBinary(payload);
    const back = await probe.receiveFrame();
    const kind = back.isText ? 'text' : 'binary';
    must(rule, back.isText === isText, () => `came back as ${kind}`);
    const isSame = back.payload.equals(payload);
    must(rule, isSame, () => `${payload.length} bytes came back as ${back.payload.length} others`);
  }
  must(rule, probe.framesLeft === 0, () => 'more came back than was sent');
}

export const echoText: Check = {
  rules: ['echo-text'],
  skip: () => undefined,
  async run(subject) {
    const texts = [
      '',
      'hello',
      'Grüße, 世界 🙂',
      '{"type":"join"}',
      'x'.repeat(LARGE_BYTES),
      'end',
    ];
    await returns(
      subject,
      'echo-text',
      true,
      texts.map((text) => Buffer.from(text)),
    );
  },
};

export const echoBinary: Check = {
  rules: ['echo-binary'],
  skip: () => undefined,
  async run(subject) {
    const sizes = [0, 1, 125, 126, 65_535, 65_536, LARGE_BYTES, 1];
    await returns(
      subject,
      'echo-binary',
      false,
      sizes.map((size) => randomBytes(size)),
    );
  },
};

/** What the echo benchmark sends. */
interface EchoMessage {
  readonly message_id: string;
  readonly client_id: string;
  readonly timestamp: number;
  readonly payload: string;
}

const CLIENTS = 4;
const UNDER_WAY = 50;

export const echoMatch: Check = {
  rules: ['echo-match'],
  skip: () => undefined,
  async run(subject) {
    using all = crowd();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => open(subject)));
    all.add(...clients);
    await Promise.all(clients.map((client, index) => matchAll(client, `client-${index}`)));
  },
};

async function matchAll(client: Probe, client_id: string): Promise<void> {
  const waiting = new Map<string, string>();
  for (let index = 0; index < UNDER_WAY; index += 1) {
    const payload = 'x'.repeat((index * 37) % 300);
    const message_id = randomUUID();
    const message: EchoMessage = { message_id, client_id, timestamp: Date.now(), payload };
    const text = JSON.stringify(message);
    waiting.set(message_id, text);
    client.sendText(text);
  }
  while (waiting.size > 0) {
    const text = String((await client.receiveFrame()).payload);
    const { message_id } = JSON.parse(text) as EchoMessage;
    const isSame = waiting.get(message_id) === text;
    must('echo-match', isSame, () => `${client_id} did not send, or had back already: ${text}`);
    waiting.delete(message_id);
  }
  must('echo-match', client.framesLeft === 0, () => `${client_id} received more than it sent`);
}
