// Is the environment's name free in pyenv, and is nobody else at work on it?
import { basename, join } from 'node:path';
import { lockHolder } from '../environment/lock.ts';
import { readMarker } from '../environment/marker.ts';
import { ownerFile, pyenvRoot, statePaths } from '../environment/names.ts';
import { kindOf, listFolder } from '../host/files.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/** Virtualenvs of the environment's names that its record does not know. */
export async function checkNames(world: World, draft: Draft): Promise<Checked<never>> {
  const versions = join(pyenvRoot(world.host), 'versions');
  // where we cannot look, we make none
  const pythons = (await listFolder(versions).catch(() => [])).map((name) => join(versions, name, 'envs'));
  const ours = new Set(
    draft.record?.resources.flatMap((resource) => (resource.kind === 'virtualenv' ? [resource.name] : [])),
  );
  const names = Object.values(draft.release.virtualenvs).map(({ suffix }) => `venv-${draft.id}-${suffix}`);
  const taken: string[] = [];
  for (const name of names.filter((wanted) => !ours.has(wanted))) {
    const places = [versions, ...pythons].map((folder) => join(folder, name));
    const kinds = await Promise.all(places.map((path) => kindOf(path).catch(() => undefined)));
    taken.push(...places.filter((_, at) => kinds[at] !== undefined).slice(0, 1));
  }
  if (taken.length === 0)
    return { findings: [{ id: 'names.virtualenvs', severity: 'ok', title: 'Names are free' }] };
  return { findings: await Promise.all(taken.map((path) => takenFinding(world, path))) };
}

/** A virtualenv of another's environment is not said to be removable: it may be in use. */
async function takenFinding(world: World, path: string): Promise<Finding> {
  const name = basename(path);
  const marker = await readMarker(path, ownerFile);
  // an older version wrote no owner: without a record it may be anybody's
  const isOthers = marker !== undefined && marker.owner !== world.host.owner;
  return {
    id: 'names.virtualenvs',
    severity: 'blocker',
    title: `A virtualenv ${name} exists`,
    reason: isOthers
      ? `${path} is of an environment of another user or another state folder.`
      : `${path} was not made by bai-dev, or bai-dev does not know of it any more.`,
    next: [
      { purpose: 'use another ID', command: 'bai-dev install -e ANOTHER-ID' },
      ...(isOthers ? [] : [{ purpose: 'or remove it', command: `pyenv virtualenv-delete ${name}` }]),
    ],
  };
}

/** A living run that holds the environment's lock. */
export async function checkLock(world: World, { id }: Draft): Promise<Checked<never>> {
  const holder = await lockHolder(statePaths(world.host, id).lock);
  if (holder === undefined) return { findings: [] };
  return {
    findings: [
      {
        id: 'environment.locked',
        severity: 'blocker',
        title: `Another bai-dev is at work on ${id}`,
        reason: `${holder.command}, process ${holder.pid} on ${holder.machine.name}, since ${holder.since}.`,
        next: [{ purpose: 'wait for its end, or look at it', command: `ps -fp ${holder.pid}` }],
      },
    ],
  };
}
