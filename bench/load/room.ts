import { type ChatBatch, ChatWriter } from './chat.ts';
import { FrameMemo, type KnownFrame } from './frame_memo.ts';
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
  delivered(batch: ChatBatch): void;
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

  received(member: RoomMember, frame: KnownFrame): void {
    for (const code of frame.errors) this.observer?.error(code);
    if (frame.senders.length === 0) return;
    for (let index = 0; index < frame.senders.length; index += 1) {
      member.ledger.note(frame.senders[index] ?? -1, frame.sequences[index] ?? 0);
    }
    this.observer?.delivered(frame);
  }

  get sent(): number {
    return this.#sent.reduce((sum, count) => sum + count, 0);
  }
}
