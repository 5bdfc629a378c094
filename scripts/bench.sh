#!/usr/bin/env bash
# scripts/bench.sh [--quick] [--go-on] [--server NAME=COMMAND]... [SCENARIO...]: measures the daemon, its examples and
# other servers, and prints tables in Markdown.
#
# Scenarios: echo fan-out chat rooms private large deflate members latency accept durable slow-disk past reconnect idle
# slow drain opening fairness footprint growth capacity; all of them without a name. --quick is coarser, and without a name it
# measures only the most telling rows, in three minutes. --go-on measures only the scenarios that have left no result in
# target/bench/, and takes the others from there. --server adds any other server: in its COMMAND {} stands for the
# address to listen on, {port} for its port, and {mode} for one of echo room deflate chat (tests/bench/src/peers.rs says
# what they are). What is measured, and how to read it: src/manual/performance.md.
#
# Servers run on core 0, one at work at a time, the load generator on core 1; let nothing else run meanwhile. With
# strace and ss, system calls and the kernel's memory are counted too. Bun, tokio-tungstenite and the `ws` package are
# got from the registries and kept below target/; what is not to be had is left out, and the tables say so.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=$PWD/target CARGO_TERM_PROGRESS_WHEN=never
# A command is cut at spaces, so all paths in one are relative.
readonly peers=tests/bench/peers tools=target/tools results=target/bench

for tool in cargo taskset; do
  if ! command -v "$tool" >/dev/null; then echo "scripts/bench.sh: $tool is missing" >&2; exit 69; fi
done
if (($(nproc) < 2)); then echo 'scripts/bench.sh: two cores are needed' >&2; exit 69; fi

compared=() left_out=()
compare() { compared+=(--server "$1=$2"); }
leave_out() { left_out+=(--left-out "$1=$2"); }

# The packages that a peer's lock file names, without running anything of theirs.
install_packages() {
  local peer=$1 folder=$tools/bench-$1
  if cmp -s "$peers/$peer/package-lock.json" "$folder/installed-from.json"; then return; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$peers/$peer/package.json" "$peers/$peer/package-lock.json" "$folder/"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || return
  cp "$peers/$peer/package-lock.json" "$folder/installed-from.json"
}

# The package `bun` gets its program by a script of its own; here it is taken from the package of this platform.
find_bun() {
  local bun
  for bun in "$tools"/bench-bun/node_modules/@oven/*/bin/bun; do
    if "$bun" --version >&2; then echo "$bun"; return; fi
  done
  return 1
}

cargo build --locked --quiet --release --bin karez --example echo --example broadcast
# Not --locked: its lock file lags behind when the daemon gets a dependency, and Cargo then adds just that.
cargo build --quiet --release --manifest-path tests/bench/Cargo.toml

if ! command -v npm >/dev/null; then
  leave_out Bun 'npm is missing'
elif install_packages bun && bun=$(find_bun); then
  compare Bun "$bun $peers/bun/server.js {port} {mode}"
else
  leave_out Bun 'it could not be installed'
fi

if cargo build --locked --quiet --release --manifest-path "$peers/tokio-tungstenite/Cargo.toml"; then
  compare tokio-tungstenite 'target/release/tokio-tungstenite-peer {} {mode}'
else
  leave_out tokio-tungstenite 'it could not be built'
fi

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  leave_out 'ws (Node)' 'Node is missing'
elif install_packages ws; then
  export NODE_PATH=$PWD/$tools/bench-ws/node_modules
  compare 'ws (Node)' "node $peers/ws/server.cjs {port} {mode}"
else
  leave_out 'ws (Node)' 'it could not be installed'
fi

for tool in strace ss; do
  if ! command -v "$tool" >/dev/null; then leave_out "what $tool counts" "$tool is missing"; fi
done

options=() named=() goes_on=no
while (($#)); do
  case $1 in
    --quick) options+=(--quick) ;;
    --go-on) goes_on=yes ;;
    --server) compare "${2%%=*}" "${2#*=}"; shift ;;
    -*) echo "scripts/bench.sh: $1 is none of --quick --go-on --server" >&2; exit 64 ;;
    *) named+=("$1") ;;
  esac
  shift
done
mapfile -t all < <(target/release/karez-bench --list)
scenarios=("${named[@]}")
if ((${#named[@]} == 0)); then scenarios=("${all[@]}"); fi
for scenario in "${scenarios[@]}"; do
  if [[ " ${all[*]} " != *" $scenario "* ]]; then
    echo "scripts/bench.sh: $scenario is none of: ${all[*]}" >&2
    exit 64
  fi
done
if ((${#named[@]} == 0)) && [[ " ${options[*]} " == *' --quick '* ]]; then options+=(--telling); fi

mkdir -p "$results"
started=$SECONDS failed=no records=()
for scenario in "${scenarios[@]}"; do
  tables=$results/$scenario.md record=$results/$scenario.json
  if [[ $goes_on == no ]]; then rm -f "$tables" "$record"; fi
  if [[ -e $record ]]; then
    cat "$tables"
  else
    taskset -c 1 target/release/karez-bench --binaries target/release "${options[@]}" "${compared[@]}" \
      --result "$record" "$scenario" | tee "$tables" || failed=yes
  fi
  if [[ -e $record ]]; then records+=("$record"); else leave_out "$scenario" 'it broke off: see standard error'; fi
done
target/release/karez-bench "${left_out[@]}" --sum-up "${records[@]}" || failed=yes
echo "measured in $((SECONDS - started)) s; the tables are in $results/" >&2
[[ $failed == no ]]
