// Which parts of an environment that was whole are gone: asked by every command before it uses them.
import { basename } from 'node:path';
import { member, treePath, virtualenvName, virtualenvPath } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { readRestore } from '../environment/restoring.ts';
import { Failure } from '../failure.ts';
import { listSnapshots } from '../halfstack/snapshots.ts';
import { kindOf, listFolder } from '../host/files.ts';
import { linkTarget } from '../host/links.ts';
import { pythonOf } from '../python/virtualenv.ts';
import { isProgram } from '../host/path.ts';
import type { World } from '../world.ts';
import { makingOf } from './making.ts';

/** Beside the file itself only a person's shell reads it. */
const selectionFile = '.python-version';

/**
 * What the named components need and is gone, in a few words each: `source tree /…/common`; of all components without
 * names. Only what the record says was made counts; the data of the halfstack do not. Read-only.
 */
export async function missingParts(
  record: EnvironmentRecord,
  names: readonly string[] = Object.keys(record.spec.release.components),
): Promise<string[]> {
  const { spec, resources } = record;
  const { components, virtualenvs } = spec.release;
  // what cannot be looked at is not known to be gone
  if ((await kindOf(spec.installPath).catch(() => 'other')) === undefined) {
    return [`folder ${spec.installPath}`];
  }
  const used = names.flatMap((name) => components[name] ?? []);
  const environments = [...new Set(used.map(({ virtualenv }) => virtualenv))];
  const trees = new Set([
    ...used.map(({ tree }) => tree),
    ...environments.flatMap((name) => member(virtualenvs, name, 'virtualenv').shares),
  ]);
  const made = new Set(resources.flatMap((one) => ('path' in one ? [one.path] : [])));
  const found: string[] = [];
  const files: string[] = [];
  for (const tree of trees) {
    const path = treePath(spec, tree);
    if (!made.has(path)) continue;
    if ((await kindOf(path).catch(() => 'other')) === undefined || (await isEmpty(path))) {
      found.push(`source tree ${path}`);
      continue;
    }
    if (!used.some((component) => component.tree === tree)) continue;
    for (const one of resources) {
      if (one.kind !== 'file' || one.tree !== path || basename(one.path) === selectionFile) continue;
      if ((await kindOf(one.path).catch(() => 'other')) === undefined) files.push(`file ${one.path}`);
    }
  }
  for (const name of environments) {
    const path = virtualenvPath(spec, name);
    if (!made.has(path)) continue;
    if ((await kindOf(path).catch(() => 'other')) === undefined) {
      found.push(`virtualenv ${virtualenvName(spec, name)}`);
    } else if (!(await isProgram(pythonOf(path)))) {
      const target = await linkTarget(pythonOf(path)).catch(() => undefined);
      const python = target === undefined ? pythonOf(path) : `${pythonOf(path)} (a link to ${target})`;
      found.push(`Python of virtualenv ${virtualenvName(spec, name)}: ${python}`);
    }
  }
  // the largest first, as not all may be named
  return [...found, ...files];
}

async function isEmpty(path: string): Promise<boolean> {
  if ((await kindOf(path)) !== 'folder') return false;
  const names = await listFolder(path).catch(() => ['?']);
  return names.length === 0;
}

/** `BAI-CONFLICT-PHASE` if one of the named components lacks a part. */
export async function assertWhole(
  record: EnvironmentRecord,
  names: readonly string[] | undefined,
): Promise<void> {
  const missing = await missingParts(record, names);
  if (missing.length === 0) return;
  const { id } = record.spec;
  throw new Failure('BAI-CONFLICT-PHASE', `Parts of ${id} are missing: ${listOf(missing)}.`, {
    facts: { missing },
    next: [{ purpose: 'make them again', command: `bai-dev install -e ${id}` }],
  });
}

/** `BAI-CONFLICT-PHASE` if PostgreSQL, Redis or etcd lost the data that they had: started, they would make empty ones. */
export async function assertData(world: World, record: EnvironmentRecord): Promise<void> {
  const { id } = record.spec;
  // a restore that was interrupted may have moved them away, and is completed by whatever starts them
  if ((await readRestore(world.host, id)) !== undefined) return;
  const { engine, stack } = makingOf(world, record);
  const lost = await engine.lost(stack);
  if (lost.length === 0) return;
  const install = `bai-dev install -e ${id}`;
  const snapshots = await listSnapshots(world.host, id).catch(() => []);
  throw new Failure(
    'BAI-CONFLICT-PHASE',
    `Data of ${id} are gone: ${listOf(lost)}. Nothing was started, since the servers would begin with empty data.`,
    {
      facts: { lost },
      next: [
        { purpose: 'make them anew, with the example data only', command: install },
        ...(snapshots.length === 0
          ? []
          : [
              {
                purpose: 'or bring back the newest snapshot',
                command: `${install} && bai-dev snapshot restore ${id}`,
              },
            ]),
      ],
    },
  );
}

/** As many parts are named. */
const shown = 6;

/** Parts in a sentence: the first of them by name, the others as a number. */
export function listOf(parts: readonly string[]): string {
  const more = parts.length - shown;
  return [...parts.slice(0, shown), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
