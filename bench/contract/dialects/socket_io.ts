import type { Action, Conversation, Dialect, Heard, Said } from '../dialect.ts';

const NO_ECHO = 'has no echo path: everything is an event';

/** Kinds of packets of Engine.IO 4, and of Socket.IO 5 behind its `message`. */
const OPEN = '0';
const PING = '2';
const PONG = '3';
const CONNECT = '40';
const EVENT = '42';

/**
 * Socket.IO 5 over Engine.IO 4 on a WebSocket: an event has the contract's type as its name, and an
 * object with the other fields as its argument.
 */
export const socketIo: Dialect = {
  name: 'socket.io',
  exempt: {
    'echo-text': NO_ECHO,
    'echo-binary': NO_ECHO,
    'echo-match': NO_ECHO,
    'malformed-message':
      'cuts whoever sends what is no packet; events that make no sense are tested beside the peer',
  },
  converse: () => new SocketIoConversation(),
};

class SocketIoConversation implements Conversation {
  /** The server begins. */
  readonly greeting = [];
  #isReady = false;

  get isReady(): boolean {
    return this.#isReady;
  }

  encode({ type, ...argument }: Action): string {
    return EVENT + JSON.stringify([type, argument]);
  }

  decode(frame: string): Heard {
    if (frame.startsWith(EVENT)) return { said: [saidIn(frame.slice(EVENT.length))] };
    if (frame.startsWith(CONNECT)) {
      this.#isReady = true;
      return { said: [] };
    }
    if (frame.startsWith(OPEN)) return { said: [], answers: [CONNECT] };
    if (frame === PING) return { said: [], pong: PONG };
    throw new Error(`no packet that was to be expected: ${frame}`);
  }
}

function saidIn(event: string): Said {
  const [type, argument]: readonly [string, object?] = JSON.parse(event);
  return { ...argument, type };
}
