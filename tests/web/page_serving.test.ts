import { describe, expect, test } from 'bun:test';
import { buildPage } from '../../server/web/build.ts';
import { serveAlone } from '../support/serve.ts';

const HASHED = /"(\/assets\/[\w-]+\.\w+)"/g;

/** Bun's `fetch` asks for compression by itself. */
const ask = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(url, { method, headers: { 'accept-encoding': 'identity', ...headers }, decompress: false });

describe('the chat page', () => {
  test('comes with everything it names, and what it may do is its own files', async () => {
    await using server = await serveAlone();
    const page = await ask(`${server.http}/?room=kitchen`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html;charset=utf-8');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain('unsafe');
    const html = await page.text();
    expect(html).not.toMatch(/<style|style=|<script>|\son\w+=/);

    const paths = [...html.matchAll(HASHED)].map(([, path]) => path ?? '');
    const kinds = new Set(paths.map((path) => path.split('.').at(-1)));
    expect(kinds).toEqual(new Set(['js', 'css', 'svg']));
    for (const path of paths) {
      const file = await ask(server.http + path);
      expect([path, file.status]).toEqual([path, 200]);
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect((await file.bytes()).length).toBeGreaterThan(0);
    }
    for (const path of ['/', ...paths]) {
      const { headers } = await ask(server.http + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  test('is not sent again to a browser that has it', async () => {
    await using server = await serveAlone();
    const { headers } = await ask(server.http);
    expect(headers.get('cache-control')).toBe('no-cache');
    const etag = headers.get('etag') ?? '';
    for (const known of [etag, `"other", ${etag}`, etag.replace('W/', '')]) {
      const again = await ask(server.http, { 'if-none-match': known });
      expect([known, again.status, await again.text()]).toEqual([known, 304, '']);
      expect(again.headers.get('etag')).toBe(etag);
    }
    expect((await ask(server.http, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('is compressed for those who take that, and only for them', async () => {
    await using server = await serveAlone();
    const plain = new Uint8Array(await (await ask(server.http)).arrayBuffer());
    for (const coding of ['gzip', 'br, GZIP;q=0.5', 'deflate, gzip ; q=1.0']) {
      const response = await ask(server.http, { 'accept-encoding': coding });
      expect([coding, response.headers.get('content-encoding')]).toEqual([coding, 'gzip']);
      expect(response.headers.get('vary')).toBe('accept-encoding');
      expect(Bun.gunzipSync(await response.arrayBuffer())).toEqual(plain);
    }
    for (const coding of ['br', 'gzip;q=0', 'gzip; q=0.0', 'xgzip']) {
      const response = await ask(server.http, { 'accept-encoding': coding });
      expect([coding, response.headers.get('content-encoding')]).toEqual([coding, null]);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(plain);
    }
  });

  test('answers HEAD with the same headers, and nothing but HEAD and GET', async () => {
    await using server = await serveAlone();
    const get = await ask(server.http);
    const head = await ask(server.http, {}, 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    const lasting = (headers: Headers) =>
      Object.fromEntries([...headers].filter(([name]) => name !== 'date'));
    expect(lasting(head.headers)).toEqual(lasting(get.headers));
    expect((await ask(server.http, {}, 'POST')).status).toBe(405);
  });

  test('is plain data, which other threads can be given, and the same every time', async () => {
    const page = await buildPage();
    expect(structuredClone(page)).toEqual(page);
    expect(await buildPage()).toEqual(page);
    const bytes = [...page.values()].reduce((sum, { gzipped }) => sum + (gzipped?.length ?? 0), 0);
    expect(bytes).toBeLessThan(32_768);
  });
});
