import { describeStorageContract } from './contract.ts';
import { MemoryStorage } from './memory.ts';

describeStorageContract('memory', () => ({
  storage: new MemoryStorage(),
  dispose: () => Promise.resolve(),
}));
