import exec from 'k6/execution';
import { setTimeout } from 'k6/timers';
import { Member, now_ms } from './member.js';
import { DRAIN_S, DURATION_S, RAMP_S } from './settings.js';

/** Between the last connection and the first message, and after the last one, in seconds. */
const SETTLE_S = 1;
/** When everybody begins to speak, on the run's clock. */
const BEGIN_MS = (RAMP_S + SETTLE_S) * 1_000;

/** @param then called when it is this client's turn to connect: clients come evenly over the ramp */
export function whenItsTurn(clients, then) {
  const share = exec.scenario.iterationInTest / clients;
  setTimeout(then, Math.max(0, share * RAMP_S * 1_000 - now_ms()));
}

/**
 * One client that connects and speaks for the duration: `at_once` messages, again after each
 * interval, first `phase` of an interval after the beginning. What is late is sent at once, and its
 * latency counts from when it was due.
 */
export function talk({ room, clients, rate, at_once, phase }) {
  const interval_ms = (1_000 * at_once) / rate;
  const turns = Math.max(1, Math.floor((DURATION_S * 1_000) / interval_ms));
  const member = new Member(room);
  const takeTurn = (turn) => {
    if (turn === turns) {
      // Not at once: what others have said last is still on its way to this client.
      setTimeout(() => member.leave(DRAIN_S, () => member.finish()), SETTLE_S * 1_000);
      return;
    }
    const due_ms = BEGIN_MS + (turn + phase) * interval_ms;
    const speak = () => {
      for (let index = 0; index < at_once; index += 1) member.say(due_ms);
      takeTurn(turn + 1);
    };
    setTimeout(speak, Math.max(0, due_ms - now_ms()));
  };
  whenItsTurn(clients, () => {
    member.open();
    takeTurn(0);
  });
}

/**
 * One client that connects, speaks for `stay_s`, waits for its messages, leaves, and comes back at
 * once, until the duration is over.
 */
export function comeAndGo({ room, clients, rate, stay_s }) {
  const end_ms = BEGIN_MS + DURATION_S * 1_000;
  const member = new Member(room);
  let visit = 0;
  const speak = (of, left) => {
    if (of !== visit) return;
    if (left === 0) {
      member.leave(DRAIN_S, () => member.comeBack());
      return;
    }
    member.say(now_ms());
    setTimeout(() => speak(of, left - 1), 1_000 / rate);
  };
  whenItsTurn(clients, () => {
    member.open(() => {
      visit += 1;
      speak(visit, Math.max(1, Math.round(rate * stay_s)));
    });
    setTimeout(
      () => {
        visit += 1;
        member.leave(DRAIN_S, () => member.finish());
      },
      Math.max(0, end_ms - now_ms()),
    );
  });
}

/** Rooms have names that no earlier run has used. */
export const newRun = () => ({ run: Date.now().toString(36) });

/** The room of this client, of `rooms` over which all are spread. */
export const roomOf = ({ run }, rooms) => `k6-${run}-${exec.vu.idInTest % rooms}`;
