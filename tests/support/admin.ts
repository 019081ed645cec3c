/** The administration API, as somebody with (or without) the key uses it. */

export const ADMIN_KEY = 'an-administration-key-for-tests-only';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

const DEADLINE_MS = 10_000;

/** @param body an object for JSON, or text as it is */
export async function askAdmin(
  server: { readonly http: string },
  method: string,
  path: string,
  body?: object | string,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${ADMIN_KEY}` },
): Promise<AdminAnswer> {
  const response = await fetch(`${server.http}/api/v1${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(DEADLINE_MS),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as AdminAnswer['body'],
  };
}

/** A session token of a user made for it. @returns the token, and the id of its session */
export async function signIn(
  server: { readonly http: string },
  user_id: string,
): Promise<{ readonly token: string; readonly session_id: string }> {
  await askAdmin(server, 'POST', '/users', { user_id, username: user_id });
  const { status, body } = await askAdmin(server, 'POST', '/sessions', { user_id });
  if (status !== 201) throw new Error(`no session: ${JSON.stringify(body)}`);
  return { token: String(body.token), session_id: String(body.session_id) };
}
