/**
 * What outlives the page. The name, the rooms and the theme are the browser's; who one is belongs to
 * the window, so that two windows are two people.
 */
interface Kept {
  /** The last name chosen. */
  readonly name: string;
  /** JSON array of the rooms joined last, in their order. */
  readonly rooms: string;
  /** `light` or `dark`; absent follows the system. */
  readonly theme: string;
  /** The resume token of this window, and the name that goes with it. */
  readonly session: string;
  readonly session_name: string;
}

const PREFIX = 'hubbub.';

/** A browser told to keep nothing throws already on looking: then nothing outlives the page. */
function storeOf(key: keyof Kept): Storage | undefined {
  try {
    return key.startsWith('session') ? globalThis.sessionStorage : globalThis.localStorage;
  } catch {
    return undefined;
  }
}

export const recall = (key: keyof Kept): string | undefined =>
  storeOf(key)?.getItem(PREFIX + key) ?? undefined;

/** Keeps a value, or forgets it when there is none. */
export function keep(key: keyof Kept, value: string | undefined): void {
  if (value === recall(key)) return;
  try {
    if (value === undefined) storeOf(key)?.removeItem(PREFIX + key);
    else storeOf(key)?.setItem(PREFIX + key, value);
  } catch (error) {
    // A store may be full, or have no room from the start: the page works without.
    if (!(error instanceof DOMException)) throw error;
  }
}

export function recallRooms(): readonly string[] {
  const rooms: unknown = parse(recall('rooms') ?? '[]');
  return Array.isArray(rooms) ? rooms.filter((room) => typeof room === 'string') : [];
}

export const keepRooms = (rooms: Iterable<string>): void =>
  keep('rooms', JSON.stringify([...rooms]));

/** Others may have written there: what is no JSON counts as nothing. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
