import { broadcast } from './broadcast.ts';
import type { CourierKind, MakeCourier } from './courier.ts';
import { hub } from './hub.ts';
import { ring } from './ring.ts';

export const couriers: Readonly<Record<CourierKind, MakeCourier>> = {
  hub,
  'hub without window': hub,
  broadcast,
  ring,
};
