import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../errors.ts';
import type { Draft, MessageRecord } from '../protocol/messages.ts';
import type { GroupCommit } from './group_commit.ts';
import type { Subscriber } from './group_commit_options.ts';
import { Openings } from './openings.ts';
import type { FromLog, PublishLine, ToLog } from './remote_messages.ts';

/** One worker at the log's own thread: takes what it sends, sends what it is to hear. */
export class LogHost implements Subscriber {
  readonly #log: GroupCommit;
  readonly #port: MessagePort;
  readonly #openings = new Openings();

  constructor(log: GroupCommit, port: MessagePort) {
    this.#log = log;
    this.#port = port;
    port.on('message', (text: string) => this.#receive(JSON.parse(text) as ToLog));
    log.add(this);
  }

  acknowledged(triples: readonly number[]): void {
    this.#send({ kind: 'acknowledged', triples });
  }

  refused(tokens: readonly number[], code: ErrorCode, retry_after_ms: number): void {
    this.#send({ kind: 'refused', tokens, code, retry_after_ms });
  }

  committed(room: string, epoch: string, records: readonly MessageRecord[]): void {
    this.#send({ kind: 'committed', room, epoch, records });
  }

  troubled(reason: string | undefined): void {
    this.#send({ kind: 'troubled', reason });
  }

  #receive(message: ToLog): void {
    switch (message.kind) {
      case 'publish':
        for (const line of message.publishes) this.#submit(line);
        break;
      case 'open':
        this.#answer(message.call, this.#open(message.room));
        break;
      case 'read':
        this.#answer(message.call, this.#log.read(message.room, message.range, message.limit));
        break;
      case 'close':
        this.#close(message.room);
        break;
    }
  }

  #submit([room, token, from, from_id, text, id]: PublishLine): void {
    const draft: Draft = id === undefined ? { from, from_id, text } : { from, from_id, text, id };
    this.#log.submit(this, room, draft, token);
  }

  async #open(room: string): Promise<unknown> {
    const opening = this.#openings.begin(room);
    try {
      return await this.#log.open(this, room, () => opening.isWanted);
    } finally {
      this.#openings.end(room, opening);
    }
  }

  #close(room: string): void {
    this.#openings.callOff(room);
    this.#log.close(this, room);
  }

  #answer(call: number, answer: Promise<unknown>): void {
    answer.then(
      (result) => this.#send({ kind: 'done', call, result }),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#send({ kind: 'failed', call, reason });
      },
    );
  }

  #send(message: FromLog): void {
    this.#port.postMessage(JSON.stringify(message));
  }
}
