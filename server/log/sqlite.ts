import { type Database, SQLiteError } from 'bun:sqlite';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import {
  inTransaction,
  lockSqlite,
  openSqlite,
  type SqliteOptions,
  unavailable,
} from '../database/sqlite.ts';
import { ConfigError } from '../errors.ts';
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

/** Changes with each boot of the machine; where there is no such file, no boot is known again. */
const BOOT_ID_PATH = '/proc/sys/kernel/random/boot_id';

/** After these nothing of the transaction is in the file for good. */
const REFUSED_COMMITS: ReadonlySet<string> = new Set(['SQLITE_FULL', 'SQLITE_BUSY']);

/** A record as its table has it. */
interface Row {
  readonly record_offset: number;
  readonly timestamp_ms: number;
  readonly from_name: string;
  readonly from_id: string;
  readonly text: string;
  readonly publish_id: string | null;
}

const COLUMNS = 'record_offset, timestamp_ms, from_name, from_id, text, publish_id';

/** What is prepared once for each connection. */
const prepareAll = (database: Database) => ({
  database,
  fact: database.prepare<{ value: string }, [string]>('SELECT value FROM facts WHERE name = ?'),
  setFact: database.prepare<null, [string, string]>(
    'INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  ),
  room: database.prepare<EngineRoom, [string]>('SELECT room_id, head FROM rooms WHERE name = ?'),
  nextRoom: database.prepare<EngineRoom & { readonly name: string }, [number]>(
    'SELECT room_id, name, head FROM rooms WHERE room_id > ? ORDER BY room_id LIMIT 1',
  ),
  roomIdMax: database.prepare<{ room_id_max: number }, []>(
    `SELECT max(
      coalesce((SELECT max(room_id) FROM rooms), 0),
      coalesce((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'room_id_max'), 0)
    ) AS room_id_max`,
  ),
  setRoom: database.prepare<null, [number, string, number]>(
    'INSERT INTO rooms VALUES (?, ?, ?) ON CONFLICT (room_id) DO UPDATE SET head = excluded.head',
  ),
  deleteRoom: database.prepare<null, [number]>('DELETE FROM rooms WHERE room_id = ?'),
  publish: database.prepare<{ record_offset: number }, [number, string, string]>(
    'SELECT record_offset FROM records WHERE room_id = ? AND from_id = ? AND publish_id = ?',
  ),
  insert: database.prepare<null, [number, number, number, string, string, string, string | null]>(
    `INSERT INTO records (room_id, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  ),
  after: database.prepare<Row, [number, number, number]>(
    `SELECT ${COLUMNS} FROM records WHERE room_id = ? AND record_offset > ? ORDER BY record_offset LIMIT ?`,
  ),
  before: database.prepare<Row, [number, number, number]>(
    `SELECT ${COLUMNS} FROM records WHERE room_id = ? AND record_offset < ? ORDER BY record_offset DESC LIMIT ?`,
  ),
  oldest: database.prepare<Pick<Row, 'record_offset' | 'timestamp_ms'>, [number, number]>(
    'SELECT record_offset, timestamp_ms FROM records WHERE room_id = ? ORDER BY record_offset LIMIT ?',
  ),
  deleteUpTo: database.prepare<null, [number, number]>(
    'DELETE FROM records WHERE room_id = ? AND record_offset <= ?',
  ),
});

type Connection = ReturnType<typeof prepareAll>;

/**
 * Records in a SQLite file, in WAL mode. It answers on the spot, and holds its thread meanwhile.
 *
 * With `full` a commit survives a loss of power. With `normal` it survives the end of the process, and
 * a loss of power may take the newest ones: after one, the order goes by a new name, so that no offset
 * that was given out passes for another record's.
 */
export class SqliteEngine implements LogEngine {
  readonly kind = 'sqlite';
  readonly canReadBeside = false;
  readonly #options: SqliteOptions;
  #connection: Connection | undefined;
  #lock: Database | undefined;
  /** Which file is open: one that another has taken the place of is not written to. */
  #inode: number | undefined;
  #hasBeenOpen = false;

  constructor(options: SqliteOptions) {
    this.#options = options;
  }

  async connect(): Promise<EngineStart> {
    this.#close();
    this.#lock ??= lockSqlite(this.#options.path);
    // A file that is not where it was may come back; an empty one in its place would not be it.
    const database = openSqlite(this.#options, !this.#hasBeenOpen);
    try {
      this.#inode = statSync(this.#options.path).ino;
      this.#connection = prepareAll(database);
      return this.#start(this.#connection);
    } catch (error) {
      this.#connection = undefined;
      database.close();
      throw error instanceof ConfigError
        ? error
        : unavailable('the database cannot be read', error);
    }
  }

  async findRoom(name: string): Promise<EngineRoom | undefined> {
    return this.#ask(({ room }) => room.get(name) ?? undefined);
  }

  async findPublishes(publishes: readonly PublishId[]): Promise<readonly (number | undefined)[]> {
    return this.#ask(({ publish }) =>
      publishes.map(({ room_id, from_id, id }) => publish.get(room_id, from_id, id)?.record_offset),
    );
  }

  async append(rooms: readonly RoomAppend[]): Promise<void> {
    this.#checkFile();
    this.#ask((connection) => {
      connection.database.run('BEGIN IMMEDIATE');
      try {
        for (const room of rooms) insertAll(connection, room);
      } catch (error) {
        // Some failures have ended the transaction already.
        if (connection.database.inTransaction) connection.database.run('ROLLBACK');
        throw error;
      }
    });
    this.#commit();
  }

  async read(
    room_id: number,
    range: Range,
    limit: number,
    bytes_max: number,
  ): Promise<readonly MessageRecord[]> {
    return this.#ask(({ after, before }) => {
      const isForward = 'after' in range;
      const rows = isForward
        ? after.iterate(room_id, range.after, limit)
        : before.iterate(room_id, range.before, limit);
      const records = takeWithin(rows, bytes_max);
      return isForward ? records : records.reverse();
    });
  }

  async prune(step: PruneStep): Promise<PruneResult> {
    return this.#ask((connection) => {
      const { database, nextRoom, oldest, deleteUpTo } = connection;
      const room = nextRoom.get(step.after_room_id);
      if (room === null) return { room_id: undefined, deleted: 0 };
      const { room_id, name, head } = room;
      const floor = step.records_max === 0 ? 0 : head - step.records_max;
      const candidates = oldest.all(room_id, step.step_records);
      const kept = candidates.findIndex(
        (row) => row.record_offset > floor && row.timestamp_ms >= step.oldest_ms,
      );
      const gone = kept === -1 ? candidates : candidates.slice(0, kept);
      const isEmpty = gone.length === candidates.length && gone.length < step.step_records;
      const last = gone.at(-1);
      if (last === undefined && !isEmpty) return { room_id, deleted: 0 };
      inTransaction(database, () => {
        if (last !== undefined) deleteUpTo.run(room_id, last.record_offset);
        if (isEmpty && !step.isOpen(name)) forgetRoom(connection, room_id);
      });
      return { room_id, deleted: gone.length };
    });
  }

  async disconnect(clean: boolean): Promise<void> {
    const connection = this.#connection;
    if (clean && connection !== undefined) {
      this.#ask(() => connection.setFact.run('closed_cleanly', '1'));
    }
    this.#close();
    this.#lock?.close();
    this.#lock = undefined;
  }

  /** An error that leaves open what has become of it is not an UnavailableError. */
  #commit(): void {
    const database = this.#connection?.database;
    try {
      database?.run('COMMIT');
    } catch (error) {
      const isRefused = error instanceof SQLiteError && REFUSED_COMMITS.has(error.code ?? '');
      if (!isRefused) throw error;
      // Some failures have ended the transaction already.
      if (database?.inTransaction === true) database.run('ROLLBACK');
      throw unavailable('the database failed', error);
    }
  }

  #start(connection: Connection): EngineStart {
    const { database, fact, setFact } = connection;
    const recall = (name: string): string => fact.get(name)?.value ?? '';
    return inTransaction(database, () => {
      let epoch = recall('epoch');
      const boot = bootId();
      const isIntact =
        this.#hasBeenOpen ||
        recall('closed_cleanly') === '1' ||
        recall('sync') === 'full' ||
        (boot !== '' && recall('boot') === boot);
      if (epoch === '' || !isIntact) {
        epoch = randomBytes(8).toString('hex');
        setFact.run('epoch', epoch);
      }
      setFact.run('sync', this.#options.sync);
      setFact.run('boot', boot);
      setFact.run('closed_cleanly', '0');
      this.#hasBeenOpen = true;
      return { epoch, room_id_max: connection.roomIdMax.get()?.room_id_max ?? 0 };
    });
  }

  #ask<T>(run: (connection: Connection) => T): T {
    const connection = this.#connection;
    if (connection === undefined) throw unavailable('the database is not open', 'no connection');
    try {
      return run(connection);
    } catch (error) {
      if (error instanceof SQLiteError && error.code === 'SQLITE_CONSTRAINT_UNIQUE') {
        throw new DuplicatePublishError('a publish has a record already', { cause: error });
      }
      throw unavailable('the database failed', error);
    }
  }

  /** What is written to a file that has been deleted would be gone with the process. */
  #checkFile(): void {
    const inode = statSync(this.#options.path, { throwIfNoEntry: false })?.ino;
    if (inode !== this.#inode) {
      this.#close();
      throw unavailable('the database failed', 'its file is not where it was');
    }
  }

  #close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.database.close();
  }
}

function insertAll({ insert, setRoom }: Connection, { room_id, name, records }: RoomAppend): void {
  for (const { offset, timestamp, from, from_id, text, id } of records) {
    insert.run(room_id, offset, timestamp, from, from_id, text, id ?? null);
  }
  setRoom.run(room_id, name, records.at(-1)?.offset ?? 0);
}

/** That its number was used stays known. */
function forgetRoom({ deleteRoom, roomIdMax, setFact }: Connection, room_id: number): void {
  const { room_id_max } = roomIdMax.get() ?? { room_id_max: room_id };
  setFact.run('room_id_max', String(room_id_max));
  deleteRoom.run(room_id);
}

function takeWithin(rows: Iterable<Row>, bytes_max: number): MessageRecord[] {
  const records: MessageRecord[] = [];
  let bytes = 0;
  for (const row of rows) {
    const { record_offset, timestamp_ms, from_name: from, from_id, text, publish_id } = row;
    const draft = { from, from_id, text };
    const whole = publish_id === null ? draft : { ...draft, id: publish_id };
    records.push(recordOf(whole, record_offset, record_offset - 1, timestamp_ms));
    bytes += Buffer.byteLength(text);
    if (bytes >= bytes_max) break;
  }
  return records;
}

function bootId(): string {
  try {
    return readFileSync(BOOT_ID_PATH, 'utf8').trim();
  } catch {
    return '';
  }
}
