import { expect, test } from 'bun:test';
import { MessageChannel } from 'node:worker_threads';
import { UnavailableError } from '../errors.ts';
import { describeStorageContract } from './contract.ts';
import { MemoryStorage } from './memory.ts';
import { connectStorage, hostStorage } from './remote.ts';

const TIMEOUT_MS = 5_000;

describeStorageContract('remote', () => {
  const { port1, port2 } = new MessageChannel();
  hostStorage(new MemoryStorage(), port2);
  return {
    storage: connectStorage(port1, 'memory', TIMEOUT_MS),
    dispose: async () => port2.close(),
  };
});

test('a storage that does not answer is given up after its time', async () => {
  const { port1, port2 } = new MessageChannel();
  const storage = connectStorage(port1, 'memory', 10);
  await expect(storage.getUser('ann')).rejects.toBeInstanceOf(UnavailableError);
  await storage.stop();
  port2.close();
});

test('an error on the other side is one on this side', async () => {
  const { port1, port2 } = new MessageChannel();
  const broken = new MemoryStorage();
  await broken.stop();
  hostStorage(broken, port2);
  const storage = connectStorage(port1, 'memory', TIMEOUT_MS);
  await expect(storage.getUser('ann')).rejects.toThrow(/has stopped/);
  await storage.stop();
  port2.close();
});
