/** Steady: CLIENTS in ROOMS rooms, each sends RATE messages/s, spread over the second. */
import { crowd, demands, number, TREND_STATS } from './settings.js';
import { newRun, roomOf, talk } from './talk.js';

const CLIENTS = number('CLIENTS', 100);
const ROOMS = number('ROOMS', 1);
const RATE = number('RATE', 1);

export const options = {
  scenarios: { steady: crowd('steady', CLIENTS) },
  thresholds: demands(CLIENTS),
  summaryTrendStats: TREND_STATS,
};

export const setup = newRun;

export function steady(run) {
  talk({
    room: roomOf(run, ROOMS),
    clients: CLIENTS,
    rate: RATE,
    at_once: 1,
    phase: Math.random(),
  });
}
