import type { ServerWebSocket } from 'bun';

/** Servers for the tests of load engines: they do on purpose what a server must not do. */

interface Chat {
  readonly room: string;
  readonly text: string;
}

/** What a server does with the nth message of its life, for the member who joined as mth. */
export type Treatment = (line: string, nth: number, member: number) => readonly string[];

export interface LyingServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A room server in one process with the test that treats each message as told. */
export function startLiar(
  treat: Treatment,
  stall_ms: (nth: number) => number = () => 0,
): LyingServer {
  const members: ServerWebSocket<undefined>[] = [];
  let count = 0;
  const server = Bun.serve<undefined, never>({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
    websocket: {
      message(socket, frame) {
        const { type, room, text }: Chat & { type: string } = JSON.parse(String(frame));
        if (type === 'join') {
          members.push(socket);
          socket.send(JSON.stringify({ type: 'joined', room }));
          return;
        }
        const nth = count;
        count += 1;
        const line = JSON.stringify({ type: 'message', room, text });
        Bun.sleepSync(stall_ms(nth));
        for (const [index, member] of members.entries()) {
          for (const said of treat(line, nth, index)) member.send(said);
        }
      },
    },
  });
  return { port: server.port ?? 0, stop: () => server.stop(true) };
}
