/** What an endpoint answers, before it is an HTTP response. */
export interface Answer {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that cannot be met: one sentence for people, a code for programs. */
export class Fault {
  readonly answer: Answer;

  constructor(status: number, code: string, message: string, headers?: Record<string, string>) {
    const body = { error: { code, message } };
    this.answer = headers === undefined ? { status, body } : { status, body, headers };
  }
}

export const notFound = (what: string): Fault =>
  new Fault(404, 'not_found', `There is no such ${what}.`);

/** Nothing here is for a cache, and a session token least of all. */
export function responseOf({ status, body, headers }: Answer): Response {
  const all = { 'cache-control': 'no-store', ...headers };
  return body === undefined
    ? new Response(null, { status, headers: all })
    : Response.json(body, { status, headers: all });
}
