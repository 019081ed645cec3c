import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The functions of the addon's interface as this code knows them; another number is refused. */
const ABI_VERSION = 3;

const ADDON_PATH = join(import.meta.dir, '../../../build/addon/Release/hubbub.node');

/** One worker's way into a native hub: requests and answers are bytes in memory both sides hold. */
export interface Door {
  /** @throws RangeError when the memory is too small for the area */
  setArea(area: number, memory: ArrayBuffer): void;
  /** Carries out the requests in [from, to), then flushes when `flush` is 1. @returns a `Status` */
  execute(from: number, to: number, flush: number, monotonic_ms: number, wall_ms: number): number;
  count(counter: number): number;
  poolBytes(): number;
  detach(): void;
}

export interface Addon {
  readonly abiVersion: number;
  /** A clock that all threads of the process share; that of `performance` starts anew in each. */
  monotonicMs(): number;
  /** @param options see `native/addon.cc`: thirteen numbers in order */
  openHub(options: Float64Array): number;
  closeHub(hub: number): void;
  readonly Door: new (hub: number, worker: number, wake: (due_ms: number) => void) => Door;
}

/**
 * Loads the addon.
 * @returns why there is none, as the end of a sentence, when there is none to load
 */
export function loadAddon(path: string = ADDON_PATH): Addon | string {
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    return `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
  return addon.abiVersion === ABI_VERSION
    ? addon
    : `speaks version ${addon.abiVersion} of its interface, not ${ABI_VERSION}`;
}
