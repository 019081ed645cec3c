import { listenError } from '../edge/listen_error.ts';
import { ConfigError } from '../errors.ts';

/** Nobody speaks here: a name that is taken is all there is to it. */
const SILENT = { open: (socket: { end(): void }) => socket.end(), data: () => undefined };

/**
 * Makes sure that this process alone serves (host, port). Workers share a port by `SO_REUSEPORT`, and
 * with it a second server would start beside this one without an error and take half of the connections.
 * The lock is a name among Linux's abstract sockets: it is there as long as the process is, however
 * that ends, and in the same network namespace as the port.
 * @param port 0 takes a free one
 * @returns the port
 * @throws ConfigError when another process listens there, or nobody can
 */
export function lockPort(host: string, port: number): number {
  let probe: { readonly port: number; stop(closeActive: boolean): void };
  try {
    // Without `reusePort` this fails while anybody listens, whatever they call the address.
    probe = Bun.listen({ hostname: host, port, socket: SILENT });
  } catch (error) {
    throw listenError(error, host, port);
  }
  const taken = probe.port;
  try {
    Bun.listen({ unix: `\0hubbub:${host}:${taken}`, socket: SILENT }).unref();
  } catch (error) {
    throw new ConfigError(`Cannot listen on ${host}:${taken}: another Hubbub is about to.`, {
      cause: error,
    });
  } finally {
    probe.stop(true);
  }
  return taken;
}
