/** What a member has to see: one unbroken run of records from where it joined. */
export class Chain {
  epoch = '';
  offset = 0;
  seen = 0;
  joins = 0;
  recoveries = 0;
  refused_recoveries = 0;
  isIn = false;
  /** Asked to join while in the room: the old membership ends where the new one begins. */
  isRejoining = false;
  readonly #report: (violation: string) => void;

  constructor(report: (violation: string) => void) {
    this.#report = report;
  }

  /** @param replayed offsets and prevs of `joined.messages`; undefined when there was no `since` */
  joined(
    epoch: string,
    offset: number,
    recovered: boolean | undefined,
    replayed: readonly Link[],
  ): void {
    if (this.isIn && !this.isRejoining) this.#report('joined twice without asking');
    this.isRejoining = false;
    if (epoch === this.epoch && offset < this.offset)
      this.#report(`joined at ${offset}, behind ${this.offset}`);
    this.isIn = true;
    this.joins += 1;
    if (recovered === true) {
      this.recoveries += 1;
      // What came between asking and this answer stands in the replay again.
      for (const link of replayed) if (link.offset > this.offset) this.record(link);
      if (this.offset !== offset)
        this.#report(`a replay ended at ${this.offset} and not at ${offset}`);
    } else if (recovered === false) {
      this.refused_recoveries += 1;
    }
    this.epoch = epoch;
    this.offset = offset;
  }

  record({ offset, prev }: Link): void {
    if (!this.isIn) this.#report(`record ${offset} came outside of the room`);
    if (offset <= this.offset) this.#report(`record ${offset} came after ${this.offset}`);
    else if (prev !== this.offset)
      this.#report(`record ${offset} follows ${prev}, not ${this.offset}`);
    this.offset = offset;
    this.seen += 1;
  }

  left(): void {
    this.isIn = false;
  }
}

export interface Link {
  readonly offset: number;
  readonly prev: number;
}

const OFFSET = /"timestamp":\d+,"offset":(\d+)(?:,"prev":(\d+))?/;

/** Reads a record's place from its line without parsing the rest: receivers see hundreds of thousands a second. */
export function linkOf(line: string): Link {
  const match = OFFSET.exec(line.slice(line.lastIndexOf('"timestamp":')));
  const offset = Number(match?.[1]);
  return { offset, prev: match?.[2] === undefined ? offset - 1 : Number(match[2]) };
}
