import type { Gap, HubbubError } from '../../../../client/index.ts';
import type { Mark } from './timeline.ts';

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' });
const dateWithYear = new Intl.DateTimeFormat('en', { dateStyle: 'full' });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

const DAY_MS = 86_400_000;

export const timeOfDay = (timestamp: number): string => clock.format(timestamp);

export const fullTime = (timestamp: number): string => moment.format(timestamp);

/** @param now to tell today and yesterday by */
export function dayName(timestamp: number, now: number): string {
  const day = new Date(timestamp).toDateString();
  if (day === new Date(now).toDateString()) return 'Today';
  if (day === new Date(now - DAY_MS).toDateString()) return 'Yesterday';
  const isThisYear = new Date(timestamp).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? date : dateWithYear).format(timestamp);
}

export const plural = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

export function markText(mark: Mark): string {
  switch (mark.kind) {
    case 'unread':
      return 'New messages';
    case 'away':
      return `While you were away: ${plural(mark.count, 'message', 'messages')}`;
    case 'gap':
      return gapText(mark.gap);
  }
}

function gapText({ reason, lost }: Gap): string {
  switch (reason) {
    case 'lost':
      return lost === undefined
        ? 'Messages were lost here.'
        : `${plural(lost.last - lost.first + 1, 'message was', 'messages were')} lost here.`;
    case 'epoch_changed':
      return 'The server started anew. What was said meanwhile may be missing.';
    case 'not_proven':
      return 'Messages may be missing here.';
  }
}

/** Why an own message is not in the room, and what that means for sending it again. */
export function failureText({ outcome, code, message }: HubbubError): string {
  if (outcome === 'unknown') return 'No answer came. It may have arrived all the same.';
  return `Not sent. ${code === 'deadline' ? 'There was no connection.' : message}`;
}
