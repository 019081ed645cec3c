import { loadAddon } from '../../server/hub/native/addon.ts';
import { integer, list } from '../command/options.ts';
import type { Findings } from '../report/result.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { threadClock } from './clock.ts';
import {
  type Comparison,
  counting,
  encoding,
  handing,
  MSGPACKR,
  needsAddon,
  spreading,
} from './comparisons.ts';
import { handingRows, sideRows, spreadingRows, targetsOf } from './report.ts';
import { type Compared, Rounder } from './rounds.ts';

const PARTS = { spreading, encoding, counting, handing };
type Part = keyof typeof PARTS;
const PART_NAMES = ['spreading', 'encoding', 'counting', 'handing'] as const satisfies Part[];

const OPTIONS = {
  parts: list(PART_NAMES, PART_NAMES, 'what to measure'),
  rounds: integer(5, 1, 1_000, 'times that all sides take their turn'),
  sample_ms: integer(40, 1, 10_000, 'how long a side is measured in a turn'),
};

/** Functions rather than servers: what the native hub costs, beside the same in TypeScript. */
export const micro: Scenario<typeof OPTIONS> = {
  name: 'micro',
  summary: 'time of a message between draft and frame, native against TypeScript; no sockets',
  options: OPTIONS,
  async run(values, progress) {
    const addon = loadAddon();
    const problems = typeof addon === 'string' ? [`no addon: it ${addon}`] : [];
    const rounder = new Rounder(values, progress);
    const measured: Record<Part, readonly Compared[]> = {
      spreading: [],
      encoding: [],
      counting: [],
      handing: [],
    };
    try {
      for (const part of values.parts) {
        const all = PARTS[part];
        // What is called native is native, or it is not there at all.
        const there = problems.length === 0 ? all : all.map(withoutNative);
        measured[part] = await rounder.compare(there);
      }
    } finally {
      await rounder.stop();
    }
    return findingsOf(measured, problems);
  },
};

const withoutNative = ({ name, contenders }: Comparison): Comparison => ({
  name,
  contenders: contenders.filter((one) => !needsAddon(one)),
});

function findingsOf(
  measured: Readonly<Record<Part, readonly Compared[]>>,
  problems: readonly string[],
): Findings {
  const isBinary = ({ sides }: Compared): boolean => sides.some(({ side }) => side === MSGPACKR);
  return {
    tables: [
      spreadingRows(measured.spreading.filter((one) => !isBinary(one))),
      spreadingRows(measured.spreading.filter(isBinary)),
      ...[...measured.encoding, ...measured.counting].map((one) => sideRows([one])),
      handingRows(measured.handing),
    ],
    targets: problems.length === 0 ? targetsOf(measured.spreading, measured.handing) : [],
    problems,
    data: { clock: threadClock().kind, ...measured },
  };
}
