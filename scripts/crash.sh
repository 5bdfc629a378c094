#!/usr/bin/env bash
# Kills a daemon with SIGKILL at random moments while 8 writers send to a group, 30 times (or as often as the
# first argument says), and checks after each time that whatever was acknowledged or delivered is stored, once,
# in order and without a gap, and that what the writers send again after the restart is stored once. Prints the
# figures. The same test runs 3 rounds in `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."
KAREZ_CRASH_ROUNDS=${1:-30} exec cargo test --locked --quiet --release --test app crash:: -- --nocapture
