/** A figure that the project sets out to reach, beside what was measured. */
export interface Target {
  readonly name: string;
  readonly limit: number;
  readonly measured: number;
  readonly unit: string;
  readonly met: boolean;
}

/** @param limit the most that is allowed */
export const atMost = (name: string, limit: number, measured: number, unit: string): Target => ({
  name,
  limit,
  measured,
  unit,
  met: measured <= limit,
});

/** The columns of one target in a table. */
export const targetRow = ({ name, limit, measured, unit, met }: Target) => ({
  target: name,
  'at most': `${limit}${unit}`,
  measured: `${measured.toFixed(3)}${unit}`,
  '': met ? 'reached' : 'missed',
});
