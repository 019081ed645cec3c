import { People } from './people.ts';
import { Timeline } from './timeline.ts';
import { Typists } from './typists.ts';

/** Whether there is history above the timeline. */
export type Earlier = 'unknown' | 'asking' | 'more' | 'none';

/** Everything the page knows of one room. */
export class Room {
  readonly name: string;
  readonly timeline = new Timeline();
  readonly people = new People();
  readonly typists = new Typists();
  /** Messages of others that came while the reader looked elsewhere. */
  unread = 0;
  /** Text in the composer, not sent. */
  draft = '';
  earlier: Earlier = 'unknown';
  /** The server has let this client in at least once. */
  isJoined = false;

  constructor(name: string) {
    this.name = name;
  }
}
