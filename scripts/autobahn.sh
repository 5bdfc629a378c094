#!/usr/bin/env bash
# scripts/autobahn.sh [--all] [--tls] [--server COMMAND] | --install
#
# Runs the Autobahn test suite (its "fuzzing client", 517 cases) against the WebSocket engine and compares
# every verdict with tests/data/autobahn-expected.json. Ends with 0 only if all of them are as written there.
#
# Without --all: groups 1 to 7, 9 and 10, and the small ones of 12 and 13 (compression). Those in 12 and 13
# that take long only repeat the others with other sizes and window bits.
# --tls: the same over TLS, with a certificate from tests/data/tls; the reports are then in target/autobahn-tls.
# --install: only install the suite. --server COMMAND: test another server than tests/examples/echo.rs. It has
# to echo every message and to print `listening on 127.0.0.1:PORT` on its standard output.
#
# Needs Python 2.7 with pip, for nothing newer runs the suite: $PYTHON27, or `python2.7` on the path, or one
# of pyenv's versions. The packages are pinned in tests/data/autobahn-requirements.txt and go to target/tools.
# The reports, to be opened in a browser, are in target/autobahn/index.html.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly requirements=tests/data/autobahn-requirements.txt
readonly expected=tests/data/autobahn-expected.json
readonly packages=$PWD/target/tools/autobahn
reports=$PWD/target/autobahn
readonly all_cases='"*"'
readonly core_cases='"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*",
  "12.1.1", "12.1.2", "12.1.3", "12.1.11", "12.2.1", "12.3.1", "13.1.1", "13.2.1", "13.3.1", "13.4.1", "13.5.1", "13.6.1", "13.7.1", "13.7.11"'

cases=$core_cases
time_limit=900
server_command=
server_options=
scheme=ws
install_only=
while (($#)); do
  case $1 in
    --install) install_only=yes ;;
    --all) cases=$all_cases time_limit=3600 ;;
    --tls)
      scheme=wss reports+=-tls
      server_options=' --tls-cert tests/data/tls/one.cert.pem --tls-key tests/data/tls/one.key.pem' ;;
    --server) server_command=${2:?--server needs a command}; shift ;;
    *) echo "usage: scripts/autobahn.sh [--all] [--tls] [--server COMMAND] | --install" >&2; exit 2 ;;
  esac
  shift
done

say() { echo "autobahn: $*" >&2; }

started=()
stop_started() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  return 0
}
trap stop_started EXIT
trap 'exit 130' INT TERM

# The first Python 2.7 that starts and has pip.
find_python27() {
  local candidate
  local candidates=("${PYTHON27:-}" "$(command -v python2.7 || :)")
  local pyenv_root=${PYENV_ROOT:-${HOME:-}/.pyenv}
  if command -v pyenv >/dev/null; then pyenv_root=$(pyenv root); fi
  candidates+=("$pyenv_root"/versions/2.7.*/bin/python)
  for candidate in "${candidates[@]}"; do
    if [[ -x $candidate ]] && "$candidate" -c 'import sys, pip; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null
    then echo "$candidate"; return; fi
  done
  return 1
}

if ! python27=$(find_python27); then
  cat >&2 <<'WORDS'
autobahn: no Python 2.7 with pip here (looked at $PYTHON27, python2.7 and pyenv's versions), and the suite runs
autobahn: on nothing newer. With pyenv: `pyenv install 2.7.18`. Or from the suite's own container image:
autobahn:   cargo build --release --example echo && target/release/examples/echo --listen 127.0.0.1:9001
autobahn:   docker run --rm --network host -v "$PWD/target:/target" crossbario/autobahn-testsuite \
autobahn:     wstest -m fuzzingclient -s /target/spec.json
autobahn: with target/spec.json holding
autobahn:   {"outdir": "/target/autobahn", "servers": [{"agent": "karez", "url": "ws://127.0.0.1:9001"}], "cases": ["*"]}
WORDS
  exit 69
fi

# A --target folder and not a virtual environment: Python 2.7 brings none. Installed anew when the pins change.
if ! cmp -s "$requirements" "$packages/installed-from.txt"; then
  say "installing the suite into target/tools/autobahn (about a minute)"
  rm -rf "$packages"
  "$python27" -m pip --disable-pip-version-check --quiet install --no-deps --target "$packages" -r "$requirements" \
    2> >(grep -v DEPRECATION >&2)
  cp "$requirements" "$packages/installed-from.txt"
fi

if [[ -n $install_only ]]; then exit; fi

if [[ -z $server_command ]]; then
  cargo build --quiet --release --example echo
  server_command="target/release/examples/echo --listen 127.0.0.1:0$server_options"
fi
rm -rf "$reports"
mkdir -p "$reports"
bash -c "exec $server_command" >"$reports/server.log" &
server=$!
started+=("$server")
address=
for ((tries = 0; tries < 100; tries++)); do
  address=$(grep -om1 'listening on [0-9.]*:[0-9]*' "$reports/server.log" | cut -d' ' -f3 || :)
  [[ -n $address ]] && break
  if ! kill -0 "$server" 2>/dev/null; then say "the server ended at once: $server_command"; exit 1; fi
  sleep 0.1
done
if [[ -z $address ]]; then say "the server did not say \`listening on ADDRESS\` within 10 s: $server_command"; exit 1; fi

cat >"$reports/spec.json" <<SPEC
{ "outdir": "$reports",
  "servers": [{ "agent": "karez", "url": "$scheme://$address" }],
  "cases": [$cases],
  "exclude-cases": [], "exclude-agent-cases": {} }
SPEC

# addsitedir, because zope's namespace is only found through the .pth file in that folder.
PYTHONPATH=$packages PYTHONWARNINGS=ignore timeout --kill-after=10 "$time_limit" "$python27" - \
  -m fuzzingclient -s "$reports/spec.json" >"$reports/client.log" 2>&1 <<PYTHON &
import site
site.addsitedir("$packages")
from autobahntestsuite import wstest
wstest.run()
PYTHON
client=$!
started+=("$client")
say "running against $scheme://$address; progress in ${reports#"$PWD"/}/client.log"
status=0
wait "$client" || status=$?
if ((status == 124)); then say "not done after $time_limit s"; fi
if ((status != 0)); then tail -n 5 "$reports/client.log" >&2; say "the suite ended with $status"; exit 1; fi
if ! kill -0 "$server" 2>/dev/null; then say "the server has ended in the course of the tests"; exit 1; fi

"$python27" - "$expected" "$reports" <<'PYTHON'
import collections, json, os, re, sys

expected_path, reports = sys.argv[1:]
expected = json.load(open(expected_path))
planned = re.findall(r"'([0-9.]+)'", re.search("^Cases = (.*)", open(os.path.join(reports, "client.log")).read(), re.M).group(1))
results = json.load(open(os.path.join(reports, "index.json"))).get("karez", {})

differing = 0
for case in planned:
    want = expected.get(case, "a case that %s does not know" % expected_path)
    result = results.get(case)
    got = result and [result["behavior"], result["behaviorClose"]]
    if got != want:
        differing += 1
        page = result and os.path.join(reports, result["reportfile"].replace(".json", ".html"))
        print("differs: %-8s expected %s, got %s  %s" % (case, " / ".join(want) if want in expected.values() else want,
              " / ".join(got) if got else "no result", "file://" + page if page else ""))
totals = collections.Counter(result["behavior"] for result in results.values())
print("autobahn: %d cases: %s; %d differ from %s" % (
    len(planned), ", ".join("%d %s" % (totals[name], name) for name in sorted(totals, reverse=True)), differing, expected_path))
if "*" in json.load(open(os.path.join(reports, "spec.json")))["cases"] and set(planned) != set(expected):
    print("autobahn: the suite and %s do not have the same cases" % expected_path)
    differing += 1
sys.exit(differing > 0 or not planned)
PYTHON
