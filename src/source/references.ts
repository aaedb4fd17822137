// What the references, logs and loose commits of a repository hold that exists nowhere else.
import { lines, objectsIn, resolveRef, type Look } from './asking.ts';
import { commitsElsewhere } from './remotes.ts';

/** Marks the commit that the install made. */
export const installedRef = 'refs/bai-dev/installed';

/** Below it are those that it marked before a change: what they lead to exists elsewhere as well. */
export const formerRefs = 'refs/bai-dev/former';

export interface Commit {
  readonly hash: string;
  /** Its short hash and its title. */
  readonly title: string;
}

export interface References {
  readonly stashes: readonly string[];
  /** Dropped, with content that is nowhere else. */
  readonly droppedStashes: readonly string[];
  readonly commits: readonly string[];
  /** With content that is nowhere else and that only `git fsck` finds. */
  readonly lostCommits: readonly string[];
  /** Annotated tags, and tags of what is no commit. */
  readonly tags: readonly string[];
  readonly notes: readonly string[];
  readonly replacements: readonly string[];
  /** In namespaces of the user's own. */
  readonly others: readonly string[];
  /** Branches and tags that are only names of commits that exist elsewhere. */
  readonly names: readonly string[];
  /** How many commits exist elsewhere only as far as the last fetch or push says. */
  readonly believed: number;
}

export interface KnownCommits {
  /** Commits that exist elsewhere. */
  readonly bases: readonly string[];
  /** What is about to be removed. */
  readonly removed: string;
}

interface Reference {
  readonly name: string;
  readonly hash: string;
  readonly type: string;
  /** Of an annotated tag: what it leads to. */
  readonly target: string;
}

/** Reads all references of a repository, their logs, and the commits that neither has. */
export async function referencesIn(look: Look, { bases, removed }: KnownCommits): Promise<References> {
  const all = await referencesOf(look);
  const marks = all.filter(({ name }) => name === installedRef || name.startsWith(`${formerRefs}/`));
  const { proven, believed } = await commitsElsewhere(look, removed);
  const sure = [...marks.map(({ hash }) => hash), ...bases, ...proven];
  const known = [...sure, ...believed];
  const stashes = await stashesOf(look, all);
  const notes = all.filter(({ name }) => name.startsWith('refs/notes/'));
  const apart = new Set([
    ...stashes.flatMap(({ hash, parents }) => [hash, ...parents]),
    ...(await commitsOf(look, ['--glob=refs/notes'], known)).map(({ hash }) => hash),
  ]);
  const commits = (await commitsOf(look, ['--all', '--reflog'], known)).filter(
    ({ hash }) => !apart.has(hash),
  );
  const own = new Set(commits.map(({ hash }) => hash));
  const tagHashes = new Set(marks.map(({ hash }) => hash));
  const tags = all.filter(
    ({ name, type, hash }) => name.startsWith('refs/tags/') && type !== 'commit' && !tagHashes.has(hash),
  );
  const titles = (some: readonly Commit[]): string[] => some.map(({ title }) => title);
  const lost = await lostCommits(look, known);
  const names = all.filter(
    ({ name, hash, target }) =>
      !own.has(target || hash) &&
      (name.startsWith('refs/heads/') || (name.startsWith('refs/tags/') && !tagHashes.has(hash))),
  );
  const since = believed.length === 0 ? [] : await commitsOf(look, ['--all', '--reflog'], sure);
  return {
    stashes: stashes.map(({ title }) => title),
    droppedStashes: titles(lost.stashes),
    commits: titles(commits),
    lostCommits: titles(lost.others),
    tags: tags.map(({ name }) => name.slice('refs/tags/'.length)),
    notes: notes.map(({ name }) => name),
    replacements: all.flatMap(({ name }) => (name.startsWith('refs/replace/') ? [name] : [])),
    others: all.flatMap(({ name }) => (isOwnNamespace(name) ? [name] : [])),
    names: names.filter((one) => !tags.includes(one)).map(({ name }) => name.replace(/^refs\/\w+\//, '')),
    believed: since.filter(({ hash }) => !own.has(hash) && !apart.has(hash)).length,
  };
}

/** Namespaces whose references are named otherwise, or that git itself fills. */
const isOwnNamespace = (name: string): boolean =>
  !/^refs\/(heads|tags|remotes|prefetch|notes|replace|bai-dev|bisect|rewritten)\/|^refs\/stash$/.test(name);

async function referencesOf({ ask }: Look): Promise<Reference[]> {
  const format = '--format=%(objectname) %(objecttype) %(*objectname) %(refname)';
  return lines(await ask('for-each-ref', format)).map((line) => {
    const [hash = '', type = '', target = '', ...name] = line.split(' ');
    return { hash, type, target, name: name.join(' ') };
  });
}

/** The stashes, newest first, each with the commits of its index and its untracked files. */
async function stashesOf(
  { ask }: Look,
  all: readonly Reference[],
): Promise<{ hash: string; parents: string[]; title: string }[]> {
  if (!all.some(({ name }) => name === 'refs/stash')) return [];
  const listed = await ask('rev-list', '--walk-reflogs', '--format=%H %P%x09%s', 'refs/stash', '--');
  const found = lines(listed).flatMap((line) => {
    if (line.startsWith('commit ')) return [];
    const [hashes = '', title = ''] = line.split('\t');
    const [hash = '', , ...parents] = hashes.split(' ');
    return [{ hash, parents, title }];
  });
  if (found.length > 0) return found;
  // one whose log is gone
  const hash = await resolveRef({ ask }, 'refs/stash');
  return [{ hash, parents: [], title: 'refs/stash' }];
}

/** Commits from some tips that `known` does not lead to. What is not there cannot be excluded. */
async function commitsOf(
  { feed }: Look,
  from: readonly string[],
  known: readonly string[],
): Promise<Commit[]> {
  const not = known.map((commit) => `^${commit}\n`).join('');
  const format = '--format=%H %h %s';
  const listed = await feed(not, 'rev-list', format, '--ignore-missing', ...from, '--stdin');
  return lines(listed).flatMap((line) => {
    if (line.startsWith('commit ')) return [];
    const [hash = '', ...title] = line.split(' ');
    return [{ hash, title: title.join(' ') }];
  });
}

interface Lost {
  readonly stashes: readonly Commit[];
  readonly others: readonly Commit[];
}

/**
 * Commits that no reference and no log leads to. Git counts them as garbage: each was in a log for weeks, or somebody
 * cleared the log. Only a stash is in none once it is dropped. So they count as work only where they hold a file content
 * that is nowhere else: after `git stash pop` and a commit there is none.
 */
async function lostCommits(look: Look, known: readonly string[]): Promise<Lost> {
  const { feed } = look;
  const objects = await objectsIn(look);
  const all = [...objects].flatMap(([hash, { type }]) => (type === 'commit' ? [hash] : []));
  const roots = `${known.join('\n')}\n`;
  const reachable = ['--ignore-missing', '--all', '--reflog', '--stdin'];
  const reached = new Set(lines(await feed(roots, 'rev-list', ...reachable)));
  const loose = all.filter((hash) => !reached.has(hash));
  if (loose.length === 0) return { stashes: [], others: [] };
  // a partial clone knows what it got from its server
  const unfetched = ['rev-list', '--no-walk=unsorted', '--exclude-promisor-objects', '--parents'];
  const listed = await feed(`${loose.join('\n')}\n`, ...unfetched, '--format=%H %h %s', '--stdin');
  const contents = new Set(
    lines(await feed(roots, 'rev-list', '--objects', '--missing=allow-any', ...reachable)).map(
      (line) => line.split(' ')[0] ?? '',
    ),
  );
  const stashes: Commit[] = [];
  const others: Commit[] = [];
  const parts = new Set<string>();
  for (const { hash, title, parents } of commitsWithParents(listed)) {
    const isStash = parents.length >= 2 && /^\w+ (WIP on|On) /.test(title);
    if (isStash) for (const part of parents.slice(1)) parts.add(part);
    const commits = isStash ? [hash, ...parents.slice(1)] : [hash];
    const added = (await Promise.all(commits.map((commit) => filesOf(look, commit)))).flat();
    const isMore = (file: string): boolean => objects.get(file)?.type === 'blob' && !contents.has(file);
    if (!added.some(isMore)) continue;
    (isStash ? stashes : others).push({ hash, title });
  }
  return { stashes, others: others.filter(({ hash }) => !parts.has(hash)) };
}

function commitsWithParents(listed: string): (Commit & { readonly parents: readonly string[] })[] {
  const all = lines(listed);
  return all.flatMap((line, at) => {
    if (!line.startsWith('commit ')) return [];
    const [, hash = '', ...parents] = line.split(' ');
    return [{ hash, parents, title: (all[at + 1] ?? '').slice(hash.length + 1) }];
  });
}

/** The contents of the files that a commit adds or changes. */
async function filesOf({ ask }: Look, commit: string): Promise<string[]> {
  const options = ['-r', '-m', '--root', '--no-commit-id', '--no-renames', '-z'];
  const changes = await ask('diff-tree', ...options, commit);
  return [...changes.matchAll(/:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [A-Z]/g)].map(([, hash = '']) => hash);
}
