import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
/** Where compiled peers stand. */
const BUILD = join(ROOT, 'build/peers');

/** `B` are minimal stacks, `A` are frameworks. */
export type Profile = 'A' | 'B';

/**
 * How messages leave: each as it comes, what a window gathers in frames of their own, or in one frame.
 */
export type Mode = 'frame' | 'window' | 'joined';

/** One server to compare with: what it takes, how it is made, how it is started. */
export interface Peer {
  readonly name: string;
  readonly profile: Profile;
  /** What it is made of, as tables say it. */
  readonly stack: string;
  readonly folder: string;
  /** The program without which it can neither be built nor run; undefined when Bun will do. */
  readonly toolchain: string | undefined;
  /** How to get that program. */
  readonly getIt: string;
  /** Makes it ready to run, in its folder; undefined when there is nothing to do. */
  readonly build: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Values of its `--mode`, besides `--window-ms`; empty when it has neither and sends frame for frame. */
  readonly modes: readonly Mode[];
}

const folderOf = (name: string): string => join(ROOT, 'bench/peers', name.replaceAll('-', '_'));

/** Named, so that it links statically: what is built along the way does not. */
const RUST_TARGET = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu`;
const RUST_FOLDER = join(BUILD, 'rust-tungstenite');

const inBun = { toolchain: undefined, getIt: '', build: undefined, environment: {} } as const;

export const PEERS: readonly Peer[] = [
  {
    ...inBun,
    name: 'bun-bare',
    profile: 'B',
    stack: 'Bun.serve',
    folder: folderOf('bun-bare'),
    command: [process.execPath, join(folderOf('bun-bare'), 'server.ts')],
    modes: ['frame', 'window', 'joined'],
  },
  {
    name: 'node-ws',
    profile: 'B',
    stack: 'Node.js, ws',
    folder: folderOf('node-ws'),
    toolchain: 'node',
    getIt: 'Debian: apt-get install nodejs; others: https://nodejs.org',
    build: [process.execPath, 'install', '--frozen-lockfile'],
    environment: {},
    command: ['node', join(folderOf('node-ws'), 'server.js')],
    modes: [],
  },
  {
    name: 'go-gorilla',
    profile: 'B',
    stack: 'Go, net/http, gorilla/websocket',
    folder: folderOf('go-gorilla'),
    toolchain: 'go',
    getIt: 'Debian: apt-get install golang-go; others: https://go.dev/dl',
    build: ['go', 'build', '-trimpath', '-ldflags=-s -w', '-o', join(BUILD, 'go-gorilla'), '.'],
    environment: { CGO_ENABLED: '0' },
    command: [join(BUILD, 'go-gorilla')],
    modes: ['frame', 'joined'],
  },
  {
    name: 'rust-tungstenite',
    profile: 'B',
    stack: 'Rust, tokio-tungstenite',
    folder: folderOf('rust-tungstenite'),
    toolchain: 'cargo',
    getIt: 'https://rustup.rs',
    build: [
      ...['cargo', 'build', '--release', '--locked', '--quiet'],
      ...['--target', RUST_TARGET, '--target-dir', RUST_FOLDER],
    ],
    environment: { RUSTFLAGS: '-C target-feature=+crt-static' },
    command: [join(RUST_FOLDER, RUST_TARGET, 'release/rust-tungstenite')],
    modes: ['frame', 'joined'],
  },
];
