import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The functions of the addon's interface as this code knows them; another number is refused. */
const ABI_VERSION = 4;

const ADDON_PATH = join(import.meta.dir, '../../../build/addon/Release/hubbub.node');

/** One worker's way into a native hub: requests and answers are bytes in memory both sides hold. */
export interface Door {
  /**
   * Memory for an area, zeroed, in place of what the area had. It stays the door's own: an ArrayBuffer
   * that is detached is no longer read or written, and nothing worse.
   * @param bytes a multiple of 8
   * @throws RangeError when that is too small for the area, or cannot be had
   */
  lend(area: number, bytes: number): ArrayBuffer;
  /** Carries out what the control area names, and leaves there what came of it. */
  execute(): void;
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
  /** Counts in one worker's block of counters that all threads of the process share. */
  countersAdd(worker: number, counter: number, n: number): void;
  /** The same under a mutex: what the other one is measured against. */
  countersAddLocked(worker: number, counter: number, n: number): void;
  readonly Door: new (hub: number, worker: number, wake: (due_ms: number) => void) => Door;
}

/**
 * Loads the addon.
 * @returns why there is none, as the end of a sentence, when there is none to load
 */
export function loadAddon(path: string = ADDON_PATH): Addon | string {
  let addon: Addon;
  try {
    if (isCutShort(path)) return 'cannot be loaded: the file ends too early';
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    return `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
  return addon.abiVersion === ABI_VERSION
    ? addon
    : `speaks version ${addon.abiVersion} of its interface, not ${ABI_VERSION}`;
}

const ELF_HEADER_BYTES = 64;
const ELF_64_BIT_LITTLE_ENDIAN = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);

/**
 * Whether an ELF file ends before its table of sections, the last thing in it, as after a build that
 * ran out of space. The system's loader does not look: it kills the process at the first page that is
 * not there.
 */
function isCutShort(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(ELF_HEADER_BYTES);
    readSync(file, header);
    if (!header.subarray(0, 6).equals(ELF_64_BIT_LITTLE_ENDIAN)) return false;
    const table = Number(header.readBigUInt64LE(0x28));
    const tableBytes = header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c);
    return fstatSync(file).size < table + tableBytes;
  } finally {
    closeSync(file);
  }
}
