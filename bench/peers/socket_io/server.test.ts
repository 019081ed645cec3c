import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { requires } from '../../../tests/support/requires.ts';
import { socketIo as dialect } from '../../contract/dialects/socket_io.ts';
import { Probe } from '../../contract/probe.ts';
import { buildPeer, missingFor } from '../build.ts';
import { type RunningPeer, startPeer } from '../start.ts';
import { socketIo } from './peer.ts';

const BUILD_MS = 120_000;
const SLOW_MS = 60_000;
const OPTIONS = { dialect, deadline_ms: 10_000 };
const ROOM = 'room';

describe('socket.io', () => {
  let server: RunningPeer;

  beforeAll(async () => {
    if (missingFor(socketIo) !== undefined) return;
    await buildPeer(socketIo);
    server = await startPeer(socketIo);
  }, BUILD_MS);
  afterAll(() => server?.[Symbol.asyncDispose]());

  const NONSENSE = [
    ['["sing",{}]', 'unknown_type'],
    ['["toString",{}]', 'unknown_type'],
    ['["join"]', 'malformed'],
    ['["join","room"]', 'malformed'],
    ['["join",null]', 'malformed'],
    ['["join",{}]', 'invalid_field'],
    ['["join",{"room":7}]', 'invalid_field'],
    ['["chat",{"room":"room"}]', 'invalid_field'],
    ['["chat",{"room":"full","text":""}]', 'not_joined'],
    ['["leave",{"room":"full"}]', 'not_joined'],
  ];

  requires('nodejs')('an event that makes no sense is answered with an error alone', async () => {
    using probe = await Probe.join(server.url, ROOM, OPTIONS);
    for (const [event, code] of NONSENSE) {
      probe.sendText(`42${event}`);
      const answer = await probe.receive(`an error for ${event}`, ({ type }) => type === 'error');
      expect([event, answer.code]).toEqual([event, code]);
    }
    probe.sendText('42["join",{"room":"other","unknown":true}]');
    await probe.receive('joined', ({ room }) => room === 'other');
  });

  requires('nodejs')('who sends what is no packet is cut, and nobody else', async () => {
    using stays = await Probe.join(server.url, ROOM, OPTIONS);
    for (const nonsense of ['{"type":"join","room":"room"}', '42{"room"', '9']) {
      using goes = await Probe.join(server.url, ROOM, OPTIONS);
      goes.sendText(nonsense);
      await goes.ended();
    }
    await stays.ping();
  });

  requires('nodejs')(
    'a full queue costs the slow client messages, and each of them is counted',
    async () => {
      await using fresh = await startPeer(socketIo);
      using slow = await Probe.join(fresh.url, ROOM, OPTIONS);
      using sender = await Probe.join(fresh.url, ROOM, OPTIONS);
      slow.pause();
      const messages = 1_200;
      for (let index = 0; index < messages; index += 1) {
        sender.send({ type: 'chat', room: ROOM, text: `${index}`.padEnd(16_000, 'x') });
        if (index % 16 === 0) await sender.ping();
      }
      await sender.ping();
      slow.resume();
      const said = () => slow.all(({ type }) => type === 'message').length;
      const stats = await fetch(`http://127.0.0.1:${fresh.port}/stats`);
      const { dropped } = (await stats.json()) as { readonly dropped: number };
      expect(dropped).toBeGreaterThan(0);
      await slow.collect(messages - dropped, ({ type }) => type === 'message');
      await slow.ping();
      expect(said()).toBe(messages - dropped);
      expect(sender.all(({ type }) => type === 'message')).toHaveLength(messages);
    },
    SLOW_MS,
  );
});
