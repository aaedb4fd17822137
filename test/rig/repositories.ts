// Small git repositories that stand in for upstream's: the stand-in components with a history, a tag, a branch, a
// submodule and files that git keeps in LFS.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tar from 'tar';
import { binaryPath, type StandIns } from './components.ts';
import { standInVersion } from './release.ts';

/** A large file of which neither sdist nor wheel has a copy. */
export const lostPath = 'src/standin_manager/lost.bin';
/** Where the submodule lies in the client's tree, and what is in it. */
export const submodulePath = 'src/standin_client_py/pages';
export const pagesProject = 'standin-pages';

export interface Repositories {
  /** Holds one bare repository a component, the submodule's, and an empty one. */
  readonly folder: string;
  /** Runs git in one of them. */
  git(project: string, ...args: readonly string[]): string;
  /** Adds a commit to a branch of one of them; gives its hash. */
  commit(project: string, branch: string, files: Readonly<Record<string, string>>): string;
  remove(): void;
}

/** In a new folder, whose name is what people's folders are called. */
export function makeRepositories(standIns: StandIns): Repositories {
  const top = mkdtempSync(join(tmpdir(), 'bai-dev-repositories-'));
  const folder = join(top, `it's "here" 100%`);
  const work = join(top, 'work');
  mkdirSync(folder, { recursive: true });
  const repositories: Repositories = {
    folder,
    git: (project, ...args) => git(join(folder, `${project}.git`), args),
    commit: (project, branch, files) => {
      const place = join(work, project);
      const there = git(place, ['branch', '--list', branch]) !== '';
      git(place, ['checkout', '--quiet', ...(there ? [branch] : ['-b', branch])]);
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(place, path)), { recursive: true });
        writeFileSync(join(place, path), text);
      }
      git(place, ['add', '--all', '--force']);
      git(place, ['commit', '--quiet', '--message', `${branch}: ${Object.keys(files).join(', ')}`]);
      git(place, ['push', '--quiet', '--force', 'origin', branch]);
      return git(place, ['rev-parse', 'HEAD']);
    },
    remove: () => rmSync(top, { recursive: true, force: true }),
  };
  const begin = (project: string): string => {
    const place = join(work, project);
    const bare = join(folder, `${project}.git`);
    mkdirSync(place, { recursive: true });
    git(top, ['init', '--quiet', '--bare', '--initial-branch=main', bare]);
    git(bare, ['config', 'uploadpack.allowFilter', 'true']);
    git(place, ['init', '--quiet', '--initial-branch=main']);
    git(place, ['remote', 'add', 'origin', bare]);
    return place;
  };

  begin('standin-empty');
  begin(pagesProject);
  const pages = repositories.commit(pagesProject, 'main', { 'index.html': '<p>pages</p>\n' });
  // as upstream has them: a tag of a commit that is on no branch, which every clone brings
  repositories.commit(pagesProject, 'gone', { 'index.html': '<p>gone</p>\n' });
  git(join(work, pagesProject), ['tag', 'v0']);
  git(join(work, pagesProject), ['push', '--quiet', 'origin', 'v0', ':gone']);
  for (const { tree, project, sdist } of standIns.components) {
    const place = begin(project);
    repositories.commit(project, 'main', { 'README.md': `# ${project}\n` });
    const archive = join(top, 'sdist.tar.gz');
    writeFileSync(archive, sdist.content);
    tar.extract({ file: archive, cwd: place, strip: 1, sync: true });
    if (tree === 'client-py') {
      git(place, ['update-index', '--add', '--cacheinfo', `160000,${pages},${submodulePath}`]);
      const address = `https://example.com/${pagesProject}.git`;
      writeFileSync(
        join(place, '.gitmodules'),
        `[submodule "pages"]\n\tpath = ${submodulePath}\n\turl = ${address}\n`,
      );
      // an empty folder is a submodule that was not fetched; none would be one that was removed
      mkdirSync(join(place, submodulePath), { recursive: true });
    }
    const lfs = tree === 'manager' ? managersLargeFiles() : {};
    repositories.commit(project, standInVersion, { 'CHANGES.md': 'first\n', ...lfs });
    git(place, ['tag', `${standInVersion}.0`]);
    git(place, ['push', '--quiet', 'origin', `${standInVersion}.0`]);
    repositories.commit(project, 'feature/x', { 'CHANGES.md': 'x\n' });
    repositories.commit(project, standInVersion, { 'CHANGES.md': 'second\n' });
  }
  return repositories;
}

function managersLargeFiles(): Record<string, string> {
  return {
    '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
    [binaryPath]: pointerTo('only the wheel has it\n'),
    [lostPath]: pointerTo('nobody has it\n'),
  };
}

/** What git keeps of a large file. */
export function pointerTo(content: string): string {
  const oid = createHash('sha256').update(content).digest('hex');
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${Buffer.byteLength(content)}\n`;
}

function git(cwd: string, args: readonly string[]): string {
  const settings = [
    ...['user.name=Somebody', 'user.email=somebody@example.com', 'protocol.file.allow=always'],
    // the pointers are made by hand
    ...['filter.lfs.clean=', 'filter.lfs.smudge=', 'filter.lfs.process=', 'filter.lfs.required=false'],
  ];
  return execFileSync('git', [...settings.flatMap((setting) => ['-c', setting]), ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}
