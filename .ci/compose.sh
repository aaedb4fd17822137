#!/usr/bin/env bash
# Installs Compose 2 as the plugin behind `docker compose`, out of Debian 13's package, which runs on Debian 12.
# The `docker-compose` command stays what it is (Debian 12: the Python one, 1.29.2). Twice is once.
set -euo pipefail

version=2.26.1
logs=${BAI_DEV_CI_LOGS:-/tmp/bai-dev-ci}
mirror=${BAI_DEV_CI_DEBIAN_MIRROR:-http://deb.debian.org/debian}
target=/usr/local/lib/docker/cli-plugins/docker-compose

say() { printf '[compose] %s\n' "$*" >&2; }

if found=$(timeout 10 docker compose version --short 2>/dev/null); then
  say "docker compose $found is there"
  exit 0
fi

mkdir -p "$logs"
work=$(mktemp -d "${TMPDIR:-/tmp}/bai-dev-compose.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,parts,empty}
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
: >"$work/status"
# A source list and state of our own: the machine's packages never see Debian 13.
apt=(-o "Dir::Etc::SourceList=$work/sources.list" -o "Dir::Etc::SourceParts=$work/parts"
  -o "Dir::Etc::Preferences=$work/empty/none" -o "Dir::Etc::PreferencesParts=$work/empty"
  -o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work"
  -o APT::Sandbox::User=root -o Acquire::Languages=none)

say "fetching Compose $version"
timeout 300 apt-get "${apt[@]}" update -qq >"$logs/compose.log" 2>&1 || { tail -n 20 "$logs/compose.log" >&2; exit 1; }
(cd "$work" && timeout 300 apt-get "${apt[@]}" download -qq "docker-compose=$version*" >>"$logs/compose.log" 2>&1) ||
  { tail -n 20 "$logs/compose.log" >&2; exit 1; }
dpkg-deb -x "$work"/docker-compose_*.deb "$work/root"
plugin=$(find "$work/root" -type f -path '*/cli-plugins/docker-compose')
install -D -m 755 "$plugin" "$target"
say "docker compose $(timeout 10 docker compose version --short)"
