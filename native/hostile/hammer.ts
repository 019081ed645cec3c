/** A worker that says and does all it can at one hub, until it is told to stop or is ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { Pump } from '../../server/hub/pump.ts';
import { connect, NEW_ROOM } from './hub.ts';

export const ROOMS = ['red', 'blue', 'tan'];

/** What came of each room: how much, how often something was missing, and all of it as one number. */
export type Report = readonly {
  readonly count: number;
  readonly gaps: number;
  readonly hash: string;
}[];

const IDS = 50;
const PUBLISHES = 10;

if (parentPort !== null) hammer(parentPort, workerData);

function hammer(
  port: NonNullable<typeof parentPort>,
  { id, worker, turns }: { id: number; worker: number; turns: number },
): void {
  const seen = ROOMS.map(() => ({ count: 0, gaps: 0, last: 0, hash: 0n }));
  const pump = new Pump(
    { flush: (now_ms) => hub.flush(now_ms), nextDue_ms: () => hub.nextDue_ms() },
    () => performance.now(),
  );
  const hub = connect(id, worker, {
    publish: (room, encoding, data) => {
      const own = seen[rooms.indexOf(room)];
      if (own === undefined || encoding !== 'ndjson') return;
      for (const line of String(data).split('\n')) {
        const { offset, prev } = JSON.parse(line);
        if (offset === undefined) continue;
        if ((prev ?? offset - 1) !== own.last) own.gaps += 1;
        own.count += 1;
        own.last = offset;
        own.hash = Bun.hash.wyhash(line, own.hash);
      }
    },
    wake: (due_ms) => pump.wake(due_ms),
    overrun: () => {
      throw new Error('overrun');
    },
  });
  const rooms = ROOMS.map((name) => hub.openRoom(name, NEW_ROOM));
  const user = { user_id: `user ${worker}`, username: `User ${worker}` };
  for (const room of rooms) hub.join(room, user, 'ndjson', undefined);

  let turn = 0;
  let speaking = false;
  const speak = (): void => {
    if (!speaking) return;
    turn += 1;
    for (let count = 0; count < PUBLISHES; count += 1) {
      const token = turn * PUBLISHES + count;
      const text = 'hé '.repeat(token % 300);
      const draft = { from: 'é', from_id: user.user_id, text };
      const once = { ...draft, id: `${token % IDS}` };
      hub.sequence(rooms[token % rooms.length] ?? 0, token % 5 === 0 ? once : draft, token);
    }
    visit(turn);
    if (turn === turns) port.postMessage('enough');
    setImmediate(speak);
  };
  const visit = (number: number): void => {
    const room = rooms[number % rooms.length] ?? 0;
    const guest = { user_id: `guest ${number % 5}`, username: 'Guest' };
    hub.join(room, guest, 'msgpack', { epoch: NEW_ROOM.epoch, offset: number });
    hub.broadcast(room, {
      type: 'typing',
      room: ROOMS[number % rooms.length] ?? '',
      user: 'Guest',
      user_id: guest.user_id,
      status: 'started',
    });
    hub.history(room, 'json', number, 10);
    hub.leave(room, guest, 'msgpack');
  };

  port.on('message', (message: 'begin' | 'stop' | 'report') => {
    speaking = message === 'begin';
    if (speaking) speak();
    else if (message === 'stop') port.postMessage('stopped');
    else {
      hub.flush(Number.MAX_SAFE_INTEGER);
      port.postMessage(seen.map(({ count, gaps, hash }) => ({ count, gaps, hash: `${hash}` })));
    }
  });
  port.postMessage('ready');
}
