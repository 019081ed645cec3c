import { ApiError } from './errors.ts';

export type Answer = Readonly<Record<string, unknown>>;

const DEADLINE_MS = 10_000;

/** The administration API of one server. */
export class AdminClient {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = `${url.replace(/\/+$/, '')}/api/v1`;
    this.#key = key;
  }

  /**
   * @param path with its parts encoded
   * @throws ApiError with what the server says
   */
  async ask(method: string, path: string, body?: object): Promise<Answer> {
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(DEADLINE_MS),
        // A redirect would carry the key to somebody else.
        redirect: 'error',
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError(`${this.#url} does not answer: ${reason}`, { cause: error });
    }
    const text = await response.text();
    if (response.ok) return text === '' ? {} : (JSON.parse(text) as Answer);
    throw new ApiError(reasonIn(text) ?? `the server answered ${response.status}.`);
  }
}

/** Not everything that answers is this API: a proxy may say it in HTML. */
function reasonIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: string } };
    return error?.message;
  } catch {
    return undefined;
  }
}
