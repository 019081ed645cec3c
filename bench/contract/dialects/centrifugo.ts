/**
 * Centrifugo's client protocol in JSON: commands with an id, replies that carry it, pushes without,
 * several with `\n` between them in a frame.
 * https://centrifugal.dev/docs/transports/client_protocol
 */
import type { Action, Conversation, Dialect, Heard, Said } from '../dialect.ts';

interface Reply {
  readonly id?: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly connect?: object;
  readonly push?: {
    readonly channel: string;
    readonly pub?: { readonly data: { readonly text?: unknown } };
  };
}

const CONNECT = { id: 1, connect: {} };
/** Both sides: a reply or a command that says nothing. */
const KEEPALIVE = '{}';

const PERMISSION_DENIED = 103;

class CentrifugoConversation implements Conversation {
  readonly greeting = [JSON.stringify(CONNECT)];
  isReady = false;
  /** Asked and not yet answered, by the command's id. */
  readonly #asked = new Map<number, Action>();
  #last_id = CONNECT.id;

  encode(action: Action): string {
    this.#last_id += 1;
    this.#asked.set(this.#last_id, action);
    return JSON.stringify({ id: this.#last_id, ...commandOf(action) });
  }

  decode(frame: string): Heard {
    const replies = frame.split('\n').map((line): Reply => JSON.parse(line));
    const isPing = replies.some((reply) => Object.keys(reply).length === 0);
    const said = replies.flatMap((reply) => this.#hear(reply));
    return isPing ? { said, pong: KEEPALIVE } : { said };
  }

  #hear({ id, error, connect, push }: Reply): readonly Said[] {
    if (connect !== undefined) this.isReady = true;
    if (push?.pub !== undefined) {
      return [{ type: 'message', room: push.channel, text: push.pub.data.text }];
    }
    const action = id === undefined ? undefined : this.#asked.get(id);
    if (id === undefined || action === undefined) return [];
    this.#asked.delete(id);
    if (error !== undefined) return [{ type: 'error', code: codeOf(error) }];
    return answerTo(action);
  }
}

/** A client has no ping of its own: leaving a channel that it is not in is answered at once. */
function commandOf(action: Action): object {
  switch (action.type) {
    case 'join':
      return { subscribe: { channel: action.room } };
    case 'leave':
      return { unsubscribe: { channel: action.room } };
    case 'chat':
      return { publish: { channel: action.room, data: { text: action.text } } };
    case 'ping':
      return { unsubscribe: { channel: action.id } };
  }
}

/** The one denial there is, where members alone may publish. */
const codeOf = ({ code, message }: { readonly code: number; readonly message: string }): string =>
  code === PERMISSION_DENIED ? 'not_joined' : message;

function answerTo(action: Action): readonly Said[] {
  switch (action.type) {
    case 'join':
      return [{ type: 'joined', room: action.room }];
    case 'leave':
      return [{ type: 'left', room: action.room }];
    case 'ping':
      return [{ type: 'pong', id: action.id }];
    case 'chat':
      return [];
  }
}

const NO_ECHO = 'has no echo path';

export const centrifugo: Dialect = {
  name: 'centrifugo',
  exempt: {
    ping: 'clients of its protocol have no ping',
    'rate-limit': 'has no limit for each client',
    'echo-text': NO_ECHO,
    'echo-binary': NO_ECHO,
    'echo-match': NO_ECHO,
    'malformed-message': 'its protocol ends a connection over a command that makes no sense',
    counters: 'counts as Prometheus metrics, in its own way',
  },
  converse: () => new CentrifugoConversation(),
};
