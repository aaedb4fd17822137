// The record while steps run: every change is on disk before the call that made it returns.
import type { Journal, Mark } from '../plan/step.ts';
import { resourceKey, type Resource } from '../resources/resource.ts';
import type { World } from '../world.ts';
import type { EnvironmentRecord, Phase } from './record.ts';
import { writeRecord } from './store.ts';

/** A journal that also enters what is no step. As in `Journal`, each call returns when the entry is durable. */
export interface RecordJournal extends Journal<Resource> {
  /** What is ready has nothing of a former spec any more. */
  setPhase(phase: Phase): Promise<void>;
  addResource(resource: Resource): Promise<void>;
  dropResource(resource: Resource): Promise<void>;
}

/**
 * Keeps `record` itself up to date, so that whoever reads it sees what was entered last. Entries may be made
 * concurrently; those that come while the disk is busy share the next write.
 */
export function openJournal(world: World, record: EnvironmentRecord): RecordJournal {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const save = (): Promise<void> => {
    next ??= last = last
      .catch(() => undefined) // the failure belongs to those who waited for that write
      .then(() => {
        next = undefined;
        record.version = world.host.version;
        return writeRecord(world.host, record);
      });
    return next;
  };
  const mark = (state: Mark['state'], fingerprint: string): Mark => ({
    state,
    fingerprint,
    at: world.now().toISOString(),
  });
  return {
    mark: (id) => record.marks[id],
    started: (id, resources, fingerprint) => {
      record.marks[id] = mark('started', fingerprint);
      record.resources = resources.reduce(merged, record.resources);
      return save();
    },
    done: (id, fingerprint) => {
      record.marks[id] = mark('done', fingerprint);
      return save();
    },
    setPhase: (phase) => {
      record.phase = phase;
      if (phase === 'ready') delete record.former;
      return save();
    },
    addResource: (resource) => {
      record.resources = merged(record.resources, resource);
      return save();
    },
    dropResource: (resource) => {
      const key = resourceKey(resource);
      record.resources = record.resources.filter((other) => resourceKey(other) !== key);
      return save();
    },
  };
}

/** The list with a resource entered once, at the place where it was first named; of a file all hashes are kept. */
function merged(resources: readonly Resource[], resource: Resource): Resource[] {
  const at = resources.findIndex((other) => resourceKey(other) === resourceKey(resource));
  const old = resources[at];
  if (old === undefined) return [...resources, resource];
  const both =
    old.kind === 'file' && resource.kind === 'file'
      ? { ...resource, hashes: [...new Set([...old.hashes, ...resource.hashes])] }
      : resource;
  return resources.with(at, both);
}
