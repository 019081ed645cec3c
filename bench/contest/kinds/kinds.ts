import type { Kind } from '../plan.ts';
import type { Play } from '../stage.ts';
import { churn } from './churn.ts';
import { echo } from './echo.ts';
import { idle } from './idle.ts';
import { search } from './search.ts';
import { stall } from './stall.ts';
import { storm } from './storm.ts';
import { traffic } from './traffic.ts';

/** How each kind of scenario is run. */
export const PLAYS: Readonly<Record<Kind, Play>> = {
  traffic,
  search,
  churn,
  idle,
  storm,
  stall,
  echo,
};
