import type { Chat } from '../chat.ts';
import type { Room } from '../model/room.ts';
import { plural } from '../model/words.ts';
import { byId, setText } from './dom.ts';
import { LogView } from './log.ts';

/** The logs of all rooms, one of them shown, and what stands there instead when it is empty. */
export class LogsView {
  readonly #chat: Chat;
  readonly #done: () => void;
  readonly #element = byId('logs', HTMLDivElement);
  readonly #empty = byId('empty', HTMLDivElement);
  readonly #emptyTitle = byId('empty-title', HTMLHeadingElement);
  readonly #emptyText = byId('empty-text', HTMLParagraphElement);
  readonly #emptyLink = byId('empty-link', HTMLAnchorElement);
  readonly #newest = byId('newest', HTMLButtonElement);
  readonly #logs = new Map<Room, LogView>();
  /** Records that were there when the reader last saw the end of the shown room. */
  #seenEntries = 0;
  #shown: Room | undefined;

  /** @param done called when a button has done its work and may be gone, its focus with it */
  constructor(chat: Chat, done: () => void) {
    this.#chat = chat;
    this.#done = done;
    this.#newest.addEventListener('click', () => {
      this.showEnd();
      done();
    });
  }

  /** Turns to the newest message of the room shown. */
  showEnd(): void {
    this.#current()?.showEnd();
    this.render();
  }

  focus(): void {
    this.#current()?.element.focus();
  }

  render(): void {
    const { current, rooms } = this.#chat;
    for (const [room, log] of this.#logs) {
      if (room !== current) log.show(false);
      if (rooms.get(room.name) === room) continue;
      log.element.remove();
      this.#logs.delete(room);
    }
    const log = current && this.#logOf(current);
    if (log !== undefined) {
      log.show(!this.#isEmpty());
      log.render(this.#chat.user_id);
    }
    this.#renderEmpty(current);
    this.#renderNewest(current, log);
  }

  #current(): LogView | undefined {
    const { current } = this.#chat;
    return current && this.#logs.get(current);
  }

  #logOf(room: Room): LogView {
    const existing = this.#logs.get(room);
    if (existing !== undefined) return existing;
    const log = new LogView(room, {
      resend: (of, key) => {
        this.#chat.resend(of, key);
        this.#done();
      },
      discard: (of, key) => {
        this.#chat.discard(of, key);
        this.#done();
      },
      loadEarlier: (of) => this.#chat.loadEarlier(of),
      scrolled: () => this.#renderNewest(room, log),
    });
    this.#logs.set(room, log);
    this.#element.insertBefore(log.element, this.#empty);
    return log;
  }

  #isEmpty(): boolean {
    const { current } = this.#chat;
    if (current === undefined) return true;
    const { entries, outgoing } = current.timeline;
    return entries.length + outgoing.length === 0;
  }

  #renderEmpty(room: Room | undefined): void {
    const { default_room } = this.#chat;
    const isWaiting = room === undefined ? default_room === undefined : room.earlier !== 'none';
    this.#empty.hidden = !this.#isEmpty() || isWaiting;
    if (this.#empty.hidden) return;
    if (room === undefined) {
      setText(this.#emptyTitle, 'You are in no room');
      setText(this.#emptyText, 'Join one on the left, or go back to where everybody starts.');
      setText(this.#emptyLink, `Join ${default_room}`);
      this.#emptyLink.removeAttribute('target');
      this.#emptyLink.dataset.room = default_room;
    } else {
      setText(this.#emptyTitle, `Nothing has been said in ${room.name} yet`);
      setText(this.#emptyText, 'Be the first. In a second window you can be somebody else.');
      setText(this.#emptyLink, 'Open a second window');
      this.#emptyLink.target = '_blank';
      delete this.#emptyLink.dataset.room;
    }
    this.#emptyLink.href = `/?room=${encodeURIComponent(room?.name ?? default_room ?? '')}`;
  }

  #renderNewest(room: Room | undefined, log: LogView | undefined): void {
    if (room !== this.#chat.current) return;
    const count = room?.timeline.entries.filter(({ kind }) => kind === 'record').length ?? 0;
    if (room !== this.#shown || log?.isFollowing !== false) this.#seenEntries = count;
    this.#shown = room;
    this.#newest.hidden = log === undefined || log.isFollowing || log.element.hidden;
    const news = count - this.#seenEntries;
    setText(
      this.#newest,
      news > 0 ? `↓ ${plural(news, 'new message', 'new messages')}` : '↓ Newest',
    );
  }
}
