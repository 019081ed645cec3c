import type { ReportCommand } from './command.ts';
import { DOCUMENT } from './document.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The schema of result files as it is published in `result.schema.json`. */
export const publishedSchema = (): string =>
  `${JSON.stringify({ $schema: DIALECT, ...DOCUMENT }, null, 2)}\n`;

export const schemaCommand: ReportCommand = {
  name: 'schema',
  help: '  schema: the JSON Schema of result files, as bench/report/result.schema.json has it\n',
  async run() {
    process.stdout.write(publishedSchema());
  },
};
