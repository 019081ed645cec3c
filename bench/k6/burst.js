/** Burst: CLIENTS connect at once (or over RAMP), and all send BURST messages in the same moment. */
import { crowd, demands, number, TREND_STATS } from './settings.js';
import { newRun, roomOf, talk } from './talk.js';

const CLIENTS = number('CLIENTS', 100);
const ROOMS = number('ROOMS', 1);
const RATE = number('RATE', 5);
const BURST = number('BURST', 5);

export const options = {
  scenarios: { burst: crowd('burst', CLIENTS) },
  thresholds: demands(CLIENTS),
  summaryTrendStats: TREND_STATS,
};

export const setup = newRun;

export function burst(run) {
  talk({ room: roomOf(run, ROOMS), clients: CLIENTS, rate: RATE, at_once: BURST, phase: 0 });
}
