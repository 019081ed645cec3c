/**
 * Stands in for Docker in tests, as far as the benchmark uses it: notes what it is asked for, and runs
 * what stands behind the name of the image, which a test has to make a program, on this machine.
 *
 *   HUBBUB_BENCH_DOCKER="bun bench/process/confine/fake_docker.ts <folder>"
 */
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const [folder = '', command = '', ...words] = process.argv.slice(2);
const behind = (flag: string): string => words[words.indexOf(flag) + 1] ?? '';
const pidFile = (name: string): string => join(folder, `${name}.pid`);

appendFileSync(join(folder, 'asked.jsonl'), `${JSON.stringify([command, ...words])}\n`);

switch (command) {
  case 'info':
    process.exitCode = existsSync(join(folder, 'down')) ? 1 : 0;
    break;
  case 'build':
    if (readFileSync(behind('--file'), 'utf8').includes('FROM nowhere')) {
      process.stderr.write('nowhere: no such image\n');
      process.exitCode = 1;
    }
    break;
  case 'run':
    await run();
    break;
  case 'ps':
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.pid'))) {
      process.stdout.write(`${file.slice(0, -'.pid'.length)}\n`);
    }
    break;
  case 'inspect':
    process.stdout.write(readFileSync(pidFile(words.at(-1) ?? ''), 'utf8'));
    break;
  case 'rm':
    remove(words.at(-1) ?? '');
    break;
  default:
    process.exitCode = 125;
}

/** The server is a process of its own, as in the real thing: this one only passes on. */
async function run(): Promise<void> {
  const program = readFileSync(join(folder, 'entrypoint'), 'utf8').split('\n');
  const image = words.findIndex((word) => word.startsWith('hubbub-peer-'));
  const server = Bun.spawn([...program, ...words.slice(image + 1)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const file = pidFile(behind('--name'));
  writeFileSync(file, String(server.pid));
  process.on('SIGTERM', () => server.kill('SIGTERM'));
  process.exitCode = await server.exited;
  rmSync(file, { force: true });
}

function remove(name: string): void {
  if (!existsSync(pidFile(name))) {
    process.stderr.write(`no such container: ${name}\n`);
    process.exitCode = 1;
    return;
  }
  const pid = Number(readFileSync(pidFile(name), 'utf8'));
  if (pid > 0 && existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
  rmSync(pidFile(name), { force: true });
}
