import { Chain, linkOf } from './chain.ts';

const ROOM = 'torture';
const TICK_MS = 5;
const TEXT = 'x'.repeat(60);

interface Unanswered {
  readonly frame: string;
  retry_at_ms: number | undefined;
}

/** Publishes at a steady rate, sends again what was refused or not confirmed, and sees everything. */
export class Publisher {
  readonly chain: Chain;
  readonly acknowledged = new Map<string, number>();
  /** Every record in order of arrival, by the publisher's id. */
  readonly received: { readonly id: string; readonly offset: number }[] = [];
  resent = 0;
  readonly #socket: WebSocket;
  readonly #name: string;
  readonly #unanswered = new Map<string, Unanswered>();
  readonly #joined = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(url: string, name: string, report: (what: string) => void) {
    this.chain = new Chain(report);
    this.#name = name;
    this.#socket = new WebSocket(`${url}?name=${name}`, 'hubbub.v1.ndjson');
    this.#socket.onmessage = ({ data }) => this.#receive(String(data));
    this.#socket.onopen = () => this.#join();
    this.#socket.onerror = () => this.#joined.reject(new Error('a publisher could not connect'));
    this.#socket.onclose = ({ code, reason }) => {
      if (code !== 1000) report(`a publisher was closed: ${code} ${reason}`);
    };
  }

  get sent(): number {
    return this.#sent;
  }

  get lastId(): string {
    return `${this.#name}-${this.#sent}`;
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  ready(): Promise<void> {
    return this.#joined.promise;
  }

  /** @param rate messages a second, open loop: a late tick catches up */
  start(rate: number): void {
    const started_ms = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - started_ms) * rate) / 1_000;
      while (this.#sent < due) this.publish();
      this.#resend(performance.now());
    }, TICK_MS);
  }

  publish(): void {
    this.#sent += 1;
    const id = this.lastId;
    const frame = JSON.stringify({ type: 'message', room: ROOM, id, text: TEXT });
    this.#unanswered.set(id, { frame, retry_at_ms: undefined });
    this.#socket.send(frame);
  }

  /** Stops publishing, but goes on until everything sent is confirmed. */
  finish(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#resend(performance.now()), TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close(1000);
  }

  #join(): void {
    this.#socket.send(JSON.stringify({ type: 'join', room: ROOM }));
  }

  #resend(now_ms: number): void {
    for (const publish of this.#unanswered.values()) {
      if (publish.retry_at_ms === undefined || publish.retry_at_ms > now_ms) continue;
      publish.retry_at_ms = undefined;
      this.resent += 1;
      this.#socket.send(publish.frame);
    }
  }

  #receive(frame: string): void {
    for (const line of frame.split('\n')) {
      if (line.startsWith('{"type":"message"')) this.#record(line);
      else this.#answer(JSON.parse(line));
    }
  }

  #record(line: string): void {
    const link = linkOf(line);
    this.chain.record(link);
    const id = /"id":"([^"]+)"}$/.exec(line)?.[1] ?? '';
    this.received.push({ id, offset: link.offset });
  }

  #answer(message: Answer): void {
    switch (message.type) {
      case 'joined':
        this.chain.joined(message.epoch, message.offset, undefined, []);
        this.#joined.resolve();
        break;
      case 'ack':
        this.acknowledged.set(message.id, message.offset);
        this.#unanswered.delete(message.id);
        break;
      case 'error':
        this.#refused(message);
        break;
    }
  }

  #refused({ id, code, temporary, retry_after_ms = 0 }: Answer): void {
    const publish = this.#unanswered.get(id);
    if (publish !== undefined) publish.retry_at_ms = performance.now() + retry_after_ms;
    else if (!this.chain.isIn) setTimeout(() => this.#join(), 100);
    else if (!temporary) throw new Error(`a publisher was refused: ${code}`);
  }
}

interface Answer {
  readonly type: string;
  readonly id: string;
  readonly code: string;
  readonly epoch: string;
  readonly offset: number;
  readonly temporary: boolean;
  readonly retry_after_ms?: number;
}
