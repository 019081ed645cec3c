import { UsageError } from '../command/options.ts';
import { adopt } from '../process/children.ts';
import { within } from '../process/deadline.ts';
import type { Peer } from './peer.ts';

/** A first build fetches and compiles libraries. */
const BUILD_MS_MAX = 600_000;
const TAIL_CHARACTERS = 2_000;

const VERSION_MS_MAX = 20_000;

/** @returns what is missing to build or run it and how to get that; undefined when nothing is */
export function missingFor({ toolchain, since, getIt }: Peer): string | undefined {
  if (toolchain === undefined) return undefined;
  if (Bun.which(toolchain) === null) return `${toolchain} is not installed. ${getIt}`;
  if (since === undefined) return undefined;
  const version = versionOf(toolchain);
  if (Bun.semver.order(version, inFull(since)) >= 0) return undefined;
  return `${toolchain} is ${version}, it takes ${since} or later. ${getIt}`;
}

/** @throws UsageError when it does not say */
function versionOf(toolchain: string): string {
  const { stdout } = Bun.spawnSync([toolchain, 'version'], { timeout: VERSION_MS_MAX });
  const said = stdout.toString().trim();
  const found = /\d+\.\d+(\.\d+)?/.exec(said)?.[0];
  if (found === undefined) throw new UsageError(`${toolchain} does not say its version: ${said}`);
  return inFull(found);
}

/** Early releases of a minor version leave out the last part. */
const inFull = (version: string): string =>
  version.split('.').length === 2 ? `${version}.0` : version;

/**
 * Makes a peer ready to run; cheap when it is already.
 * @throws UsageError when its toolchain is missing, or with what that said when the build fails
 */
export async function buildPeer(peer: Peer): Promise<void> {
  const missing = missingFor(peer);
  if (missing !== undefined) throw new UsageError(`${peer.name}: ${missing}`);
  if (peer.build === undefined) return;
  const child = Bun.spawn([...peer.build], {
    cwd: peer.folder,
    env: { ...process.env, ...peer.environment },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  adopt(child);
  const ended = Promise.all([child.exited, child.stderr.text()]);
  const [status, said] = await within(BUILD_MS_MAX, ended, `the build of ${peer.name}`).finally(
    () => child.kill(),
  );
  if (status === 0) return;
  throw new UsageError(`${peer.name} cannot be built:\n${said.slice(-TAIL_CHARACTERS).trim()}`);
}
