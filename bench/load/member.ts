import { joinFrame } from './chat.ts';
import type { Passage, Place } from './frame_memo.ts';
import { OPCODE_TEXT } from './frame_writer.ts';
import { Ledger } from './ledger.ts';
import type { Target } from './port.ts';
import type { LoadRoom, RoomMember } from './room.ts';
import { RawWebSocket } from './web_socket.ts';

const NOTHING_SENT = new Int32Array(0);

/** One connection that joins one room and reads everything said there. */
export class Member implements RoomMember {
  /** Until a run begins, any message is one too many. */
  ledger = new Ledger(NOTHING_SENT);
  readonly #room: LoadRoom;
  readonly #joined = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #socket: RawWebSocket | undefined;
  readonly #place: Place;

  private constructor(room: LoadRoom) {
    this.#room = room;
    this.#place = room.memo.latest();
  }

  /**
   * Resolves when the server has confirmed the join.
   * @throws Error when it does not
   */
  static async join(target: Target, room: LoadRoom): Promise<void> {
    const member = new Member(room);
    const socket = await RawWebSocket.open(target, {
      frame: (opcode, bytes, start, end, at) => member.#frame(opcode, bytes, start, end, at),
      recognise: (bytes, at) => member.#recognise(bytes, at),
      closed: (code) => member.#ended(code),
    });
    member.#socket = socket;
    socket.send(joinFrame(room.name));
    await member.#joined.promise;
    room.members.push(member);
  }

  send(frame: Buffer): boolean {
    return this.#socket?.send(frame) ?? false;
  }

  /** Resolves when the connection is gone. */
  async close(): Promise<void> {
    if (this.#socket === undefined) return;
    this.#room.observer = undefined;
    this.#socket.close();
    await this.#closed.promise;
  }

  #frame(opcode: number, bytes: Buffer, start: number, end: number, at: number): void {
    if (opcode !== OPCODE_TEXT) throw new Error('the server sent a binary frame');
    this.#received(this.#room.memo.learn(bytes, at, start, end, this.#place));
  }

  #recognise(bytes: Buffer, at: number): number {
    const passage = this.#room.memo.recognise(bytes, at, this.#place);
    if (passage === undefined) return 0;
    this.#received(passage);
    return passage.length;
  }

  #received(passage: Passage): void {
    if (passage.news.some(({ joined }) => joined)) this.#joined.resolve();
    this.#room.received(this, passage);
  }

  #ended(code: number | undefined): void {
    this.#socket = undefined;
    this.#joined.reject(
      new Error(`the server closed with ${code ?? 'no farewell'} before the join`),
    );
    this.#closed.resolve();
    this.#room.observer?.disconnected();
  }
}
