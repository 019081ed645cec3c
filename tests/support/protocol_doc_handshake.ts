import { connect } from 'node:net';
import type { Config } from '../../server/config/options.ts';

export interface Head {
  readonly statusLine: string;
  readonly headers: Headers;
}

const DEADLINE_MS = 5_000;
const END = '\r\n\r\n';

/** Sends a request head byte by byte as given and reads the head of the answer. */
export function exchangeHead(port: number, lines: readonly string[]): Promise<Head> {
  const answer = Promise.withResolvers<Head>();
  const socket = connect(port, '127.0.0.1', () => socket.write(lines.join('\r\n') + END));
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('no answer in time')));
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    received += text;
    const end = received.indexOf(END);
    if (end !== -1) answer.resolve(parseHead(received.slice(0, end)));
  });
  socket.on('error', answer.reject);
  socket.on('close', () => answer.reject(new Error(`closed after "${received}"`)));
  return answer.promise.finally(() => socket.destroy());
}

function parseHead(head: string): Head {
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Headers();
  for (const line of lines) {
    const [name = '', ...value] = line.split(': ');
    headers.append(name, value.join(': '));
  }
  return { statusLine, headers };
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A handshake in order but for `changes`; an empty value leaves the header out. */
export const handshake = (target: string, changes: Record<string, string> = {}): string[] => {
  const headers = {
    Host: 'chat.example.com',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...changes,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== '');
  return [`GET ${target} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
};

interface Provocation {
  readonly status: number;
  /** The end of a sentence: answers 400 to … */
  readonly why: string;
  readonly options?: Partial<Config>;
  readonly target: string;
  readonly headers?: Record<string, string>;
}

/** How to get each status, in the order of the document's table. One connection is open already. */
export const PROVOCATIONS: readonly Provocation[] = [
  { status: 101, why: 'a handshake in order', target: '/ws?room=kitchen' },
  {
    status: 400,
    why: 'a missing key',
    target: '/ws',
    headers: { 'Sec-WebSocket-Key': '' },
  },
  {
    status: 400,
    why: 'a malformed key',
    target: '/ws',
    headers: { 'Sec-WebSocket-Key': 'short' },
  },
  {
    status: 400,
    why: 'a Connection header that asks for nothing',
    target: '/ws',
    headers: { Connection: 'keep-alive' },
  },
  {
    status: 400,
    why: 'subprotocols it does not know',
    target: '/ws',
    headers: { 'Sec-WebSocket-Protocol': 'mqtt, hubbub.v2.json' },
  },
  { status: 400, why: 'a name with an invisible character', target: '/ws?name=A%E2%80%8Bda' },
  { status: 401, why: 'a token that nobody issued', target: '/ws?token=made-up' },
  {
    status: 403,
    why: 'a page of another origin',
    options: { allowed_origins: 'https://chat.example.com' },
    target: '/ws',
    headers: { Origin: 'https://evil.example' },
  },
  { status: 404, why: 'another path', target: '/ws/' },
  { status: 426, why: 'a plain request', target: '/ws', headers: { Upgrade: '' } },
  {
    status: 426,
    why: 'another WebSocket version',
    target: '/ws',
    headers: { 'Sec-WebSocket-Version': '8' },
  },
  {
    status: 429,
    why: 'an address that has its share',
    options: { connections_per_address: 1 },
    target: '/ws',
  },
  { status: 503, why: 'anybody when it is full', options: { connections_max: 1 }, target: '/ws' },
];
