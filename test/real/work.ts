// Work in the repositories of a real environment: each kind is refused by name, all of it is saved and brought back.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { DeleteResult } from '../../src/operations/delete.ts';
import type { Ended } from '../rig/program.ts';
import { recordOf } from '../rig/state.ts';
import { allWork, linkedOf, withCopyOf, workOf, workStates } from '../rig/work.ts';
import type { RealRelease } from './environment.ts';

export interface Workplace {
  readonly release: RealRelease;
  readonly id: string;
  /** The trees of its six repositories. */
  readonly trees: readonly string[];
}

/** One refusal for each state in each repository; nothing is gone afterwards. */
export async function refuseWork(place: Workplace, states: typeof workStates): Promise<void> {
  const { release, id, trees } = place;
  for (const [name, told, make] of states) {
    await withCopyOf(trees, async () => {
      for (const tree of trees) make(tree);
      const lines = await refused(place);
      for (const tree of trees) {
        const ofTree = lines.filter((line) => line.startsWith(`${tree}: `) && told.test(line));
        expect(ofTree, `${name} in ${tree}`).toHaveLength(1);
      }
    });
    process.stderr.write(`refused by name in ${trees.length} repositories: ${name}\n`);
  }
  expect(recordOf(release.home, id)?.phase).toBe('ready');
}

/** Deletes it with all work in all repositories at once, and brings that back by the command that was told. */
export async function rescueWork(place: Workplace): Promise<void> {
  const { release, id, trees } = place;
  for (const [, , make] of workStates) for (const tree of trees) make(tree);
  const work = trees.map((tree) => [workOf(tree), workOf(linkedOf(tree))] as const);
  const lines = await refused(place);
  for (const tree of trees) {
    const ofTree = lines.filter((line) => line.startsWith(`${tree}: `));
    expect(ofTree).toEqual(allWork.map((words) => expect.stringMatching(words) as string));
  }
  const ended = await remove(place, '--force');
  expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
  const [result] = ended.envelope?.result as unknown as DeleteResult[];
  const back = join(release.home.folder, `back-${id}`);
  const { status, stderr } = spawnSync('sh', ['-c', result!.rescued!.command.replace('FOLDER', back)]);
  expect(status, String(stderr)).toBe(0);
  for (const [at, tree] of trees.entries()) {
    const name = tree.slice(tree.lastIndexOf('/') + 1);
    const [own, { head, files }] = work[at]!;
    expect(workOf(join(back, name)), name).toEqual(own);
    expect(workOf(join(back, `${name}.worktree-1`)), name).toMatchObject({ head, files });
  }
  // what stays on purpose: the work that was saved, and the worktrees elsewhere, here beside the trees
  for (const path of [back, result!.rescued!.folder, ...trees.map(linkedOf)])
    rmSync(path, { recursive: true });
  for (const path of [result!.rescued!.folder, trees[0]!]) removeEmpty(dirname(path));
}

/** A folder with nothing in it, and those around it. */
function removeEmpty(folder: string): void {
  if (readdirSync(folder).length > 0) return;
  rmdirSync(folder);
  removeEmpty(dirname(folder));
}

async function refused(place: Workplace): Promise<readonly string[]> {
  const ended = await remove(place);
  expect(ended.exit, ended.stdout + ended.stderr).toBe(5);
  expect(ended.envelope?.failure?.code).toBe('BAI-GIT-WORK');
  return ended.envelope?.failure?.['lines'] as string[];
}

const remove = ({ release, id }: Workplace, ...more: readonly string[]): Promise<Ended> =>
  release.run(['delete', '-e', id, '--yes', '--no-snapshot', ...more]);
