import { ERRORS, type ErrorCode } from '../errors.ts';
import type { Reply } from '../protocol/messages.ts';
import { SlotTable } from '../slots.ts';

/** Who is told what became of a publish. */
export interface Publisher {
  reply(message: Reply): void;
  /** One more publish waits for the log (+1), or one has been answered (-1). */
  publishesInFlight(change: 1 | -1): void;
}

/** Where it shows how many publishes wait. */
export interface PendingGauge {
  publishes_in_flight: number;
}

interface PendingPublish {
  readonly publisher: Publisher;
  readonly room: string;
  readonly id: string | undefined;
  readonly deadline_ms: number;
}

/** Publishes the log has not answered yet, by the token it will answer with. */
export class PendingPublishes {
  readonly #table = new SlotTable<PendingPublish>();
  readonly #timeout_ms: number;
  readonly #gauge: PendingGauge;

  /** @param timeout_ms after which a publish is answered `unknown_outcome` */
  constructor(timeout_ms: number, gauge: PendingGauge) {
    this.#timeout_ms = timeout_ms;
    this.#gauge = gauge;
  }

  add(publisher: Publisher, room: string, id: string | undefined): number {
    this.#gauge.publishes_in_flight += 1;
    publisher.publishesInFlight(1);
    const deadline_ms = performance.now() + this.#timeout_ms;
    return this.#table.add({ publisher, room, id, deadline_ms });
  }

  acknowledge(token: number, offset: number, duplicate: boolean): void {
    const publish = this.#take(token);
    if (publish?.id === undefined) return;
    const { publisher, room, id } = publish;
    publisher.reply(
      duplicate ? { type: 'ack', id, room, offset, duplicate } : { type: 'ack', id, room, offset },
    );
  }

  refuse(token: number, code: ErrorCode, retry_after_ms: number): void {
    const publish = this.#take(token);
    publish?.publisher.reply({
      type: 'error',
      code,
      ...ERRORS[code],
      room: publish.room,
      ...(publish.id === undefined ? undefined : { id: publish.id }),
      retry_after_ms,
    });
  }

  /** Answers what has waited too long. A later answer of the log finds its token gone. */
  expire(now_ms: number): void {
    for (const [token, publish] of this.#table.entries()) {
      if (publish.deadline_ms <= now_ms) this.refuse(token, 'unknown_outcome', 0);
    }
  }

  #take(token: number): PendingPublish | undefined {
    const publish = this.#table.remove(token);
    if (publish === undefined) return undefined;
    this.#gauge.publishes_in_flight -= 1;
    publish.publisher.publishesInFlight(-1);
    return publish;
  }
}
