// With the real git-lfs; what happens on a machine without it is told in git.test.ts.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { releaseSchema, type Release } from '../../src/release/release.ts';
import { cloneTree } from '../../src/source/git.ts';
import { workIn } from '../../src/source/work.ts';
import { binaryPath, makeStandIns } from '../rig/components.ts';
import { startGitServer, type GitServer } from '../rig/gitserver.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { gitLfsFolder } from '../rig/lfs.ts';
import { releaseOf } from '../rig/release.ts';
import { lostPath, makeRepositories, pointerTo, type Repositories } from '../rig/repositories.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

const needed = requires('git-lfs');
const binary = 'only the wheel has it\n';
const lost = 'nobody has it\n';

describe.skipIf(needed.skip)(needed.title('large files by git-lfs'), () => {
  let repositories: Repositories;
  let server: GitServer;
  let index: Index;
  let release: Release;
  let box: Sandbox;
  beforeAll(async () => {
    const standIns = makeStandIns();
    repositories = makeRepositories(standIns);
    server = await startGitServer(repositories.folder);
    index = await startIndex({ distributions: standIns.distributions });
    release = releaseSchema.parse(releaseOf(standIns));
  });
  afterAll(async () => {
    await server.close();
    await index.close();
    repositories.remove();
  });
  beforeEach(() => {
    const path = [gitLfsFolder(), process.env['PATH']].join(delimiter);
    box = sandbox({ variables: { PATH: path } });
    const { contents, served } = server.largeFiles;
    contents.length = served.length = index.requests.length = 0;
    server.largeFiles.refusal = undefined;
  });
  afterEach(() => box.remove());

  const cloned = async (): Promise<string> => {
    const path = join(box.folder, 'manager');
    await cloneTree(box.world, {
      name: 'manager',
      tree: release.trees['manager']!,
      source: { source: 'git', ref: '99.01', kind: 'branch', address: `${server.url}/standin-manager` },
      path,
      partial: join(box.folder, '.manager.partial'),
      index: index.url,
      exclude: [],
      progress: () => undefined,
    });
    return path;
  };
  // not waited for in a standstill: git may ask the server, which is in this process
  const git = async (...args: string[]): Promise<string> => {
    const env = { ...box.world.host.variables, GIT_CONFIG_NOSYSTEM: '1' };
    const options = { cwd: join(box.folder, 'manager'), env, timeout: 20_000 };
    return (await promisify(execFile)('git', args, options)).stdout.trim();
  };
  const warnings = (): string[] =>
    box.events.flatMap((event) => (event.kind === 'note' ? [event.message] : []));

  it('come from the server, and no package index is asked', async () => {
    server.largeFiles.contents.push(binary, lost);
    const tree = await cloned();
    expect(readFileSync(join(tree, binaryPath), 'utf8')).toBe(binary);
    expect(readFileSync(join(tree, lostPath), 'utf8')).toBe(lost);
    expect([...server.largeFiles.served].sort()).toEqual([lost, binary]);
    expect(index.requests).toEqual([]);
    expect(warnings()).toEqual([]);
    expect(await git('status', '--porcelain')).toBe('');
    expect(await workIn(box.world, tree)).toEqual([]);
  });

  it('are left to it afterwards', async () => {
    server.largeFiles.contents.push(binary, lost);
    const tree = await cloned();
    await git('checkout', '--quiet', '-b', 'mine', 'HEAD~1');
    writeFileSync(join(tree, binaryPath), 'another\n');
    await git('add', '--all');
    expect(await git('show', `:${binaryPath}`)).toBe(pointerTo('another\n').trim());
    expect(await git('lfs', 'status', '--porcelain')).toBe(`M ${binaryPath}`);
    await git('reset', '--quiet', '--hard', '99.01');
    expect(readFileSync(join(tree, binaryPath), 'utf8')).toBe(binary);
  });

  it('come from the server as far as it has them, else out of the packages', async () => {
    server.largeFiles.contents.push(lost);
    const tree = await cloned();
    expect(readFileSync(join(tree, lostPath), 'utf8')).toBe(lost);
    expect(readFileSync(join(tree, binaryPath), 'utf8')).toBe(binary);
    expect(server.largeFiles.served).toEqual([lost]);
    expect(warnings()).toEqual([]);
    expect(await git('status', '--porcelain')).toBe('');
  });

  it.each([
    [403, 'This repository is over its data quota'],
    [429, 'This repository is over its data quota'],
    ['wait', 'git-lfs heard nothing for 1 s'],
  ] as const)(
    'come out of the packages where the server is over its quota, and what they lack is told: %s',
    async (refusal, words) => {
      server.largeFiles.refusal = refusal;
      if (refusal === 'wait') Object.assign(box.world.host.variables, { GIT_HTTP_LOW_SPEED_TIME: '1' });
      const tree = await cloned();
      expect(readFileSync(join(tree, binaryPath), 'utf8')).toBe(binary);
      expect(readFileSync(join(tree, lostPath), 'utf8')).toBe(pointerTo(lost));
      expect(await git('status', '--porcelain')).toBe('');
      expect(warnings()).toEqual([
        `manager: 1 large file stays a pointer, as no copy of it was found (${words}): ${lostPath}`,
      ]);
    },
  );
});
