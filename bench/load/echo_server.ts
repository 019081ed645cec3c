/** What comes back for a frame that is said on behalf of the nth message: any number of frames. */
export type EchoTreatment = (frame: EchoFrame, nth: number) => readonly EchoFrame[];
export type EchoFrame = string | Buffer<ArrayBuffer>;

export interface EchoServer {
  readonly port: number;
  /** Everything that came in. */
  readonly received: readonly EchoFrame[];
  stop(): Promise<void>;
}

/** An echo server in one process with the test that treats each message as told. */
export function startEcho(
  treat: EchoTreatment = (frame) => [frame],
  stall_ms: (nth: number) => number = () => 0,
): EchoServer {
  const received: EchoFrame[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
    websocket: {
      maxPayloadLength: 4 * 1024 * 1024,
      message(socket, frame) {
        const nth = received.length;
        received.push(frame);
        Bun.sleepSync(stall_ms(nth));
        for (const said of treat(frame, nth)) socket.send(said);
      },
    },
  });
  return { port: server.port ?? 0, received, stop: () => server.stop(true) };
}
