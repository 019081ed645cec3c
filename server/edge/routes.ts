import { type AdminApi, isAdminPath } from '../admin/api.ts';
import type { ServerStats } from '../telemetry/stats.ts';
import type { PageAssets } from '../web/assets.ts';
import { servePage } from './page.ts';

/** What the HTTP endpoints show. */
export interface Telemetry {
  stats(): ServerStats;
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
}

type Route = (request: Request) => Response | Promise<Response>;

/** The answer to every request that is not for `/ws`. */
export type Router = (request: Request, path: string) => Response | Promise<Response>;

const status = (code: number, text: string): Response =>
  new Response(`${text}\n`, { status: code, headers: { 'cache-control': 'no-store' } });

/**
 * A hub that nobody asked for is worth knowing where health is looked at, and so is a log that accepts
 * nothing. The answer stays 200: to start the process again would not help, and would cut everybody off.
 */
const health = ({ hub: { kind, fallback }, log_trouble }: ServerStats) => ({
  status: log_trouble === undefined ? 'ok' : 'degraded',
  hub: kind,
  ...(fallback === undefined ? {} : { fallback }),
  ...(log_trouble === undefined ? {} : { log_trouble }),
});

/** The endpoints beside `/ws`: each answers GET and HEAD, and nothing else. */
function routesFor(telemetry: Telemetry, page: PageAssets): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ...Array.from(page, ([path, asset]): [string, Route] => [
      path,
      (request) => servePage(request, asset),
    ]),
    ['/healthz', () => Response.json(health(telemetry.stats()))],
    ['/readyz', () => (telemetry.stats().ready ? status(200, 'ready') : status(503, 'draining'))],
    ['/stats', () => Response.json(telemetry.stats())],
    [
      '/metrics',
      async () => {
        const { contentType, body } = await telemetry.metrics();
        return new Response(body, { headers: { 'content-type': contentType } });
      },
    ],
  ]);
}

/**
 * @param page what there is besides the endpoints
 * @param admin answers under a path of its own, where there is administration
 */
export function createRouter(
  telemetry: Telemetry,
  page: PageAssets,
  admin: AdminApi | undefined,
): Router {
  const routes = routesFor(telemetry, page);
  return (request, path) => {
    if (admin !== undefined && isAdminPath(path)) return admin.handle(request, path);
    const route = routes.get(path);
    if (route === undefined) return status(404, 'There is nothing here.');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response('Only GET and HEAD.\n', { status: 405, headers: { allow: 'GET, HEAD' } });
    }
    return route(request);
  };
}
