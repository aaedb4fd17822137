import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GitSource } from '../../src/environment/spec.ts';
import { Failure } from '../../src/failure.ts';
import { releaseSchema, type Release } from '../../src/release/release.ts';
import { cloneTree } from '../../src/source/git.ts';
import { isTree } from '../../src/source/pypi.ts';
import { workIn, workplaces } from '../../src/source/work.ts';
import { binaryPath, makeStandIns } from '../rig/components.ts';
import { startGitServer, type GitFault, type GitServer } from '../rig/gitserver.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { difference, snapshot, type Snapshot } from '../rig/inventory.ts';
import { releaseOf } from '../rig/release.ts';
import {
  lostPath,
  makeRepositories,
  pointerTo,
  submodulePath,
  type Repositories,
} from '../rig/repositories.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

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
  box = sandbox({ variables: { GIT_HTTP_LOW_SPEED_TIME: '1' } });
  Object.assign(server, { fault: 'none', only: /./, after: 0, times: Infinity });
  server.requests.length = 0;
});
afterEach(() => box.remove());

const places = (): string[] => readdirSync(box.folder).filter((name) => name !== 'home');
const clone = (name: string, change: Partial<GitSource> = {}): Promise<string> => {
  const base = pathToFileURL(repositories.folder).href;
  return cloneTree(box.world, {
    name,
    tree: release.trees[name]!,
    source: {
      source: 'git',
      ref: '99.01',
      kind: 'branch',
      address: `${base}/standin-${name}`,
      repositories: base,
      ...change,
    },
    path: join(box.folder, name),
    partial: join(box.folder, `.${name}.partial`),
    index: index.url,
    exclude: ['__pycache__/', '/manager.toml'],
    progress: () => undefined,
  });
};
const fromServer = (name: string): Partial<GitSource> => ({
  address: `${server.url}/standin-${name}`,
  repositories: server.url,
});
const git = (name: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: join(box.folder, name), encoding: 'utf8' }).trim();
const failureOf = async (cloned: Promise<unknown>): Promise<Failure> => {
  const error: unknown = await cloned.catch((caught: unknown) => caught);
  if (!(error instanceof Failure)) throw new Error(`no failure, but ${String(error)}`);
  return error;
};
const warnings = (): string[] =>
  box.events.flatMap((event) => (event.kind === 'note' ? [event.message] : []));

describe('a branch', () => {
  it('is checked out on a local branch that follows its remote, and holds no work', async () => {
    const commit = await clone('common');
    expect(commit).toBe(repositories.git('standin-common', 'rev-parse', '99.01'));
    const path = join(box.folder, 'common');
    expect(await isTree(box.world, path)).toBe(true);
    expect(git('common', 'rev-parse', 'refs/bai-dev/installed')).toBe(commit);
    expect(git('common', 'status', '--porcelain', '--branch')).toBe('## 99.01...origin/99.01');
    expect(git('common', 'stash', 'list')).toBe('');
    writeFileSync(join(path, 'manager.toml'), 'ours');
    expect(await workIn(box.world, path, { ours: ['/manager.toml'] })).toEqual([]);
    expect(places()).toEqual(['common']);
  });

  it('leaves out the content of older files where the server can, and a later fetch brings all branches', async () => {
    await clone('common');
    expect(git('common', 'rev-list', '--objects', '--all', '--missing=print')).toMatch(/^\?/m);
    expect(git('common', 'branch', '--remotes', '--format=%(refname:short)')).toBe('origin/99.01');
    git('common', 'fetch', '--quiet');
    expect(git('common', 'branch', '--remotes', '--format=%(refname:short)')).toContain('origin/feature/x');
    expect(await workIn(box.world, join(box.folder, 'common'))).toEqual([]);
  });

  it('is taken as it was when it was looked at, unless it was written anew since', async () => {
    const seen = repositories.git('standin-common', 'rev-parse', '99.01~1');
    expect(await clone('common', { commit: seen })).toBe(seen);
    expect(git('common', 'status', '--porcelain', '--branch')).toBe('## 99.01...origin/99.01 [behind 1]');
    const gone = 'a'.repeat(40);
    expect(await clone('manager', { commit: gone })).toBe(
      repositories.git('standin-manager', 'rev-parse', '99.01'),
    );
  });

  it('that is not there is told, and nothing has its final name', async () => {
    const failure = await failureOf(clone('common', { ref: 'no/such' }));
    expect(failure.code).toBe('BAI-SOURCE-REF');
    expect(existsSync(join(box.folder, 'common'))).toBe(false);
  });
});

describe('a tag or commit', () => {
  it('is checked out as it is', async () => {
    const tagged = repositories.git('standin-common', 'rev-parse', '99.01.0');
    expect(await clone('common', { ref: '99.01.0', kind: 'tag' })).toBe(tagged);
    expect(git('common', 'branch', '--show-current')).toBe('');
    expect(await workIn(box.world, join(box.folder, 'common'))).toEqual([]);
  });

  it('may be the beginning of a hash that only a clone can tell', async () => {
    const commit = repositories.git('standin-manager', 'rev-parse', '99.01~1');
    expect(await clone('manager', { ref: commit.slice(0, 9), kind: 'commit' })).toBe(commit);
  });

  it.each(['b'.repeat(40), 'bbbbbbbb'])('that no ref leads to is told: %s', async (ref) => {
    const failure = await failureOf(clone('common', { ref, kind: 'commit' }));
    expect(failure.code).toBe('BAI-SOURCE-REF');
    expect(failure.message).toContain(ref);
    expect(failure.exit).toBe(8);
    expect(existsSync(join(box.folder, 'common'))).toBe(false);
  });
});

describe('a submodule', () => {
  it('comes from beside the repository that was moved', async () => {
    await clone('client-py');
    const page = join(box.folder, 'client-py', submodulePath, 'index.html');
    expect(readFileSync(page, 'utf8')).toBe('<p>pages</p>\n');
    expect(git('client-py', 'status', '--porcelain')).toBe('');
    expect(git(join('client-py', submodulePath), 'tag', '--no-merged', 'origin/main')).toBe('v0');
    expect(await workplaces(box.world, join(box.folder, 'client-py'), { ours: [] })).toEqual([]);
  });

  it('that cannot be had leaves nothing under the final name', async () => {
    Object.assign(server, { fault: 'missing', only: /pages/ });
    const failure = await failureOf(clone('client-py', fromServer('client-py')));
    expect(failure.code).toBe('BAI-SOURCE-REPOSITORY');
    expect(failure.message).toContain('standin-pages');
    expect(existsSync(join(box.folder, 'client-py'))).toBe(false);
  });
});

describe('large files', () => {
  it('come out of the packages of the version that the tree declares, and leave the status clean', async () => {
    await clone('manager');
    const tree = join(box.folder, 'manager');
    expect(readFileSync(join(tree, binaryPath), 'utf8')).toBe('only the wheel has it\n');
    expect(git('manager', 'status', '--porcelain')).toBe('');
    expect(git('manager', 'show', `HEAD:${binaryPath}`)).toBe(pointerTo('only the wheel has it\n').trim());
    expect(await workIn(box.world, tree)).toEqual([]);
  });

  it('that nobody has stay pointers, which is said', async () => {
    await clone('manager');
    expect(readFileSync(join(box.folder, 'manager', lostPath), 'utf8')).toBe(pointerTo('nobody has it\n'));
    expect(warnings()).toEqual([expect.stringMatching(new RegExp(`^manager: 1 large file .*${lostPath}$`))]);
  });

  it('stay so through the checkouts of a developer, whose changes git sees', async () => {
    await clone('manager');
    git('manager', 'checkout', '--quiet', '-b', 'mine', 'HEAD~1');
    git('manager', 'checkout', '--quiet', '99.01');
    const path = join(box.folder, 'manager', binaryPath);
    expect(readFileSync(path, 'utf8')).toBe('only the wheel has it\n');
    expect(git('manager', 'status', '--porcelain')).toBe('');
    writeFileSync(path, 'another\n');
    git('manager', 'add', '--all');
    expect(git('manager', 'show', `:${binaryPath}`)).toBe(pointerTo('another\n').trim());
  });

  it('are no reason to fail when the index is none', async () => {
    index.fault = 'login-page';
    try {
      await clone('manager');
    } finally {
      index.fault = 'none';
    }
    expect(readFileSync(join(box.folder, 'manager', binaryPath), 'utf8')).toMatch(/^version/);
    expect(warnings()).toHaveLength(1);
  });
});

describe('a repository with a fault', () => {
  const faults: readonly (readonly [GitFault, string])[] = [
    ['dies', 'BAI-SOURCE-TRANSFER'],
    ['stalls', 'BAI-SOURCE-TRANSFER'],
    ['garbles', 'BAI-SOURCE-TRANSFER'],
    ['loops', 'BAI-SOURCE-REPOSITORY'],
    ['refuses', 'BAI-SOURCE-ACCESS'],
    ['login', 'BAI-SOURCE-ACCESS'],
    ['page', 'BAI-SOURCE-REPOSITORY'],
    ['missing', 'BAI-SOURCE-REPOSITORY'],
    ['unwell', 'BAI-SOURCE-TRANSFER'],
  ];
  it.each(faults)(
    'that %s is %s, and the same clone then succeeds',
    { timeout: 30_000 },
    async (fault, code) => {
      server.fault = fault;
      const failure = await failureOf(clone('common', fromServer('common')));
      expect(failure.code, failure.message).toBe(code);
      expect(failure.exit).toBe(8);
      expect(places().filter((name) => !name.startsWith('.'))).toEqual([]);
      server.fault = 'none';
      await clone('common', fromServer('common'));
      expect(git('common', 'status', '--porcelain')).toBe('');
      expect(places()).toEqual(['common']);
    },
  );

  it('whose branch went after it was looked at has no such branch, and the same clone succeeds once it is back', async () => {
    const commit = repositories.git('standin-common', 'rev-parse', '99.01');
    const wish = { ...fromServer('common'), commit };
    repositories.git('standin-common', 'branch', '--move', '99.01', 'elsewhere');
    try {
      const failure = await failureOf(clone('common', wish));
      expect(failure.code, failure.message).toBe('BAI-SOURCE-REF');
      expect(places().filter((name) => !name.startsWith('.'))).toEqual([]);
    } finally {
      repositories.git('standin-common', 'branch', '--move', 'elsewhere', '99.01');
    }
    expect(await clone('common', wish)).toBe(commit);
    expect(places()).toEqual(['common']);
  });

  it.each([
    ['dies', 'common', { only: /common/ }],
    ['stalls', 'common', { only: /common/ }],
    // history comes first; the files of what is checked out are asked for afterwards
    ['dies', 'common', { only: /common/, after: 1 }],
    // git itself asks for a submodule twice
    ['dies', 'client-py', { only: /pages/, times: 2 }],
  ])('that %s once is asked again: %s %o', async (fault, name, when) => {
    Object.assign(server, { times: 1, ...when, fault });
    await clone(name, fromServer(name));
    expect(server.times).toBe(0);
    expect(git(name, 'status', '--porcelain')).toBe('');
  });

  it('that lacks what its commits are made of is damaged, and is not asked again', async () => {
    const damaged = join(box.folder, 'damaged');
    const inIt = (...args: readonly string[]): string =>
      execFileSync('git', ['-C', damaged, '-c', 'user.name=x', '-c', 'user.email=x', ...args], {
        encoding: 'utf8',
      }).trim();
    execFileSync('git', ['init', '--quiet', '--initial-branch=99.01', damaged]);
    writeFileSync(join(damaged, 'file'), 'lost');
    inIt('add', 'file');
    inIt('commit', '--quiet', '-m', 'with a file');
    const blob = inIt('rev-parse', 'HEAD:file');
    rmSync(join(damaged, '.git/objects', blob.slice(0, 2), blob.slice(2)));
    const failure = await failureOf(clone('common', { address: pathToFileURL(damaged).href }));
    expect(failure.code).toBe('BAI-SOURCE-REPOSITORY');
    expect(failure.message).toContain('is damaged');
    expect(
      box.events.filter((event) => event.kind === 'command-started' && event.argv.includes('fetch')),
    ).toHaveLength(1);
    expect(places()).not.toContain('common');
  });

  it('that moved is followed', async () => {
    Object.assign(server, { fault: 'redirects', only: /^\/standin-common/ });
    await clone('common', fromServer('common'));
    expect(git('common', 'remote', 'get-url', 'origin')).toBe(`${server.url}/standin-common`);
  });

  it('that only a proxy can reach is asked for through the one that the variables name', async () => {
    // to whom the whole address is said, as to a proxy, the server answers by its path
    const proxy = { http_proxy: server.url, no_proxy: '', NO_PROXY: '' };
    Object.assign(box.world.host.variables, proxy);
    const base = 'http://repositories.invalid';
    await clone('client-py', { address: `${base}/standin-client-py`, repositories: base });
    expect(git('client-py', 'remote', 'get-url', 'origin')).toBe(`${base}/standin-client-py`);
    expect(server.requests).toContain('GET /standin-pages/info/refs');
  });

  it('that is not served by anybody is BAI-NETWORK', async () => {
    const failure = await failureOf(clone('common', { address: 'http://127.0.0.1:9/standin-common' }));
    expect(failure.code).toBe('BAI-NETWORK');
  });
});

describe('credentials', () => {
  it('are sent, and are in no event and no failure', async () => {
    server.fault = 'login';
    const address = `${server.url.replace('//', '//me:s3cr%40t-word@')}/standin-common`;
    const failure = await failureOf(clone('common', { address }));
    expect(failure.code).toBe('BAI-SOURCE-ACCESS');
    const { message, more } = failure;
    for (const told of [JSON.stringify(box.events), JSON.stringify({ message, more })]) {
      expect(told).not.toMatch(/s3cr(%40|@)t-word/);
    }
    expect(server.authorizations).toContain(`Basic ${Buffer.from('me:s3cr@t-word').toString('base64')}`);
  });
});

describe("the user's configuration of git", () => {
  /** Programs and files of the user's that would make other trees. */
  function configure(): void {
    const { home } = box.world.host;
    for (const folder of ['hooks', 'template/hooks', '.config/git'].map((name) => join(home, name))) {
      mkdirSync(folder, { recursive: true });
    }
    const program = `#!/bin/sh\necho "$0" >> "${home}/ran"\ncat\n`;
    for (const name of ['hooks/post-checkout', 'template/hooks/post-checkout', 'program']) {
      writeFileSync(join(home, name), program, { mode: 0o755 });
    }
    writeFileSync(join(home, '.config/git/ignore'), '*.py\n*.toml\n*.md\n');
    writeFileSync(join(home, '.config/git/attributes'), '* text eol=crlf filter=odd\n');
    const lines = [
      ...[
        '[core]',
        `hooksPath = ${home}/hooks`,
        'autocrlf = true',
        'eol = crlf',
        `fsmonitor = ${home}/program`,
      ],
      ...['[init]', `templateDir = ${home}/template`, 'defaultRefFormat = reftable', 'defaultBranch = odd'],
      ...['[filter "odd"]', `smudge = ${home}/program`, `clean = ${home}/program`, 'required = true'],
      ...['[fetch]', 'prune = true', '[submodule]', 'recurse = true', '[clone]', 'rejectShallow = true'],
      ...['[log]', 'showSignature = true', '[commit]', 'gpgSign = true', '[tag]', 'gpgSign = true'],
      ...['[url "https://nowhere.invalid/"]', 'pushInsteadOf = file:', '[core]', 'bigFileThreshold = 1'],
    ];
    writeFileSync(join(home, '.gitconfig'), `${lines.join('\n')}\n`);
  }
  /** All but what holds times. */
  const everything = (name: string): Snapshot =>
    snapshot(join(box.folder, name), {
      ignore: ['', '/modules/pages'].flatMap((part) =>
        ['index', 'objects', 'logs', 'FETCH_HEAD'].map((file) => `.git${part}/${file}`),
      ),
    });

  it('makes no other tree, neither its files nor its repository, and nothing of it is run', async () => {
    for (const name of ['manager', 'client-py']) await clone(name);
    const plain = ['manager', 'client-py'].map(everything);
    for (const name of ['manager', 'client-py']) rmSync(join(box.folder, name), { recursive: true });
    configure();
    for (const name of ['manager', 'client-py']) await clone(name);
    expect(difference(plain[0]!, everything('manager'))).toEqual([]);
    expect(difference(plain[1]!, everything('client-py'))).toEqual([]);
    expect(readFileSync(join(box.folder, 'manager/backend.py'), 'utf8')).not.toContain('\r');
    expect(existsSync(join(box.world.host.home, 'ran'))).toBe(false);
    expect(await workIn(box.world, join(box.folder, 'manager'))).toEqual([]);
  });

  it('counts where it is about reaching the repository', async () => {
    const { home } = box.world.host;
    const settings = `[url "${server.url}/"]\ninsteadOf = https://git.invalid/\n[http]\nextraHeader = Authorization: mine\n`;
    writeFileSync(join(home, 'included'), settings);
    writeFileSync(join(home, '.gitconfig'), '[include]\npath = included\n');
    await clone('common', { address: 'https://git.invalid/standin-common' });
    expect(server.authorizations).toContain('mine');
    expect(git('common', 'config', 'remote.origin.url')).toBe('https://git.invalid/standin-common');
  });
});

it('ends at once when it is interrupted', async () => {
  server.fault = 'silent';
  const cloning = clone('common', fromServer('common'));
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const why = new Failure('BAI-INTERRUPTED', 'Interrupted.');
  box.abort(why);
  await expect(cloning).rejects.toBe(why);
});
