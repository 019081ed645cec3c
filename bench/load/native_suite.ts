import { describe } from 'bun:test';
import { NativeLoadEngine } from './engine.ts';
import { buildEngine, missingForEngine } from './engine_build.ts';

const missing = missingForEngine();
// Out here, because a compiler takes longer than a test may.
const program = missing.length === 0 ? await buildEngine() : '';
const needs = missing.length === 0 ? '' : ` [needs ${missing.join(' and ')}]`;

/** Tests of what the native load engine alone can do; skipped where it cannot be built. */
export function describeNative(title: string, body: () => void): void {
  describe.skipIf(missing.length > 0)(`${title}${needs}`, body);
}

/** The caller stops it. */
export const startNative = (): NativeLoadEngine => new NativeLoadEngine(program, 0);
