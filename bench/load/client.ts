import { within } from '../process/deadline.ts';
import { Member } from './member.ts';
import type { CrowdPlan, CrowdReport, LoadEngine, TrafficPlan, TrafficReport } from './port.ts';
import { LoadRoom } from './room.ts';
import { Traffic } from './traffic.ts';

/** Handshakes under way at a time: well below any listen queue. */
const CONNECTING_MAX = 200;

export const roomName = (index: number): string => `bench-${index}`;

/** The load engine in TypeScript, on one thread: it lives in the process that calls it. */
export class LoadClient implements LoadEngine {
  #rooms: readonly LoadRoom[] = [];

  async connect({ target, members, rooms, timeout_ms }: CrowdPlan): Promise<CrowdReport> {
    const crowd = Array.from({ length: rooms }, (_, index) => new LoadRoom(roomName(index)));
    this.#rooms = crowd;
    const started_ms = performance.now();
    const deadline_ms = started_ms + timeout_ms;
    const failures: string[] = [];
    let next = 0;
    const connectSome = async (): Promise<void> => {
      while (next < members) {
        const room = crowd[next % rooms];
        next += 1;
        const left_ms = deadline_ms - performance.now();
        if (room === undefined || left_ms <= 0) failures.push('out of time');
        else await within(left_ms, Member.join(target, room), 'a join').catch(noteFailure);
      }
    };
    const noteFailure = (error: unknown): void => {
      failures.push(error instanceof Error ? error.message : String(error));
    };
    await Promise.all(Array.from({ length: CONNECTING_MAX }, connectSome));
    const [failure] = failures;
    return {
      joined: members - failures.length,
      failed: failures.length,
      elapsed_ms: performance.now() - started_ms,
      ...(failure === undefined ? undefined : { failure }),
    };
  }

  run(plan: TrafficPlan): Promise<TrafficReport> {
    return new Traffic(this.#rooms, plan).run();
  }

  async disconnect(): Promise<void> {
    const members = this.#rooms.flatMap((room) => room.members);
    this.#rooms = [];
    await Promise.all(members.map((member) => member.close()));
  }
}
