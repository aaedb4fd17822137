// The script that restores saved working copies: a reader sees in it what is done.

/** What was saved of one working copy, as the script needs to know it. */
export interface SavedCopy {
  /** Where it was, relative to the install path. */
  readonly name: string;
  /** The folder that holds it, relative to the script. */
  readonly place: string;
  /** Working copies that share the repository: saved beside it under a suffix, or in it. */
  readonly worktrees: readonly ({ readonly suffix: string } | { readonly inside: string })[];
}

/** A POSIX shell script: `sh restore.sh FOLDER` restores every saved working copy below that folder. */
export function restoreScript(id: string, copies: readonly SavedCopy[]): string {
  const all = copies.flatMap(({ name, place, worktrees }) => [
    { name, place },
    ...worktrees.flatMap((one) =>
      'suffix' in one ? [{ name: `${name}${one.suffix}`, place: `${place}${one.suffix}` }] : [],
    ),
  ]);
  return [
    functions(id),
    ...all.map(({ name }) => `free ${quoted(name)}`),
    ...all.map(({ name, place }) => `copy ${quoted(name)} ${quoted(place)}`),
    ...copies.flatMap(({ name, worktrees }) =>
      worktrees.map((one) => {
        const path = 'suffix' in one ? `${name}${one.suffix}` : `${name}/${one.inside}`;
        return `worktree ${quoted(name)} ${quoted(path)}`;
      }),
    ),
    `echo "Restored into $target."`,
    '',
  ].join('\n');
}

const functions = (id: string): string => `#!/bin/sh
# Restores the working copies of ${id} that held work when it was deleted:
#   sh restore.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "\${1:?name the folder to put them into}"
target=$(cd "$1" && pwd)

# stops before anything is written if there is a repository already: NAME
free() {
  if [ -e "$target/$1/.git" ]; then
    echo "$target/$1 is a repository already: name another folder." >&2
    exit 1
  fi
}

# files and repository, as they were: NAME PLACE
copy() {
  mkdir -p "$target/$1"
  cp -R -P -p "$here/$2/." "$target/$1/"
}

# points a repository and its linked worktree at each other: NAME WORKTREE
worktree() {
  [ -d "$target/$1/.git" ] || return 0
  entry=$target/$1/.git/worktrees/$(sed -n 's|^gitdir: .*/worktrees/||p' "$target/$2/.git")
  printf 'gitdir: %s\\n' "$entry" >"$target/$2/.git"
  printf '%s\\n' "$target/$2/.git" >"$entry/gitdir"
}
`;

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
