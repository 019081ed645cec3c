/** Loads the addon named by the first argument, and says what comes of it. */
import { loadAddon } from '../../server/hub/native/addon.ts';

const loaded = loadAddon(process.argv[2]);
console.log(typeof loaded === 'string' ? loaded : `speaks version ${loaded.abiVersion}`);
