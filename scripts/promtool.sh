#!/usr/bin/env bash
# scripts/promtool.sh: starts the daemon and has Prometheus' own tool judge what /metrics says.
# Uses target/release/karez (or $KAREZ) and the promtool that scripts/test has unpacked, else the one that is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly karez=${KAREZ:-target/release/karez}
promtool=target/tools/prometheus/usr/bin/promtool
if [[ ! -x $promtool ]]; then promtool=$(command -v promtool) || { echo 'promtool is missing: scripts/test gets it' >&2; exit 69; }; fi

greeting=$(mktemp)
"$karez" --listen 127.0.0.1:0 --store memory 2>"$greeting" &
daemon=$!
trap 'kill "$daemon" 2>/dev/null || :; wait "$daemon" || :; rm -f "$greeting"' EXIT
for _ in {1..100}; do
  port=$(sed -n 's|^  page .*:\([0-9]*\)/$|\1|p' "$greeting")
  if [[ $port ]]; then break; fi
  sleep 0.1
done
if [[ ! $port ]]; then cat "$greeting" >&2; exit 1; fi

exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /metrics HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$port" >&3
page=$(sed '1,/^\r$/d' <&3)
if [[ $page != *karez_build_info* ]]; then printf 'no metrics: %s\n' "$page" >&2; exit 1; fi
"$promtool" check metrics <<<"$page"
echo "$(grep -c '^# TYPE' <<<"$page") families, and promtool has nothing to say against them"
