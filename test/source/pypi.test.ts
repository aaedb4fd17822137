import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { published, releaseSchema, type PublishedTree } from '../../src/release/release.ts';
import { isTree, makeTree } from '../../src/source/pypi.ts';
import { workIn } from '../../src/source/work.ts';
import { binaryPath, makeStandIns, type StandIns } from '../rig/components.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { releaseOf } from '../rig/release.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let standIns: StandIns;
let index: Index;
let tree: PublishedTree;
let box: Sandbox;
beforeAll(async () => {
  standIns = makeStandIns();
  index = await startIndex({ distributions: standIns.distributions });
  tree = published(releaseSchema.parse(releaseOf(standIns)).trees['manager']!);
});
afterAll(() => index.close());
beforeEach(() => {
  box = sandbox();
  index.fault = 'none';
  index.requests.length = 0;
});
afterEach(() => box.remove());

const make = (where: Sandbox, change: Partial<PublishedTree> = {}): Promise<void> =>
  makeTree(where.world, {
    tree: { ...tree, ...change },
    path: join(where.folder, 'manager'),
    partial: join(where.folder, '.manager.partial'),
    index: index.url,
    branch: '99.01',
    day: '2022-03-01',
    exclude: ['__pycache__/', '*.egg-info/', '/manager.toml'],
    progress: () => undefined,
  });
const git = (where: Sandbox, ...args: string[]): string =>
  execFileSync('git', args, { cwd: join(where.folder, 'manager'), encoding: 'utf8' }).trim();

describe('a tree from the index', () => {
  it('is a clean repository with one commit, and has what only the wheel has', async () => {
    await make(box);
    const path = join(box.folder, 'manager');
    expect(await isTree(box.world, path)).toBe(true);
    expect(git(box, 'status', '--porcelain')).toBe('');
    expect(git(box, 'log', '--all', '--format=%an %ae %aI %cn %cI %s')).toBe(
      'bai-dev bai-dev@localhost 2022-03-01T00:00:00+00:00 bai-dev 2022-03-01T00:00:00+00:00 standin-manager 1.0',
    );
    expect(git(box, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('99.01');
    // facts 13.10 T4
    expect(readFileSync(join(path, binaryPath), 'utf8')).toBe('only the wheel has it\n');
    expect(git(box, 'ls-files')).toContain(binaryPath);
    expect(existsSync(join(path, 'src/standin_manager-1.0.dist-info'))).toBe(false);
    writeFileSync(join(path, 'manager.toml'), 'ours');
    expect(await workIn(box.world, path, { ours: ['/manager.toml'] })).toEqual([]);
    expect(readdirSync(box.folder).sort()).toEqual(['home', 'manager']);
  });

  it('has the same commit whoever makes it, however their git is set up', async () => {
    const odd = sandbox({
      variables: { GIT_AUTHOR_NAME: 'other', GIT_DEFAULT_HASH: 'sha256', TZ: 'Asia/Seoul' },
    });
    const hooks = join(odd.folder, 'hooks');
    mkdirSync(hooks);
    writeFileSync(join(hooks, 'pre-commit'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    writeFileSync(join(odd.folder, 'ignored'), 'setup.cfg\n*.toml\n');
    writeFileSync(
      join(odd.world.host.home, '.gitconfig'),
      [
        `[core]\nhooksPath = ${hooks}\nautocrlf = true\nexcludesFile = ${odd.folder}/ignored\n`,
        '[commit]\ngpgSign = true\n[gpg]\nprogram = /bin/false\n',
        '[filter "odd"]\nclean = /bin/false\nrequired = true\n[core]\nfsmonitor = /bin/false\n',
        `[init]\ndefaultRefFormat = reftable\ntemplateDir = ${hooks}\n`,
        '[init]\ndefaultBranch = other\n[user]\nname = Other\nemail = other@example.com\n',
      ].join(''),
    );
    const settings = join(odd.world.host.home, '.config/git');
    mkdirSync(settings, { recursive: true });
    writeFileSync(join(settings, 'ignore'), '*.py\n*.toml\nPKG-INFO\n');
    writeFileSync(join(settings, 'attributes'), '* text eol=crlf ident filter=odd\n');
    const mask = process.umask(0o077);
    try {
      await make(odd);
    } finally {
      process.umask(mask);
    }
    await make(box);
    try {
      expect(git(odd, 'rev-parse', '99.01')).toBe(git(box, 'rev-parse', '99.01'));
      expect(await workIn(odd.world, join(odd.folder, 'manager'))).toEqual([]);
    } finally {
      odd.remove();
    }
  });

  it('needs no index for what the cache has, and starts anew from what a killed run left', async () => {
    await make(box);
    rmSync(join(box.folder, 'manager'), { recursive: true });
    index.fault = 'closed';
    index.requests.length = 0;
    mkdirSync(join(box.folder, '.manager.partial/.git'), { recursive: true });
    writeFileSync(join(box.folder, '.manager.partial/half'), '');
    await make(box);
    expect(index.requests).toEqual([]);
    expect(git(box, 'ls-files')).not.toContain('half');
  });

  it('is refused when the index has another file of that name, or none', async () => {
    const sha256 = '0'.repeat(64);
    await expect(make(box, { package: { ...tree.package, sha256 } })).rejects.toMatchObject({
      code: 'BAI-HASH',
    });
    const file = 'standin-manager-2.0.tar.gz';
    await expect(make(box, { package: { ...tree.package, file } })).rejects.toMatchObject({
      code: 'BAI-INDEX',
    });
    index.fault = 'wrong-content';
    await expect(make(box)).rejects.toMatchObject({ code: 'BAI-HASH' });
    expect(existsSync(join(box.folder, 'manager'))).toBe(false);
  });

  it('is told from any other folder', async () => {
    mkdirSync(join(box.folder, 'other'));
    execFileSync('git', ['init', '--quiet'], { cwd: join(box.folder, 'other') });
    expect(await isTree(box.world, join(box.folder, 'other'))).toBe(false);
    expect(await isTree(box.world, join(box.folder, 'absent'))).toBe(false);
    await make(box);
    git(box, 'pack-refs', '--all');
    expect(await isTree(box.world, join(box.folder, 'manager'))).toBe(true);
    // git is asked: its references need not be files in the folder
    git(box, 'init', '--quiet', `--separate-git-dir=${join(box.folder, 'elsewhere')}`);
    expect(await isTree(box.world, join(box.folder, 'manager'))).toBe(true);
    rmSync(join(box.folder, 'elsewhere'), { recursive: true });
    expect(await isTree(box.world, join(box.folder, 'manager'))).toBe(false);
  });
});
