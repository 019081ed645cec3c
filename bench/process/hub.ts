import { UsageError } from '../command/options.ts';

export const HUBS = ['script', 'native'] as const;

/** What carries the rooms of a server under test: TypeScript, or the addon. */
export type HubKind = (typeof HUBS)[number];

/**
 * Asks the server itself which hub it runs: no figure is ever reported under the wrong name.
 * @throws UsageError when it is not the one that was asked for
 * @throws Error when the server does not say
 */
export async function confirmHub(port: number, name: string, hub: HubKind): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`);
  const health = (await response.json()) as { readonly hub?: unknown };
  if (typeof health.hub !== 'string') throw new Error(`${name} does not say which hub it runs`);
  if (health.hub !== hub) {
    throw new UsageError(`${name} was to run the ${hub} hub and runs the ${health.hub} one.`);
  }
}
