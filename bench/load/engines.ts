import { NativeLoadEngine } from './engine.ts';
import { buildEngine } from './engine_build.ts';
import type { LoadEngine } from './port.ts';
import { RemoteLoadClient } from './remote.ts';

/** The load engines there are, each a process of its own. They give the same counts. */
export const ENGINE_KINDS = ['typescript', 'native'] as const;
export type EngineKind = (typeof ENGINE_KINDS)[number];

export interface EngineProcess extends LoadEngine {
  stop(): Promise<void>;
}

/**
 * Starts an engine on a core of its own; the native one is built first when it has to be.
 * @throws Error when it cannot be built here
 */
export async function startEngine(kind: EngineKind, cpu: number): Promise<EngineProcess> {
  return kind === 'native'
    ? new NativeLoadEngine(await buildEngine(), cpu)
    : new RemoteLoadClient(cpu);
}
