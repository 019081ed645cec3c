/** A test that did not run, and why. */
export interface SkippedTest {
  name: string;
  reason: string;
}

/** What came out of some tests. */
export interface Results {
  passed: number;
  failed: number;
  skipped: SkippedTest[];
}

/** Adds results up. */
export function sumResults(parts: readonly Results[]): Results {
  return {
    passed: parts.reduce((sum, part) => sum + part.passed, 0),
    failed: parts.reduce((sum, part) => sum + part.failed, 0),
    skipped: parts.flatMap((part) => part.skipped),
  };
}

/** The last line of a run: `N passed, N failed`, and `, N skipped` when there are any. */
export function formatSummary({ passed, failed, skipped }: Results): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped.length === 0 ? line : `${line}, ${skipped.length} skipped`;
}
