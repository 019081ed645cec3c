import { HubbubClient, json, ndjson, type Receipt } from '../../client/index.ts';
import type { Random } from '../../server/log/random.ts';

/** Sockets of this process that somebody can pull the plug of. */
export class CutWebSocket extends WebSocket {
  static readonly open = new Set<CutWebSocket>();

  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    CutWebSocket.open.add(this);
    this.addEventListener('close', () => CutWebSocket.open.delete(this));
  }

  /** Cuts each open one with this probability. @returns how many */
  static cut(random: Random, probability: number): number {
    const chosen = [...CutWebSocket.open].filter(() => random.chance(probability));
    for (const socket of chosen) socket.terminate();
    return chosen.length;
  }
}

export interface Seen {
  readonly offset: number;
  readonly text: string;
}

/** Comes back soon, and gives a send all the time a restart may take. */
const LIMITS = {
  reconnect_base_ms: 20,
  reconnect_cap_ms: 500,
  connect_timeout_ms: 5_000,
  send_deadline_ms: 120_000,
  join_deadline_ms: 120_000,
  outbox_messages_max: 10_000,
};

/** One member of one room, through the client library: what it says, and what it hears. */
export class CrashMember {
  readonly room: string;
  readonly seen: Seen[] = [];
  readonly acknowledged: (Seen & { readonly isDuplicate: boolean })[] = [];
  /** From being online again to being back in the room with everything missed. */
  readonly replay_ms: number[] = [];
  sent = 0;
  unanswered = 0;
  readonly #client: HubbubClient;
  readonly #index: number;
  readonly #report: (violation: string) => void;
  #online_at_ms: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(url: string, index: number, room: string, report: (violation: string) => void) {
    this.room = room;
    this.#index = index;
    this.#report = (violation) => report(`member ${index} in ${room}: ${violation}`);
    this.#client = new HubbubClient({
      url,
      encoding: index % 2 === 0 ? json : ndjson,
      name: `member${index}`,
      WebSocket: CutWebSocket,
      limits: LIMITS,
    });
    this.#client.on('message', ({ offset, text }) => this.#hear(offset, text));
    this.#client.on('gap', ({ reason, after }) => this.#report(`${reason} after ${after.offset}`));
    this.#client.on('left', ({ error }) => {
      if (!this.#isClosing) this.#report(`left: ${error?.code ?? 'no reason'}`);
    });
    this.#client.on('state', ({ state }) => {
      if (state === 'online') this.#online_at_ms = performance.now();
    });
    this.#client.on('joined', () => {
      if (this.#online_at_ms === undefined) return;
      this.replay_ms.push(performance.now() - this.#online_at_ms);
      this.#online_at_ms = undefined;
    });
  }

  async arrive(): Promise<void> {
    await this.#client.connect();
    await this.#client.join(this.room);
    this.replay_ms.length = 0;
  }

  /** Says something every `interval_ms`, on the average. */
  start(interval_ms: number, random: Random): void {
    const again = (): void => {
      this.#say();
      this.#timer = setTimeout(again, random.next() * 2 * interval_ms);
    };
    this.#timer = setTimeout(again, random.next() * interval_ms);
  }

  finish(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#isClosing = true;
    this.#client.close();
  }

  #say(): void {
    this.sent += 1;
    this.unanswered += 1;
    const text = `${this.#index}:${this.sent}`;
    this.#client
      .send(this.room, text)
      .then(
        (receipt) => this.#note(text, receipt),
        (error: Error) => this.#report(`${text} was not acknowledged: ${error.message}`),
      )
      .finally(() => {
        this.unanswered -= 1;
      });
  }

  #note(text: string, { offset, duplicate, resentAcrossReset }: Receipt): void {
    if (resentAcrossReset) this.#report(`${text} was sent again into another epoch`);
    this.acknowledged.push({ offset, text, isDuplicate: duplicate });
  }

  #hear(offset: number, text: string): void {
    const before = this.seen.at(-1)?.offset ?? 0;
    if (offset <= before) this.#report(`record ${offset} came after ${before}`);
    this.seen.push({ offset, text });
  }
}
