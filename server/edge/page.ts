import type { PageAsset } from '../web/assets.ts';

/** Answers GET and HEAD for a file of the page: not at all when the browser has it, else compressed. */
export function servePage(request: Request, asset: PageAsset): Response {
  const { body, gzipped, etag } = asset;
  const headers = { ...asset.headers, etag, vary: 'accept-encoding' };
  if (hasAlready(request.headers.get('if-none-match'), etag)) {
    return new Response(null, { status: 304, headers });
  }
  if (gzipped !== undefined && takesGzip(request.headers.get('accept-encoding'))) {
    return new Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } });
  }
  return new Response(body, { headers });
}

/** RFC 9110, section 13.1.2. */
function hasAlready(header: string | null, etag: string): boolean {
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  return header?.split(',').some((tag) => opaque(tag) === opaque(etag)) ?? false;
}

/** Whether `gzip` is among the codings and not ruled out by a weight of 0. */
function takesGzip(header: string | null): boolean {
  return (
    header?.split(',').some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$)|$)/i.test(coding)) ??
    false
  );
}
