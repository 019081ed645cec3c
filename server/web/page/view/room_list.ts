import type { Chat } from '../chat.ts';
import type { Room } from '../model/room.ts';
import { plural } from '../model/words.ts';
import { byId, make, setFlag } from './dom.ts';

/** Where a room can be linked to. */
export const roomAddress = (name: string): string => `/?room=${encodeURIComponent(name)}`;

interface Link {
  readonly item: HTMLLIElement;
  readonly link: HTMLAnchorElement;
  readonly unread: HTMLSpanElement;
}

/** The rooms joined, as links. The arrow keys walk through them; Tab meets only one. */
export class RoomListView {
  readonly #chat: Chat;
  readonly #list = byId('room-list', HTMLUListElement);
  readonly #badge = byId('unread-elsewhere', HTMLSpanElement);
  readonly #links = new Map<string, Link>();

  constructor(chat: Chat) {
    this.#chat = chat;
    this.#list.addEventListener('keydown', (event) => this.#walk(event));
  }

  focus(): void {
    this.#links.get(this.#chat.current?.name ?? '')?.link.focus();
  }

  render(): void {
    const { rooms, current } = this.#chat;
    for (const [name, { item }] of this.#links) {
      if (rooms.has(name)) continue;
      item.remove();
      this.#links.delete(name);
    }
    for (const room of rooms.values()) this.#renderRoom(room, room === current);
    const unread = unreadIn(rooms.values());
    this.#badge.hidden = unread === 0;
    this.#badge.replaceChildren(...badge(unread));
  }

  #renderRoom(room: Room, isCurrent: boolean): void {
    const { link, unread } = this.#links.get(room.name) ?? this.#add(room.name);
    if (isCurrent) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    link.tabIndex = isCurrent ? 0 : -1;
    setFlag(link, 'unread', room.unread > 0);
    unread.hidden = room.unread === 0;
    const [count, rest] = badge(room.unread);
    if (unread.firstChild?.textContent !== count) unread.replaceChildren(count, rest);
  }

  #add(name: string): Link {
    const label = make('span', { class: 'room-link-name', dir: 'auto' }, name);
    const unread = make('span', { class: 'badge' });
    const attributes = { class: 'room-link', href: roomAddress(name), 'data-room': name };
    const link = make('a', attributes, label, ' ', unread);
    const added = { item: make('li', {}, link), link, unread };
    this.#links.set(name, added);
    this.#list.append(added.item);
    return added;
  }

  #walk(event: KeyboardEvent): void {
    const links = Array.from(this.#links.values(), ({ link }) => link);
    const at = links.findIndex((link) => link.matches(':focus'));
    const target = {
      ArrowDown: links[(at + 1) % links.length],
      ArrowUp: links[(at + links.length - 1) % links.length],
      Home: links[0],
      End: links.at(-1),
    }[event.key];
    if (target === undefined || event.altKey) return;
    event.preventDefault();
    target.focus();
  }
}

export function unreadIn(rooms: Iterable<Room>): number {
  let sum = 0;
  for (const { unread } of rooms) sum += unread;
  return sum;
}

const COUNT_MAX = 99;

function badge(count: number): [string, HTMLSpanElement] {
  const words = ` unread ${plural(count, 'message', 'messages').replace(/^\S+ /, '')}`;
  const shown = count > COUNT_MAX ? `${COUNT_MAX}+` : String(count);
  return [shown, make('span', { class: 'visually-hidden' }, words)];
}
