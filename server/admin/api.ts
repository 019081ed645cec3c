import { UnavailableError } from '../errors.ts';
import type { Storage } from '../storage/port.ts';
import { type Answer, Fault, responseOf } from './answer.ts';
import type { Desk, DeskLimits } from './desk.ts';
import { type Input, readBody } from './input.ts';
import { AdminKey } from './key.ts';
import { addRevocation, listRevocations } from './revocations.ts';
import { createSession, listSessions, revokeSession } from './sessions.ts';
import { changeUser, createUser, getUser, listUsers, signOutUser } from './users.ts';

type Endpoint = (desk: Desk, input: Input) => Promise<Answer | Fault>;

/** By path and method. A `*` is one segment, handed over decoded. */
const ENDPOINTS: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  '/users': { GET: listUsers, POST: createUser },
  '/users/*': { GET: getUser, PATCH: changeUser },
  '/users/*/revoke': { POST: signOutUser },
  '/users/*/sessions': { GET: listSessions },
  '/sessions': { POST: createSession },
  '/sessions/*': { DELETE: revokeSession },
  '/revocations': { GET: listRevocations, POST: addRevocation },
};

const PREFIX = '/api/v1';
const RETRY_AFTER_S = '5';

const ROUTES = Object.entries(ENDPOINTS).map(([path, methods]) => ({
  form: new RegExp(`^${PREFIX}${path.replaceAll('*', '([^/]+)')}$`),
  methods: new Map(Object.entries(methods)),
}));

/** Whether a request to this path is one for `handle`. */
export const isAdminPath = (path: string): boolean => path.startsWith(`${PREFIX}/`);

export interface AdminOptions extends DeskLimits {
  readonly admin_key: string;
}

/** Users, session tokens and revocations over HTTP, for whoever has the key. */
export class AdminApi {
  readonly #key: AdminKey;
  readonly #desk: Desk;

  /** @throws ConfigError when the key could be guessed */
  constructor(options: AdminOptions, storage: Storage, clock: () => number = Date.now) {
    this.#key = new AdminKey(options.admin_key);
    this.#desk = { storage, limits: options, clock };
  }

  async handle(request: Request, path: string): Promise<Response> {
    const answer = await this.#answer(request, path);
    return responseOf(answer instanceof Fault ? answer.answer : answer);
  }

  async #answer(request: Request, path: string): Promise<Answer | Fault> {
    // First: without the key nothing is to be learned, not even which paths there are.
    if (!this.#key.isIn(request.headers)) {
      const headers = { 'www-authenticate': 'Bearer' };
      return new Fault(401, 'unauthorized', 'The key is missing or wrong.', headers);
    }
    const route = ROUTES.find(({ form }) => form.test(path));
    if (route === undefined) return new Fault(404, 'not_found', 'There is nothing here.');
    const endpoint = route.methods.get(request.method);
    if (endpoint === undefined) {
      const allow = [...route.methods.keys()].join(', ');
      return new Fault(405, 'method_not_allowed', `Only ${allow}.`, { allow });
    }
    const names = decodeNames(route.form.exec(path)?.slice(1) ?? []);
    if (names === undefined) return new Fault(400, 'malformed', 'The path is not UTF-8.');
    const body = await readBody(request);
    if (body instanceof Fault) return body;
    const query = new URL(request.url).searchParams;
    return this.#ask(() => endpoint(this.#desk, { names, query, body }));
  }

  async #ask(work: () => Promise<Answer | Fault>): Promise<Answer | Fault> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      const headers = { 'retry-after': RETRY_AFTER_S };
      return new Fault(503, 'unavailable', 'Storage does not answer now.', headers);
    }
  }
}

function decodeNames(segments: readonly string[]): readonly string[] | undefined {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
