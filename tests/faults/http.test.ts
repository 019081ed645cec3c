import { expect, test } from 'bun:test';
import { exchange, RawSocket, upgradeRequest } from '../support/raw_socket.ts';
import { countersOf, serve } from '../support/serve.ts';

const ENDPOINTS = ['/healthz', '/readyz', '/stats', '/metrics'];
const BODY_BYTES_MAX = 64 * 1_024;

const request = (
  method: string,
  path: string,
  headers: readonly string[] = [],
  body = '',
): string =>
  `${[`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n${body}`;

/** Everything an answer may carry; a header that is not in here came from somebody else. */
const HEADERS = [
  'allow',
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'date',
  'sec-websocket-version',
  'upgrade',
];

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT']) {
  test(`row 37: ${method} is answered 405 where there is something, else 404`, async () => {
    await using server = serve();
    for (const path of ENDPOINTS) {
      const answer = await exchange(server.port, request(method, path));
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
    }
    expect(await exchange(server.port, request(method, '/nothing'))).toMatchObject({ status: 404 });
  });
}

test('row 37: GET and HEAD are answered alike, HEAD without a body', async () => {
  await using server = serve();
  for (const path of ENDPOINTS) {
    const got = await fetch(server.http + path);
    const head = await fetch(server.http + path, { method: 'HEAD' });
    expect([got.status, head.status]).toEqual([200, 200]);
    expect((await got.text()).length).toBeGreaterThan(0);
    expect(await head.text()).toBe('');
  }
});

test('row 37: a method that does not exist gets no answer but the end', async () => {
  await using server = serve();
  for (const method of ['FOO', 'get', 'G\u0000T', '']) {
    using peer = await RawSocket.connect(server.port);
    peer.write(request(method, '/stats'));
    await peer.ended();
    expect(peer.received_bytes).toBeLessThan(200);
  }
  expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
});

test('row 37: a body that is too large is refused by its length alone', async () => {
  await using server = serve();
  for (const length of [BODY_BYTES_MAX + 1, 10 ** 11, Number.MAX_SAFE_INTEGER]) {
    for (const path of ['/stats', '/ws', '/nothing']) {
      const answer = await exchange(
        server.port,
        request('POST', path, [`Content-Length: ${length}`]),
      );
      expect(answer.status).toBe(413);
    }
  }
});

test('row 37: a body without a length takes no memory, however long it is', async () => {
  await using server = serve();
  using peer = await RawSocket.connect(server.port);
  peer.write(request('POST', '/stats', ['Transfer-Encoding: chunked']));
  expect(await peer.answer()).toMatchObject({ status: 405 });
  const before_bytes = process.memoryUsage.rss();
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  for (let sent = 0; sent < 512 && !peer.isEnded; sent += 1) {
    peer.write(chunk);
    if (sent % 16 === 0) await fetch(`${server.http}/healthz`);
  }
  expect(process.memoryUsage.rss() - before_bytes).toBeLessThan(32 << 20);
  expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
});

/** Requests on whose meaning two servers in a row could disagree. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'both lengths': request(
    'POST',
    '/stats',
    ['Content-Length: 4', 'Transfer-Encoding: chunked'],
    '0\r\n\r\n',
  ),
  'two lengths': request('POST', '/stats', ['Content-Length: 3', 'Content-Length: 4'], 'abcd'),
  'a negative length': request('POST', '/stats', ['Content-Length: -1']),
  'a length in words': request('POST', '/stats', ['Content-Length: four']),
  'a space before the colon': request('GET', '/stats', ['X-Name : x']),
  'a folded header': request('GET', '/stats', ['X-Name: x', ' y']),
  'a NUL in a header': request('GET', '/stats', ['X-Name: a\u0000b']),
  'a NUL in the path': request('GET', '/\u0000stats'),
  'a space in the path': request('GET', '/stats /metrics'),
  'bare line feeds': 'GET /stats HTTP/1.1\nHost: localhost\n\n',
  'HTTP/0.9': 'GET /stats\r\n\r\n',
  'HTTP/2.0': 'GET /stats HTTP/2.0\r\nHost: localhost\r\n\r\n',
  'a TLS handshake': '\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0003',
};

for (const [name, text] of Object.entries(AMBIGUOUS)) {
  test(`row 37: ${name} is refused and the connection ends`, async () => {
    await using server = serve();
    using peer = await RawSocket.connect(server.port);
    peer.write(text);
    const answer = await peer.answer();
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).not.toBe(500);
    await peer.ended();
    expect(countersOf(server.stats()).handler_failures).toBe(0);
  });
}

/** Paths, and what stands there: they lead where the plain path leads, or nowhere. */
const PATHS: Readonly<Record<string, number>> = {
  '/': 404,
  '//': 404,
  '//healthz': 404,
  '//localhost/stats': 404,
  '/healthz/': 404,
  '/healthz/..': 404,
  '/HEALTHZ': 404,
  '/%68ealthz': 404,
  '/healthz%00': 404,
  '/%00': 404,
  '/healthz%2f..%2fstats': 404,
  '/healthz;/stats': 404,
  '/\\stats': 404,
  '/%2e%2e/%2e%2e/etc/passwd': 404,
  '/../../etc/passwd': 404,
  '/..%2f..%2fetc%2fpasswd': 404,
  '/server/main.ts': 404,
  '/package.json': 404,
  '/.env': 404,
  '/data/session.secret': 404,
  '/metrics%0d%0aSet-Cookie:%20a=b': 404,
  '/é': 404,
  '/../healthz': 200,
  '/%2e%2e/healthz': 200,
  '/./healthz': 200,
  '/healthz?path=/../stats': 200,
  '/healthz#/../stats': 200,
  'http://elsewhere.example/healthz': 200,
  'http://elsewhere.example/ws': 426,
  healthz: 400,
  '*': 400,
};

test('row 37: a path trick leads where the plain path leads, or nowhere', async () => {
  await using server = serve();
  for (const [path, status] of Object.entries(PATHS)) {
    const answer = await exchange(server.port, request('GET', path));
    expect([path, answer.status]).toEqual([path, status]);
    if (status === 200) expect(JSON.parse(answer.body)).toMatchObject({ status: 'ok' });
    expect([...answer.headers.keys()].filter((name) => !HEADERS.includes(name))).toEqual([]);
  }
  expect(countersOf(server.stats()).handler_failures).toBe(0);
});

test('row 37: nothing a client sends becomes a header of the answer', async () => {
  await using server = serve();
  const injected = encodeURIComponent('x\r\nSet-Cookie: a=b\r\n\r\n<script>');
  for (const query of [`name=${injected}`, `token=${injected}`, `name=x&name=${injected}`]) {
    const answer = await exchange(server.port, upgradeRequest({ path: `/ws?${query}` }));
    expect([...answer.headers.keys()]).not.toContain('set-cookie');
    expect(answer.body).not.toContain('script');
  }
  using peer = await RawSocket.upgrade(server.port, { path: `/ws?room=${injected}` });
  expect(await peer.receive('error')).toMatchObject({ code: 'room_name_invalid' });
});

test('row 37: an error page tells nothing of the machine', async () => {
  await using server = serve();
  const texts = [
    request('GET', '/nothing'),
    request('POST', '/stats'),
    upgradeRequest({ headers: { host: 'a b' } }),
    upgradeRequest({ headers: { 'sec-websocket-version': '1' } }),
    upgradeRequest({ path: '/ws?token=x' }),
  ];
  for (const text of texts) {
    const { status, body } = await exchange(server.port, text);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).toMatch(/^[\w ,.-]{1,80}\n$/);
    expect(body).not.toMatch(/\.ts|Error|bun/i);
  }
});
