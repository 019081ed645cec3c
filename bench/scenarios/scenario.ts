import type { Options, Values } from '../command/options.ts';
import type { Findings } from '../report/result.ts';

/** Says on stderr what is going on. */
export type Progress = (line: string) => void;

/** A measurement with a name: what may be set, and what it does with that. */
export interface Scenario<O extends Options = Options> {
  readonly name: string;
  readonly summary: string;
  readonly options: O;
  /** The option of which words before the first flag are values, such as in `bench k6 steady`. */
  readonly words?: keyof O & string;
  run(values: Values<O>, progress: Progress): Promise<Findings>;
}
