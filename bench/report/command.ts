import { UsageError } from '../command/options.ts';

/** What is done with results once they are there, as `bun run bench <name>` starts it. */
export interface ReportCommand {
  readonly name: string;
  readonly help: string;
  /**
   * @param given what stands behind the name; says its result on stdout and sets the exit status
   * @throws UsageError for what cannot be done
   */
  run(given: readonly string[]): Promise<void>;
}

/** Reads arguments with `parse`. @throws UsageError with what it objects to */
export function readArguments<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
