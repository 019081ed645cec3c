/** Makes the requests of one plan, in a process of its own: a line of JSON comes in, one goes out. */
import { makeRequests, type RequestPlan } from './requests.ts';

const plan: RequestPlan = await Bun.stdin.json();
process.stdout.write(`${JSON.stringify(await makeRequests(plan))}\n`);
