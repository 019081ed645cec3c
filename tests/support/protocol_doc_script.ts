import type { Fence } from './markdown.ts';
import { parsePattern } from './protocol_doc_pattern.ts';

/** One line of an example. `frame` is what one frame carries, or its bytes where the line spells them. */
export type Step = { readonly line: number } & (Act | { readonly kind: 'the server stops' });

type Act = { readonly actor: string } & (
  | { readonly kind: 'opens'; readonly target: string; readonly subprotocol: string | undefined }
  | { readonly kind: 'sends'; readonly frame: readonly unknown[] | Uint8Array }
  | { readonly kind: 'receives'; readonly text: string; readonly pattern: unknown }
  | { readonly kind: 'receives bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'is closed'; readonly code: number }
  | { readonly kind: 'closes' }
  | { readonly kind: 'is cut' }
);

export interface Script {
  /** Where the document shows it. */
  readonly line: number;
  /** `rate_limit=1` and the like: how the server of this example is set up. */
  readonly settings: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
  /** Whether it is about one encoding: its clients say which subprotocol they speak. */
  readonly isBound: boolean;
}

const FORM =
  /^(?<actor>[a-z]+) (?:(?<arrow>[→←]) (?<content>.+)|opens (?<target>\S+)(?: as (?<subprotocol>\S+))?|is closed with (?<code>\d{4})|(?<end>closes|is cut))$/;
const BYTES = /^[0-9a-f]{2}( [0-9a-f]{2})*$/;
const FRAME_NEWLINE = '⏎';

/** @throws Error that names the line of the document it cannot make sense of */
export function parseScript(fence: Fence): Script {
  const [, ...settings] = fence.info.split(' ');
  const steps = logicalLines(fence).map(({ line, text }) => {
    try {
      return parseStep(line, text);
    } catch (error) {
      throw new Error(`line ${line} is no step of an example: ${text}`, { cause: error });
    }
  });
  return {
    line: fence.line,
    settings: new Map(settings.map((one) => one.split('=') as [string, string])),
    steps,
    isBound: steps.some((step) => step.kind === 'opens' && step.subprotocol !== undefined),
  };
}

/** An indented line goes on where the one before it ended. */
function logicalLines(fence: Fence): readonly { readonly line: number; readonly text: string }[] {
  const lines: { line: number; text: string }[] = [];
  for (const [index, text] of fence.content.entries()) {
    const last = lines.at(-1);
    if (last !== undefined && text.startsWith(' ')) last.text += text.trim();
    else lines.push({ line: fence.line + index, text });
  }
  return lines;
}

function parseStep(line: number, text: string): Step {
  if (text === 'the server stops') return { line, kind: text };
  const parts = FORM.exec(text)?.groups;
  if (parts?.actor === undefined) throw new Error('it has none of the known forms');
  const { actor, arrow, content = '', target, subprotocol, code, end } = parts;
  const at = { line, actor };
  if (target !== undefined) return { ...at, kind: 'opens', target, subprotocol };
  if (code !== undefined) return { ...at, kind: 'is closed', code: Number(code) };
  if (end === 'closes' || end === 'is cut') return { ...at, kind: end };
  if (BYTES.test(content)) {
    const bytes = Buffer.from(content.replaceAll(' ', ''), 'hex');
    if (arrow === '→') return { ...at, kind: 'sends', frame: bytes };
    return { ...at, kind: 'receives bytes', bytes };
  }
  if (arrow === '→') {
    return { ...at, kind: 'sends', frame: content.split(FRAME_NEWLINE).map(parsePattern) };
  }
  return { ...at, kind: 'receives', text: content, pattern: parsePattern(content) };
}
