import { UnavailableError } from '../../errors.ts';
import type { EngineStart, LogEngine } from '../engine.ts';
import type { Random } from '../random.ts';

/** What may happen to a call of a database. */
export type Fault = 'refused' | 'lost before' | 'lost after';

/** A database with faults in it, as `next` says for each call. */
export function flakyEngine(
  engine: LogEngine,
  next: (method: keyof LogEngine) => Fault | undefined,
): LogEngine {
  const around = async <T>(method: keyof LogEngine, run: () => Promise<T>): Promise<T> => {
    const fault = next(method);
    if (fault === 'refused') throw new UnavailableError('a fault was asked for');
    if (fault === 'lost before') throw new Error('a connection was lost before the call');
    const result = await run();
    if (fault === 'lost after') throw new Error('a connection was lost after the call');
    return result;
  };
  return {
    kind: engine.kind,
    canReadBeside: engine.canReadBeside,
    connect: (): Promise<EngineStart> => around('connect', () => engine.connect()),
    findRoom: (name) => around('findRoom', () => engine.findRoom(name)),
    findPublishes: (ids) => around('findPublishes', () => engine.findPublishes(ids)),
    append: (rooms) => around('append', () => engine.append(rooms)),
    read: (...range) => around('read', () => engine.read(...range)),
    prune: (step) => around('prune', () => engine.prune(step)),
    disconnect: (clean) => engine.disconnect(clean),
  };
}

/** One call in five goes wrong, in each of the ways it can. The first connection is made. */
export function faultsFrom(random: Random): (method: keyof LogEngine) => Fault | undefined {
  let isFirst = true;
  return (method) => {
    const isStart = isFirst && method === 'connect';
    isFirst = false;
    if (isStart || !random.chance(0.2)) return undefined;
    // Only a commit may be lost on the way back; the others are asked again.
    const faults = method === 'append' ? 3 : 1;
    return (['refused', 'lost before', 'lost after'] as const)[random.between(0, faults - 1)];
  };
}
