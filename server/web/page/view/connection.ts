import type { StateChange } from '../../../../client/index.ts';
import { byId, setFlag, setText } from './dom.ts';

const BACK_ONLINE_MS = 2_500;
const TICK_MS = 250;
/** A connection that comes at once needs no banner. */
const QUIET_MS = 400;

/** Says how the connection is, where that is not as it should be. */
export class ConnectionView {
  readonly #banner = byId('connection', HTMLDivElement);
  readonly #text = byId('connection-text', HTMLSpanElement);
  readonly #countdown = byId('connection-countdown', HTMLSpanElement);
  #shown: StateChange | undefined;
  #wasOnline = false;
  #isOffline = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  render(change: StateChange): void {
    if (change === this.#shown) return;
    const isReturn = this.#wasOnline && this.#shown?.state !== 'online';
    this.#shown = change;
    clearTimeout(this.#timer);
    this.#banner.dataset.state = change.state;
    switch (change.state) {
      case 'connecting':
        // An attempt while offline is nothing new to say aloud.
        if (this.#isOffline) setText(this.#countdown, 'Trying…');
        else this.#timer = setTimeout(() => this.#say('Connecting…'), QUIET_MS);
        break;
      case 'waiting':
        this.#isOffline = true;
        this.#say('Offline. What you write waits until the connection is back.');
        this.#count(performance.now() + change.delay_ms);
        break;
      case 'online':
        this.#isOffline = false;
        this.#wasOnline = true;
        if (!isReturn) {
          this.#hide();
          break;
        }
        this.#say('Back online.', 'good');
        this.#timer = setTimeout(() => this.#hide(), BACK_ONLINE_MS);
        break;
      case 'closed':
        this.#say(`${change.error?.message ?? 'Disconnected.'} Reload the page to return.`, 'bad');
    }
  }

  #say(text: string, tone = 'warm'): void {
    setText(this.#text, text);
    setText(this.#countdown, '');
    this.#banner.dataset.tone = tone;
    setFlag(this.#banner, 'shown', true);
  }

  #hide(): void {
    setText(this.#text, '');
    setFlag(this.#banner, 'shown', false);
  }

  /** Counts the seconds to the next attempt, for the eyes alone. */
  #count(due_at: number): void {
    const left_s = Math.ceil((due_at - performance.now()) / 1_000);
    setText(this.#countdown, left_s > 0 ? `Next try in ${left_s} s` : 'Trying…');
    this.#timer = setTimeout(() => this.#count(due_at), TICK_MS);
  }
}
