// The user's files in what a removal takes: listed, a reason to refuse, and saved where no snapshot holds them.
import { join } from 'node:path';
import { rescuesFolder, snapshotsFolder } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { findUserFiles, saveUserFiles, userFilesPath, type UserFiles } from '../environment/user-files.ts';
import { Failure } from '../failure.ts';
import { isDuplicate } from '../host/duplicate.ts';
import { listFolder, makeFolder, moveOver, removeWhole } from '../host/files.ts';
import { quoted } from '../quoted.ts';
import type { Resource } from '../resources/resource.ts';
import { halfRescue } from '../source/rescue.ts';
import type { World } from '../world.ts';
import { timeStamp } from './snapshot.ts';

/** Where files were saved outside a snapshot, and what puts them back. */
export interface SavedFiles {
  readonly folder: string;
  readonly command: string;
}

/** The user's files in the install path; those that stay in place too, unless the folder itself stays. */
export async function userFilesAmong(
  record: EnvironmentRecord,
  go: readonly Resource[],
): Promise<UserFiles[]> {
  const { installPath } = record.spec;
  const folders = new Set(go.flatMap((one) => (one.kind === 'folder' ? [one.path] : [])));
  const found = await findUserFiles(record);
  return found.filter(({ path, goes }) => !goes || folders.has(join(installPath, path)));
}

/** Throws `BAI-USER-FILES` naming the files that go; `saved` and `forced` are the commands that save or drop them. */
export function assertNoUserFiles(
  { spec }: EnvironmentRecord,
  files: readonly UserFiles[],
  commands: { readonly saved: string; readonly forced: string },
): void {
  const going = files.filter(({ goes }) => goes);
  if (going.length === 0) return;
  throw new Failure(
    'BAI-USER-FILES',
    `Virtual folders of ${spec.id} hold files that exist nowhere else, and --no-snapshot would not save them. Nothing has been removed.`,
    {
      facts: { files: going },
      lines: going.flatMap((one) => [
        `${join(spec.installPath, one.path)}: ${fileCount(one)}`,
        ...namesOf(one),
      ]),
      next: [
        {
          purpose: 'save them in a snapshot first',
          command: commands.saved,
          without: ['no-snapshot', 'dry-run'],
        },
        { purpose: 'or remove them for good', command: commands.forced, without: ['dry-run'] },
      ],
    },
  );
}

const fileCount = ({ files, bytes }: UserFiles): string =>
  `${files} ${files === 1 ? 'file' : 'files'}, ${bytes} bytes`;

/** The first names only: the number of all is given besides. */
function namesOf({ names, files }: UserFiles): string[] {
  const shown = names.slice(0, 5);
  return [
    ...shown.map((name) => `  ${name}`),
    ...(files > shown.length ? [`  and ${files - shown.length} more`] : []),
  ];
}

/** What a plan says of each place. */
export const describeFiles = (one: UserFiles): string =>
  `${fileCount(one)} in ${one.path}: ${namesOf(one)
    .map((line) => line.trim())
    .join(', ')}`;

/**
 * Saves the files that go in the state folder, whole or not at all, unless snapshots or earlier runs did: undefined if
 * there is nothing to be saved. Throws `BAI-FILESYSTEM`.
 */
export async function rescueFiles(world: World, record: EnvironmentRecord): Promise<SavedFiles | undefined> {
  const { id, installPath } = record.spec;
  const going = (await findUserFiles(record)).filter(({ goes }) => goes);
  if (going.length === 0 || (await areSaved(world, record, going))) return undefined;
  const parent = rescuesFolder(world.host, id);
  const folder = join(parent, `files-${timeStamp(world.now())}`);
  const partial = join(parent, halfRescue);
  await removeWhole(partial);
  await makeFolder(partial, 0o700);
  await saveUserFiles(record, partial, { share: true });
  await moveOver(partial, folder);
  const command = `cp -a ${quoted(userFilesPath(folder, '.'))}/. ${quoted(installPath)}/`;
  const message = `Files of ${id} were saved in ${folder}. Put them back with: ${command}`;
  world.report.emit({ kind: 'note', severity: 'warning', message });
  return { folder, command };
}

/** True if one snapshot or one earlier rescue holds them all. */
async function areSaved(
  { host }: World,
  { spec }: EnvironmentRecord,
  going: readonly UserFiles[],
): Promise<boolean> {
  const parents = [snapshotsFolder(host, spec.id), rescuesFolder(host, spec.id)];
  for (const parent of parents) {
    for (const name of (await listFolder(parent)).filter((one) => !one.startsWith('.'))) {
      const pairs = going.map(({ path }) => [
        join(spec.installPath, path),
        userFilesPath(join(parent, name), path),
      ]);
      const same = await Promise.all(pairs.map(([from = '', to = '']) => isDuplicate(from, to)));
      if (same.every(Boolean)) return true;
    }
  }
  return false;
}
