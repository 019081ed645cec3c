import type { ConnectLog } from '../../server/app.ts';
import type { HubLimits } from '../../server/hub/port.ts';
import { Pump } from '../../server/hub/pump.ts';
import { ScriptHub } from '../../server/hub/script.ts';
import { MemoryLog } from '../../server/log/memory.ts';
import { decodeFrame, type Encoding, encode, type Fields } from '../../server/protocol/encoding.ts';
import type { Position, Reply, User } from '../../server/protocol/messages.ts';
import { type DirectoryLimits, RoomDirectory } from '../../server/room/directory.ts';
import type { Participant, Room } from '../../server/room/room.ts';

export type BenchLimits = DirectoryLimits & HubLimits;

const LIMITS: BenchLimits = {
  rooms: '',
  rooms_max: 1_000,
  room_idle_ms_max: 60_000,
  room_name_bytes_max: 128,
  publish_timeout_ms: 10_000,
  log_timeout_ms: 10_000,
  replay_records_max: 1_000,
  replay_bytes_max: 524_288,
  presence_interval_ms: 10,
  presence_names_max: 100,
  workers: 1,
  flush_interval_ms: 5,
  batch_bytes_max: 65_536,
  batch_records_max: 512,
  history_records_max: 100,
  history_bytes_max: 262_144,
  history_age_ms_max: 0,
  pending_bytes_max: 8_388_608,
  joined_users_max: 100,
};

/** Somebody without a socket: writes down what is sent. */
export class BenchParticipant implements Participant {
  readonly user: User;
  readonly encoding: Encoding;
  readonly received: Fields[] = [];
  readonly topics = new Set<string>();
  readonly joined = new Map<string, Room>();
  isOpen = true;
  inFlight = 0;

  constructor(name: string, encoding: Encoding = 'json') {
    this.user = { user_id: `id of ${name}`, username: name };
    this.encoding = encoding;
  }

  isIn(room: string): boolean {
    return this.joined.has(room);
  }

  entered(room: Room): void {
    this.joined.set(room.name, room);
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  reply(message: Reply): void {
    this.send(encode(this.encoding, message));
  }

  send(frame: string | Uint8Array): void {
    const messages = decodeFrame(this.encoding, frame);
    if (messages === undefined) throw new Error('a frame nobody can read');
    this.received.push(...messages);
  }

  publishesInFlight(change: 1 | -1): void {
    this.inFlight += change;
  }

  leave(room: Room): void {
    this.joined.delete(room.name);
    room.leave(this, {});
  }

  /** What was received of one kind. */
  all(type: string): Fields[] {
    return this.received.filter((message) => message.type === type);
  }
}

/** Rooms without sockets: the real directory, hub and pump, over any log. */
export class RoomBench implements AsyncDisposable {
  readonly directory: RoomDirectory;
  readonly hub: ScriptHub;
  readonly participants: BenchParticipant[] = [];
  readonly gauge = { publishes_in_flight: 0 };
  readonly #pump: Pump;

  constructor(changes: Partial<BenchLimits> = {}, connectLog?: ConnectLog) {
    const limits = { ...LIMITS, ...changes };
    this.hub = new ScriptHub(limits, {
      publish: (room, encoding, data) => {
        for (const participant of this.participants) {
          if (participant.topics.has(`${room}/${encoding}`)) participant.send(data);
        }
      },
      wake: (due_ms) => this.#pump.wake(due_ms),
      overrun: (room, after) => {
        this.directory.refill(room, after).catch(() => this.hub.fill(room, []));
      },
    });
    this.#pump = new Pump(this.hub, () => performance.now());
    const memory: ConnectLog = (sink) => new MemoryLog(sink, { idempotency_ids_max: 100 });
    this.directory = new RoomDirectory(connectLog ?? memory, this.hub, limits, this.gauge);
  }

  somebody(name: string, encoding?: Encoding): BenchParticipant {
    const participant = new BenchParticipant(name, encoding);
    this.participants.push(participant);
    return participant;
  }

  async enter(name: string): Promise<Room> {
    const room = await this.directory.enter(name);
    if (!('join' in room)) throw new Error(`refused: ${room.code}`);
    return room;
  }

  /** Lets somebody into a room. @returns the room, and the `joined` answer */
  async join(participant: BenchParticipant, name: string, since?: Position) {
    const room = await this.enter(name);
    const before = participant.all('joined').length;
    await room.join(participant, since, undefined);
    const answer = participant.all('joined')[before];
    if (answer === undefined) throw new Error('no joined');
    return { room, answer };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory.stop();
    this.#pump.stop();
  }
}
