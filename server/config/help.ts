import { flagOf, OPTION_NAMES, OPTIONS, variableOf } from './options.ts';

/** The text of `--help`: every option, its range, its default. */
export function helpText(): string {
  const rows: (readonly [flag: string, help: string])[] = OPTION_NAMES.map((name) => {
    const option = OPTIONS[name];
    const value = option.kind === 'choice' ? option.choices.join('|') : `<${option.kind}>`;
    const standard = option.default === '' ? 'empty' : option.default;
    return [`${flagOf(name)} ${value}`, `${option.help} (default ${standard})`];
  });
  rows.push(['--config <path>', 'TOML or JSON file with any of these as keys (default none)']);
  rows.push(['--help', 'this text']);
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return [
    'Hubbub: a real-time room server.',
    '',
    'Usage: bun run server [options]',
    '',
    ...rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`),
    '',
    `Each option is also an environment variable (${flagOf('flush_interval_ms')} is`,
    `${variableOf('flush_interval_ms')}) and a key of the configuration file (flush_interval_ms).`,
    'A flag wins over the environment, the environment over the file.',
    '',
  ].join('\n');
}
