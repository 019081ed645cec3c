/**
 * The MessagePack encoding. A separate entry, because it alone needs a dependency (`msgpackr`):
 * bundlers leave it out of applications that do not import it.
 * @module
 */
import { Packr, Unpackr } from 'msgpackr';
import { asServerMessage, type Encoding, type Frame } from './encoding.ts';

// Plain MessagePack only: no record extension, no shared structures, maps become plain objects.
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

const bytesOf = (frame: Frame): Uint8Array =>
  typeof frame === 'string' ? new TextEncoder().encode(frame) : frame;

function asBytes(frame: unknown): Uint8Array {
  if (frame instanceof ArrayBuffer) return new Uint8Array(frame);
  if (frame instanceof Uint8Array) return frame;
  throw new TypeError('a text frame where binary was agreed');
}

/** One or more MessagePack values per binary frame: the smallest on the wire. */
export const messagepack: Encoding = {
  subprotocol: 'hubbub.v1.msgpack',
  batched: true,
  // A copy: the packer reuses its buffer, and a socket may read the frame later.
  encode: (command) => new Uint8Array(packr.pack(command)),
  join: (frames) => {
    const parts = frames.map(bytesOf);
    const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  },
  decode: (frame) => (unpackr.unpackMultiple(asBytes(frame)) ?? []).map(asServerMessage),
};
