import { Random } from '../../server/log/random.ts';
import { Chain, type Link, linkOf } from './chain.ts';

const ROOM = 'torture';
const STAY_MS_MAX = 600;
const AWAY_MS_MAX = 200;

/** Somebody who comes and goes at random, by `leave`, by joining again, with and without `since`. */
export class Member {
  readonly chain: Chain;
  readonly #socket: WebSocket;
  readonly #random: Random;
  readonly #opened = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #isSettling = false;
  /** Has asked to come in, and was not answered yet. */
  #isJoining = false;

  constructor(
    url: string,
    encoding: 'json' | 'ndjson',
    seed: number,
    report: (what: string) => void,
  ) {
    this.#random = new Random(seed);
    this.chain = new Chain(report);
    this.#socket = new WebSocket(url, `hubbub.v1.${encoding}`);
    this.#socket.onmessage = ({ data }) => this.#receive(String(data));
    this.#socket.onerror = () => this.#opened.reject(new Error('a member could not connect'));
    this.#socket.onclose = ({ code, reason }) => {
      if (!this.#isSettling) report(`a member was closed: ${code} ${reason}`);
    };
  }

  get isIn(): boolean {
    return this.chain.isIn;
  }

  async start(): Promise<void> {
    await this.#opened.promise;
    this.#join();
  }

  /** From now on only comes in and stays. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#isSettling = true;
    if (!this.chain.isIn && !this.#isJoining) this.#join();
  }

  close(): void {
    this.#socket.close();
  }

  #join(): void {
    this.#isJoining = true;
    const { epoch, offset } = this.chain;
    const since = epoch !== '' && this.#random.chance(0.5) ? { epoch, offset } : undefined;
    this.#send({ type: 'join', room: ROOM, since });
  }

  #receive(frame: string): void {
    for (const line of frame.split('\n')) {
      if (line.startsWith('{"type":"message"')) this.chain.record(linkOf(line));
      else this.#answer(JSON.parse(line));
    }
  }

  #answer(message: Answer): void {
    switch (message.type) {
      case 'welcome':
        this.#opened.resolve();
        break;
      case 'joined': {
        this.#isJoining = false;
        const links = (message.messages ?? []).map(({ offset, prev }) => ({
          offset,
          prev: prev ?? offset - 1,
        }));
        this.chain.joined(message.epoch, message.offset, message.recovered, links);
        this.#later(() => this.#goOn(), STAY_MS_MAX);
        break;
      }
      case 'left':
        this.chain.left();
        this.#later(() => this.#join(), AWAY_MS_MAX);
        break;
      case 'error':
        this.#isJoining = false;
        // A join the log could not serve: the member is outside, and tries again.
        this.#later(() => this.#join(), AWAY_MS_MAX);
        break;
    }
  }

  #goOn(): void {
    if (this.#random.chance(0.8)) {
      this.#send({ type: 'leave', room: ROOM });
    } else {
      this.chain.isRejoining = true;
      this.#join();
    }
  }

  #later(next: () => void, ms_max: number): void {
    clearTimeout(this.#timer);
    if (this.#isSettling) {
      if (!this.chain.isIn) this.#timer = setTimeout(() => this.#join(), AWAY_MS_MAX);
      return;
    }
    this.#timer = setTimeout(next, this.#random.between(0, ms_max));
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
}

interface Answer {
  readonly type: string;
  readonly epoch: string;
  readonly offset: number;
  readonly recovered?: boolean;
  readonly messages?: readonly (Link & { readonly prev?: number })[];
}
