import { readFileSync } from 'node:fs';

/** Key of the size of a page in the auxiliary vector (`man 3 getauxval`). */
const AT_PAGESZ = 6n;

/**
 * What the kernel holds for TCP: bytes on their way in both directions, of all sockets of the machine,
 * whichever network they are in. Neither side's resident memory has it.
 * @throws Error when the kernel does not say
 */
export const socketBytes = (): number =>
  pagesOf(readFileSync('/proc/self/net/sockstat', 'utf8')) * PAGE_BYTES;

/** Pages of TCP memory in what `/proc/net/sockstat` says. */
export function pagesOf(sockstat: string): number {
  const pages = /^TCP: .*\bmem (\d+)/m.exec(sockstat)?.[1];
  if (pages === undefined) throw new Error('the kernel does not say what its TCP sockets hold');
  return Number(pages);
}

const PAGE_BYTES = pageBytes();

/** Not 4,096 on every machine: ARM kernels may have 16 or 64 KiB. */
function pageBytes(): number {
  const { buffer } = new Uint8Array(readFileSync('/proc/self/auxv'));
  const words = new BigUint64Array(buffer);
  const key = words.findIndex((word, index) => index % 2 === 0 && word === AT_PAGESZ);
  const size = words[key + 1];
  if (key === -1 || size === undefined)
    throw new Error('the kernel does not say how large a page is');
  return Number(size);
}
