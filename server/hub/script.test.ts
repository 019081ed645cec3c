import { describeHubContract } from './contract.ts';
import { ScriptHub } from './script.ts';

describeHubContract('script', (limits, events, clock) => new ScriptHub(limits, events, clock));
