import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../../../scripts/image/command.ts';
import { UsageError } from '../../command/options.ts';
import type { WantedConfinement } from './confinement.ts';
import type { Image } from './container.ts';
import {
  buildWords,
  type ContainerEngine,
  ENGINE_VARIABLE,
  findContainerEngine,
} from './engine.ts';

const ROOT = join(import.meta.dir, '../../..');
/** A first build fetches bases and compiles libraries. */
const BUILD_MS_MAX = 1_200_000;
const COMPLAINT_CHARACTERS_MAX = 2_000;

/** As much of a peer as it takes to make an image of it. */
export interface ImageSource {
  readonly name: string;
  readonly folder: string;
}

export interface Images {
  /** By the name of the peer: of all of them, or of none. */
  readonly images: ReadonlyMap<string, Image>;
  /** Why there are none. */
  readonly remarks: readonly string[];
}

const NONE: ReadonlyMap<string, Image> = new Map();

/**
 * Builds the images of all peers that take part. Without a container engine, or when one of them cannot
 * be built, there is none at all: servers with limits of different kinds cannot be compared.
 * @param progress is told what is being built, and what went wrong
 * @throws UsageError when containers are wanted by name and cannot be had
 */
export async function imagesFor(
  peers: readonly ImageSource[],
  wanted: WantedConfinement,
  progress: (line: string) => void,
): Promise<Images> {
  if (wanted !== 'auto' && wanted !== 'docker') return { images: NONE, remarks: [] };
  try {
    const engine = await findContainerEngine();
    if (engine === undefined) {
      throw new UsageError(
        `Neither Docker nor podman answers; ${ENGINE_VARIABLE} may name another.`,
      );
    }
    // Its containers take more setting up than anybody asks for who does not name it.
    if (wanted === 'auto' && engine.name !== 'docker') return { images: NONE, remarks: [] };
    const images = new Map<string, Image>();
    for (const peer of peers) {
      progress(`building the image of ${peer.name} with ${engine.name} …`);
      images.set(peer.name, await buildImage(engine, peer));
    }
    return { images, remarks: [] };
  } catch (error) {
    if (!(error instanceof UsageError) || wanted === 'docker') throw error;
    // What the engine said has names of this machine in it: for people, and not for a result.
    progress(error.message);
    const [reason = ''] = error.message.split('\n');
    return { images: NONE, remarks: [`No containers: ${reason}`] };
  }
}

/** @throws UsageError when there is no Dockerfile, or with what the engine said when it cannot be built */
export async function buildImage(engine: ContainerEngine, peer: ImageSource): Promise<Image> {
  const dockerfile = dockerfileOf(peer);
  const tag = `hubbub-peer-${peer.name}`;
  try {
    await ask(buildWords(engine, tag, dockerfile, contextOf(dockerfile, peer)), BUILD_MS_MAX);
  } catch (error) {
    const said = (error instanceof Error ? error.message : String(error)).slice(
      -COMPLAINT_CHARACTERS_MAX,
    );
    throw new UsageError(`The image of ${peer.name} cannot be built.\n${said}`, { cause: error });
  }
  return { engine, tag };
}

function dockerfileOf({ name, folder }: ImageSource): string {
  const own = join(folder, 'Dockerfile');
  if (existsSync(own)) return own;
  if (name.startsWith('hubbub')) return join(ROOT, 'Dockerfile.bun');
  throw new UsageError(`${name} has no Dockerfile.`);
}

/** The peer's own folder, or all of the project for one that takes files from elsewhere. */
function contextOf(dockerfile: string, { folder }: ImageSource): string {
  return sourcesOf(readFileSync(dockerfile, 'utf8')).every((source) => isWithin(folder, source))
    ? folder
    : ROOT;
}

/** What a Dockerfile copies from its context; what it copies from its own stages is not that. */
export const sourcesOf = (dockerfile: string): readonly string[] =>
  [...dockerfile.matchAll(/^COPY\s+(?!.*--from=)(.+)$/gim)].flatMap(([, words = '']) =>
    words
      .split(/\s+/)
      .filter((word) => !word.startsWith('--'))
      .slice(0, -1),
  );

const isWithin = (folder: string, pattern: string): boolean =>
  existsSync(join(folder, pattern)) || [...new Bun.Glob(pattern).scanSync(folder)].length > 0;
