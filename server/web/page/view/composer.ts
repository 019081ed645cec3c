import type { Chat } from '../chat.ts';
import type { Room } from '../model/room.ts';
import { byId, hasTouchKeyboard, setFlag, setText } from './dom.ts';

/** While somebody goes on typing, the others are told again this often. */
const TYPING_AGAIN_MS = 3_000;
/** After this long without a key, nobody types any more. */
const TYPING_PAUSE_MS = 4_000;
const BYTES_LEFT_SHOWN = 500;

const utf8 = new TextEncoder();

/** Where messages are written: a draft for each room, sent with Enter. */
export class ComposerView {
  readonly #chat: Chat;
  readonly #sent: () => void;
  readonly #form = byId('composer', HTMLFormElement);
  readonly #label = byId('composer-label', HTMLLabelElement);
  readonly #text = byId('text', HTMLTextAreaElement);
  readonly #button = byId('send', HTMLButtonElement);
  readonly #hint = byId('composer-hint', HTMLParagraphElement);
  readonly #typing = byId('typing', HTMLParagraphElement);
  #room: Room | undefined;
  #toldTyping_at: number | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** @param sent called after something was sent */
  constructor(chat: Chat, sent: () => void) {
    this.#chat = chat;
    this.#sent = sent;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener('keydown', (event) => {
      // During composition Enter chooses a character.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener('input', () => this.#typed());
  }

  focus(): void {
    this.#text.focus();
  }

  /** Takes the focus, but where that would bring up a keyboard unasked. */
  invite(): void {
    if (!hasTouchKeyboard()) this.focus();
  }

  render(): void {
    const { current } = this.#chat;
    if (current !== this.#room) this.#turnTo(current);
    const appears = this.#form.hidden && current !== undefined;
    this.#form.hidden = current === undefined;
    if (appears && document.activeElement === document.body) this.invite();
    setText(this.#typing, current?.typists.sentence(performance.now()) ?? '');
    this.#renderHint();
  }

  #turnTo(room: Room | undefined): void {
    this.#stopTyping();
    this.#room = room;
    this.#text.value = room?.draft ?? '';
    this.#text.placeholder = room === undefined ? '' : `Message ${room.name}`;
    setText(this.#label, `Message to ${room?.name}`);
    this.#grow();
  }

  #renderHint(): void {
    const left = this.#bytesLeft();
    const isTooLong = left < 0;
    this.#button.disabled = isTooLong || this.#text.value.trim() === '';
    setFlag(this.#hint, 'problem', isTooLong);
    setText(this.#hint, this.#hintText(left));
  }

  #hintText(left: number): string {
    if (left < 0) return `${(-left).toLocaleString('en')} bytes too long to send`;
    if (left < BYTES_LEFT_SHOWN) return `${left.toLocaleString('en')} bytes left`;
    return hasTouchKeyboard() ? '' : 'Shift + Enter for a new line';
  }

  #bytesLeft(): number {
    const text_bytes_max = this.#chat.limits?.text_bytes_max ?? Number.POSITIVE_INFINITY;
    return text_bytes_max - utf8.encode(this.#text.value).length;
  }

  #typed(): void {
    const room = this.#room;
    if (room === undefined) return;
    room.draft = this.#text.value;
    this.#grow();
    this.#renderHint();
    if (room.draft === '') {
      this.#stopTyping();
      return;
    }
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#stopTyping(), TYPING_PAUSE_MS);
    const now = performance.now();
    if (this.#toldTyping_at !== undefined && now - this.#toldTyping_at < TYPING_AGAIN_MS) return;
    this.#toldTyping_at = now;
    this.#chat.typing(room, 'started');
  }

  #stopTyping(): void {
    clearTimeout(this.#pause);
    if (this.#toldTyping_at === undefined) return;
    this.#toldTyping_at = undefined;
    // Somebody who left the room types nowhere.
    if (this.#room !== undefined) this.#chat.typing(this.#room, 'stopped');
  }

  #send(): void {
    const room = this.#room;
    // A lone half of a character cannot be sent: it becomes the mark that stands for such.
    const text = this.#text.value.trim().toWellFormed();
    if (room === undefined || text === '' || this.#bytesLeft() < 0) return;
    this.#text.value = '';
    room.draft = '';
    this.#stopTyping();
    this.#grow();
    this.#chat.send(room, text);
    this.#sent();
  }

  /** Where the style sheet cannot let the field grow with its text. */
  #grow(): void {
    if (CSS.supports('field-sizing', 'content')) return;
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
