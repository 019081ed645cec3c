import { setDefaultTimeout } from 'bun:test';

// Tests start real servers and processes; on a busy machine Bun's 5 s are too close to a good run.
setDefaultTimeout(30_000);
