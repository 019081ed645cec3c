/**
 * Users, session tokens and revocations of a running server, through its administration API.
 *
 *   bun run admin <users|sessions|tokens> <command> [arguments] [options]
 *
 * The key comes from HUBBUB_ADMIN_KEY and nowhere else: what stands on a command line can be seen by
 * everybody on the machine, and is kept in the shell's history.
 */

import { readArguments } from './admin/arguments.ts';
import { AdminClient } from './admin/client.ts';
import { COMMANDS, helpText } from './admin/commands.ts';
import { ApiError, UsageError } from './admin/errors.ts';
import { showAnswer } from './admin/show.ts';

const FAILURE = 1;
const USAGE_ERROR = 2;

async function main(): Promise<void> {
  const { words, options } = readArguments(process.argv.slice(2));
  if (options.help || words.length === 0) {
    process.stdout.write(helpText());
    return;
  }
  const command = COMMANDS.find(({ name }) => name === words.slice(0, 2).join(' '));
  if (command === undefined) throw new UsageError(`There is no "${words.slice(0, 2).join(' ')}".`);
  const given = words.slice(2);
  if (given.length !== command.parameters.length) {
    throw new UsageError(
      `${command.name} takes: ${command.parameters.join(' ') || 'nothing more'}.`,
    );
  }
  const key = process.env.HUBBUB_ADMIN_KEY;
  if (key === undefined || key === '') throw new UsageError('HUBBUB_ADMIN_KEY is not set.');
  const answer = await command.run(new AdminClient(options.url, key), given, options);
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : showAnswer(answer));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ApiError)) throw error;
  process.stderr.write(`admin: ${error.message}\n`);
  process.exitCode = error instanceof UsageError ? USAGE_ERROR : FAILURE;
}
