import type { Chat } from '../chat.ts';
import { plural } from '../model/words.ts';
import { byId, setText } from './dom.ts';
import { roomAddress, unreadIn } from './room_list.ts';

const FLASH_MS = 2_000;

export interface HeaderActions {
  /** Says something to screen readers. */
  announce(text: string): void;
  leave(): void;
}

/** What stands above the messages of a room, and in the window's title and address. */
export class HeaderView {
  readonly #chat: Chat;
  readonly #actions: HeaderActions;
  readonly #name = byId('room-name', HTMLHeadingElement);
  readonly #count = byId('room-count', HTMLParagraphElement);
  readonly #buttons = ['copy-link', 'leave', 'show-people'].map((id) =>
    byId(id, HTMLButtonElement),
  );
  /** Shown for a moment in place of the count. */
  #flashed: string | undefined;

  constructor(chat: Chat, actions: HeaderActions) {
    this.#chat = chat;
    this.#actions = actions;
    byId('leave', HTMLButtonElement).addEventListener('click', () => actions.leave());
    byId('copy-link', HTMLButtonElement).addEventListener('click', () => this.#copyLink());
  }

  render(): void {
    const { current, connection, rooms } = this.#chat;
    setText(this.#name, current?.name ?? '');
    // While offline nobody knows.
    const isKnown = connection.state === 'online' && current?.isJoined;
    const count = isKnown ? `${plural(current.people.count, 'person', 'people')} here` : '';
    setText(this.#count, this.#flashed ?? count);
    for (const button of this.#buttons) button.hidden = current === undefined;

    const unread = unreadIn(rooms.values());
    const parts = [unread > 0 && `(${unread})`, current?.name, current && '·', 'Hubbub'];
    const title = parts.filter(Boolean).join(' ');
    if (document.title !== title) document.title = title;
    const address = current === undefined ? '/' : roomAddress(current.name);
    if (location.pathname + location.search !== address) history.replaceState(null, '', address);
  }

  #copyLink(): void {
    const { current } = this.#chat;
    if (current === undefined) return;
    const address = location.origin + roomAddress(current.name);
    // Absent outside a secure context, and the browser may refuse: then it is shown.
    Promise.try(() => navigator.clipboard.writeText(address)).then(
      () => this.#flash('Link copied.'),
      () => this.#flash(address),
    );
  }

  #flash(text: string): void {
    this.#flashed = text;
    this.#actions.announce(text);
    this.render();
    setTimeout(() => {
      this.#flashed = undefined;
      this.render();
    }, FLASH_MS);
  }
}
