import { join } from 'node:path';
import type { DialectName } from '../contract/dialects.ts';
import type { Encoding } from '../load/engine.ts';

const ROOT = join(import.meta.dir, '../..');
/** Where compiled peers stand. */
export const BUILD = join(ROOT, 'build/peers');

/** `B` are minimal stacks, `A` are frameworks and products. */
export type Profile = 'A' | 'B';

/**
 * How messages leave: each as it comes, what a window gathers in frames of their own, or in one frame.
 */
export type Mode = 'frame' | 'window' | 'joined';

/** One server to compare with: what it takes, how it is made, how it is started. */
export interface Peer {
  readonly name: string;
  readonly profile: Profile;
  readonly language: string;
  /** What it is made of, as tables say it. */
  readonly stack: string;
  /** What a reader of its figures has to know; undefined when it does the same as all others. */
  readonly remark?: string;
  readonly folder: string;
  /** The program without which it can neither be built nor run; undefined when Bun will do. */
  readonly toolchain: string | undefined;
  /** The oldest version that will do, as `<toolchain> version` says it; undefined when any will. */
  readonly since?: string;
  /** How to get that program. */
  readonly getIt: string;
  /** Makes it ready to run, in its folder; undefined when there is nothing to do. */
  readonly build: readonly string[] | undefined;
  /** Runs the tests of its parts that are written in its own language, in its folder. */
  readonly unitTests?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Values of its `--mode`, besides `--window-ms`; empty when it has neither and sends frame for frame. */
  readonly modes: readonly Mode[];
  /** How its messages are written; the contract's JSON when undefined. */
  readonly encoding?: Encoding;
  /** How the contract's checks speak to it; in the contract's own words when undefined. */
  readonly dialect?: DialectName;
  /** Where its chat is; the contract's `/ws` when undefined. */
  readonly path?: string;
}

/** The folder of a peer, by its name. */
export const folderOf = (name: string): string =>
  join(ROOT, 'bench/peers', name.replaceAll('-', '_'));

/** What a peer that Bun alone runs takes. */
export const inBun = {
  toolchain: undefined,
  getIt: '',
  build: undefined,
  environment: {},
} as const;

/** Named, so that it links statically: what is built along the way does not. */
const RUST_TARGET = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu`;

/** How a peer in Rust is built, statically linked, and where its program then stands. */
export function inRust(
  name: string,
): Pick<Peer, 'toolchain' | 'since' | 'getIt' | 'build' | 'environment' | 'command'> {
  const folder = join(BUILD, name);
  return {
    toolchain: 'cargo',
    since: '1.85',
    getIt: 'https://rustup.rs',
    build: [
      ...['cargo', 'build', '--release', '--locked', '--quiet'],
      ...['--target', RUST_TARGET, '--target-dir', folder],
    ],
    environment: { RUSTFLAGS: '-C target-feature=+crt-static' },
    command: [join(folder, RUST_TARGET, 'release', name)],
  };
}

/** How a peer in Go is built, statically linked, and where its program then stands. */
export function inGo(
  name: string,
): Pick<Peer, 'toolchain' | 'getIt' | 'build' | 'environment' | 'command'> {
  const program = join(BUILD, name);
  return {
    toolchain: 'go',
    getIt: 'Debian: apt-get install golang-go; others: https://go.dev/dl',
    build: ['go', 'build', '-trimpath', '-ldflags=-s -w', '-o', program, '.'],
    environment: { CGO_ENABLED: '0' },
    command: [program],
  };
}
