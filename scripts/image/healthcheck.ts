/**
 * Whether the server in this container can be used: exit status 0 or 1, as a HEALTHCHECK wants it.
 * It asks where the environment says the server listens: in a container that is set there, not by
 * a flag.
 */
import { loadConfig } from '../../server/config/load.ts';

const timeout_ms = 4_000;

const config = loadConfig([], process.env);
if (config === undefined) throw new Error('the environment asks for help');
// An unspecified address (0.0.0.0, ::) leads back to this machine.
const host = config.host.includes(':') ? `[${config.host}]` : config.host;
const response = await fetch(`http://${host}:${config.port}/healthz`, {
  signal: AbortSignal.timeout(timeout_ms),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
