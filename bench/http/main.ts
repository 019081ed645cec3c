/** Makes requests in a process of its own: says that it is ready, then answers each plan it is sent. */
import { makeRequests, type RequestPlan, type RequestReport } from './requests.ts';

/** What it says to its parent. */
export type Said = 'ready' | { readonly report: RequestReport };

const say = (said: Said): void => {
  process.send?.(said);
};

process.on('message', async (plan: RequestPlan) => {
  say({ report: await makeRequests(plan) });
});
say('ready');
