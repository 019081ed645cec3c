import { ChatWriter, NO_OFFSET, NOBODY } from './chat.ts';
import { FrameMemo, type Passage } from './frame_memo.ts';
import { Ledger } from './ledger.ts';

/** A connection in the room, as the room sees it. */
export interface RoomMember {
  /** What it received, against what was sent in the run. */
  ledger: Ledger;
  /** @returns whether the frame could be taken */
  send(frame: Buffer): boolean;
  close(): Promise<void>;
}

/** Told of everything that members receive. */
export interface Observer {
  delivered(passage: Passage): void;
  error(code: string): void;
  disconnected(): void;
}

/** One room of the crowd: its members, who of them sends, and what has been sent. */
export class LoadRoom {
  readonly name: string;
  readonly memo: FrameMemo;
  readonly members: RoomMember[] = [];
  observer: Observer | undefined;
  #sent = new Int32Array(0);
  #writer: ChatWriter | undefined;

  constructor(name: string) {
    this.name = name;
    this.memo = new FrameMemo(name);
  }

  /** Forgets earlier traffic. The first `senders` members will send. */
  begin(senders: number, payload_bytes: number, observer: Observer): void {
    this.#sent = new Int32Array(senders);
    this.#writer = new ChatWriter(this.name, payload_bytes);
    this.observer = observer;
    for (const member of this.members) member.ledger = new Ledger(this.#sent);
  }

  /** @returns whether the sender could take the message */
  send(sender: number, intended_us: number): boolean {
    const sequence = this.#sent[sender] ?? 0;
    const frame = this.#writer?.frame(sender, sequence, intended_us);
    // Counted before it leaves: what comes back must never be ahead of what is known to be sent.
    this.#sent[sender] = sequence + 1;
    if (frame !== undefined && this.members[sender]?.send(frame) === true) return true;
    this.#sent[sender] = sequence;
    return false;
  }

  received(member: RoomMember, passage: Passage): void {
    const { batch, first, end, news } = passage;
    for (const { errors } of news) for (const code of errors) this.observer?.error(code);
    if (first === end) return;
    for (let index = first; index < end; index += 1) {
      const sender = batch.senders[index] ?? NOBODY;
      member.ledger.note(sender, batch.sequences[index] ?? 0, batch.offsets[index] ?? NO_OFFSET);
    }
    this.observer?.delivered(passage);
  }

  get sent(): number {
    return this.#sent.reduce((sum, count) => sum + count, 0);
  }
}
