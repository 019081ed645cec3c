import type { Case, Suite } from '../suite.ts';
import { nameOf, SHAPES, type Shape } from './shape.ts';
import { IDEMPOTENCY_IDS_MAX, type MakeSide, Outlet } from './side.ts';
import { Traffic } from './traffic.ts';

/** A run is as many turns as bring so many messages: long enough for the clock. */
const MESSAGES_PER_RUN = 4_096;
/** Until code has been compiled; rooms that remember more ids need longer to fill. */
const WARMUP_RUNS_MIN = 20;

const warmupRuns = (rooms: number): number =>
  Math.max(WARMUP_RUNS_MIN, Math.ceil((IDEMPOTENCY_IDS_MAX * rooms) / MESSAGES_PER_RUN));

/** All shapes of traffic for one side. */
export const turnsOf = (makeSide: MakeSide): Suite =>
  new Map(SHAPES.map((shape) => [nameOf(shape), () => turns(makeSide, shape)]));

async function turns(makeSide: MakeSide, shape: Shape): Promise<Case> {
  const outlet = new Outlet();
  const side = makeSide(outlet);
  const rooms = Array.from({ length: shape.rooms }, (_, index) => `room-${index}`);
  for (const room of rooms) await side.open(room, shape.encoding);
  const traffic = new Traffic(shape.isMixed);
  const turns = MESSAGES_PER_RUN / (shape.batch * shape.rooms);
  let submitted = 0;
  return {
    operations: MESSAGES_PER_RUN,
    warmup_runs: warmupRuns(shape.rooms),
    run() {
      for (let turn = 0; turn < turns; turn += 1) {
        // Rooms take turns, as they do when their members' frames come in.
        for (let message = 0; message < shape.batch; message += 1) {
          for (const room of rooms) {
            submitted += 1;
            side.submit(room, traffic.next(), submitted);
          }
        }
        side.flush();
      }
    },
    close() {
      side.close();
      if (outlet.messages !== submitted || outlet.acknowledged !== submitted) {
        throw new Error(
          `${submitted} messages: ${outlet.messages} published, ${outlet.acknowledged} acknowledged`,
        );
      }
    },
  };
}
