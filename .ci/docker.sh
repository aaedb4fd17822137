#!/usr/bin/env bash
# Installs a Docker engine from Debian's packages and starts it in the background. Twice is once.
#
#   bash .ci/docker.sh            the engine is up when this ends; its log is /tmp/bai-dev-ci/dockerd.log
#
# The engine stays: `kill $(cat /var/run/docker.pid)` ends it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
logs=${BAI_DEV_CI_LOGS:-/tmp/bai-dev-ci}
wanted=(docker.io docker-compose debootstrap postgresql-client redis-tools tmux xz-utils)

say() { printf '[docker] %s\n' "$*" >&2; }

install_packages() {
  local missing=() package
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  # A package's own attempt to start the engine fails where there is no init system; we start it below.
  timeout 300 apt-get update -qq
  DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >"$logs/apt.log" 2>&1 || { tail -n 30 "$logs/apt.log" >&2; return 1; }
}

# An older engine refuses a newer client that does not step down by itself.
answers() {
  timeout 10 docker version --format '{{.Server.APIVersion}}' >/dev/null 2>&1 ||
    DOCKER_API_VERSION=1.41 timeout 10 docker version >/dev/null 2>&1
}

start_engine() {
  if answers; then
    say 'the engine is up already'
    return
  fi
  # A pid file left by a killed engine stops the next one.
  local pid
  pid=$(cat /var/run/docker.pid 2>/dev/null || true)
  if [[ -n $pid && ! -e /proc/$pid ]]; then rm -f /var/run/docker.pid; fi
  # The wrapper is copied: a checkout can go while the engine stays.
  install -D -m 755 "$here/runc-within-limits" /usr/local/lib/bai-dev-ci/runc-within-limits
  setsid nohup dockerd \
    --add-runtime within-limits=/usr/local/lib/bai-dev-ci/runc-within-limits \
    --default-runtime within-limits \
    </dev/null >>"$logs/dockerd.log" 2>&1 &
  for _ in $(seq 1 60); do
    if answers; then
      say "the engine is up: $(docker version --format '{{.Server.Version}}' 2>/dev/null || true)"
      return
    fi
    sleep 0.5
  done
  tail -n 30 "$logs/dockerd.log" >&2
  say "the engine did not answer within 30 seconds; its log is $logs/dockerd.log"
  return 1
}

mkdir -p "$logs"
install_packages
start_engine
