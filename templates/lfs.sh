#!/bin/sh
# Git filter for files that git keeps in LFS, on a machine without git-lfs: bai-dev put what it could find into
# .git/lfs/objects, where git-lfs keeps its own. Once git-lfs is there, all is left to it.
# Usage: lfs.sh clean|smudge PATH, content on stdin and stdout.
if command -v git-lfs >/dev/null 2>&1; then exec git-lfs "$1" -- "$2"; fi
set -eu
store="$(git rev-parse --git-common-dir)/lfs/objects"
work=$(mktemp)
trap 'rm -f "$work"' EXIT
cat >"$work"
object() { printf '%s/%s/%s/%s' "$store" "$(printf %s "$1" | cut -c1-2)" "$(printf %s "$1" | cut -c3-4)" "$1"; }
sum() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -c1-64; }
is_pointer() { head -c 200 "$work" | LC_ALL=C grep -q '^version https://git-lfs'; }
case "$1" in
  clean)
    if [ ! -s "$work" ] || is_pointer; then cat "$work"; exit 0; fi
    oid=$(sum "$work")
    file=$(object "$oid")
    if [ ! -f "$file" ]; then mkdir -p "${file%/*}" && cp "$work" "$file.$$" && mv "$file.$$" "$file"; fi
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n' "$oid" "$(wc -c <"$work")"
    ;;
  smudge)
    file=
    if is_pointer; then file=$(object "$(sed -n 's/^oid sha256://p' "$work")"); fi
    if [ -n "$file" ] && [ -f "$file" ]; then cat "$file"; else cat "$work"; fi
    ;;
esac
