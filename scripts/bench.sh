#!/usr/bin/env bash
# scripts/bench.sh [--quick] [SCENARIO...]: measures the daemon and its examples, and prints tables in Markdown.
# Scenarios: echo fan-out chat private idle slow opening; all of them without a name. --quick takes less than three
# minutes and is coarser. What is measured, and how to read it: src/manual/performance.md.
#
# Servers run on core 0, one at work at a time, the load generator on core 1; let nothing else run meanwhile. With
# strace and ss, system calls and the kernel's memory are counted too; with Node, the `ws` package is compared with.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=$PWD/target CARGO_TERM_PROGRESS_WHEN=never
readonly ws=$PWD/target/tools/bench-ws

for tool in cargo taskset; do
  if ! command -v "$tool" >/dev/null; then echo "scripts/bench.sh: $tool is missing" >&2; exit 69; fi
done
if (($(nproc) < 2)); then echo 'scripts/bench.sh: two cores are needed' >&2; exit 69; fi

install_ws() {
  if cmp -s tests/bench/peers/ws/package-lock.json "$ws/installed-from.json"; then return; fi
  rm -rf "$ws"
  mkdir -p "$ws"
  cp tests/bench/peers/ws/package.json tests/bench/peers/ws/package-lock.json "$ws/"
  npm ci --prefix "$ws" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp tests/bench/peers/ws/package-lock.json "$ws/installed-from.json"
}

cargo build --locked --quiet --release --bin karez --example echo --example broadcast
# Not --locked: its lock file lags behind when the daemon gets a dependency, and Cargo then adds just that.
cargo build --quiet --release --manifest-path tests/bench/Cargo.toml

peers=()
if command -v node >/dev/null && command -v npm >/dev/null && install_ws; then
  export NODE_PATH=$ws/node_modules
  peers=(--ws "$PWD/tests/bench/peers/ws/server.cjs")
else
  echo 'without Node: nothing is compared with the ws package' >&2
fi
taskset -c 1 target/release/karez-bench --binaries target/release "${peers[@]}" "$@"
