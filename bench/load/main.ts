/** The load client as a process: does what its parent asks over IPC, one request after the other. */
import { LoadClient } from './client.ts';
import type { CrowdPlan, TrafficPlan } from './port.ts';

/** What is asked of a load client in another process, and what it answers. */
export type Request =
  | { readonly call: 'connect'; readonly crowd: CrowdPlan }
  | { readonly call: 'run'; readonly traffic: TrafficPlan }
  | { readonly call: 'disconnect' };

export type Answer = { readonly result: unknown } | { readonly failure: string };

const client = new LoadClient();

function perform(request: Request): Promise<unknown> {
  switch (request.call) {
    case 'connect':
      return client.connect(request.crowd);
    case 'run':
      return client.run(request.traffic);
    case 'disconnect':
      return client.disconnect();
  }
}

const answer = (message: Answer): void => {
  process.send?.(message);
};

process.on('message', (request: Request) => {
  perform(request).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ failure: error instanceof Error ? error.message : String(error) }),
  );
});
// Without a parent there is nobody to work for.
process.on('disconnect', () => process.exit(1));
