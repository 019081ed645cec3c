import { ConfigError } from '../errors.ts';

/** `https://chat.example.com`, or `https://*.example.com` for every subdomain; a port where there is one. */
const FORM =
  /^(?<scheme>[a-z][a-z\d+.-]*:\/\/)(?<wildcard>\*\.)?(?<host>[a-z\d.-]+(?::\d+)?|\[[\da-f:]+\](?::\d+)?)$/;

interface Subdomains {
  readonly scheme: string;
  /** With the dot before it. */
  readonly suffix: string;
}

/**
 * Which web pages may connect. Browsers send cookies and reach networks on behalf of any page, and
 * say in `Origin` which one it was; other programs can say anything there, and mostly say nothing.
 */
export class Origins {
  readonly #exact = new Set<string>();
  readonly #subdomains: Subdomains[] = [];
  readonly #isOpen: boolean;

  /**
   * @param list separated by commas; empty: all
   * @throws ConfigError when one of them is no origin
   */
  constructor(list: string) {
    const named = list.split(',').flatMap((one) => one.trim().toLowerCase() || []);
    this.#isOpen = named.length === 0;
    for (const origin of named) {
      const { scheme = '', wildcard, host = '' } = FORM.exec(origin)?.groups ?? {};
      if (host === '') {
        throw new ConfigError(
          `--allowed-origins ${JSON.stringify(origin)} is none: they look like https://chat.example.com or https://*.example.com.`,
        );
      }
      if (wildcard === undefined) this.#exact.add(origin);
      else this.#subdomains.push({ scheme, suffix: `.${host}` });
    }
  }

  /** @param origin the header of the request; null: it is no browser that asks */
  allow(origin: string | null): boolean {
    if (this.#isOpen || origin === null) return true;
    const asked = origin.toLowerCase();
    if (this.#exact.has(asked)) return true;
    return this.#subdomains.some(
      ({ scheme, suffix }) =>
        asked.startsWith(scheme) && asked.endsWith(suffix) && isHost(asked, scheme, suffix),
    );
  }
}

/** What the wildcard stands for is one name or several, and nothing else that an origin could hold. */
const isHost = (origin: string, scheme: string, suffix: string): boolean =>
  /^[a-z\d-]+(\.[a-z\d-]+)*$/.test(origin.slice(scheme.length, origin.length - suffix.length));
