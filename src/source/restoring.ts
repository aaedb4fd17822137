// The script that brings saved work back: a reader sees in it what git is asked to do.

/** What was saved of one working copy, as the script needs to know it. */
export interface SavedCopy {
  /** Where it was, relative to the install path. */
  readonly name: string;
  /** The folder that holds what was saved, relative to the script. */
  readonly place: string;
  /** Absent where there was no repository that could be read: its files are all there is. */
  readonly head?: { readonly commit?: string; readonly branch?: string };
  readonly remotes: readonly { readonly name: string; readonly url: string }[];
  /** The newest first. */
  readonly stashes: readonly { readonly hash: string; readonly title: string }[];
  /** Working copies that shared the repository, each with the commit that was checked out. */
  readonly worktrees: readonly { readonly place: string; readonly commit: string }[];
}

/** A POSIX shell script: `sh restore.sh FOLDER` makes every saved working copy anew below that folder. */
export function restoreScript(id: string, copies: readonly SavedCopy[]): string {
  return [functions(id), ...copies.map(copyLines), `echo "Brought back into $target."`, ''].join('\n');
}

const functions = (id: string): string => `#!/bin/sh
# Brings back what the working copies of ${id} held when it was deleted:
#   sh restore.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "\${1:?name the folder to put it into}"
target=$(cd "$1" && pwd)

# makes an empty repository: NAME PLACE
repository() {
  path=$target/$1
  place=$here/$2
  if [ -e "$path/.git" ]; then
    echo "$path is a repository already: name another folder." >&2
    exit 1
  fi
  git init --quiet "$path"
}

# commits, branches, tags; the names that kept other commits in the bundle are not needed
commits() {
  [ ! -e "$place/repository.bundle" ] || git -C "$path" fetch --quiet --no-tags --update-head-ok \\
    "$place/repository.bundle" '+refs/*:refs/*'
}

# staged and other changes, then the files that git does not know: FOLDER PLACE
files() {
  [ ! -s "$2/staged.patch" ] || git -C "$1" apply --index --whitespace=nowarn "$2/staged.patch"
  [ ! -s "$2/changes.patch" ] || git -C "$1" apply --whitespace=nowarn "$2/changes.patch"
  [ ! -d "$2/files" ] || cp -R -P -p "$2/files/." "$1/"
}

tidy() {
  git -C "$path" for-each-ref --format='delete %(refname)' refs/bai-dev/rescued |
    git -C "$path" update-ref --stdin
}
`;

function copyLines({ name, place, head, remotes, stashes, worktrees }: SavedCopy): string {
  if (head === undefined) {
    return [
      `mkdir -p "$target"/${quoted(name)}`,
      `cp -R -P -p "$here"/${quoted(place)}/files/. "$target"/${quoted(name)}/`,
      '',
    ].join('\n');
  }
  const git = 'git -C "$path"';
  const { commit, branch } = head;
  return [
    `repository ${quoted(name)} ${quoted(place)}`,
    ...remotes.flatMap((remote) => [
      `${git} remote add ${quoted(remote.name)} ${quoted(remote.url)}`,
      `${git} fetch --quiet ${quoted(remote.name)}`,
    ]),
    'commits',
    ...(commit === undefined
      ? []
      : [
          branch === undefined
            ? `${git} checkout --quiet --detach ${commit}`
            : `${git} checkout --quiet -f -B ${quoted(branch)} ${commit}`,
        ]),
    ...[...stashes]
      .reverse()
      .map(({ hash, title }) => `${git} stash store --quiet --message ${quoted(title)} ${hash}`),
    `files "$path" "$place"`,
    ...worktrees.flatMap((worktree) => [
      `${git} worktree add --quiet --detach "$path.${worktree.place}" ${worktree.commit}`,
      `files "$path.${worktree.place}" "$place"/${quoted(worktree.place)}`,
    ]),
    'tidy',
    '',
  ].join('\n');
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
