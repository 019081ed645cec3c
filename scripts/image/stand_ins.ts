/**
 * Bases for the Dockerfile on a machine that cannot pull images: made from the packages of Debian 12,
 * which is what the real ones are made from. They prove the Dockerfile's steps and how the image
 * behaves, not the real bases. Needs root and mmdebstrap.
 */
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../boot/report.ts';
import { ask, perform, succeeds } from './command.ts';

interface StandIn {
  /** The name it gets here, never that of what it stands for. */
  readonly image: string;
  readonly environment: readonly string[];
  /** Makes the file system as a tar file. */
  make(folder: string, tar: string): Promise<void>;
}

const DEBIAN = 'bookworm';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const LOOK_MS_MAX = 10_000;
const MAKE_MS_MAX = 15 * 60_000;
const DISTROLESS_USER = 65_532;

const STAND_INS: ReadonlyMap<string, StandIn> = new Map([
  [
    'docker.io/library/node:24-bookworm-slim',
    {
      image: 'localhost/hubbub-base:node',
      environment: [`NODE_EXTRA_CA_CERTS=${CERTIFICATES}`],
      make: makeNode,
    },
  ],
  [
    'gcr.io/distroless/base-nossl-debian12:nonroot',
    {
      image: 'localhost/hubbub-base:distroless',
      environment: [`SSL_CERT_FILE=${CERTIFICATES}`],
      make: makeDistroless,
    },
  ],
]);

/**
 * Makes what is not there yet. @returns flags with which buildah takes stand-ins in place of the
 * images that the Dockerfile names
 * @throws Error for a base that has no stand-in
 */
export async function standInContexts(dockerfile: string): Promise<readonly string[]> {
  const flags: string[] = [];
  for (const base of basesOf(dockerfile)) {
    const standIn = STAND_INS.get(base);
    if (standIn === undefined) throw new Error(`There is no stand-in for ${base}.`);
    await provide(base, standIn);
    flags.push('--build-context', `${base}=docker-image://${standIn.image}`);
  }
  return flags;
}

/** The images a Dockerfile starts from, without its own stages. */
export function basesOf(dockerfile: string): readonly string[] {
  const stages = [...dockerfile.matchAll(/^FROM\s+(\S+)(?:\s+AS\s+(\S+))?/gim)];
  const own = new Set(stages.map(([, , name]) => name));
  return [...new Set(stages.map(([, image = '']) => image))].filter((image) => !own.has(image));
}

async function provide(base: string, { image, environment, make }: StandIn): Promise<void> {
  if (await succeeds(['podman', 'image', 'exists', image], LOOK_MS_MAX)) return;
  say(`making a stand-in for ${base} …`);
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-base-'));
  try {
    const tar = join(folder, 'base.tar');
    await make(folder, tar);
    const changes = environment.flatMap((variable) => ['--change', `ENV=${variable}`]);
    await ask(['podman', 'import', '--quiet', ...changes, tar, image], MAKE_MS_MAX);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A minimal Debian with this machine's Node.js and npm where the real one has its own. */
async function makeNode(_: string, tar: string): Promise<void> {
  const npm = join(realpathSync(pathOf('npm')), '../..');
  const hooks = [
    'mkdir -p "$1/usr/local/lib/node_modules"',
    `copy-in ${realpathSync(pathOf('node'))} /usr/local/bin`,
    `copy-in ${npm} /usr/local/lib/node_modules`,
    'ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"',
    `upload ${CERTIFICATES} ${CERTIFICATES}`,
    'chroot "$1" npm --version >&2',
  ].map((hook) => `--customize-hook=${hook}`);
  const what = ['--variant=minbase', '--include=ca-certificates', '--dpkgopt=force-unsafe-io'];
  await perform(['mmdebstrap', '--quiet', ...what, ...hooks, DEBIAN, tar], MAKE_MS_MAX);
}

/** The packages the real one has, unpacked and not installed, and its user. */
async function makeDistroless(folder: string, tar: string): Promise<void> {
  if (!readFileSync('/etc/os-release', 'utf8').includes(`VERSION_CODENAME=${DEBIAN}\n`)) {
    throw new Error(`A stand-in for distroless can only be made on Debian ${DEBIAN}.`);
  }
  const files = join(folder, 'root');
  const home = join(files, 'home/nonroot');
  for (const path of [home, join(files, 'tmp')]) mkdirSync(path, { recursive: true });
  const packages = ['base-files', 'ca-certificates', 'libc6', 'netbase', 'tzdata'];
  await perform(['env', '-C', folder, 'apt-get', '-q', 'download', ...packages], MAKE_MS_MAX);
  for (const file of new Bun.Glob('*.deb').scanSync({ cwd: folder, absolute: true })) {
    await perform(['dpkg-deb', '--extract', file, files], MAKE_MS_MAX);
  }
  cpSync(CERTIFICATES, join(files, CERTIFICATES));
  const id = DISTROLESS_USER;
  writeFileSync(join(files, 'etc/passwd'), `nonroot:x:${id}:${id}::/home/nonroot:/sbin/nologin\n`);
  writeFileSync(join(files, 'etc/group'), `nonroot:x:${id}:\n`);
  chownSync(home, id, id);
  chmodSync(join(files, 'tmp'), 0o1777);
  await perform(['tar', '-C', files, '-cf', tar, '.'], MAKE_MS_MAX);
}

function pathOf(name: string): string {
  const path = Bun.which(name);
  if (path === null) throw new Error(`${name} is missing; a stand-in is made with it.`);
  return path;
}
