#!/usr/bin/env bash
# The way of install-dev.sh (branch 21.03, facts 2.2), with only what lets it finish today:
#   - the sources are PyPI's source distributions instead of clones;
#   - pins that cannot be met any more are taken out, and packages that broke since are held back (facts 11.2);
#   - configuration and fixtures are laid down ready-made, since the sources lack them.
# Everything else is as there: six `pyenv virtualenv`, pip one component after the other, one call of the
# manager's CLI for each key, the schema and each fixture.
#
#   script.sh WORK ID SOURCES   (folder to work in, environment ID, folder with sources and configuration)
# Prints `phase <name> <seconds>` lines. PIP_CACHE_DIR decides whether the cache is empty or warm.
set -euo pipefail
work=$1 id=$2 sources=$3
components=(manager agent common storage-proxy webserver client-py)
began=$(date +%s.%N)
phase() {
  local now
  now=$(date +%s.%N)
  echo "phase $1 $(echo "$now - $began" | bc)"
  began=$now
}

mkdir -p "$work"
cd "$work"
# this machine's own settings of pip must not help or hinder
export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 PYENV_VIRTUALENV_DISABLE_PROMPT=1
unset PIP_FIND_LINKS
export PIP_CONSTRAINT=$sources/constraints.txt PIP_BUILD_CONSTRAINT=$sources/build-constraints.txt
PATH=$PYENV_ROOT/bin:$PYENV_ROOT/shims:$PATH

for name in manager agent common storage-proxy webserver client; do
  pyenv virtualenv "$BENCH_PYTHON" "venv-$id-$name" >/dev/null 2>&1
done
phase 'six pyenv virtualenv'

# the command that 21.03's script uses
docker-compose -f "$sources/docker-compose.yml" -p "$id" up -d >/dev/null 2>&1
database=$(docker ps -q --filter "label=com.docker.compose.project=$id" --filter label=com.docker.compose.service=backendai-half-db)
phase 'compose up'

for tree in "${components[@]}"; do
  mkdir "$tree"
  # the exact file, as a clone would bring it: nothing of it is built yet
  curl -fsS "https://pypi.org/simple/$(sed 's/==.*//; s/\./-/' "$sources/$tree.requirement")/" -o index.html
  file=$(sed 's/==/-/' "$sources/$tree.requirement").tar.gz
  curl -fsS -o "$file" "$(grep -o "https://[^\"#]*/$file" index.html | head -1)"
  tar xzf "$file" --no-same-owner --strip-components=1 -C "$tree"
  sed -i '/types-pkg_resources/d; s/backend\.ai-common==.*/backend.ai-common/; s/backend\.ai-client==.*/backend.ai-client/' \
    "$tree"/setup.cfg
  [ ! -d "$sources/$tree" ] || cp -r "$sources/$tree/." "$tree/"
done
phase 'sources'

for tree in "${components[@]}"; do
  shared=()
  case $tree in
    manager | agent | storage-proxy) shared=(-e ../common) ;;
    webserver) shared=(-e ../client-py) ;;
  esac
  (
    cd "$tree"
    pyenv local "venv-$id-${tree/client-py/client}"
    python -m pip install -U -q pip 'setuptools<81' wheel
    python -m pip install -U -q "${shared[@]}" -e '.[build,test,lint,typecheck,dev]'
  )
done
phase 'pip, one after the other'

cd manager
cli() { timeout 120 python -m ai.backend.manager.cli "$@" >/dev/null; }
cli etcd put config/redis/addr "$BENCH_REDIS"
cli etcd put config/redis/password "$BENCH_REDIS_PASSWORD"
cli etcd put config/docker/registry/cr.backend.ai https://cr.backend.ai
cli etcd put config/docker/registry/cr.backend.ai/type harbor2
cli etcd put config/docker/registry/cr.backend.ai/project stable,community
cli etcd alias python cr.backend.ai/stable/python:3.8-ubuntu18.04
cli schema oneshot
cli fixture populate example-keypairs.json
cli fixture populate example-resource-presets.json
cli etcd put-json volumes dev.etcd.volumes.json
for table in domains groups keypair_resource_policies; do
  docker exec "$database" psql -h 127.0.0.1 "postgresql://postgres:$BENCH_DATABASE_PASSWORD@127.0.0.1/backend" \
    -c "UPDATE $table SET allowed_vfolder_hosts = '{local:volume1}'" >/dev/null
done
phase 'etcd and database'
