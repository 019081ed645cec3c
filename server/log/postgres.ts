import { randomBytes } from 'node:crypto';
import type { ReservedSQL, SQL } from 'bun';
import {
  bytesOf,
  closePostgres,
  hasCollided,
  hasFailed,
  migratePostgres,
  numbersOf,
  openPostgres,
  postgresUnavailable,
  type Queries,
  query,
} from '../database/postgres.ts';
import { withDeadline } from '../deadline.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import type { MessageRecord } from '../protocol/messages.ts';
import {
  DuplicatePublishError,
  type EngineRoom,
  type EngineStart,
  type LogEngine,
  type PruneResult,
  type PruneStep,
  type PublishId,
  type RoomAppend,
} from './engine.ts';
import type { Range } from './port.ts';
import { recordOf } from './record.ts';

/** Whoever holds it is the one node that writes this database's log. */
const WRITER_LOCK = 0x68_75_62_00;
const READERS_MAX = 4;
const CONNECT_MS_MAX = 6_000;
/** A server that is being replaced may still be on its way out. */
const LOCK_MS_MAX = 3_000;
const LOCK_INTERVAL_MS = 100;

interface Row {
  readonly record_offset: string;
  readonly timestamp_ms: string;
  readonly from_name: Buffer;
  readonly from_id: Buffer;
  readonly text: Buffer;
  readonly publish_id: Buffer | null;
}

const COLUMNS = 'record_offset, timestamp_ms, from_name, from_id, text, publish_id';

/** One statement, so that it is there whole or not at all, and takes one round trip. */
const APPEND = `
  WITH rooms AS (
    INSERT INTO hubbub_rooms SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])
    ON CONFLICT (room_id) DO UPDATE SET head = excluded.head
  )
  INSERT INTO hubbub_records (room_id, ${COLUMNS}) SELECT * FROM unnest(
    $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bytea[]
  )`;

const FIND_PUBLISHES = `
  SELECT wanted.place, records.record_offset
  FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) WITH ORDINALITY
    AS wanted (room_id, from_id, publish_id, place)
  JOIN hubbub_records AS records USING (room_id, from_id, publish_id)`;

/**
 * Records in PostgreSQL. What it has committed is as safe as that server's own settings make it.
 *
 * One connection writes, and holds an advisory lock: a second node is refused. When it is lost and made
 * anew, having the lock again proves that the old one has ended, and with it whatever it was at.
 */
export class PostgresEngine implements LogEngine {
  readonly kind = 'postgres';
  readonly canReadBeside = true;
  readonly #url: string;
  #readers: SQL | undefined;
  #pool: SQL | undefined;
  #writer: ReservedSQL | undefined;
  #hasBeenOpen = false;

  /** @param url of the database, with the user's name and password */
  constructor(url: string) {
    this.#url = url;
  }

  async connect(): Promise<EngineStart> {
    await this.#close();
    try {
      this.#pool = openPostgres(this.#url, 1);
      await migratePostgres(this.#pool);
      this.#writer = await withDeadline(this.#pool.reserve(), CONNECT_MS_MAX, 'connecting');
      await this.#lock(this.#writer);
      this.#readers ??= openPostgres(this.#url, READERS_MAX);
      const start = await startOf(this.#writer);
      this.#hasBeenOpen = true;
      return start;
    } catch (error) {
      await this.#close();
      throw error instanceof ConfigError ? error : postgresUnavailable(error);
    }
  }

  async findRoom(name: string): Promise<EngineRoom | undefined> {
    const [row] = await this.#ask<{ room_id: string; head: string }>(
      this.#writer,
      'SELECT room_id, head FROM hubbub_rooms WHERE name = $1',
      [Buffer.from(name)],
    );
    return row && { room_id: Number(row.room_id), head: Number(row.head) };
  }

  async findPublishes(publishes: readonly PublishId[]): Promise<readonly (number | undefined)[]> {
    const writer = this.#writer;
    if (writer === undefined) throw notConnected();
    const rows = await this.#ask<{ place: string; record_offset: string }>(writer, FIND_PUBLISHES, [
      numbersOf(
        writer,
        publishes.map(({ room_id }) => room_id),
      ),
      bytesOf(
        writer,
        publishes.map(({ from_id }) => from_id),
      ),
      bytesOf(
        writer,
        publishes.map(({ id }) => id),
      ),
    ]);
    const found: (number | undefined)[] = publishes.map(() => undefined);
    for (const { place, record_offset } of rows) found[Number(place) - 1] = Number(record_offset);
    return found;
  }

  async append(rooms: readonly RoomAppend[]): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) throw notConnected();
    try {
      await query(writer, APPEND, appendParameters(writer, rooms));
    } catch (error) {
      if (hasCollided(error, 'hubbub_records_by_publish')) {
        throw new DuplicatePublishError('a publish has a record already', { cause: error });
      }
      if (hasFailed(error)) throw postgresUnavailable(error);
      // Neither an answer nor a refusal: not an UnavailableError, which would say that nothing happened.
      throw new Error('the database did not answer a commit', { cause: error });
    }
  }

  async read(
    room_id: number,
    range: Range,
    limit: number,
    bytes_max: number,
  ): Promise<readonly MessageRecord[]> {
    const isForward = 'after' in range;
    const [edge, order] = isForward ? [`> $2`, 'ASC'] : [`< $2`, 'DESC'];
    const rows = await this.#ask<Row>(
      this.#readers,
      `SELECT ${COLUMNS} FROM (
        SELECT *, sum(octet_length(text)) OVER (ORDER BY record_offset ${order}) - octet_length(text)
          AS bytes_before
        FROM (SELECT ${COLUMNS} FROM hubbub_records WHERE room_id = $1 AND record_offset ${edge}
          ORDER BY record_offset ${order} LIMIT $3) AS newest
      ) AS page WHERE bytes_before < $4 ORDER BY record_offset`,
      [room_id, isForward ? range.after : range.before, limit, bytes_max],
    );
    return rows.map(recordIn);
  }

  async prune(step: PruneStep): Promise<PruneResult> {
    const [room] = await this.#ask<{ room_id: string; name: Buffer; head: string }>(
      this.#writer,
      'SELECT room_id, name, head FROM hubbub_rooms WHERE room_id > $1 ORDER BY room_id LIMIT 1',
      [step.after_room_id],
    );
    if (room === undefined) return { room_id: undefined, deleted: 0 };
    const room_id = Number(room.room_id);
    const floor = step.records_max === 0 ? 0 : Number(room.head) - step.records_max;
    const gone = await this.#ask(
      this.#writer,
      `DELETE FROM hubbub_records USING (
        SELECT record_offset FROM hubbub_records WHERE room_id = $1 ORDER BY record_offset LIMIT $2
      ) AS oldest
      WHERE room_id = $1 AND hubbub_records.record_offset = oldest.record_offset
        AND (oldest.record_offset <= $3 OR timestamp_ms < $4)
      RETURNING 1`,
      [room_id, step.step_records, floor, step.oldest_ms],
    );
    if (!step.isOpen(room.name.toString())) {
      await this.#ask(this.#writer, FORGET_ROOM, [room_id]);
    }
    return { room_id, deleted: gone.length };
  }

  async disconnect(): Promise<void> {
    await this.#close();
    const readers = this.#readers;
    this.#readers = undefined;
    if (readers !== undefined) await closePostgres(readers);
  }

  async #lock(writer: Queries): Promise<void> {
    const until_ms = performance.now() + LOCK_MS_MAX;
    for (;;) {
      const [row] = await query<{ locked: boolean }>(
        writer,
        'SELECT pg_try_advisory_lock($1) AS locked',
        [WRITER_LOCK],
      );
      if (row?.locked === true) return;
      if (performance.now() > until_ms) break;
      await Bun.sleep(LOCK_INTERVAL_MS);
    }
    const reason = 'another server writes its log into this database';
    if (this.#hasBeenOpen) throw new UnavailableError(reason);
    throw new ConfigError(`--log postgres: ${reason}; one node at a time can.`);
  }

  async #ask<R>(
    queries: Queries | undefined,
    statement: string,
    parameters: readonly unknown[],
  ): Promise<readonly R[]> {
    if (queries === undefined) throw notConnected();
    try {
      return await query<R>(queries, statement, parameters);
    } catch (error) {
      throw postgresUnavailable(error);
    }
  }

  async #close(): Promise<void> {
    const pool = this.#pool;
    this.#writer = undefined;
    this.#pool = undefined;
    if (pool !== undefined) await closePostgres(pool);
  }
}

/** A room without records goes; that its number was used stays known. */
const FORGET_ROOM = `
  WITH gone AS (
    DELETE FROM hubbub_rooms AS rooms WHERE room_id = $1
      AND NOT EXISTS (SELECT 1 FROM hubbub_records WHERE room_id = rooms.room_id)
    RETURNING room_id
  )
  INSERT INTO hubbub_facts SELECT 'room_id_max', room_id::text FROM gone
  ON CONFLICT (name) DO UPDATE
    SET value = greatest(hubbub_facts.value::bigint, excluded.value::bigint)::text`;

async function startOf(writer: Queries): Promise<EngineStart> {
  await query(
    writer,
    `INSERT INTO hubbub_facts VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING`,
    [randomBytes(8).toString('hex')],
  );
  const [row] = await query<{ epoch: string; room_id_max: string }>(
    writer,
    `SELECT (SELECT value FROM hubbub_facts WHERE name = 'epoch') AS epoch, greatest(
      (SELECT value::bigint FROM hubbub_facts WHERE name = 'room_id_max'),
      (SELECT max(room_id) FROM hubbub_rooms), 0) AS room_id_max`,
  );
  return { epoch: row?.epoch ?? '', room_id_max: Number(row?.room_id_max ?? 0) };
}

function appendParameters(writer: Queries, rooms: readonly RoomAppend[]): readonly unknown[] {
  const records = rooms.flatMap((room) => room.records);
  const owners = rooms.flatMap((room) => room.records.map(() => room.room_id));
  const bytes = (textOf: (record: MessageRecord) => string | null): unknown =>
    bytesOf(writer, records.map(textOf));
  const numbers = (numberOf: (record: MessageRecord) => number): unknown =>
    numbersOf(writer, records.map(numberOf));
  return [
    numbersOf(
      writer,
      rooms.map(({ room_id }) => room_id),
    ),
    bytesOf(
      writer,
      rooms.map(({ name }) => name),
    ),
    numbersOf(
      writer,
      rooms.map((room) => room.records.at(-1)?.offset ?? 0),
    ),
    numbersOf(writer, owners),
    numbers(({ offset }) => offset),
    numbers(({ timestamp }) => timestamp),
    bytes(({ from }) => from),
    bytes(({ from_id }) => from_id),
    bytes(({ text }) => text),
    bytes(({ id }) => id ?? null),
  ];
}

function recordIn(row: Row): MessageRecord {
  const [from, from_id, text] = [row.from_name, row.from_id, row.text].map((bytes) =>
    bytes.toString(),
  ) as [string, string, string];
  const offset = Number(row.record_offset);
  const draft = { from, from_id, text };
  const whole = row.publish_id === null ? draft : { ...draft, id: row.publish_id.toString() };
  return recordOf(whole, offset, offset - 1, Number(row.timestamp_ms));
}

const notConnected = (): UnavailableError => new UnavailableError('the database is not connected');
