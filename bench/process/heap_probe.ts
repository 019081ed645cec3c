/**
 * Preloaded into a server (`bun --preload`): answers each message of its parent process with the
 * state of the JavaScript heap. The server itself knows nothing of it.
 */
import { fullGC, heapStats } from 'bun:jsc';

/** The JavaScript heap of a server, after a full collection. */
export interface HeapReport {
  /** Objects and what they hold outside of the heap proper, such as the bytes of strings. */
  readonly heap_bytes: number;
  readonly objects: Readonly<Record<string, number>>;
}

process.on('message', () => {
  fullGC();
  // What finalizers have let go of is garbage for a second collection, which gives pages back as well.
  Bun.gc(true);
  const { heapSize, extraMemorySize, objectTypeCounts } = heapStats();
  const report: HeapReport = {
    heap_bytes: heapSize + extraMemorySize,
    objects: { ...objectTypeCounts },
  };
  process.send?.(report);
});
