import type { Dialect } from './dialect.ts';
import { hubbub, peer } from './dialects/json.ts';

/** All there are, by name. */
export const DIALECTS = { peer, hubbub } as const satisfies Readonly<Record<string, Dialect>>;
export type DialectName = keyof typeof DIALECTS;
