import { startOf } from '../usage.ts';
import { askEngine, type ContainerEngine, runWords } from './engine.ts';
import {
  CONTROLLERS,
  type Controller,
  type GroupFolders,
  type GroupVersion,
  usageOf,
} from './layout.ts';
import { folderOf, groupMounts, groupsOf } from './mounts.ts';
import { freshName, isAbandoned } from './names.ts';
import type { Confinement, Limits, LimitUsage } from './port.ts';

/** What a server is run from in a container; its entry point is the server. */
export interface Image {
  readonly engine: ContainerEngine;
  readonly tag: string;
}

/** The group that the engine has put a container into. */
interface EngineGroup {
  readonly version: GroupVersion;
  readonly folders: GroupFolders;
}

/** A container with a server in it, on the network of the host. */
export class Container implements Confinement {
  readonly method = 'docker';
  readonly remarks: readonly string[];
  readonly #image: Image;
  readonly #limits: Limits;
  readonly #name = freshName();
  #group: EngineGroup | undefined;
  #last: LimitUsage = {};

  private constructor(image: Image, limits: Limits) {
    this.#image = image;
    this.#limits = limits;
    const { name } = image.engine;
    this.remarks =
      name === 'docker' ? [] : [`Containers are run by ${name} in the place of Docker.`];
  }

  /** Removes the containers of benchmarks that were killed. */
  static async open(image: Image, limits: Limits): Promise<Container> {
    const { engine } = image;
    const listed = await askEngine(engine, 'ps', '--all', '--format', '{{.Names}}');
    for (const name of listed.split('\n').filter(isAbandoned)) await remove(engine, name);
    return new Container(image, limits);
  }

  /** @param command of the server outside of a container: its flags stay, the image has the rest */
  wrap(command: readonly string[]): readonly string[] {
    const first = command.findIndex((word) => word.startsWith('--'));
    const flags = first === -1 ? [] : command.slice(first);
    const { engine, tag } = this.#image;
    return runWords(engine, { name: this.#name, tag, limits: this.#limits, flags });
  }

  /** @throws Error when the engine runs it on another machine, whose processes we cannot watch */
  async serverPid(spawned_pid: number): Promise<number> {
    const { engine } = this.#image;
    const pid = Number(
      await askEngine(engine, 'inspect', '--format', '{{.State.Pid}}', this.#name),
    );
    // A process of ours by chance has the same id, and is older than what was started.
    if (!(pid > 0 && startOf(pid) >= startOf(spawned_pid))) {
      throw new Error(`${engine.name} does not run its containers on this machine`);
    }
    this.#group = groupOf(pid);
    return pid;
  }

  /**
   * As the engine's group counts, from when `serverPid` was asked for until the server ends. Kills are
   * left out: the group goes with the process, and its count with the group.
   */
  usage(): LimitUsage {
    if (this.#group === undefined) return {};
    const { oom_kills: _, ...usage } = usageOf(this.#group.version, this.#group.folders);
    this.#last = { ...this.#last, ...usage };
    return this.#last;
  }

  /** The engine removes a container that has ended; this one may still run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.usage();
    await remove(this.#image.engine, this.#name);
  }
}

async function remove(engine: ContainerEngine, name: string): Promise<void> {
  try {
    await askEngine(engine, 'rm', '--force', '--volumes', name);
  } catch (error) {
    // Some engines mind when there is nothing to remove.
    const names = await askEngine(engine, 'ps', '--all', '--format', '{{.Names}}');
    if (names.split('\n').includes(name)) throw error;
  }
}

function groupOf(pid: number): EngineGroup {
  const mounts = groupMounts();
  const groups = groupsOf(pid);
  const folders = new Map<Controller, string>();
  const isV1 = mounts.some(({ controllers }) => controllers.includes('memory'));
  for (const controller of CONTROLLERS) {
    const mount = mounts.find((one) =>
      isV1 ? one.controllers.includes(controller) : one.version === 2,
    );
    const group = groups.get(isV1 ? controller : '');
    const folder = mount && group !== undefined ? folderOf(mount, group) : undefined;
    if (folder !== undefined) folders.set(controller, folder);
  }
  return { version: isV1 ? 1 : 2, folders };
}
