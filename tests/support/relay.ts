import { createConnection, createServer, type Socket } from 'node:net';

/** A network between clients and a server that a test can take down and bring back. */
export interface Relay extends AsyncDisposable {
  readonly http: string;
  readonly url: string;
  /** Ends every connection, and each new one at once. */
  cut(): void;
  restore(): void;
}

/** Listens on a free port and passes everything on to `port`. */
export async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isDown = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The other side, or a cut, may reset it.
    return socket.on('error', () => socket.destroy());
  };
  const relay = createServer((near) => {
    if (isDown) {
      near.destroy();
      return;
    }
    const far = keep(createConnection({ host: '127.0.0.1', port }));
    keep(near).pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((listening) => relay.listen(0, '127.0.0.1', listening));
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  const cut = (): void => {
    isDown = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    http: `http://127.0.0.1:${address.port}`,
    url: `ws://127.0.0.1:${address.port}/ws`,
    cut,
    restore: () => {
      isDown = false;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((closed) => relay.close(closed));
    },
  };
}
