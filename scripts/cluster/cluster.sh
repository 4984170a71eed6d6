#!/usr/bin/env bash
# A Temporal cluster on this machine: PostgreSQL, and Temporal's four services as processes of their own. `npm run cluster -- help` says how.
set -euo pipefail

usage() {
  cat <<TEXT
npm run cluster -- COMMAND

  up                  start the cluster, and print its address. The first time builds it, which takes 6 to 12 minutes
  down                stop it. Its data stays
  kill SERVICE...     end services with SIGKILL: frontend, history, matching, worker or postgres
  start SERVICE...    start them again
  remove              stop it, and delete its data and programs

  CLUSTER_DIR     its folder (default: .cluster in the project)
  CLUSTER_PORT    the port of its frontend (default: 17233); PostgreSQL listens 100 below
  CLUSTER_SHARDS  history shards, when it is created (default: 512)

Needs Go and Debian's postgresql, which it installs if it may.
TEXT
}

# The minor version of the development server that the tests use, and the Go version that it names.
readonly SERVER=go.temporal.io/server VERSION=v1.32.2
export GOTOOLCHAIN=go1.26.10 CGO_ENABLED=0 GOFLAGS=-trimpath

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
dir=$(realpath -m "${CLUSTER_DIR:-$here/../../.cluster}")
port=${CLUSTER_PORT:-17233}
postgres_port=$((port - 100))
shards=${CLUSTER_SHARDS:-512}
export GOBIN=$dir/bin

# In the order in which they are started: on a new database, services that start together race to write the cluster's metadata.
readonly SERVICES=(history matching frontend worker)
declare -A PORTS=([frontend]=$port [history]=$((port + 1)) [matching]=$((port + 2)) [worker]=$((port + 6)))

say() { echo "$*" >&2; }

# PostgreSQL refuses to run as root.
as_postgres() {
  if [[ $(id -u) == 0 ]]; then runuser -u postgres -- "$@"; else "$@"; fi
}

postgres() {
  local programs
  programs=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -1)
  as_postgres "$programs/$1" "${@:2}"
}

install_programs() {
  if [[ ! -d /usr/lib/postgresql ]]; then
    [[ $(id -u) == 0 ]] || { say "Install Debian's package postgresql first."; exit 1; }
    say "Installing PostgreSQL (once)"
    apt-get update -qq >/dev/null
    apt-get install -y -qq postgresql >/dev/null 2>&1
  fi
  command -v go >/dev/null || { say "Install Go first."; exit 1; }
  for program in server tools/sql; do
    [[ -x $GOBIN/${program##*/} ]] && continue
    say "Building Temporal's $program (once)"
    # Prints a line for each of some hundred modules.
    go install -ldflags='-s -w' "$SERVER/cmd/$program@$VERSION" 2>"$dir/build.log" || { cat "$dir/build.log" >&2; exit 1; }
  done
}

create_database() {
  [[ -f $dir/pg/data/PG_VERSION ]] && return
  mkdir -p "$dir/pg"
  if [[ $(id -u) == 0 ]]; then chown postgres "$dir/pg"; fi
  postgres initdb -D "$dir/pg/data" -A trust -U postgres --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  cat <<CONF | as_postgres tee -a "$dir/pg/data/postgresql.conf" >/dev/null
listen_addresses = '127.0.0.1'
port = $postgres_port
unix_socket_directories = '$dir/pg'
CONF
}

create_schema() {
  [[ -f $dir/schema.done ]] && return
  local schema name sql
  schema=$(go env GOMODCACHE)/$SERVER@$VERSION/schema/postgresql/v12
  for name in temporal visibility; do
    sql=("$GOBIN/sql" --ep 127.0.0.1 -p "$postgres_port" -u postgres --pw postgres --pl postgres12_pgx --db "$name")
    "${sql[@]}" create
    "${sql[@]}" setup-schema -v 0.0
    "${sql[@]}" update-schema -d "$schema/$name/versioned"
  done >"$dir/schema.log" 2>&1
  touch "$dir/schema.done"
}

write_config() {
  echo 'limit.maxIDLength: [{value: 255}]' >"$dir/dynamic.yaml"
  cat >"$dir/config.yaml" <<YAML
log: {stdout: true, level: warn}
persistence:
  numHistoryShards: $shards
  defaultStore: default
  visibilityStore: visibility
  datastores:
    default: {sql: $(store temporal 20)}
    visibility: {sql: $(store visibility 5)}
global: {membership: {maxJoinDuration: 30s, broadcastAddress: 127.0.0.1}}
services:
$(for service in "${SERVICES[@]}"; do
    echo "  $service: {rpc: {grpcPort: ${PORTS[$service]}, membershipPort: $((PORTS[$service] - 300)), bindOnIP: 127.0.0.1}}"
  done)
clusterMetadata:
  enableGlobalNamespace: false
  failoverVersionIncrement: 10
  masterClusterName: active
  currentClusterName: active
  clusterInformation:
    active: {enabled: true, initialFailoverVersion: 1, rpcName: frontend, rpcAddress: "127.0.0.1:$port"}
dynamicConfigClient: {filepath: $dir/dynamic.yaml, pollInterval: 10s}
YAML
}

# A data store, as YAML.
store() {
  echo "{pluginName: postgres12_pgx, databaseName: $1, connectAddr: '127.0.0.1:$postgres_port', connectProtocol: tcp, user: postgres, password: postgres, maxConns: $2, maxIdleConns: $2, maxConnLifetime: 1h}"
}

start_service() {
  local service=$1
  if [[ $service == postgres ]]; then
    # A killed server leaves its lock file, which a new one takes over.
    is_postgres_running || postgres pg_ctl start -D "$dir/pg/data" -l "$dir/pg/log" -w >/dev/null
    return
  fi
  is_running "$service" && return
  setsid "$GOBIN/server" --config-file "$dir/config.yaml" --allow-no-auth start --service "$service" \
    >>"$dir/$service.log" 2>&1 </dev/null &
  echo $! >"$dir/$service.pid"
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/${PORTS[$service]}") 2>/dev/null && return
    is_running "$service" || break
    sleep 0.1
  done
  say "Temporal's $service service does not start. Read $dir/$service.log."
  exit 1
}

kill_service() {
  if [[ $1 == postgres ]]; then
    postgres pg_ctl stop -D "$dir/pg/data" -m immediate -w >/dev/null || true
  else
    end "$1" KILL
  fi
}

# Ends a service, and waits until it has ended.
end() {
  is_running "$1" || return 0
  local pid
  pid=$(<"$dir/$1.pid")
  kill "-$2" "$pid" 2>/dev/null || true
  while is_running "$1"; do sleep 0.1; done
}

is_postgres_running() {
  [[ -d $dir/pg/data ]] && postgres pg_ctl status -D "$dir/pg/data" >/dev/null
}

is_running() {
  [[ -f $dir/$1.pid ]] && [[ $(ps -o args= -p "$(<"$dir/$1.pid")" 2>/dev/null) == *"--service $1" ]]
}

up() {
  mkdir -p "$dir"
  chmod 755 "$dir"
  install_programs
  create_database
  start_service postgres
  create_schema
  write_config
  for service in "${SERVICES[@]}"; do start_service "$service"; done
  node "$here/prepare-namespace.mjs" "127.0.0.1:$port"
  echo "127.0.0.1:$port"
}

down() {
  for service in worker frontend matching history; do end "$service" TERM; done
  if is_postgres_running; then postgres pg_ctl stop -D "$dir/pg/data" -m fast -w >/dev/null; fi
}

check_services() {
  (($# > 0)) || { usage >&2; exit 2; }
  for service in "$@"; do
    [[ $service == postgres || -n ${PORTS[$service]:-} ]] || { say "There is no service $service."; exit 2; }
  done
}

command=${1:-help}
shift || true
case $command in
  up) up ;;
  down) down ;;
  kill)
    check_services "$@"
    for service in "$@"; do kill_service "$service"; done
    ;;
  start)
    check_services "$@"
    for service in "$@"; do start_service "$service"; done
    ;;
  remove)
    down
    rm -rf "$dir"
    ;;
  help | --help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
