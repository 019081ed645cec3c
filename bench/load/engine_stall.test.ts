import { expect, test } from 'bun:test';
import { crowdStarter } from './crowd_fixture.ts';
import { describeNative } from './native_suite.ts';
import { NO_FAULT } from './no_fault.ts';
import type { RoomSocket } from './room_server.ts';

const startCrowd = crowdStarter();

const MEMBERS = 6;
const STALLED = 3;
const MESSAGES = 100;
/** More than the buffers of two sockets hold: what a stalled member leaves unread stays here. */
const TRAFFIC = { rate: 200, senders: 2, payload_bytes: 150_000, warmup_ms: 0, duration_ms: 500 };
const SMALL = { ...TRAFFIC, payload_bytes: 128 };

describeNative('stalled members', () => {
  test('do not read while the window is open, and delay nobody who does', async () => {
    let unread: number[] = [];
    const { engine } = await startCrowd(MEMBERS, 1, {
      before(nth, sockets) {
        if (nth === MESSAGES - 1) unread = sockets.map((socket) => socket.getBufferedAmount());
      },
    });
    const { stalled, ...report } = await engine.run({ ...TRAFFIC, stalled: STALLED });
    const deliveries = MESSAGES * (MEMBERS - STALLED);
    const expected = { sent: MESSAGES, deliveries, expected_deliveries: deliveries };
    expect(report).toMatchObject({ ...NO_FAULT, ...expected });
    expect(unread.slice(-STALLED).every((bytes) => bytes > 1_000_000)).toBe(true);
    expect(unread).toHaveLength(MEMBERS);
    const nobody = { members: STALLED, closed: 0, close_codes: {}, rejoined: STALLED };
    expect(stalled).toEqual(nobody);
  });

  test('whom the server cuts are told by their codes, and all are back for the next run', async () => {
    const cut = (nth: number, sockets: readonly RoomSocket[]): void => {
      if (nth !== MESSAGES / 2) return;
      const [one, other] = sockets.slice(-STALLED);
      one?.close(1013, 'too slow');
      other?.terminate();
    };
    const { engine } = await startCrowd(MEMBERS, 1, { before: cut });
    const { stalled, ...report } = await engine.run({ ...SMALL, stalled: STALLED });
    expect(report).toMatchObject({ ...NO_FAULT, deliveries: MESSAGES * (MEMBERS - STALLED) });
    expect(stalled).toEqual({
      members: STALLED,
      closed: 2,
      close_codes: { '1013': 1, none: 1 },
      rejoined: STALLED,
    });
    const next = await engine.run(SMALL);
    const deliveries = MESSAGES * MEMBERS;
    expect(next).toMatchObject({ ...NO_FAULT, deliveries, expected_deliveries: deliveries });
    expect(next.stalled).toBeUndefined();
  });

  test('are dealt out over the rooms, and never send', async () => {
    const { engine, server } = await startCrowd(MEMBERS, 2);
    const { stalled, ...report } = await engine.run({ ...SMALL, stalled: 2 });
    expect(report).toMatchObject({ ...NO_FAULT, deliveries: MESSAGES * 2 });
    expect(stalled).toMatchObject({ members: 2, rejoined: 2 });
    // The last two of six, whose numbers are of different rooms.
    expect(server.joined).toHaveLength(MEMBERS + 2);
    const greedy = engine.run({ ...SMALL, senders: 4, stalled: STALLED });
    await expect(greedy).rejects.toThrow('too few members');
  });
});
