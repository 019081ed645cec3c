import { afterEach, expect } from 'bun:test';
import type { NativeLoadEngine } from './engine.ts';
import { startNative } from './native_suite.ts';
import { type RoomFaults, type RoomServer, startRooms } from './room_server.ts';

/** For tests: a room server, and an engine whose crowd has joined there. */
export interface Crowd {
  readonly engine: NativeLoadEngine;
  readonly server: RoomServer;
}

/** Called once in a test file. @returns what starts a crowd; it ends with the test that started it */
export function crowdStarter() {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const clean of cleanups.splice(0)) await clean();
  });
  return async (members: number, rooms: number, faults: RoomFaults = {}): Promise<Crowd> => {
    const server = startRooms(faults);
    const engine = startNative();
    cleanups.push(
      () => engine.stop(),
      () => server.stop(),
    );
    const target = { hostname: '127.0.0.1', port: server.port, path: '/ws' };
    const crowd = await engine.connect({ target, members, rooms, timeout_ms: 10_000 });
    expect(crowd).toMatchObject({ joined: members, failed: 0 });
    return { engine, server };
  };
}
