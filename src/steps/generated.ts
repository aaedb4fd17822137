// Steps that write files whose whole content is ours: written once, written again, never over somebody's edit.
import { dirname } from 'node:path';
import { hashOf, kindOf, makeFolder, readText, removePartials, writeWhole } from '../host/files.ts';
import type { Step } from '../plan/step.ts';
import type { Resource, ResourceOf } from '../resources/resource.ts';
import type { Making } from './making.ts';

export interface GeneratedFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
  /** 0600 for whatever holds a secret. */
  readonly mode: number;
  /** The path of the tree that it lies in, if it does. */
  readonly tree?: string;
}

export interface GeneratedStep {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  readonly after?: readonly string[];
  readonly files: readonly GeneratedFile[];
}

/** What lies where a generated file belongs; `ours` is content that an earlier run of ours wrote. */
export type GeneratedState = 'absent' | 'same' | 'ours' | 'edited';

/**
 * A step that writes files. An absent file is written, one that still holds what we once wrote is written
 * anew, and one that somebody edited (or that was there before us) is left alone with a warning.
 */
export function generatedStep(making: Making, wanted: GeneratedStep): Step<Resource> {
  const { id, title, group, after, files } = wanted;
  return {
    id,
    title,
    group,
    ...(after === undefined ? {} : { after }),
    limit: 'disk',
    inputs: files.map(({ path, content, mode }) => ({ path, hash: hashOf(content), mode })),
    makes: () => files.map((file) => fileResource(file, making.resources())),
    check: async () => {
      const states = await Promise.all(files.map((file) => generatedState(file, making.resources())));
      return states.every((state) => state === 'same' || state === 'edited');
    },
    run: async () => {
      for (const file of files) await writeGenerated(file, making);
    },
  };
}

/** Looks at a generated file; `resources` is what the record holds. */
export async function generatedState(
  file: Pick<GeneratedFile, 'path' | 'content'>,
  resources: readonly Resource[],
): Promise<GeneratedState> {
  const kind = await kindOf(file.path);
  if (kind === undefined) return 'absent';
  if (kind !== 'file') return 'edited';
  const content = await readText(file.path);
  if (content === undefined) return 'absent';
  if (content === file.content) return 'same';
  // a power cut leaves a file without its content; an edit leaves some
  if (/^\0*$/.test(content)) return 'absent';
  return recordedHashes(file.path, resources).includes(hashOf(content)) ? 'ours' : 'edited';
}

async function writeGenerated(file: GeneratedFile, { world, resources }: Making): Promise<void> {
  // the environment is locked, so what is half written was left by a killed run
  await removePartials(file.path);
  switch (await generatedState(file, resources())) {
    case 'same':
      return;
    case 'edited':
      world.report.emit({
        kind: 'note',
        severity: 'warning',
        message: `${file.path} was changed by somebody and is left as it is.`,
      });
      return;
    case 'absent':
    case 'ours':
      await makeFolder(dirname(file.path));
      await writeWhole(file.path, file.content, file.mode);
  }
}

/** Earlier hashes stay: a run that was killed may have left any of them on the disk. */
function fileResource(file: GeneratedFile, resources: readonly Resource[]): ResourceOf<'file'> {
  const hashes = new Set([...recordedHashes(file.path, resources), hashOf(file.content)]);
  return {
    kind: 'file',
    path: file.path,
    hashes: [...hashes],
    ...(file.tree === undefined ? {} : { tree: file.tree }),
  };
}

function recordedHashes(path: string, resources: readonly Resource[]): readonly string[] {
  return resources.flatMap((one) => (one.kind === 'file' && one.path === path ? one.hashes : []));
}
