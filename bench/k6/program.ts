import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, runCommand } from '../../scripts/boot/command.ts';
import { UsageError } from '../command/options.ts';
import { BUILD } from '../peers/peer.ts';

/** What is built when there is none. */
export const K6_MODULE = 'go.k6.io/k6@v1.8.1';
/** The first with `k6/websockets`. */
const MAJOR_MIN = 1;

const BUILT = join(BUILD, 'k6');
const BUILD_MS_MAX = 600_000;
const LOG_LINES_MAX = 20;

export const GET_K6 = `go install ${K6_MODULE}, with Go 1.25 or later; others: https://k6.io`;

/** @returns the path of a k6 that is new enough: on PATH, or one that has been built; undefined without */
export function findK6(): string | undefined {
  const found = [Bun.which('k6'), BUILT].filter((path) => path !== null && existsSync(path));
  return found.find((path): path is string => path !== null && isNewEnough(path));
}

function isNewEnough(path: string): boolean {
  const said = String(Bun.spawnSync([path, 'version'], { timeout: 20_000 }).stdout);
  return Number(/v(\d+)\./.exec(said)?.[1] ?? 0) >= MAJOR_MIN;
}

/**
 * Finds k6, or builds it with the Go that is here.
 * @throws UsageError when there is no Go either, or with the end of what it said
 */
export async function requireK6(progress: (line: string) => void): Promise<string> {
  const found = findK6();
  if (found !== undefined) return found;
  if (Bun.which('go') === null) throw new UsageError(`k6 is not installed. ${GET_K6}`);
  progress(`k6: building ${K6_MODULE}`);
  mkdirSync(BUILD, { recursive: true });
  const { succeeded, output } = await runCommand(['go', 'install', '-trimpath', K6_MODULE], {
    cwd: BUILD,
    deadline_ms: BUILD_MS_MAX,
    environment: { GOBIN: BUILD, CGO_ENABLED: '0' },
  });
  if (succeeded) return BUILT;
  const why = lastLines(output, LOG_LINES_MAX);
  throw new UsageError(`k6 cannot be built (${GET_K6}):\n${why}`);
}
