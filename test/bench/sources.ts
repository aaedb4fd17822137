// Rows about trees from git: all of them at once beside the slowest alone, and a change of one ref beside an install.
// BENCH_REPOSITORIES names a folder with upstream's repositories; without it they are small ones made here.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findRelease, loadCatalogue } from '../../src/release/catalogue.ts';
import type { Release, Tree } from '../../src/release/release.ts';
import { cloneTree } from '../../src/source/git.ts';
import { makeRepositories } from '../rig/repositories.ts';
import { standInVersion } from '../rig/release.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { sandbox } from '../rig/world.ts';
import { median, timed, type Row } from './row.ts';

const runs = 5;
const limit = 600;
/** The tree that is changed: another than the servers', as a developer of the client would. */
const changed = 'client-py';

export async function sourceRows(): Promise<readonly Row[]> {
  const stage = await openStage();
  const given = process.env['BENCH_REPOSITORIES'];
  const made = given === undefined ? makeRepositories(stage.standIns) : undefined;
  try {
    const version = made === undefined ? '21.03' : standInVersion;
    const place: Place = {
      stage,
      folder: made?.folder ?? given ?? '',
      release: findRelease(await loadCatalogue(stage.program.folder), version),
      index: made === undefined ? 'https://pypi.org/simple' : stage.index.url,
      ofTheirOwn: made !== undefined,
    };
    return [await cloneRow(place), await changeRow(place)];
  } finally {
    made?.remove();
    await stage.close();
  }
}

interface Place {
  readonly stage: Stage;
  readonly folder: string;
  readonly release: Release;
  readonly index: string;
  /** The repositories are the stand-ins'. */
  readonly ofTheirOwn: boolean;
}

const repositoryOf = ({ folder }: Place, { repository }: Tree): string | undefined =>
  ['.git', '']
    .map((ending) => join(folder, basename(repository, '.git') + ending))
    .find((path) => existsSync(path));

/** As the steps of an install do it: all trees side by side, each with its submodules and large files. */
async function cloneRow(place: Place): Promise<Row> {
  const { release, folder, index } = place;
  const box = sandbox();
  const trees = Object.entries(release.trees).filter(([, tree]) => repositoryOf(place, tree) !== undefined);
  const base = pathToFileURL(folder).href;
  const clone = async ([name, tree]: readonly [string, Tree]): Promise<void> => {
    const path = join(box.folder, name);
    rmSync(path, { recursive: true, force: true });
    await cloneTree(box.world, {
      name,
      tree,
      source: {
        source: 'git',
        ref: tree.branch,
        kind: 'branch',
        address: `${base}/${basename(tree.repository, '.git')}`,
        repositories: base,
      },
      path,
      partial: join(box.folder, `.${name}.partial`),
      index,
      exclude: [],
      progress: () => undefined,
    });
  };
  try {
    const all: number[] = [];
    const alone = new Map(trees.map(([name]) => [name, [] as number[]]));
    // the first time brings packages for large files into the cache
    await Promise.all(trees.map(clone));
    for (let at = 0; at < runs; at += 1) {
      all.push(await timed(() => Promise.all(trees.map(clone))));
      for (const tree of trees) alone.get(tree[0])?.push(await timed(() => clone(tree)));
    }
    const medians = [...alone].map(([name, seconds]) => ({ name, seconds: median(seconds) }));
    const slowest = medians.reduce((one, other) => (other.seconds > one.seconds ? other : one));
    const sum = medians.reduce((seconds, one) => seconds + one.seconds, 0);
    process.stderr.write(`  one after the other ${sum.toFixed(1)} s\n`);
    return {
      what: `clone ${trees.length} repositories of ${release.version} from local copies`,
      ours: median(all),
      theirs: { name: `the slowest alone, ${slowest.name}`, seconds: slowest.seconds },
      wanted: 'at most 1.3',
    };
  } finally {
    box.remove();
  }
}

/** With warm caches: another commit of one tree, and back, beside the install of all of it. */
async function changeRow(place: Place): Promise<Row> {
  const { stage, folder, release, ofTheirOwn } = place;
  const home = stage.home({ BAI_DEV_SOURCE: '' });
  const id = stage.id('change');
  const sources = ['--repositories', folder, '--source', 'git'];
  const install = ofTheirOwn
    ? stage.install(id, ...sources)
    : // the copies of the agent's repository are forks, which pin older siblings
      ['install', '-e', id, '--release', release.version, ...sources, '--source', 'agent=pypi'];
  const done = async (...args: readonly string[]): Promise<number> => {
    const ended = await stage.run(home, [...args, '--yes'], { limit });
    if (ended.exit !== 0) throw new Error(`${args.join(' ')}:\n${ended.stdout}\n${ended.stderr}`);
    return ended.seconds;
  };
  const tree = release.trees[changed];
  const repository = tree && repositoryOf(place, tree);
  if (tree === undefined || repository === undefined) throw new Error(`no repository of ${changed}`);
  const before = execFileSync('git', ['rev-parse', `${tree.branch}~1`], {
    cwd: repository,
    encoding: 'utf8',
  });
  const remove = ['delete', '-e', id, '--no-snapshot'] as const;
  await done(...install);
  await done(...remove);
  const first = await done(...install);
  const changes: number[] = [];
  for (let at = 0; at < runs; at += 1) {
    const ref = at % 2 === 0 ? before.trim() : tree.branch;
    changes.push(await done('install', '-e', id, '--change', '--ref', `${changed}=${ref}`));
  }
  await done(...remove);
  return {
    what: `\`install --change --ref ${changed}=…\`, ${release.version} from local copies`,
    ours: median(changes),
    theirs: { name: 'its first install, warm caches', seconds: first },
    wanted: 'at most one half',
  };
}
