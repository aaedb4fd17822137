// Removes environments: looks first at all that could be lost, shows what goes and what stays, asks, then removes.
import type { EnvironmentRecord } from '../environment/record.ts';
import { listIds } from '../environment/store.ts';
import type { UserFiles } from '../environment/user-files.ts';
import { Failure } from '../failure.ts';
import { describeResource } from '../resources/inventory.ts';
import { forEnvironment, type World } from '../world.ts';
import { partOf, splitOf, type Part, type Split } from './belongings.ts';
import { consent } from './consent.ts';
import { existingRecord } from './existing.ts';
import { outlookOf } from './outlook.ts';
import {
  deletionOf,
  isDropping,
  removeEnvironment,
  waysOf,
  type Removed,
  type RemovalWish,
} from './removal.ts';
import { assertNoGuests } from './living.ts';
import { namesakesOf } from './namesakes.ts';
import { announce } from './side.ts';
import { assertNoUserFiles, describeFiles, userFilesAmong } from './user-files.ts';
import { assertNoWork, remarksAmong, workAmong } from './work.ts';

export interface DeleteRequest extends RemovalWish {
  /** `all`: every environment of this user. */
  readonly ids: readonly string[] | 'all';
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export interface DeleteResult extends Removed {
  readonly id: string;
  /** `reduced`: parts of it were to be kept, and are. */
  readonly outcome: 'deleted' | 'reduced' | 'planned';
  /** Working copies with work in them that would be saved; only for a dry run. */
  readonly work?: readonly string[];
  /** The user's files in the install path before the removal: those that go are saved, or dropped by `--force`. */
  readonly files?: readonly UserFiles[];
  readonly seconds: number;
}

/**
 * Removes everything that the records name but for parts to be kept. Looks at all of them before anything of the
 * first is removed: refuses (`BAI-GIT-WORK`) while a tree holds work, unless forced, which saves it first. Asks once;
 * without a terminal it needs `yes`. What cannot be removed is named (`BAI-LEFTOVERS`), and the same command goes on.
 */
export async function deleteEnvironments(world: World, request: DeleteRequest): Promise<DeleteResult[]> {
  const ids = request.ids === 'all' ? await listIds(world.host) : [...new Set(request.ids)];
  const failures: Failure[] = [];
  const found = await Promise.all(
    ids.map((id) =>
      existingRecord(world, id).catch((error: unknown) => {
        // one that cannot be read is reported in the end and does not keep the others
        if (request.ids !== 'all' || !(error instanceof Failure)) throw error;
        failures.push(error);
        return undefined;
      }),
    ),
  );
  const records = found.filter((record) => record !== undefined);
  const looks: Look[] = [];
  for (const record of records) {
    looks.push(await lookAt(forEnvironment(world, record.spec.id), record, request));
  }
  if (request.dryRun) return Promise.all(looks.map(planned));
  await agree(world, request, looks);
  const results: DeleteResult[] = [];
  for (const look of looks) {
    const { world: own, record } = look;
    const began = performance.now();
    const { id } = record.spec;
    try {
      const removed = await removeEnvironment(own, id, request);
      const outcome = request.kept.size > 0 ? 'reduced' : 'deleted';
      const files = filesIn(look);
      results.push({ id, outcome, ...removed, ...files, seconds: secondsSince(began) });
    } catch (error) {
      world.signal.throwIfAborted();
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  assertAllGone(results, failures);
  return results;
}

/** An environment as it stands before anything is removed. */
interface Look extends Split {
  readonly world: World;
  readonly record: EnvironmentRecord;
  readonly work: readonly string[];
  readonly files: readonly UserFiles[];
}

async function lookAt(world: World, record: EnvironmentRecord, request: DeleteRequest): Promise<Look> {
  announce(world, record, 'delete');
  const split = splitOf(record, request.kept);
  const places = await workAmong(world, record, split.go);
  if (!request.force) assertNoWork(record, places);
  if (!request.force) await assertNoGuests(world, record);
  const work = places.flatMap(({ path, work: all }) => all.map(({ summary }) => `${path}: ${summary}`));
  const files = await userFilesAmong(record, split.go);
  if (isDropping(record, request)) assertNoUserFiles(record, files, waysOf(record, request));
  const dropped = request.force && !request.snapshot;
  for (const one of files.filter(({ goes }) => goes)) {
    const message = `${dropped ? 'To be removed for good' : 'To be saved'}: ${describeFiles(one)}`;
    world.report.emit({ kind: 'note', severity: 'warning', message });
  }
  for (const message of work) {
    world.report.emit({ kind: 'note', severity: 'warning', message: `To be saved: ${message}` });
  }
  for (const message of await remarksAmong(world, record, split.go)) {
    world.report.emit({ kind: 'note', severity: 'note', message });
  }
  if (!request.dryRun) {
    world.report.emit({
      kind: 'plan',
      steps: split.go.map((resource) => {
        const name = describeResource(resource);
        return { id: name, title: name, group: resource.kind, outlook: 'remove' };
      }),
    });
  }
  return { world, record, work, files, ...split };
}

async function planned(look: Look): Promise<DeleteResult> {
  const began = performance.now();
  const { world, record, work, go, stay } = look;
  const outlook = await outlookOf(world, record, go);
  const { removed } = outlook;
  const kept = [...stay.filter(({ kind }) => kind !== 'lease').map(describeResource), ...outlook.kept];
  const namesakes = await namesakesOf(world, record);
  return {
    ...{ id: record.spec.id, outcome: 'planned', removed, kept, namesakes, seconds: secondsSince(began) },
    ...(work.length === 0 ? {} : { work }),
    ...filesIn(look),
  };
}

const filesIn = ({ files }: Look): Pick<DeleteResult, 'files'> => (files.length === 0 ? {} : { files });

async function agree(world: World, request: DeleteRequest, looks: readonly Look[]): Promise<void> {
  if (looks.length === 0) return;
  const ids = looks.map(({ record }) => record.spec.id);
  const named = ids.join(' and ');
  await consent(world, {
    yes: request.yes,
    question: `Delete ${named}: ${sum(looks)}?`,
    act: `Deleting ${named}`,
    command: `${deletionOf(ids.join(' '), request)} --yes`,
    declined: 'Nothing has been changed.',
  });
}

function sum(looks: readonly Look[]): string {
  const things = looks.reduce((total, { go }) => total + go.length, 0);
  const isOf = (part: Part): boolean =>
    looks.some(({ go, record }) => go.some((resource) => partOf(resource, record) === part));
  return `${things} things${isOf('halfstack') ? ', the database among them' : ''}`;
}

/** Of several environments each is removed as far as it can be; then all that failed is told together. */
function assertAllGone(results: readonly DeleteResult[], failures: readonly Failure[]): void {
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0 && results.length === 0) throw first;
  throw new Failure(first.code, failures.map(({ message }) => message).join(' '), {
    cause: first,
    facts: { deleted: results.map(({ id }) => id), failures: failures.map(({ more }) => more.facts ?? {}) },
    lines: failures.flatMap(({ more }) => more.lines ?? []),
    next: failures.flatMap(({ more }) => more.next ?? []),
  });
}

const secondsSince = (began: number): number => (performance.now() - began) / 1000;
