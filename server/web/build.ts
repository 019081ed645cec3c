import { join } from 'node:path';
import type { PageAsset, PageAssets } from './assets.ts';

const HTML = 'index.html';

/** Nothing but our own files, no markup made by scripts, in nobody's frame. `ws:` counts as `self`. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** For every file: what it is stands in its type, and where it was used is nobody's business. */
const COMMON_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Its name stays while its content changes: ask every time. */
const HTML_HEADERS = {
  ...COMMON_HEADERS,
  'cache-control': 'no-cache',
  'content-security-policy': CONTENT_SECURITY_POLICY,
};

/** Its name has the hash of its content. */
const HASHED_HEADERS = {
  ...COMMON_HEADERS,
  'cache-control': 'public, max-age=31536000, immutable',
};

/**
 * Bundles the chat page: once, before the first request, in a few milliseconds.
 * @throws AggregateError when its sources do not build
 */
export async function buildPage(): Promise<PageAssets> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, 'page', HTML)],
    target: 'browser',
    minify: true,
    publicPath: '/',
    naming: {
      entry: '[name].[ext]',
      chunk: 'assets/[name]-[hash].[ext]',
      asset: 'assets/[name]-[hash].[ext]',
    },
  });
  const assets = outputs.map(async (output): Promise<[string, PageAsset]> => {
    const name = output.path.replace(/^\.\//, '');
    const isHtml = name === HTML;
    const headers = { 'content-type': output.type, ...(isHtml ? HTML_HEADERS : HASHED_HEADERS) };
    return [
      isHtml ? '/' : `/${name}`,
      packAsset(new Uint8Array(await output.arrayBuffer()), headers),
    ];
  });
  return new Map(await Promise.all(assets));
}

function packAsset(
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): PageAsset {
  const gzipped = Bun.gzipSync(body, { level: 9 });
  const etag = `W/"${Bun.SHA256.hash(body, 'hex').slice(0, 32)}"`;
  return { body, gzipped: gzipped.length < body.length ? gzipped : undefined, etag, headers };
}
