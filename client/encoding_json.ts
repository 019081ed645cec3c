import { asServerMessage, type Encoding } from './encoding.ts';

const parse = (line: string) => asServerMessage(JSON.parse(line));

function asText(frame: unknown): string {
  if (typeof frame === 'string') return frame;
  throw new TypeError('a binary frame where text was agreed');
}

/** One JSON object per text frame. The default: the easiest to read along. */
export const json: Encoding = {
  subprotocol: 'hubbub.v1.json',
  batched: false,
  encode: (command) => JSON.stringify(command),
  join: (frames) => frames.join('\n'),
  decode: (frame) => [parse(asText(frame))],
};

/** One or more JSON objects per text frame, a newline between: cheaper in busy rooms. */
export const ndjson: Encoding = {
  ...json,
  subprotocol: 'hubbub.v1.ndjson',
  batched: true,
  decode: (frame) => asText(frame).replace(/\n$/, '').split('\n').map(parse),
};
