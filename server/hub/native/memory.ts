import type { Door } from './addon.ts';
import {
  AREAS,
  type Area,
  type Bytes,
  FIELD_COUNT,
  OVERRUN_BYTES,
  ROW_BYTES,
  VERDICT_BYTES,
} from './layout.ts';

const KIB = 1_024;
const ROWS = 4_096;
const VERDICTS = 4_096;
const OVERRUNS = 256;

/** One area and the views through which it is read. */
interface View {
  readonly bytes: Bytes;
  readonly numbers: Float64Array;
  readonly words: Uint32Array;
}

/** The memory one worker shares with the native hub: made once, grown when an answer needs more. */
export class SharedMemory {
  readonly #door: Door;
  readonly #views: Record<Area, View>;

  /** @param batch_bytes a batch has to fit the outputs whole, with a separator for each record */
  constructor(door: Door, batch_bytes: number) {
    this.#door = door;
    const output = Math.max(256 * KIB, batch_bytes);
    this.#views = {
      control: this.#make('control', FIELD_COUNT * 8),
      requests: this.#make('requests', 256 * KIB),
      rows: this.#make('rows', ROWS * ROW_BYTES),
      text: this.#make('text', output),
      binary: this.#make('binary', output),
      overruns: this.#make('overruns', OVERRUNS * OVERRUN_BYTES),
      verdicts: this.#make('verdicts', VERDICTS * VERDICT_BYTES),
      users: this.#make('users', 64 * KIB),
      page: this.#make('page', 64 * KIB),
    };
  }

  view(area: Area): View {
    return this.#views[area];
  }

  /** @returns the larger memory, empty */
  grow(area: Area, bytes_min: number): ArrayBuffer {
    const doubled = this.#views[area].bytes.length * 2;
    this.#views[area] = this.#make(area, Math.max(doubled, bytes_min));
    return this.#views[area].numbers.buffer as ArrayBuffer;
  }

  #make(area: Area, bytes: number): View {
    const memory = this.#door.lend(AREAS.indexOf(area), Math.ceil(bytes / 8) * 8);
    return {
      bytes: Buffer.from(memory) as Bytes,
      numbers: new Float64Array(memory),
      words: new Uint32Array(memory),
    };
  }
}
