#!/usr/bin/env bash
# The same servers as the native halfstack, started side by side by a script that does no more than it must.
#
#   halfstack.sh make  DATA PROGRAMS BASE    data made, servers started, all answer
#   halfstack.sh start DATA PROGRAMS BASE    servers started on that data, all answer
#   halfstack.sh stop  DATA PROGRAMS BASE    servers stopped, gone
#
# PROGRAMS is a folder with links `postgres`, `redis` and `etcd`; BASE is the first of four ports. As root it runs
# PostgreSQL as nobody. Prints the seconds that it took.
set -euo pipefail
what=$1 data=$2 programs=$3 base=$4
postgres=$(readlink -f "$programs/postgres")
as=()
[[ $EUID -ne 0 ]] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
began=$EPOCHREALTIME
cd /

postgres() {
  if [[ $what == make ]]; then
    mkdir -p "$data/postgres"
    chmod 700 "$data/postgres"
    echo bench >"$data/password"
    [[ $EUID -ne 0 ]] || chown nobody "$data/postgres" "$data/password"
    "${as[@]}" "${postgres%/*}/initdb" -D "$data/postgres" -U postgres --pwfile="$data/password" -A scram-sha-256 \
      -E UTF8 --locale=C --no-sync >/dev/null
    printf '%s\n' "listen_addresses='127.0.0.1'" "port=$base" "unix_socket_directories=''" max_connections=256 \
      dynamic_shared_memory_type=sysv >>"$data/postgres/postgresql.conf"
    "${as[@]}" "$postgres" --single -D "$data/postgres" postgres <<<'create database backend;' >/dev/null
  fi
  "${as[@]}" setsid "$postgres" -D "$data/postgres" >>"$data/postgres.log" 2>&1 </dev/null &
  until [[ $(sed -n 8p "$data/postgres/postmaster.pid" 2>/dev/null) == ready* ]]; do sleep 0.01; done
}

redis() {
  mkdir -p "$data/redis"
  setsid "$programs/redis" --port $((base + 1)) --bind 127.0.0.1 --requirepass bench --appendonly yes \
    --dir "$data/redis" --pidfile "$data/redis.pid" >>"$data/redis.log" 2>&1 </dev/null &
  echo $! >"$data/redis.pid"
  local answer=
  until [[ $answer == +OK* ]]; do
    if exec 3<>/dev/tcp/127.0.0.1/$((base + 1)); then
      printf 'AUTH bench\r\nPING\r\n' >&3
      read -r answer <&3 || true
      exec 3>&-
    fi 2>/dev/null
    [[ $answer == +OK* ]] || sleep 0.01
  done
}

etcd() {
  local client=http://127.0.0.1:$((base + 2)) peer=http://127.0.0.1:$((base + 3)) answer=
  setsid "$programs/etcd" --name bench --data-dir "$data/etcd" --listen-client-urls "$client" \
    --advertise-client-urls "$client" --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
    --initial-cluster "bench=$peer" --heartbeat-interval 10 --election-timeout 100 \
    >>"$data/etcd.log" 2>&1 </dev/null &
  echo $! >"$data/etcd.pid"
  until [[ $answer == *'"true"'* ]]; do
    answer=$(curl -s -m 1 "$client/health" || true)
    [[ $answer == *'"true"'* ]] || sleep 0.01
  done
}

# setsid forks only where it leads a group already, which a job of a script does not
if [[ $what == stop ]]; then
  pids=("$(head -1 "$data/postgres/postmaster.pid")" "$(cat "$data/redis.pid")" "$(cat "$data/etcd.pid")")
  kill -INT "${pids[0]}"
  kill -TERM "${pids[@]:1}"
  for pid in "${pids[@]}"; do
    while [[ -d /proc/$pid ]]; do sleep 0.01; done
  done
else
  mkdir -p "$data"
  parts=()
  for part in postgres redis etcd; do
    $part &
    parts+=($!)
  done
  for part in "${parts[@]}"; do wait "$part"; done
fi
echo "$EPOCHREALTIME - $began" | bc
