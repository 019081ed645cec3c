import { join } from 'node:path';
import { BUILD, folderOf, type Peer } from '../peer.ts';

const OUTPUT = join(BUILD, 'zig-std');

export const zigStd: Peer = {
  name: 'zig-std',
  profile: 'B',
  language: 'Zig',
  stack: 'Zig, std',
  remark:
    'no maintained Zig framework can be built from package registries: the same server stands for profile A',
  folder: folderOf('zig-std'),
  toolchain: 'python3',
  getIt: 'Debian: apt-get install python3-venv (pip brings the compiler: ziglang==0.17.0)',
  build: ['sh', 'build.sh', OUTPUT],
  unitTests: ['sh', 'build.sh', OUTPUT, 'test'],
  environment: {},
  command: [join(OUTPUT, 'zig-std')],
  modes: [],
};
