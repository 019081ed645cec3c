import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ServerMessage } from '../../server/protocol/messages.ts';
import type { HubbubClient, Receipt, RoomMessage } from '../index.ts';
import type { FakeConnection } from './fake_peer.ts';
import { ENCODINGS } from './fake_wire.ts';
import { Stage, until } from './harness.ts';

const CLIENTS = 3;
const ROOMS = ['a', 'b'] as const;

const FAULTS = [
  'cut',
  'close',
  'lose records',
  'repeat records',
  'lose acknowledgements',
  'refuse messages',
  'refuse joins',
  'restart',
  'calm',
] as const;

type Step =
  | { readonly kind: 'send'; readonly client: number; readonly room: (typeof ROOMS)[number] }
  | { readonly kind: 'fault'; readonly client: number; readonly fault: (typeof FAULTS)[number] }
  | { readonly kind: 'pass'; readonly wait_ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        client: fc.nat(CLIENTS - 1),
        room: fc.constantFrom(...ROOMS),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('fault' as const),
        client: fc.nat(CLIENTS - 1),
        fault: fc.constantFrom(...FAULTS),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), wait_ms: fc.nat(3) }),
    },
  ),
  { minLength: 30, maxLength: 90 },
);

/** A peer that does what the newest fault says, every other time it could. */
class Troubled {
  readonly stage = new Stage();
  fault: (typeof FAULTS)[number] = 'calm';
  #turn = 0;

  constructor() {
    const { script, rooms } = this.stage.peer;
    for (const name of ROOMS) this.stage.peer.room(name).step = () => 1 + (this.#turn % 3);
    script.deliver = (connection, message) => this.#deliver(connection, message);
    script.command = (connection, command) => {
      const now = this.#strikes();
      if (now && this.fault === 'refuse joins' && command.type === 'join') {
        connection.rooms.delete(command.room);
        connection.refuse(command, { code: 'unavailable', temporary: true, retry_after_ms: 2 });
        return true;
      }
      if (command.type !== 'message' || !now || !connection.rooms.has(command.room)) return false;
      if (this.fault === 'refuse messages') {
        connection.refuse(command, { code: 'rate_limited', temporary: true, retry_after_ms: 2 });
        return true;
      }
      if (this.fault !== 'lose acknowledgements' || !rooms.has(command.room)) return false;
      const { room, text, id } = command;
      this.stage.peer.accept(connection, room, text, id, false);
      // Only a connection that ends may leave a message unanswered.
      setTimeout(() => connection.cut(), 3);
      return true;
    };
  }

  #strikes(): boolean {
    this.#turn += 1;
    return this.#turn % 2 === 0;
  }

  #deliver(connection: FakeConnection, message: ServerMessage): ServerMessage | undefined {
    if (message.type !== 'message' || !this.#strikes()) return message;
    if (this.fault === 'repeat records') connection.say(message);
    return this.fault === 'lose records' ? undefined : message;
  }

  async strike(client: number, fault: (typeof FAULTS)[number]): Promise<void> {
    const { peer } = this.stage;
    this.fault = fault;
    const victim = [...peer.connections][client];
    if (fault === 'cut') victim?.cut();
    if (fault === 'close') victim?.close([1001, 1012, 1013][client] ?? 1001);
    if (fault !== 'restart') return;
    await peer.stop();
    peer.start();
  }
}

/** What one client was told of each room. */
function listen(client: HubbubClient): { told: Map<string, RoomMessage[]>; gaps: unknown[] } {
  const told = new Map<string, RoomMessage[]>(ROOMS.map((room) => [room, []]));
  const gaps: unknown[] = [];
  client.on('message', (message) => told.get(message.room)?.push(message));
  client.on('gap', (gap) => gaps.push(gap));
  return { told, gaps };
}

describe.each(ENCODINGS)('in %s', (_, encoding) => {
  test('whatever happens, each acknowledged message reaches each member once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const troubled = new Troubled();
        await using stage = troubled.stage;
        const clients = Array.from({ length: CLIENTS }, () =>
          stage.client({ encoding, limits: { in_flight_max: 4 } }),
        );
        const heard = clients.map(listen);
        await Promise.all(clients.map((client) => client.connect()));
        for (const room of ROOMS) await Promise.all(clients.map((client) => client.join(room)));
        const receipts: Promise<Receipt>[] = [];
        for (const step of all) {
          if (step.kind === 'pass') await Bun.sleep(step.wait_ms);
          else if (step.kind === 'fault') await troubled.strike(step.client, step.fault);
          else {
            const sending = clients[step.client]?.send(step.room, `text ${receipts.length}`);
            if (sending !== undefined) receipts.push(sending);
          }
        }
        troubled.fault = 'calm';
        const acknowledged = await Promise.all(receipts);
        // What was lost last of all shows when something follows it.
        for (const room of ROOMS) {
          await until('everybody is back', () =>
            [...stage.peer.connections].every(({ rooms }) => rooms.has(room)),
          );
          stage.peer.publish(room, 'the end');
          const { records, head } = stage.peer.room(room);
          await until('everybody has caught up', () =>
            clients.every((client) => client.position(room)?.offset === head),
          );
          for (const { told } of heard) expect(told.get(room)).toEqual(records);
          const offsets = acknowledged.filter((one) => one.room === room).map((one) => one.offset);
          expect(offsets.sort((a, b) => a - b)).toEqual(
            records.slice(0, -1).map(({ offset }) => offset),
          );
        }
        for (const { gaps } of heard) expect(gaps).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});
