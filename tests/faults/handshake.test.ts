import { expect, test } from 'bun:test';
import { eventually } from '../support/eventually.ts';
import { textFrame } from '../support/frames.ts';
import {
  exchange,
  type HttpAnswer,
  RawSocket,
  type UpgradeRequest,
  upgradeRequest,
} from '../support/raw_socket.ts';
import { countersOf, serve, totalsOf } from '../support/serve.ts';

const ask = (port: number, request: UpgradeRequest): Promise<HttpAnswer> =>
  exchange(port, upgradeRequest(request));

const withHeader = (name: string, value: string | undefined): UpgradeRequest => ({
  headers: { [name]: value },
});

const TURNED_DOWN: Readonly<Record<string, readonly [status: number, request: UpgradeRequest]>> = {
  'version 12': [426, withHeader('sec-websocket-version', '12')],
  'version 0': [426, withHeader('sec-websocket-version', '0')],
  'two versions': [426, withHeader('sec-websocket-version', '13, 8')],
  'no version': [426, withHeader('sec-websocket-version', undefined)],
  'no upgrade asked for': [426, withHeader('upgrade', undefined)],
  'an upgrade to something else': [426, withHeader('upgrade', 'h2c')],
  'no Connection header': [400, withHeader('connection', undefined)],
  'a Connection header without Upgrade': [400, withHeader('connection', 'keep-alive')],
  'no key': [400, withHeader('sec-websocket-key', undefined)],
  'an empty key': [400, withHeader('sec-websocket-key', '')],
  'a key of 8 bytes': [400, withHeader('sec-websocket-key', 'AAAAAAAAAAA=')],
  'a key of 17 bytes': [400, withHeader('sec-websocket-key', 'AAAAAAAAAAAAAAAAAAAAAAA=')],
  'a key that is not base64': [400, withHeader('sec-websocket-key', '!!!!!!!!!!!!!!!!!!!!!!==')],
  'no Host': [400, withHeader('host', undefined)],
  'an empty Host': [400, withHeader('host', '')],
  'a Host with a space': [400, withHeader('host', 'a b')],
  'a Host with a path': [400, withHeader('host', 'localhost/ws')],
  'a Host with an impossible port': [400, withHeader('host', 'localhost:99999')],
  POST: [400, { method: 'POST' }],
  PUT: [400, { method: 'PUT' }],
  'a header of 64 KB': [431, withHeader('x-long', 'x'.repeat(65_536))],
  '300 headers': [
    431,
    { headers: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`x-${n}`, 'x'])) },
  ],
  'an unknown subprotocol': [400, withHeader('sec-websocket-protocol', 'chat')],
  'a newer version of ours': [400, withHeader('sec-websocket-protocol', 'hubbub.v2.json')],
  'an empty subprotocol': [400, withHeader('sec-websocket-protocol', '')],
  'our subprotocol in capitals': [400, withHeader('sec-websocket-protocol', 'HUBBUB.V1.JSON')],
};

for (const [name, [status, request]] of Object.entries(TURNED_DOWN)) {
  const row = name.includes('subprotocol') || name.includes('of ours') ? 15 : 8;
  test(`row ${row}: ${name} is answered ${status}`, async () => {
    await using server = serve();
    const answer = await ask(server.port, request);
    expect(answer.status).toBe(status);
    expect(answer.headers.has('sec-websocket-accept')).toBe(false);
    expect(countersOf(server.stats())).toMatchObject({
      connections_opened: 0,
      handler_failures: 0,
    });
    using next = await RawSocket.upgrade(server.port);
    await next.receive('welcome');
  });
}

test('row 8: an answer to a wrong version names the right one', async () => {
  await using server = serve();
  const { headers } = await ask(server.port, withHeader('sec-websocket-version', '8'));
  expect(headers.get('sec-websocket-version')).toBe('13');
});

test('row 8: frames that come along with the handshake are read after it', async () => {
  await using server = serve();
  using peer = await RawSocket.connect(server.port);
  peer.write(Buffer.concat([Buffer.from(upgradeRequest({})), textFrame('{"type":"ping"}')]));
  expect(await peer.answer()).toMatchObject({ status: 101 });
  await eventually('the ping is read', () => countersOf(server.stats()).commands_received === 1);
});

test('row 8: spellings of a good handshake are accepted', async () => {
  await using server = serve();
  for (const headers of [
    { upgrade: 'WebSocket' },
    { connection: 'keep-alive, Upgrade' },
    { connection: 'upgrade' },
    { host: '127.0.0.1:80' },
    { host: '[::1]' },
  ]) {
    expect(await ask(server.port, { headers })).toMatchObject({ status: 101 });
  }
});

test('row 15: the first subprotocol known here is chosen, and nothing else is echoed', async () => {
  await using server = serve();
  const chosen = async (offered: string | undefined) => {
    const answer = await ask(server.port, withHeader('sec-websocket-protocol', offered));
    expect(answer.status).toBe(101);
    return answer.headers.get('sec-websocket-protocol');
  };
  expect(await chosen('chat, hubbub.v1.msgpack, hubbub.v1.json')).toBe('hubbub.v1.msgpack');
  expect(await chosen('hubbub.v1.ndjson')).toBe('hubbub.v1.ndjson');
  expect(await chosen(undefined)).toBeUndefined();
});

test('row 19: past connections_max comes 503 with Retry-After, until somebody leaves', async () => {
  await using server = serve({ connections_max: 2 });
  using first = await RawSocket.upgrade(server.port);
  using second = await RawSocket.upgrade(server.port);
  const full = await ask(server.port, {});
  expect(full.status).toBe(503);
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(countersOf(server.stats()).upgrades_refused).toMatchObject({ server_full: 1 });
  first.reset();
  await eventually('the place is free', () => totalsOf(server.stats()).connections === 1);
  expect(await ask(server.port, {})).toMatchObject({ status: 101 });
  await second.roundTrip();
});

test('row 19: past connections_per_address comes 429 with Retry-After, for that address', async () => {
  await using server = serve({ connections_per_address: 2 });
  const [here, there] = ['127.0.0.2', '127.0.0.3'];
  using first = await RawSocket.upgrade(server.port, { source: here });
  using second = await RawSocket.upgrade(server.port, { source: here });
  using third = await RawSocket.connect(server.port, here);
  third.write(upgradeRequest({}));
  const full = await third.answer();
  expect(full.status).toBe(429);
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(countersOf(server.stats()).upgrades_refused).toMatchObject({ address_full: 1 });
  using elsewhere = await RawSocket.upgrade(server.port, { source: there });
  await elsewhere.roundTrip();
  first.reset();
  await eventually('the place is free', () => totalsOf(server.stats()).connections === 2);
  using again = await RawSocket.upgrade(server.port, { source: here });
  await Promise.all([again.roundTrip(), second.roundTrip()]);
  for (const peer of [again, second, elsewhere]) peer.reset();
  await eventually('all are gone', () => totalsOf(server.stats()).connections === 0);
  using once_more = await RawSocket.upgrade(server.port, { source: here });
  using beside = await RawSocket.upgrade(server.port, { source: here });
  await Promise.all([once_more.roundTrip(), beside.roundTrip()]);
});

test('row 19: of many who come at once, exactly as many get in as may', async () => {
  await using server = serve({ connections_max: 20, connections_per_address: 8 });
  const comers = await Promise.all(
    Array.from({ length: 60 }, (_, n) => RawSocket.connect(server.port, `127.0.1.${1 + (n % 3)}`)),
  );
  for (const comer of comers) comer.write(upgradeRequest({}));
  const answers = await Promise.all(comers.map((comer) => comer.answer()));
  const counted = (status: number) => answers.filter((answer) => answer.status === status).length;
  expect(counted(101)).toBe(20);
  expect(counted(429) + counted(503)).toBe(40);
  for (const comer of comers) comer.reset();
  await eventually('all are gone', () => totalsOf(server.stats()).connections === 0);
});
