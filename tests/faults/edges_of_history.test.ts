import { expect, test } from 'bun:test';
import { SimulatedLog } from '../../server/log/simulated.ts';
import { gentle } from '../../server/log/simulated_options.ts';
import { RawSocket } from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';

const LAST = Number.MAX_SAFE_INTEGER;
const AT_THE_END = {
  ...gentle,
  seed: 53,
  delay_ms_min: 0,
  delay_ms_max: 0,
  hole_probability: 0,
  duplicate_probability: 0,
  offset_start: LAST - 10,
};

for (const encoding of ['json', 'ndjson', 'msgpack']) {
  test(`row 35: offsets near 2^53 are exact in ${encoding}, and past it a publish is refused`, async () => {
    const headers = { 'sec-websocket-protocol': `hubbub.v1.${encoding}` };
    await using server = serve({ rate_limit: 0 }, (sink) => new SimulatedLog(sink, AT_THE_END));
    using peer = await RawSocket.upgrade(server.port, { headers });
    peer.send({ type: 'join', room: 'lobby' });
    const { epoch, offset } = await peer.receive('joined');
    expect(offset).toBe(LAST - 10);
    for (let n = 1; n <= 10; n += 1) {
      peer.send({ type: 'message', text: `text ${n}`, id: `m${n}` });
      expect(await peer.receive('ack')).toMatchObject({ id: `m${n}`, offset: LAST - 10 + n });
      const message = await peer.receive('message');
      expect(message).toMatchObject({ id: `m${n}`, offset: LAST - 10 + n });
      expect(message.prev).toBeUndefined();
    }
    for (const id of ['m11', 'm12']) {
      peer.send({ type: 'message', text: 'one too many', id });
      expect(await peer.receive('error')).toMatchObject({ code: 'unavailable', id });
    }
    peer.send({ type: 'message', text: 'text 10', id: 'm10' });
    expect(await peer.receive('ack')).toMatchObject({ id: 'm10', offset: LAST, duplicate: true });

    peer.send({ type: 'history', limit: 3 });
    expect(offsets(await peer.receive('history'))).toEqual([LAST - 2, LAST - 1, LAST]);
    peer.send({ type: 'history', limit: 2, before: LAST });
    expect(offsets(await peer.receive('history'))).toEqual([LAST - 2, LAST - 1]);
    peer.send({ type: 'join', since: { epoch, offset: LAST - 2 } });
    const joined = await peer.receive('joined');
    expect(joined).toMatchObject({ offset: LAST, recovered: true });
    expect(offsets(joined)).toEqual([LAST - 1, LAST]);
    peer.send({ type: 'join', since: { epoch, offset: LAST } });
    expect(await peer.receive('joined')).toMatchObject({ recovered: true, messages: [] });
    expect(countersOf(server.stats()).handler_failures).toBe(0);
  });
}

test('row 35: a wrapped ring pages what it has, and proves a recovery or refuses it', async () => {
  await using server = serve({ history_records_max: 10, rate_limit: 0 });
  using peer = await RawSocket.upgrade(server.port);
  peer.send({ type: 'join' });
  const { epoch } = await peer.receive('joined');
  // Enough that the ring is wrapped many times over.
  const head = 1_234;
  peer.send(
    ...Array.from({ length: head }, (_, n) => ({ type: 'message', text: `text ${n + 1}` })),
  );
  for (let offset = 1; offset <= head; offset += 1) {
    expect(await peer.receive('message')).toMatchObject({ offset, text: `text ${offset}` });
  }
  const page = async (request: object) => {
    peer.send({ type: 'history', ...request });
    const history = await peer.receive('history');
    return [offsets(history), history.more];
  };
  expect(await page({})).toEqual([range(head - 9, head), false]);
  expect(await page({ limit: 4 })).toEqual([range(head - 3, head), true]);
  expect(await page({ limit: 4, before: head - 3 })).toEqual([range(head - 7, head - 4), true]);
  expect(await page({ limit: 4, before: head - 7 })).toEqual([range(head - 9, head - 8), false]);
  expect(await page({ before: head - 9 })).toEqual([[], false]);
  expect(await page({ before: 1 })).toEqual([[], false]);

  const recover = async (offset: number) => {
    peer.send({ type: 'join', since: { epoch, offset } });
    const joined = await peer.receive('joined');
    return [joined.recovered, offsets(joined)];
  };
  expect(await recover(head)).toEqual([true, []]);
  expect(await recover(head - 10)).toEqual([true, range(head - 9, head)]);
  expect(await recover(head - 11)).toEqual([false, range(head - 9, head)]);
  expect(await recover(0)).toEqual([false, range(head - 9, head)]);
  expect(await recover(head + 1)).toEqual([false, range(head - 9, head)]);
  expect(totalsOf(server.stats()).hub).toMatchObject({ records: head, members: 1 });
});

const offsets = (page: { readonly messages?: readonly { readonly offset: number }[] }) =>
  page.messages?.map(({ offset }) => offset);

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);
