/**
 * The bare peer: what `Bun.serve` itself can do for a chat room, and the least TypeScript around it.
 * One process, one thread; `join` subscribes, `chat` goes to the room as one `message`. No limits, no
 * counters, no presence, no history, no slow-reader policy: the price of those is what a comparison
 * with it shows.
 *
 *   bun bench/peers/bun_bare.ts [--port n] [--mode frame|window|joined] [--window-ms n] [--delivery-bytes n]
 *
 *   frame   each message is published as it comes
 *   window  messages gather; each is published in a frame of its own when the window ends
 *   joined  messages gather; one frame carries them all, with `\n` between
 *
 * A window is one tick of a `setInterval` that never stops, the plainest way to write it: the loop
 * sleeps in between, nothing spins, and the tick does not wait for a first message.
 */
import { choice, integer, parseOptions, UsageError } from '../command/options.ts';

const OPTIONS = {
  port: integer(8080, 0, 65_535, 'TCP port; 0 takes a free one'),
  mode: choice('frame', ['frame', 'window', 'joined'], 'how messages leave'),
  window_ms: integer(5, 1, 1_000, 'how long messages gather'),
  delivery_bytes: integer(0, 0, 65_536, 'least size of an outgoing message; 0 = as it is'),
};

const COMPRESS = false;

interface ClientMessage {
  readonly type: string;
  readonly room: string;
  readonly text: string;
}

function serve(port: number, mode: string, window_ms: number, delivery_bytes: number): void {
  const pending = new Map<string, string[]>();

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    fetch: (request, self) =>
      self.upgrade(request) ? undefined : new Response('WebSocket only.\n', { status: 426 }),
    websocket: {
      perMessageDeflate: false,
      message(socket, frame) {
        const { type, room, text }: ClientMessage = JSON.parse(String(frame));
        if (type === 'join') {
          socket.subscribe(room);
          socket.send(JSON.stringify({ type: 'joined', room }));
        } else if (type === 'chat') {
          // Blanks behind a JSON value mean nothing to its reader: they stand in for fields.
          const line = JSON.stringify({ type: 'message', room, text }).padEnd(delivery_bytes);
          const waiting = pending.get(room);
          if (mode === 'frame') server.publish(room, line, COMPRESS);
          else if (waiting === undefined) pending.set(room, [line]);
          else waiting.push(line);
        }
      },
    },
  });

  if (mode !== 'frame') {
    setInterval(() => {
      for (const [room, lines] of pending) {
        if (mode === 'joined') server.publish(room, lines.join('\n'), COMPRESS);
        else for (const line of lines) server.publish(room, line, COMPRESS);
      }
      pending.clear();
    }, window_ms);
  }
  console.error(JSON.stringify({ port: server.port, msg: 'listening' }));
}

try {
  const { port, mode, window_ms, delivery_bytes } = parseOptions(OPTIONS, process.argv.slice(2));
  serve(port, mode, window_ms, delivery_bytes);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bun_bare: ${error.message}`);
  process.exitCode = 2;
}
