#!/usr/bin/env bash
# Unpacks Debian's git-lfs where tests look for it and nobody else does: git finds it only where a test says so.
# Twice is once.
#
#   bash .ci/git-lfs.sh           /usr/local/lib/bai-dev-ci/git-lfs/git-lfs is there when this ends
set -euo pipefail

place=/usr/local/lib/bai-dev-ci/git-lfs
[[ -x $place/git-lfs ]] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 120 apt-get download -qq git-lfs || { timeout 300 apt-get update -qq && timeout 120 apt-get download -qq git-lfs; }
dpkg-deb -x git-lfs_*.deb .
install -D -m 755 usr/bin/git-lfs "$place/git-lfs"
