import { check } from 'k6';
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import { clearTimeout, setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import { PAYLOAD_BYTES, SUBPROTOCOLS, URL } from './settings.js';

/** End to end, of every message to every client, from the time at which it was due. */
const latency = new Trend('chat_latency', true);
/** From a lost or closed connection to membership again. */
const recovery = new Trend('recovery', true);
const sent = new Counter('messages_sent');
const received = new Counter('messages_received');
/** Own messages that did not come back. */
const lost = new Counter('messages_lost');
const doubled = new Counter('messages_doubled');
const refused = new Counter('messages_refused');
/** Due while there was no connection. */
const unsent = new Counter('messages_unsent');
const connects = new Rate('connects');
const reconnects = new Counter('reconnects');
const done = new Counter('clients_done');

const OPEN = 1;
const CONNECT_MS_MAX = 5_000;
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5_000;

/** Milliseconds since the beginning of the run: one clock for all clients, finer than Date's. */
export const now_ms = () => exec.instance.currentTestRunDuration;

/**
 * A client in one room that comes back when its connection is lost. Texts are
 * `<client>:<sequence>:<due, in µs>:` and as many `x` as the payload needs.
 */
export class Member {
  #room;
  #client = exec.vu.idInTest;
  #sequence = 0;
  #underWay = new Set();
  #socket;
  #isJoined = false;
  #isOver = false;
  #attempts = 0;
  #lost_ms;
  #retry;
  #late;
  #onJoined = () => undefined;
  #onBack = () => undefined;

  constructor(room) {
    this.#room = room;
  }

  /** @param then called with each membership, the first one and those after a lost connection */
  open(then = () => undefined) {
    this.#onJoined = then;
    this.#connect();
  }

  /** @param due_ms when it was to be sent, on the run's clock */
  say(due_ms) {
    if (!this.#isJoined || this.#socket.readyState !== OPEN) {
      unsent.add(1);
      return;
    }
    const sequence = this.#sequence++;
    const head = `${this.#client}:${sequence}:${Math.round(due_ms * 1_000)}:`;
    const frame = (text) => JSON.stringify({ type: 'chat', room: this.#room, text });
    const around = frame('').length;
    this.#underWay.add(sequence);
    this.#socket.send(frame(head.padEnd(PAYLOAD_BYTES - around, 'x')));
    sent.add(1);
  }

  /** Waits for what is under way, `drain_s` at most, then closes the connection. @param then called at last */
  leave(drain_s, then = () => undefined) {
    const end = () => {
      stop(this.#late);
      this.#onBack = () => undefined;
      lost.add(this.#underWay.size);
      this.#underWay.clear();
      this.#close();
      then();
    };
    stop(this.#late);
    this.#late = setTimeout(end, drain_s * 1_000);
    this.#onBack = () => {
      if (this.#underWay.size === 0) end();
    };
    this.#onBack();
  }

  /** Comes back after `leave`, at once. */
  comeBack() {
    this.#isOver = false;
    this.#lost_ms = now_ms();
    this.#connect();
  }

  /** Tells that this client has done all it had to. */
  finish() {
    check(this.#sequence, { 'has spoken': (sequence) => sequence > 0 });
    done.add(1);
  }

  #connect() {
    const socket = new WebSocket(URL, SUBPROTOCOLS);
    this.#socket = socket;
    let isGone = false;
    const gone = () => {
      if (isGone) return;
      isGone = true;
      clearTimeout(late);
      if (socket === this.#socket) this.#lose(socket);
    };
    const late = setTimeout(gone, CONNECT_MS_MAX);
    socket.addEventListener('open', () => {
      if (isGone) socket.close();
      else socket.send(JSON.stringify({ type: 'join', room: this.#room }));
    });
    socket.addEventListener('message', ({ data }) => {
      if (isGone) return;
      for (const line of data.split('\n')) {
        const message = JSON.parse(line);
        if (message.type === 'joined' && message.room === this.#room) {
          clearTimeout(late);
          this.#joined();
        } else this.#hear(message);
      }
    });
    socket.addEventListener('error', gone);
    socket.addEventListener('close', gone);
  }

  #joined() {
    if (this.#isJoined) return;
    this.#isJoined = true;
    this.#attempts = 0;
    connects.add(true);
    if (this.#lost_ms !== undefined) recovery.add(now_ms() - this.#lost_ms);
    this.#lost_ms = undefined;
    this.#onJoined();
  }

  #hear({ type, room, text }) {
    if (type === 'error') refused.add(1);
    if (type !== 'message' || room !== this.#room) return;
    const [client, sequence, due_us] = text.split(':').map(Number);
    received.add(1);
    latency.add(now_ms() - due_us / 1_000);
    if (client !== this.#client) return;
    if (!this.#underWay.delete(sequence)) doubled.add(1);
    this.#onBack();
  }

  #lose(socket) {
    const wasJoined = this.#isJoined;
    this.#isJoined = false;
    closeIfOpen(socket);
    if (this.#isOver) return;
    if (!wasJoined) connects.add(false);
    this.#lost_ms = this.#lost_ms ?? now_ms();
    reconnects.add(1);
    const most_ms = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#retry = setTimeout(() => this.#connect(), Math.random() * most_ms);
  }

  #close() {
    this.#isOver = true;
    this.#isJoined = false;
    stop(this.#retry);
    closeIfOpen(this.#socket);
  }
}

const stop = (timer) => {
  if (timer !== undefined) clearTimeout(timer);
};

/** One that is still connecting would wait for ever: it is closed once it is open. */
const closeIfOpen = (socket) => {
  if (socket.readyState === OPEN) socket.close();
};
