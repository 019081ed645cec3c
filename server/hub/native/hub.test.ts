import { afterAll } from 'bun:test';
import { requires } from '../../../tests/support/requires.ts';
import { describeHubContract } from '../contract.ts';
import { type Addon, loadAddon } from './addon.ts';
import { NativeHub } from './hub.ts';
import { batchBytes, openNativeHub } from './open.ts';

const POOL_BYTES_MAX = 256 * 1_024 * 1_024;

const loaded = loadAddon();
if (typeof loaded === 'string') {
  requires('native-addon')('hub contract: native', () => {
    throw new Error(`the addon ${loaded}`);
  });
} else {
  describeNativeContract(loaded);
}

function describeNativeContract(addon: Addon): void {
  const opened: { readonly id: number; detach(): void }[] = [];
  afterAll(() => {
    for (const { id, detach } of opened) {
      detach();
      addon.closeHub(id);
    }
  });

  describeHubContract('native', (limits, events, clock) => {
    const more = { idempotency_ids_max: 1_000, pool_bytes_max: POOL_BYTES_MAX };
    const id = openNativeHub(addon, { ...limits, ...more }, 1);
    const door = new addon.Door(id, 0, events.wake);
    opened.push({ id, detach: () => door.detach() });
    const onVerdict = (): void => {
      throw new Error('nothing was sequenced');
    };
    return new NativeHub({ door, events, onVerdict, batch_bytes: batchBytes(limits), clock });
  });
}
