import { splitLinks } from '../model/links.ts';
import type { MessageRow, MessageState } from '../model/rows.ts';
import { fullTime, timeOfDay } from '../model/words.ts';
import { paintAvatar } from './avatar.ts';
import { drawIcon, type IconName, make, makeIcon, setFlag, setText } from './dom.ts';

export interface MessageActions {
  resend(key: string): void;
  discard(key: string): void;
}

/** Longer texts are folded until asked for. */
const FOLD_CHARACTERS = 1_500;
const FOLD_LINES = 20;

const STATES: Record<MessageState, { readonly icon: IconName; readonly says: string }> = {
  received: { icon: 'none', says: '' },
  sending: { icon: 'clock', says: 'sending' },
  sent: { icon: 'check', says: 'sent' },
  failed: { icon: 'alert', says: 'not sent' },
};

/** One message. What can change about it later is its state, and whether it begins a run. */
export class MessageView {
  readonly element: HTMLElement;
  readonly #time = make('time');
  readonly #icon = makeIcon('none');
  readonly #says = make('span', { class: 'visually-hidden' });
  readonly #failure = make('div', { class: 'failure' });
  readonly #actions: MessageActions;
  readonly #key: string;
  #shown = '';

  constructor(row: MessageRow, actions: MessageActions) {
    this.#actions = actions;
    this.#key = row.key;
    const { own, from, from_id, text } = row;
    const avatar = make('span', { class: 'avatar', 'aria-hidden': 'true' });
    paintAvatar(avatar, from, from_id);
    const author = make('p', { class: 'author' }, make('bdi', {}, own ? 'You' : from));
    const textElement = make('div', { class: 'text', dir: 'auto' }, ...linked(text));
    const bubble = make('div', { class: 'bubble' }, textElement, ...foldOf(text, textElement));
    bubble.append(make('span', { class: 'stamp' }, this.#time, this.#icon, this.#says));
    const body = make('div', { class: 'message-body' }, author, bubble, this.#failure);
    this.element = make('div', { class: 'message' }, avatar, body);
    setFlag(this.element, 'own', own);
    this.update(row);
  }

  update({ own, isHead, state, timestamp, failure }: MessageRow): void {
    const shown = `${isHead} ${state} ${timestamp} ${failure}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    setFlag(this.element, 'head', isHead);
    this.element.dataset.state = state;
    // The name stands once a run; a screen reader hears it with every message.
    const author = this.element.querySelector('.author');
    author?.classList.toggle('visually-hidden', own || !isHead);
    this.#showStamp(state, timestamp);
    this.#showFailure(failure);
  }

  /** Changes what is there and adds nothing: in a log, what is added is read out. */
  #showStamp(state: MessageState, timestamp: number): void {
    const { icon, says } = STATES[state];
    this.#time.dateTime = new Date(timestamp).toISOString();
    this.#time.title = fullTime(timestamp);
    setText(this.#time, timeOfDay(timestamp));
    drawIcon(this.#icon, icon);
    setText(this.#says, says);
  }

  #showFailure(failure: string | undefined): void {
    this.#failure.replaceChildren();
    this.#failure.hidden = failure === undefined;
    if (failure === undefined) return;
    const resend = make('button', { type: 'button', class: 'quiet' }, 'Resend');
    const discard = make('button', { type: 'button', class: 'quiet' }, 'Discard');
    resend.addEventListener('click', () => this.#actions.resend(this.#key));
    discard.addEventListener('click', () => this.#actions.discard(this.#key));
    this.#failure.append(make('span', {}, failure), resend, discard);
  }
}

/** The text with its web addresses as links that tell the other side nothing. */
const linked = (text: string): readonly (Node | string)[] =>
  splitLinks(text).map((part) =>
    part.href === undefined
      ? part.text
      : make(
          'a',
          { href: part.href, target: '_blank', rel: 'noopener noreferrer nofollow' },
          part.text,
        ),
  );

function foldOf(text: string, element: HTMLElement): readonly Node[] {
  if (text.length <= FOLD_CHARACTERS && text.split('\n').length <= FOLD_LINES) return [];
  const button = make('button', { type: 'button', class: 'fold', 'aria-expanded': 'false' });
  const show = (isFolded: boolean): void => {
    setFlag(element, 'folded', isFolded);
    button.textContent = isFolded ? 'Show all of it' : 'Show less';
    button.setAttribute('aria-expanded', String(!isFolded));
  };
  button.addEventListener('click', () => show(element.dataset.folded === undefined));
  show(true);
  return [button];
}
