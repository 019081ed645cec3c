import type { MakeCourier } from './courier.ts';
import { FrameEncoder } from './encode.ts';

/** What the platform offers between Workers: strings, copied by the runtime. */
export const broadcast: MakeCourier = async (end, { name, batch }, receive) => {
  const inbox = new BroadcastChannel(`${name}/${end}`);
  const outbox = new BroadcastChannel(`${name}/${1 - end}`);
  inbox.onmessage = ({ data }) => receive(String(data), batch);
  const encoder = new FrameEncoder();
  return {
    send: (drafts) => outbox.postMessage(encoder.encode(drafts)),
  };
};
