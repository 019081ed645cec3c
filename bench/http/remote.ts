import { join } from 'node:path';
import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import { pinTo } from '../process/pin.ts';
import type { RequestPlan, RequestReport } from './requests.ts';

const PROGRAM = join(import.meta.dir, 'main.ts');
/** On top of what a plan itself takes. */
const SLACK_MS = 30_000;
const TAIL_CHARACTERS = 2_000;

/**
 * Makes requests from a process of its own.
 * @param cpu the core it runs on
 * @throws Error with what it said when it failed or takes too long
 */
export async function requestsFrom(cpu: number, plan: RequestPlan): Promise<RequestReport> {
  const child = Bun.spawn([...pinTo([cpu]), process.execPath, PROGRAM], {
    stdin: new Blob([JSON.stringify(plan)]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  adopt(child);
  const time_ms = (plan.warmup_s + plan.duration_s) * 1_000 + SLACK_MS;
  const ended = Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  const [status, report, said] = await within(time_ms, ended, `requests for ${plan.url}`).finally(
    () => child.kill('SIGKILL'),
  );
  if (status === 0) return JSON.parse(report) as RequestReport;
  throw new Error(`requests for ${plan.url} failed:\n${said.slice(-TAIL_CHARACTERS).trim()}`);
}
