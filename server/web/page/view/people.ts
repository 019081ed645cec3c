import type { User } from '../../../../client/index.ts';
import type { Chat } from '../chat.ts';
import { plural } from '../model/words.ts';
import { paintAvatar } from './avatar.ts';
import { byId, make, setText } from './dom.ts';

/** Who is in the room shown. */
export class PeopleView {
  readonly #title = byId('people-title', HTMLHeadingElement);
  readonly #list = byId('people-list', HTMLUListElement);
  readonly #more = byId('people-more', HTMLParagraphElement);
  #shown = '';

  render({ current, user_id }: Chat): void {
    const people = current?.isJoined ? current.people : undefined;
    const list = people?.list(user_id) ?? [];
    setText(this.#title, people === undefined ? 'People' : `People · ${people.count}`);
    const others = (people?.count ?? 0) - list.length;
    setText(this.#more, others > 0 ? `and ${plural(others, 'other', 'others')}` : '');
    const shown = JSON.stringify([list, user_id]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.replaceChildren(...list.map((user) => person(user, user_id)));
  }
}

function person({ user_id, username }: User, me: string | undefined): HTMLLIElement {
  const avatar = make('span', { class: 'avatar', 'aria-hidden': 'true' });
  paintAvatar(avatar, username, user_id);
  const you = user_id === me ? [make('span', { class: 'muted' }, '(you)')] : [];
  return make('li', {}, avatar, make('bdi', {}, username), ...you);
}
