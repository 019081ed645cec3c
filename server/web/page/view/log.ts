import type { Room } from '../model/room.ts';
import { type Row, rowsOf } from '../model/rows.ts';
import { dayName, markText } from '../model/words.ts';
import { make, setText } from './dom.ts';
import { MessageView } from './message.ts';

export interface LogActions {
  resend(room: Room, key: string): void;
  discard(room: Room, key: string): void;
  loadEarlier(room: Room): void;
  /** The reader scrolled. */
  scrolled(): void;
}

/** Closer to the end than this, the reader follows what comes. */
const NEAR_END_PX = 60;
/** A page of history is here by then. */
const HUSH_MS = 1_000;

interface RowView {
  readonly element: HTMLElement;
  update(row: Row): void;
}

/** The messages of one room, in an element of its own that stays when another room is shown. */
export class LogView {
  readonly element: HTMLElement;
  readonly #room: Room;
  readonly #actions: LogActions;
  readonly #earlier = make('button', { type: 'button', class: 'quiet earlier' }, 'Show earlier');
  #views = new Map<string, RowView>();
  #isFollowing = true;
  #hushed: ReturnType<typeof setTimeout> | undefined;

  constructor(room: Room, actions: LogActions) {
    this.#room = room;
    this.#actions = actions;
    this.element = make('div', {
      class: 'log',
      role: 'log',
      tabindex: '0',
      'aria-label': `Messages in ${room.name}`,
      // A state that changes is no news; a new message is.
      'aria-relevant': 'additions',
    });
    this.element.append(this.#earlier);
    this.#hush();
    this.#earlier.addEventListener('click', () => actions.loadEarlier(room));
    this.element.addEventListener('scroll', () => {
      this.#isFollowing = this.#distanceToEnd() < NEAR_END_PX;
      actions.scrolled();
    });
    // The keyboard of a phone, or a growing composer, must not cover what is being followed.
    new ResizeObserver(() => this.#keepEnd()).observe(this.element);
  }

  /** Whether the newest message is in sight and will stay so. */
  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** Lets the log be seen, or hides it. */
  show(isShown: boolean): void {
    if (isShown && this.element.hidden) this.#hush();
    this.element.hidden = !isShown;
  }

  showEnd(): void {
    this.#isFollowing = true;
    this.#keepEnd();
  }

  render(me: string | undefined): void {
    const { earlier, timeline } = this.#room;
    const rows = rowsOf(timeline, me);
    const anchor = this.#isFollowing ? undefined : this.#topRow();
    const anchor_px = anchor?.offsetTop ?? 0;
    if (earlier === 'asking') this.#hush();
    const hadFocus = document.activeElement === this.#earlier;
    this.#earlier.hidden = earlier !== 'more' || timeline.oldest === undefined;
    if (hadFocus && this.#earlier.hidden) this.element.focus();
    this.#place(rows);
    if (anchor?.isConnected) this.element.scrollTop += anchor.offsetTop - anchor_px;
    this.#keepEnd();
  }

  #place(rows: readonly Row[]): void {
    const views = new Map<string, RowView>();
    let last: Element = this.#earlier;
    for (const row of rows) {
      const view = this.#views.get(row.key) ?? this.#makeRow(row);
      view.update(row);
      views.set(row.key, view);
      if (last.nextElementSibling !== view.element) last.after(view.element);
      last = view.element;
    }
    for (const [key, { element }] of this.#views) if (!views.has(key)) element.remove();
    this.#views = views;
  }

  #makeRow(row: Row): RowView {
    if (row.kind === 'message') {
      const message = new MessageView(row, {
        resend: (key) => this.#actions.resend(this.#room, key),
        discard: (key) => this.#actions.discard(this.#room, key),
      });
      return {
        element: message.element,
        update: (changed) => changed.kind === 'message' && message.update(changed),
      };
    }
    const element = make('div', { class: row.kind }, make('span'));
    if (row.kind === 'mark') element.dataset.mark = row.mark.kind;
    return {
      element,
      update: (changed) => {
        if (changed.kind !== 'message') setText(element.firstElementChild ?? element, say(changed));
      },
    };
  }

  /** What was there before is not news to be read out when it comes into sight. */
  #hush(): void {
    this.element.ariaLive = 'off';
    clearTimeout(this.#hushed);
    this.#hushed = setTimeout(() => {
      this.element.ariaLive = 'polite';
    }, HUSH_MS);
  }

  #keepEnd(): void {
    if (this.#isFollowing) this.element.scrollTop = this.element.scrollHeight;
  }

  #topRow(): HTMLElement | undefined {
    const top = this.element.scrollTop;
    for (const { element } of this.#views.values()) {
      if (element.offsetTop + element.offsetHeight > top) return element;
    }
    return undefined;
  }

  #distanceToEnd(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight;
  }
}

const say = (row: Exclude<Row, { kind: 'message' }>): string =>
  row.kind === 'day' ? dayName(row.timestamp, Date.now()) : markText(row.mark);
