import type { Mark, Outgoing, Timeline } from './timeline.ts';

export type MessageState = 'received' | 'sending' | 'sent' | 'failed';

/** One message as it is shown. */
export interface MessageRow {
  readonly kind: 'message';
  readonly key: string;
  readonly own: boolean;
  readonly from: string;
  readonly from_id: string;
  readonly text: string;
  readonly timestamp: number;
  readonly state: MessageState;
  readonly failure: string | undefined;
  /** Begins a run of messages by one person. */
  readonly isHead: boolean;
}

export type Row =
  | MessageRow
  | { readonly kind: 'day'; readonly key: string; readonly timestamp: number }
  | { readonly kind: 'mark'; readonly key: string; readonly mark: Mark };

/** Messages of one person further apart begin a new run. */
const RUN_MS = 5 * 60_000;

/** The timeline with days between its entries and its messages in runs. Pure, but for the time zone. */
export function rowsOf(timeline: Timeline, me: string | undefined): readonly Row[] {
  const rows: Row[] = [];
  let before: MessageRow | undefined;
  let day = '';
  const add = (message: Omit<MessageRow, 'isHead' | 'kind'>): void => {
    const today = new Date(message.timestamp).toDateString();
    if (today !== day)
      rows.push({ kind: 'day', key: `day-before-${message.key}`, timestamp: message.timestamp });
    const isHead = today !== day || !continues(before, message);
    day = today;
    before = { ...message, kind: 'message', isHead };
    rows.push(before);
  };
  for (const entry of timeline.entries) {
    if (entry.kind === 'record') {
      add({ ...entry, state: entry.own ? 'sent' : 'received', failure: undefined });
    } else if (entry.kind !== 'away' || entry.count > 0) {
      rows.push({ kind: 'mark', key: entry.key, mark: entry });
      before = undefined;
    }
  }
  for (const outgoing of timeline.outgoing) add(underWay(outgoing, me));
  return rows;
}

function underWay(outgoing: Outgoing, me = ''): Omit<MessageRow, 'isHead' | 'kind'> {
  const state = outgoing.failure === undefined ? 'sending' : 'failed';
  return { ...outgoing, own: true, from: '', from_id: me, state };
}

function continues(
  before: MessageRow | undefined,
  { from_id, own, timestamp }: Omit<MessageRow, 'isHead' | 'kind'>,
): boolean {
  if (before === undefined) return false;
  const isSame = before.from_id === from_id || (before.own && own);
  return isSame && timestamp - before.timestamp < RUN_MS;
}
