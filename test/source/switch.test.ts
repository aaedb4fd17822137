// A copy of a working copy on another ref: of the developer's own nothing moves, and nothing of it looks like work.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { GitSource } from '../../src/environment/spec.ts';
import { releaseSchema, type Release } from '../../src/release/release.ts';
import { cloneTree, type CloneWish } from '../../src/source/git.ts';
import { switchedCopy } from '../../src/source/switch.ts';
import { workplaces } from '../../src/source/work.ts';
import { binaryPath, makeStandIns } from '../rig/components.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { releaseOf } from '../rig/release.ts';
import { makeRepositories, submodulePath, type Repositories } from '../rig/repositories.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let repositories: Repositories;
let index: Index;
let release: Release;
let box: Sandbox;
beforeAll(async () => {
  const standIns = makeStandIns();
  repositories = makeRepositories(standIns);
  index = await startIndex({ distributions: standIns.distributions });
  release = releaseSchema.parse(releaseOf(standIns));
});
afterAll(async () => {
  await index.close();
  repositories.remove();
});
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.remove());

const wish = (name: string, at: string, source: Partial<GitSource>): CloneWish => {
  const base = pathToFileURL(repositories.folder).href;
  return {
    name,
    tree: release.trees[name]!,
    source: {
      ...{ source: 'git', ref: '99.01', kind: 'branch', repositories: base },
      address: `${base}/standin-${name}`,
      ...source,
    },
    path: join(box.folder, at),
    partial: join(box.folder, `.${at}.partial`),
    index: index.url,
    exclude: ['/data/'],
    progress: () => undefined,
  };
};
const switched = (name: string, source: Partial<GitSource>): Promise<string> =>
  switchedCopy(box.world, {
    ...wish(name, 'next', source),
    from: join(box.folder, 'tree'),
    without: ['data'],
  });
const git = (at: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: join(box.folder, at), encoding: 'utf8' }).trim();
const work = (at: string) => workplaces(box.world, join(box.folder, at), { ours: [] });

it('has the other ref with its large files and submodules, and the branches that were there', async () => {
  for (const name of ['manager', 'client-py']) {
    await cloneTree(box.world, wish(name, 'tree', {}));
    git('tree', 'branch', 'topic');
    mkdirSync(join(box.folder, 'tree/data'));
    writeFileSync(join(box.folder, 'tree/data/session'), 'x');
    const before = git('tree', 'for-each-ref');
    const commit = await switched(name, { ref: 'feature/x' });
    expect(git('tree', 'for-each-ref')).toBe(before);
    expect(git('next', 'status', '--porcelain', '--branch')).toBe('## feature/x...origin/feature/x');
    expect(git('next', 'rev-parse', 'HEAD', 'refs/bai-dev/installed').split('\n')).toEqual([commit, commit]);
    expect(git('next', 'rev-parse', 'topic')).toBe(git('tree', 'rev-parse', 'HEAD'));
    expect(existsSync(join(box.folder, 'next/data'))).toBe(false);
    expect(await work('next')).toEqual([]);
    if (name === 'manager')
      expect(readFileSync(join(box.folder, 'next', binaryPath), 'utf8')).toBe('only the wheel has it\n');
    else expect(existsSync(join(box.folder, 'next', submodulePath, 'index.html'))).toBe(true);
    for (const at of ['tree', 'next']) execFileSync('rm', ['-rf', join(box.folder, at)]);
  }
});

it('holds no work because of a commit that was installed before and that no branch has', async () => {
  const lone = repositories.commit('standin-common', 'lone', { 'CHANGES.md': 'lone\n' });
  repositories.git('standin-common', 'tag', 'lone-tag', lone);
  repositories.git('standin-common', 'branch', '--delete', '--force', 'lone');
  await cloneTree(box.world, wish('common', 'tree', { ref: 'lone-tag', kind: 'tag' }));
  expect(await work('tree')).toEqual([]);
  await switched('common', { ref: '99.01' });
  expect(await work('next')).toEqual([]);
});

it('moves a branch that is there forward, and leaves one that went another way as it is', async () => {
  repositories.commit('standin-common', 'moving', { 'CHANGES.md': 'one\n' });
  await cloneTree(box.world, wish('common', 'tree', { ref: 'moving' }));
  git('tree', 'checkout', '--quiet', '--detach');
  const forward = repositories.commit('standin-common', 'moving', { 'CHANGES.md': 'two\n' });
  await switched('common', { ref: 'moving' });
  expect(git('next', 'rev-parse', 'moving')).toBe(forward);
  execFileSync('rm', ['-rf', join(box.folder, 'next')]);

  const own = git('tree', 'rev-parse', 'moving');
  repositories.git('standin-common', 'branch', '--force', 'moving', '99.01.0');
  await switched('common', { ref: 'moving' });
  expect(git('next', 'rev-parse', 'moving', 'HEAD').split('\n')).toEqual([own, own]);
  expect(box.events.flatMap((event) => (event.kind === 'note' ? [event.message] : []))).toEqual([
    expect.stringMatching(/^common: the branch moving was there already and went another way/),
  ]);
});
