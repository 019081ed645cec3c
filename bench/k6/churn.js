/**
 * Churn: CLIENTS stay and send RATE messages/s each; among them CHURNERS come, send for STAY seconds,
 * leave and come back at once. `recovery` is the time from leaving to membership again.
 */
import { crowd, demands, number, TREND_STATS } from './settings.js';
import { comeAndGo, newRun, roomOf, talk } from './talk.js';

const CLIENTS = number('CLIENTS', 200);
const CHURNERS = number('CHURNERS', 50);
const ROOMS = number('ROOMS', 10);
const RATE = number('RATE', 1);
const STAY_S = number('STAY', 2);
const RECOVERY_MS = number('RECOVERY_MS', 1_000);

export const options = {
  scenarios: { stay: crowd('stay', CLIENTS), churn: crowd('churn', CHURNERS) },
  thresholds: { ...demands(CLIENTS + CHURNERS), recovery: [`p(95)<${RECOVERY_MS}`] },
  summaryTrendStats: TREND_STATS,
};

export const setup = newRun;

export function stay(run) {
  talk({
    room: roomOf(run, ROOMS),
    clients: CLIENTS,
    rate: RATE,
    at_once: 1,
    phase: Math.random(),
  });
}

export function churn(run) {
  comeAndGo({ room: roomOf(run, ROOMS), clients: CHURNERS, rate: RATE, stay_s: STAY_S });
}
