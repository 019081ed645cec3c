import * as json from '../../../server/protocol/json.ts';
import type { Draft } from '../../../server/protocol/messages.ts';

const ROOM = 'room-0';

/** What a Worker without the native hub has to do before it can hand records over: number and encode. */
export class FrameEncoder {
  #offset = 0;

  encode(batch: readonly Draft[]): string {
    const timestamp = Date.now();
    return batch
      .map((draft) => {
        const prev = this.#offset;
        this.#offset += 1;
        return json.encodeRecord(ROOM, { ...draft, offset: this.#offset, prev, timestamp });
      })
      .join('\n');
  }
}
