#!/usr/bin/env bash
# README's first command with the built package, installed as its users install it: as root, where Docker answers,
# and as an ordinary user made for it, who may not use Docker and finds a Python in PATH. The servers answer, and
# deleting leaves nothing.
#
#   bash .ci/package.sh           wants the engine and the images (.ci/docker.sh, .ci/images.sh)
#
# Both at once. One line "passed NAME" or "failed NAME" for each goes to /tmp/bai-dev-ci/package.txt, its output to a
# log of its own.
set -uo pipefail

logs=${BAI_DEV_CI_LOGS:-/tmp/bai-dev-ci}
results=$logs/package.txt
place=/opt/bai-dev-ci
user=bai-dev-ci
limit=600

say() { printf '[package] %s\n' "$*" >&2; }

# Within the installation: ID, release, the engine that is to be found, and the servers that are to answer.
attempt() {
  local id=$1 release=$2 engine=$3
  shift 3
  set -e
  bai-dev install -e "$id" --release "$release" --start --yes
  bai-dev status "$id" --json | node --input-type=module -e '
    const [engine, ...names] = process.argv.slice(1);
    let text = "";
    for await (const piece of process.stdin) text += piece;
    const { result } = JSON.parse(text.trim().split("\n").at(-1));
    const states = Object.fromEntries(result.rows.map(({ name, state }) => [name, state]));
    console.log(result.engine, JSON.stringify(states));
    const answering = names.every((name) => states[name] === "ready");
    process.exitCode = answering && result.engine === engine ? 0 : 1;
  ' "$engine" "$@"
  bai-dev delete -e "$id" --yes
  left=$(find "$HOME/backend.ai-dev/$id" "$HOME/.local/state/bai-dev/environments/$id" 2>/dev/null || true)
  left+=$(grep -lzs "^BAI_DEV_ENVIRONMENT=$id\$" /proc/[0-9]*/environ || true)
  left+=$(docker ps -aq --filter "label=com.docker.compose.project=$id" 2>/dev/null || true)
  [[ -z $left ]] || { echo "left behind: $left"; exit 1; }
}

if [[ ${1:-} == attempt ]]; then
  attempt "${@:2}"
  exit
fi

# try NAME ID RELEASE ENGINE SERVER...: within what `within` says.
try() {
  local name=$1 id=$2 log=$logs/$2.log began=$SECONDS outcome
  shift
  if timeout --kill-after=30 "$limit" "${within[@]}" bash "$place/package.sh" attempt "$@" >"$log" 2>&1; then
    outcome=passed
  else
    outcome=failed
    tail -n 40 "$log" >&2
    timeout 60 "${within[@]}" bai-dev delete -e "$id" --yes >>"$log" 2>&1
  fi
  echo "$outcome $name" >>"$results"
  say "$outcome $name after $((SECONDS - began)) s"
}

clean() {
  userdel --force --remove "$user" 2>/dev/null
  rm -rf "$place"
}

mkdir -p "$logs"
: >"$results"
: >"$logs/package.log"
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
clean
trap clean EXIT
mkdir -p "$place/root"
install -m 755 "${BASH_SOURCE[0]}" "$place/package.sh"

# as `npm publish` would send it, and `npm install -g` would get it
tarball=$place/$(npm pack --silent --pack-destination "$place" 2>>"$logs/package.log" | tail -n 1)
npm install --silent --global --prefix "$place/prefix" "$tarball" >>"$logs/package.log" 2>&1 ||
  { tail -n 20 "$logs/package.log" >&2; exit 1; }
# this machine's own Python, at a place that everybody can read: it looks for its library beside itself then
pyenv=${PYENV_ROOT:-$HOME/.pyenv}
python=$(find "$pyenv/versions" -mindepth 1 -maxdepth 1 -name '3.9.*' | sort -V | tail -n 1)
mkdir "$place/python"
tar -C "$python" --exclude=./envs --exclude=__pycache__ --exclude=./lib/python3.9/test -cf - . | tar -C "$place/python" --no-same-owner -xf -
"$python/bin/python3.9" - "$python/lib" "$place/python/bin/python3.9" <<'PY' || exit 1
import pathlib, sys
old, new = sys.argv[1].encode() + b"\0", b"$ORIGIN/../lib\0"
program = pathlib.Path(sys.argv[2])
content = program.read_bytes()
program.write_bytes(content.replace(old, new.ljust(len(old), b"\0")))
PY
useradd --create-home --shell /bin/bash "$user" || exit 1

bare=(env -i LANG=C.UTF-8)
for name in SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS http_proxy https_proxy no_proxy HTTPS_PROXY HTTP_PROXY NO_PROXY; do
  [[ -z ${!name:-} ]] || bare+=("$name=${!name}")
done
usual=$place/prefix/bin:$(dirname "$(command -v node)"):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

within=("${bare[@]}" HOME="$place/root" PATH="$usual" PYENV_ROOT="$pyenv")
try 'the package, as root: 21.09 on docker, with pyenv' \
  package2109 21.09 docker manager agent storage-proxy webserver &

# a /tmp and ports of its own: what the daemons of the other share is not in its way
within=(unshare --mount --propagation private
  bash -c 'mount -t tmpfs -o mode=1777 tmpfs /tmp && cd / && exec "$@"' bash
  setpriv --reuid="$user" --regid="$user" --clear-groups
  "${bare[@]}" HOME="/home/$user" USER="$user" BAI_DEV_PORTS=24000 PATH="$place/python/bin:$usual")
try 'the package, as an ordinary user: 21.03 natively, with a Python in PATH' \
  package2103 21.03 native manager storage-proxy webserver &
wait
