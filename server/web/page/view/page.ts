import type { Chat } from '../chat.ts';
import { nameFlaw, tidyName } from '../model/names.ts';
import { paintAvatar } from './avatar.ts';
import { ComposerView } from './composer.ts';
import { ConnectionView } from './connection.ts';
import { byId, setFlag, setText } from './dom.ts';
import { closeDrawers, isDrawerOpen, watchDrawers } from './drawers.ts';
import { askName } from './entrance.ts';
import { HeaderView } from './header.ts';
import { LogsView } from './logs.ts';
import { PeopleView } from './people.ts';
import { RoomListView } from './room_list.ts';

/** Views follow the chat at most this often. */
const FRAME_MS = 16;

/** The chat on the screen: its views, and what buttons and keys do. */
export class PageView {
  readonly #chat: Chat;
  readonly #rooms: RoomListView;
  readonly #header: HeaderView;
  readonly #logs: LogsView;
  readonly #people = new PeopleView();
  readonly #connection = new ConnectionView();
  readonly #composer: ComposerView;
  readonly #sidebar = byId('sidebar', HTMLElement);
  #isDue = false;

  /** @param enterAs comes in again under another name, empty for one that is given */
  constructor(chat: Chat, enterAs: (name: string) => void) {
    this.#chat = chat;
    this.#rooms = new RoomListView(chat);
    this.#header = new HeaderView(chat, {
      announce: (text) => this.#announce(text),
      leave: () => this.#leave(),
    });
    this.#logs = new LogsView(chat, () => this.#composer.focus());
    this.#composer = new ComposerView(chat, () => this.#logs.showEnd());
    this.#listenToRename(enterAs);
    this.#listenToRooms();
    this.#listenToKeys();
    this.#listenToAttention();
    watchDrawers();
  }

  /** Something changed: shows it soon. */
  readonly changed = (): void => {
    if (this.#isDue) return;
    this.#isDue = true;
    // Not an animation frame: the title follows in a window nobody looks at, too.
    setTimeout(() => {
      this.#isDue = false;
      this.#render();
    }, FRAME_MS);
  };

  show(): void {
    byId('app', HTMLDivElement).hidden = false;
    this.#look();
    this.#render();
    this.#composer.invite();
  }

  /** Says what went wrong, until it is dismissed. */
  notice(text: string): void {
    const banner = byId('notice', HTMLDivElement);
    const close = byId('notice-close', HTMLButtonElement);
    const show = (said: string): void => {
      setText(byId('notice-text', HTMLSpanElement), said);
      setFlag(banner, 'shown', said !== '');
      close.hidden = said === '';
    };
    close.onclick = () => {
      show('');
      this.#composer.focus();
    };
    show(text);
  }

  #render(): void {
    const chat = this.#chat;
    setText(byId('me-name', HTMLElement), chat.username ?? '');
    paintAvatar(byId('me-avatar', HTMLSpanElement), chat.username ?? '', chat.user_id ?? '');
    this.#rooms.render();
    this.#header.render();
    this.#connection.render(chat.connection);
    this.#logs.render();
    this.#composer.render();
    this.#people.render(chat);
  }

  #open(name: string): void {
    this.#chat.open(name);
    this.#render();
    closeDrawers();
    this.#announce(`Room ${name}`);
    this.#composer.invite();
  }

  #listenToRename(enterAs: (name: string) => void): void {
    const app = byId('app', HTMLDivElement);
    const rename = async (): Promise<void> => {
      closeDrawers();
      app.hidden = true;
      const invitation = 'With another name you come in again, as a new guest.';
      const name = await askName({ name: this.#chat.username ?? '', invitation, mayCancel: true });
      if (name === undefined || name === this.#chat.username) this.show();
      else enterAs(name);
    };
    byId('rename', HTMLButtonElement).addEventListener('click', () => {
      rename().catch(reportError);
    });
  }

  #listenToRooms(): void {
    document.addEventListener('click', (event) => {
      const link = event.target instanceof Element && event.target.closest('a[data-room]');
      if (!(link instanceof HTMLAnchorElement) || isForBrowser(event)) return;
      event.preventDefault();
      this.#open(link.dataset.room ?? '');
    });
    const form = byId('join-form', HTMLFormElement);
    const field = byId('join-name', HTMLInputElement);
    const problem = byId('join-problem', HTMLParagraphElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = tidyName(field.value);
      const flaw = nameFlaw(name, this.#chat.limits?.room_name_bytes_max);
      setText(problem, flaw ?? '');
      if (flaw !== undefined) return;
      field.value = '';
      this.#open(name);
    });
  }

  #leave(): void {
    const { current } = this.#chat;
    if (current === undefined) return;
    this.#chat.leave(current.name);
    this.#render();
    this.#announce(`You have left ${current.name}`);
    if (this.#chat.current === undefined) byId('join-name', HTMLInputElement).focus();
    else this.#composer.invite();
  }

  #listenToKeys(): void {
    document.addEventListener('keydown', (event) => {
      if (event.isComposing || byId('app', HTMLDivElement).hidden) return;
      if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        event.preventDefault();
        this.#step(event.key === 'ArrowDown' ? 1 : -1);
      } else if (event.key === 'Escape' && !isDrawerOpen()) {
        this.#logs.showEnd();
        this.#composer.focus();
      }
    });
    this.#sidebar.addEventListener('toggle', (event) => {
      if (event instanceof ToggleEvent && event.newState === 'open') this.#rooms.focus();
    });
  }

  #listenToAttention(): void {
    const look = (): void => this.#look();
    document.addEventListener('visibilitychange', look);
    globalThis.addEventListener('focus', look);
    globalThis.addEventListener('blur', look);
    globalThis.addEventListener('beforeunload', (event) => {
      if (this.#chat.unsent > 0) event.preventDefault();
    });
  }

  #look(): void {
    this.#chat.watch(!document.hidden && document.hasFocus());
  }

  #step(by: number): void {
    const names = [...this.#chat.rooms.keys()];
    const at = names.indexOf(this.#chat.current?.name ?? '');
    const name = names[(at + by + names.length) % names.length];
    if (name !== undefined) this.#open(name);
  }

  #announce(text: string): void {
    setText(byId('announcer', HTMLParagraphElement), text);
  }
}

/** A click that opens a new window or saves: not ours. */
const isForBrowser = ({ button, ctrlKey, metaKey, shiftKey, altKey }: MouseEvent): boolean =>
  button !== 0 || ctrlKey || metaKey || shiftKey || altKey;
