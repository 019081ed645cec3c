/** A figure that the project sets out to reach, beside what was measured. */
export interface Target {
  readonly name: string;
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  readonly measured: number;
  readonly unit: string;
  readonly met: boolean;
}

/** @param limit the most that is allowed */
export const atMost = (name: string, limit: number, measured: number, unit: string): Target => ({
  name,
  bound: 'at most',
  limit,
  measured,
  unit,
  met: measured <= limit,
});

/** @param limit the least that is wanted */
export const atLeast = (name: string, limit: number, measured: number, unit: string): Target => ({
  name,
  bound: 'at least',
  limit,
  measured,
  unit,
  met: measured >= limit,
});

/** The columns of one target in a table. */
export const targetRow = ({ name, bound, limit, measured, unit, met }: Target) => ({
  target: name,
  wanted: `${bound} ${limit}${unit}`,
  measured: `${measured.toFixed(3)}${unit}`,
  '': met ? 'reached' : 'missed',
});
