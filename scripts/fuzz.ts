/**
 * Feeds the native hub made-up inputs under sanitizers, all targets at the same time:
 *
 *   bun scripts/fuzz.ts [--minutes n] [target …]
 *     minutes  how long, 1 unless told
 *     target   only these, of native/fuzz/<target>_fuzz.cc
 *
 * Exits with 1 when there was a finding, and prints where the input is that brought it about; the
 * same binary with that file as its argument repeats it.
 */
import { parseArgs } from 'node:util';
import { lastLines } from './boot/command.ts';
import { root } from './boot/project.ts';
import { buildFuzzTargets, canFuzz, fuzz, fuzzTargets } from './test/fuzzing.ts';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
const known = fuzzTargets(root);
const unknown = positionals.filter((target) => !known.includes(target));
if (!(minutes > 0) || unknown.length > 0) {
  stop(`--minutes takes a number above 0; targets are ${known.join(', ')}`);
}
if (!(await canFuzz())) stop('needs clang with libFuzzer (Debian: clang libclang-rt-dev)');
const built = await buildFuzzTargets(root);
if (!built.succeeded) stop(lastLines(built.output, 30));

const targets = positionals.length > 0 ? positionals : known;
console.log(`${targets.join(', ')}: ${minutes} min`);
const all = await Promise.all(targets.map((target) => fuzz(root, target, minutes * 60)));
for (const { target, executions, finding, output } of all) {
  console.log(`${target}: ${executions} executions, ${finding ?? 'no finding'}`);
  if (finding !== undefined) console.log(lastLines(output, 60));
}
process.exitCode = all.some(({ finding }) => finding !== undefined) ? 1 : 0;

function stop(reason: string): never {
  console.error(reason);
  process.exit(2);
}
