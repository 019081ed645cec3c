import { requireSenders, UsageError } from '../command/options.ts';
import { HUBBUB, startSubject } from '../peers/subject.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { type Case, measureCase } from './case.ts';
import { HTTP_OPTIONS, type HttpValues } from './options.ts';
import { problemsOf, rowOf } from './report.ts';

/** All that the contract asks of a peer. */
const PEER_PATH = '/stats';

function requireMultiple({ rate, connections }: HttpValues): void {
  if (rate % connections === 0) return;
  throw new UsageError(`--rate (${rate}) has to be a multiple of --connections (${connections}).`);
}

/** HTTP endpoints under load, by autocannon: an idle server, and one that carries chat traffic. */
export const httpCommand: Scenario<typeof HTTP_OPTIONS> = {
  name: 'http',
  summary: 'HTTP endpoints by autocannon: idle, and beside chat traffic',
  options: HTTP_OPTIONS,
  async run(values, progress) {
    requireMultiple(values);
    requireSenders(values);
    const cases: Case[] = [];
    for (const name of [HUBBUB, ...values.peers]) {
      const { server_cpu, hub } = values;
      await using server = await startSubject(name, { cpus: [server_cpu], rate_limit: 0, hub });
      for (const state of values.states) {
        for (const path of name === HUBBUB ? values.paths : [PEER_PATH]) {
          progress(`http: ${name} ${path} ${state}`);
          cases.push(await measureCase({ name, state, path }, server, values));
        }
      }
    }
    return {
      tables: [cases.map(rowOf)],
      targets: [],
      problems: cases.flatMap((one) => problemsOf(one)),
      data: { cases },
    };
  },
};
