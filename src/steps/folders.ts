// Makes the folders of an environment outside its trees, and the marker by which commands know where they are.
import { dirname, join } from 'node:path';
import { markerName, markerText } from '../environment/marker.ts';
import { installsFolder, markerFile } from '../environment/names.ts';
import { kindOf, makeFolder } from '../host/files.ts';
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import { generatedStep } from './generated.ts';
import type { Making } from './making.ts';

const group = 'Folders';

/** `folders:install` makes the folders, `folders:marker` the file that holds the ID. */
export function folderSteps(making: Making): Step<Resource>[] {
  const { spec, world } = making;
  const resources = foldersOf(making);
  const folders: Step<Resource> = {
    id: 'folders:install',
    title: spec.release.folders.join(', ') || 'install folder',
    group,
    inputs: resources.map(({ path }) => path),
    makes: () => resources,
    check: async () => {
      const kinds = await Promise.all(resources.map(({ path }) => kindOf(path)));
      return kinds.every((kind) => kind === 'folder');
    },
    run: async () => {
      for (const { path } of resources) {
        world.signal.throwIfAborted();
        await makeFolder(path, 0o755);
      }
    },
  };
  const marker = generatedStep(making, {
    id: 'folders:marker',
    title: markerName,
    group,
    after: [folders.id],
    files: [{ path: markerFile(spec), content: markerText(spec.id, world.host.owner), mode: 0o644 }],
  });
  return [folders, marker];
}

/** Outermost first, so that they are removed the other way round. */
function foldersOf({ spec, world }: Making): Extract<Resource, { kind: 'folder' }>[] {
  const { installPath, release } = spec;
  const outer = installsFolder(world.host);
  const folder = (path: string, own: boolean) => ({ kind: 'folder' as const, path, own });
  return [
    // its name is ours, so it goes with the last environment in it; other parents are the user's
    ...(dirname(installPath) === outer ? [folder(outer, false)] : []),
    folder(installPath, false),
    ...release.folders.flatMap((path) => {
      const parts = path.split('/');
      return parts.map((_, at) => folder(join(installPath, ...parts.slice(0, at + 1)), true));
    }),
  ];
}
