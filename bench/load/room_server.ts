import type { ServerWebSocket } from 'bun';

/** A room server for tests of load engines, and what can be wrong with it. */
export interface RoomFaults {
  /** Whether the nth connection of the server's life is refused. */
  readonly refuses?: (nth: number) => boolean;
  /** Whether the nth join is left without an answer. */
  readonly ignores?: (nth: number) => boolean;
  /** Said to whom joins as nth, behind the answer if there is one. */
  readonly greeting?: (nth: number) => string | undefined;
  /** Whether who joins as nth is told so, and sent away. */
  readonly expels?: (nth: number) => boolean;
  /** Whether who joined as nth gets no messages. */
  readonly forgets?: (nth: number) => boolean;
  /** Before the nth message is handed on. */
  readonly before?: (nth: number, sockets: readonly RoomSocket[]) => void;
}

export type RoomSocket = ServerWebSocket<undefined>;

export interface RoomServer {
  readonly port: number;
  /** Who has joined, in this order. */
  readonly joined: readonly RoomSocket[];
  readonly join_times_ms: readonly number[];
  readonly join_rooms: readonly string[];
  /** Of connections that have ended: 1000 with a Close frame, 1006 without. */
  readonly close_codes: readonly number[];
  stop(): Promise<void>;
}

/** Rooms as the contract has them, in one process with the test. */
export function startRooms(faults: RoomFaults = {}): RoomServer {
  const rooms = new Map<string, Set<RoomSocket>>();
  const joined: RoomSocket[] = [];
  const join_times_ms: number[] = [];
  const join_rooms: string[] = [];
  const close_codes: number[] = [];
  let connections = 0;
  let messages = 0;
  const join = (socket: RoomSocket, room: string): void => {
    const nth = joined.length;
    joined.push(socket);
    join_times_ms.push(performance.now());
    join_rooms.push(room);
    const isIgnored = faults.ignores?.(nth) === true;
    if (!isIgnored && faults.forgets?.(nth) !== true) membersOf(room).add(socket);
    if (!isIgnored) socket.send(JSON.stringify({ type: 'joined', room }));
    const greeting = faults.greeting?.(nth);
    if (greeting !== undefined) socket.send(greeting);
    if (faults.expels?.(nth) === true) socket.close(1011);
  };
  const membersOf = (room: string): Set<RoomSocket> => {
    const members = rooms.get(room) ?? new Set();
    rooms.set(room, members);
    return members;
  };
  const server = Bun.serve<undefined, never>({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, self) {
      const nth = connections;
      connections += 1;
      if (faults.refuses?.(nth) === true) return new Response('full', { status: 503 });
      return self.upgrade(request) ? undefined : new Response('no');
    },
    websocket: {
      message(socket, frame) {
        const { type, room, text } = JSON.parse(String(frame)) as Record<string, string>;
        if (room === undefined) return;
        if (type === 'join') {
          join(socket, room);
          return;
        }
        faults.before?.(messages, joined);
        messages += 1;
        const line = JSON.stringify({ type: 'message', room, text });
        for (const member of membersOf(room)) member.send(line);
      },
      close(socket, code) {
        close_codes.push(code);
        for (const members of rooms.values()) members.delete(socket);
      },
    },
  });
  return {
    port: server.port ?? 0,
    joined,
    join_times_ms,
    join_rooms,
    close_codes,
    stop: () => server.stop(true),
  };
}
