import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { ask } from './command.ts';
import type { Engine } from './engine.ts';

export interface ContainerPlan {
  readonly image: string;
  /** On this machine's loopback. */
  readonly port: number;
  /** As `--cpus` and `--memory` of the engine take them. */
  readonly cpus: string;
  readonly memory: string;
  /** As `bun run server` takes them. */
  readonly serverFlags?: readonly string[];
}

const COMMAND_MS_MAX = 60_000;
const READY_MS_MAX = 30_000;
const LOOK_MS = 2;
/** More than the server takes at most, as the image sets it. */
const STOP_S_MAX = 15;

/** The words behind `run`: nothing but the data volume can be written. */
export function runWords(engine: Engine, plan: ContainerPlan, how: readonly string[]): string[] {
  const { image, port, cpus, memory, serverFlags = [] } = plan;
  const limits = ['--cpus', cpus, '--memory', memory, '--read-only', '--cap-drop', 'ALL'];
  const flags = [...limits, '--security-opt', 'no-new-privileges', ...engine.runFlags(port)];
  return [...engine.command, 'run', ...how, ...flags, image, ...serverFlags];
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** What has been started and not removed, and how to remove it. */
const leftovers = new Map<string, () => Promise<unknown>>();
let isOver = false;

/** Removes every container this process has started, and starts no more: it is about to end. */
export async function removeContainers(): Promise<void> {
  isOver = true;
  await Promise.allSettled([...leftovers.values()].map((remove) => remove()));
}

/** A running container of the image, until the end of the block it is declared in with `await using`. */
export class Container implements AsyncDisposable {
  readonly port: number;
  /** From the command that starts it to the first answer of /healthz. */
  readonly start_ms: number;
  readonly #engine: Engine;
  readonly #name: string;

  private constructor(engine: Engine, name: string, port: number, start_ms: number) {
    this.#engine = engine;
    this.#name = name;
    this.port = port;
    this.start_ms = start_ms;
  }

  /** @throws Error with the container's log when it is not healthy in time */
  static async start(engine: Engine, plan: ContainerPlan): Promise<Container> {
    const name = `hubbub-${process.pid}-${randomBytes(4).toString('hex')}`;
    const command = runWords(engine, plan, ['--detach', '--name', name]);
    const giveUp = new AbortController();
    const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(READY_MS_MAX)]);
    if (isOver) throw new Error('no container is started any more');
    const started_ms = performance.now();
    const healthy = healthyAt_ms(plan.port, signal);
    const running = ask(command, COMMAND_MS_MAX);
    let removal: Promise<unknown> | undefined;
    const remove = async (): Promise<void> => {
      // One that is still being made would outlive its removal.
      await Promise.allSettled([running]);
      await ask([...engine.command, 'rm', '--force', '--volumes', name], COMMAND_MS_MAX);
    };
    leftovers.set(name, () => {
      removal ??= remove();
      return removal;
    });
    try {
      const [at_ms] = await Promise.all([healthy, running]);
      return new Container(engine, name, plan.port, at_ms - started_ms);
    } catch (error) {
      giveUp.abort();
      const failed = new Container(engine, name, plan.port, Number.NaN);
      const log = await failed.logs().catch(String);
      await failed[Symbol.asyncDispose]().catch(() => undefined);
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the container does not become healthy: ${reason}\n${log}`, { cause: error });
    }
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of the server, as this machine counts. 0: the engine runs it on another. */
  async pid(): Promise<number> {
    return Number(await this.#ask('inspect', '--format', '{{.State.Pid}}', this.#name));
  }

  /** What the server and everything else in the container has written. */
  logs(): Promise<string> {
    // Docker keeps the streams apart, and the server writes to stderr.
    const words = [...this.#engine.command, 'logs', this.#name];
    return ask(['sh', '-c', 'exec "$@" 2>&1', 'sh', ...words], COMMAND_MS_MAX);
  }

  /** Runs a command in the container. @returns its stdout. @throws when it fails */
  exec(...command: string[]): Promise<string> {
    return this.#ask('exec', this.#name, ...command);
  }

  /** The command with which the image wants its health checked. */
  async healthcheck(): Promise<readonly string[]> {
    const image = await this.#ask('inspect', '--format', '{{.Image}}', this.#name);
    const [description] = JSON.parse(await this.#ask('image', 'inspect', image));
    // Docker and podman keep it in different places.
    const { Test: test } = description.Config.Healthcheck ?? description.Healthcheck;
    return test.slice(1);
  }

  /** Sends SIGTERM and waits for the end. @returns the exit status; 137 when it had to be killed */
  async stop(): Promise<number> {
    await this.#ask('stop', '-t', String(STOP_S_MAX), this.#name);
    return Number(await this.#ask('inspect', '--format', '{{.State.ExitCode}}', this.#name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await leftovers.get(this.#name)?.();
    leftovers.delete(this.#name);
  }

  #ask(...words: string[]): Promise<string> {
    return ask([...this.#engine.command, ...words], COMMAND_MS_MAX);
  }
}

/** @returns when the first good answer came, on the clock of `performance`. @throws when told to stop */
async function healthyAt_ms(port: number, signal: AbortSignal): Promise<number> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal }).catch(
      () => undefined,
    );
    if (answer?.ok === true) return performance.now();
    signal.throwIfAborted();
    await Bun.sleep(LOOK_MS);
  }
}
