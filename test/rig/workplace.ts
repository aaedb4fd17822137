// An environment whose repositories hold work: what of it a delete refuses by name, and whether all of it comes back.
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { hiddenStates, lateStates } from './hidden.ts';
import type { Ended } from './program.ts';
import { allWork, linkedOf, withCopyOf, workOf, workStates } from './work.ts';

/** Those of an environment of any release, by their folders. */
export const repositories = ['manager', 'agent', 'common', 'storage-proxy', 'webserver', 'client-py'];

export interface Workplace {
  readonly trees: readonly string[];
  /** Deletes the environment. */
  readonly remove: (...more: readonly string[]) => Promise<Ended>;
}

/** One state in each tree is refused, by name; the trees are as before. */
export async function refuseWork(
  { trees, remove }: Workplace,
  [, told, make]: (typeof workStates)[number],
): Promise<void> {
  await withCopyOf(trees, async () => {
    for (const tree of trees) make(tree);
    const lines = await refusal(remove());
    for (const tree of trees) {
      expect(lines.filter((line) => line.startsWith(`${tree}: `) && told.test(line))).toHaveLength(1);
    }
  });
}

/**
 * Makes all states in all trees, each of which is refused. Gives a look at a folder to which the command brought
 * them back: the same commits, stashes and files, those of linked worktrees too.
 */
export async function refuseAllWork({
  trees,
  remove,
}: Workplace): Promise<(command: string, folder: string) => void> {
  const states = [...hiddenStates, ...workStates, ...lateStates];
  for (const [, , make] of states) for (const tree of trees) make(tree);
  const work = trees.map((tree) => ({
    name: basename(tree),
    own: workOf(tree),
    linked: workOf(linkedOf(tree)),
  }));
  const lines = await refusal(remove());
  for (const tree of trees) {
    const told = lines.filter((line) => line.startsWith(`${tree}: `));
    expect(told).toEqual(allWork.map((words) => expect.stringMatching(words) as string));
  }
  return (command, folder) => {
    const { status, stderr } = spawnSync('sh', ['-c', command.replace('FOLDER', folder)]);
    expect(status, String(stderr)).toBe(0);
    for (const { name, own, linked } of work) {
      expect(workOf(join(folder, name)), name).toEqual(own);
      const { head, files } = linked;
      expect(workOf(join(folder, `${name}.worktree-1`)), name).toMatchObject({ head, files });
    }
  };
}

async function refusal(deleting: Promise<Ended>): Promise<readonly string[]> {
  const ended = await deleting;
  expect(ended.exit, ended.stdout + ended.stderr).toBe(5);
  expect(ended.envelope?.failure?.code).toBe('BAI-GIT-WORK');
  return ended.envelope?.failure?.['lines'] as string[];
}
