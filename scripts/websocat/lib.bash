# What the scripts in this folder share: starting a daemon, opening clients and waiting for what they hear.
# Sourced, not run. Needs bash 4.1 or later, websocat and the usual Unix tools; no JSON tool, for the
# daemon writes JSON without white space, so that a field can be found as text.
#
# A client is one websocat, named by its script. websocat turns each line of its input into a message and
# each message into a line of its output; both ends hang on pipes that stay open, because websocat leaves
# when its input ends. Every script starts a daemon of its own on a free port and stops it by its process
# id, unless KAREZ_URL names one that is running:
#
#   KAREZ_URL=ws://127.0.0.1:8282 scripts/websocat/group

set -euo pipefail
export KAREZ_CONFIG= # Whatever settings this machine has: a script tells its daemon all that it needs.

patience_s=5 # How long an expected message may take; `patience_s=15 expect ...` for one.
# Everything below is relative to the tree this script lies in, wherever it is called from.
readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly work=$(mktemp -d "${TMPDIR:-/tmp}/karez-websocat.XXXXXX")
readonly run_id=$$-$RANDOM # Makes groups and ids of this run unlike those of earlier ones on the same daemon.

declare -A client_pid=() client_in=() client_out=()
daemon_pid=
heard= # The line that the last `expect` was waiting for.

fail() {
  echo "FAILED ${0##*/}: $*" >&2
  if [[ -s $work/transcript ]]; then
    echo "  what was said (>) and heard (<), last lines:" >&2
    tail -n 12 "$work/transcript" | cut -c1-300 | sed 's/^/  /' >&2
  fi
  exit 1
}

step() { echo "  ${0##*/}: $*"; }

# A script that cannot be run against this daemon says so and is counted apart.
skip() {
  echo "SKIPPED ${0##*/}: $*"
  exit 77
}

clean_up() {
  local status=$? pid
  trap - EXIT
  for pid in "${client_pid[@]}" $daemon_pid; do
    if kill "$pid" 2>/dev/null; then wait "$pid" 2>/dev/null || :; fi
  done
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
trap '' PIPE # Writing to a client that has gone is an error to be told, and not a silent end.

find_program() { # NAME PATH_IN_TREE...
  local name=$1 path
  shift
  for path in "$@"; do
    if [[ -x $root/$path ]]; then echo "$root/$path"; return; fi
  done
  command -v "$name"
}

websocat=${WEBSOCAT:-$(find_program websocat target/tools/websocat/bin/websocat)} ||
  fail 'no websocat: scripts/test installs it, or `cargo install websocat --version 1.14.1 --locked`'

# start_daemon [FLAG...]: sets $url. A daemon that was named by KAREZ_URL is used as it is.
start_daemon() {
  if [[ -n ${KAREZ_URL:-} ]]; then
    url=${KAREZ_URL%/}
    return
  fi
  local karez tries port
  karez=${KAREZ_BIN:-$(find_program karez target/release/karez target/debug/karez)} ||
    fail 'no karez: build it with `cargo build --release`, or name a running one in KAREZ_URL'
  # An empty folder to run in: nothing is found there and nothing is left behind.
  mkdir -p "$work/daemon"
  : >"$work/daemon.err"
  (cd "$work/daemon" && exec "$karez" --listen 127.0.0.1:0 "$@") >"$work/daemon.out" 2>"$work/daemon.err" &
  daemon_pid=$!
  for ((tries = 0; tries < 200; tries++)); do
    port=$(grep -om1 'http://127\.0\.0\.1:[0-9]*/' "$work/daemon.err" | tr -cd '0-9:' | cut -d: -f3 || :)
    if [[ -n $port ]]; then
      url=ws://127.0.0.1:$port
      return
    fi
    kill -0 "$daemon_pid" 2>/dev/null || fail "the daemon ended at once: $(<"$work/daemon.err")"
    sleep 0.05
  done
  fail "the daemon did not tell its page's address within 10 s: $(<"$work/daemon.err")"
}

# open_client NAME [WEBSOCAT_OPTION...]: connects a client.
open_client() {
  open_websocat "$1" "${@:2}" --text "$url/"
}

# open_websocat NAME ARGUMENT...: the same with all of websocat's arguments after its options for line mode.
# -E: websocat ends when the daemon closes. -v -v: it tells the close code on stderr. Each message carries the
# line's newline, which JSON allows: the option that strips it looks at the wrong bytes in 1.14 and strips at random.
open_websocat() {
  local name=$1 fd
  shift
  mkfifo "$work/$name.in" "$work/$name.out"
  (
    # The pipes of the other clients must not be held open here, or they would never end.
    for fd in "${client_in[@]}" "${client_out[@]}"; do exec {fd}>&-; done
    exec "$websocat" -E -v -v "$@" <"$work/$name.in" >"$work/$name.out" 2>"$work/$name.err"
  ) &
  client_pid[$name]=$!
  exec {fd}>"$work/$name.in"
  client_in[$name]=$fd
  exec {fd}<"$work/$name.out"
  client_out[$name]=$fd
  rm "$work/$name.in" "$work/$name.out"
}

# say NAME MESSAGE: sends one line.
say() {
  printf '%s > %s\n' "$1" "$2" >>"$work/transcript"
  printf '%s\n' "$2" 2>/dev/null >&"${client_in[$1]}" || fail "$1 is no longer connected: $(tail -n 1 "$work/$1.err")"
}

# hang_up NAME: ends the client's input; websocat sends a Close frame and leaves.
hang_up() {
  local fd=${client_in[$1]}
  exec {fd}>&-
  await_end "$1"
}

# cut_off NAME: the client vanishes without a Close frame.
cut_off() {
  kill -KILL "${client_pid[$1]}"
  forget "$1"
}

# Waits until the websocat of NAME has ended, and forgets the client.
await_end() {
  local name=$1 line status=0
  while read -r -t "$patience_s" -u "${client_out[$name]}" line || { status=$?; false; }; do
    printf '%s < %s\n' "$name" "$line" >>"$work/transcript"
  done
  if ((status > 128)); then fail "$name: websocat did not end within $patience_s s"; fi
  forget "$name"
}

forget() {
  local name=$1 fd
  fd=${client_in[$name]}
  exec {fd}>&-
  fd=${client_out[$name]}
  exec {fd}<&-
  wait "${client_pid[$name]}" 2>/dev/null || :
  unset "client_pid[$name]" "client_in[$name]" "client_out[$name]"
}

# matches LINE CONDITION...: does the JSON line have all of these fields? A condition is `field=value`
# (a number, true, false, null, an object or a list is taken as it stands, anything else as a string;
# `uid='"7"'` is the string), `field` (it is there) or `!field` (it is not).
matches() {
  local line=$1 condition field value
  shift
  for condition in "$@"; do
    case $condition in
      *=*)
        field=${condition%%=*} value=${condition#*=}
        [[ $value =~ ^(-?[0-9]+|true|false|null|[\{\[\"].*)$ ]] || value=\"$value\"
        [[ $line == *[{,]"\"$field\":$value"[],}]* ]] || return 1
        ;;
      !*) [[ $line != *[{,]"\"${condition#!}\":"* ]] || return 1 ;;
      *) [[ $line == *[{,]"\"$condition\":"* ]] || return 1 ;;
    esac
  done
}

# expect NAME CONDITION...: reads what NAME hears up to the first message that fits, which is then in $heard.
expect() {
  local name=$1 deadline=$((SECONDS + patience_s + 1))
  shift
  while ((SECONDS < deadline)) && read -r -t "$patience_s" -u "${client_out[$name]}" heard; do
    printf '%s < %s\n' "$name" "$heard" >>"$work/transcript"
    if matches "$heard" "$@"; then return; fi
  done
  fail "$name did not hear $*"
}

# expect_none NAME CONDITION...: nothing that fits has reached NAME. A ping is answered in order, so what
# was on its way before the pong has been read when the pong is here, and no time is spent waiting.
expect_none() {
  local name=$1
  shift
  say "$name" '{"type":"ping"}'
  while read -r -t "$patience_s" -u "${client_out[$name]}" heard; do
    printf '%s < %s\n' "$name" "$heard" >>"$work/transcript"
    if matches "$heard" type=pong; then return; fi
    if matches "$heard" "$@"; then fail "$name heard what it should not: $heard"; fi
  done
  fail "$name did not hear its pong"
}

# expect_close NAME CODE: the daemon closes the connection with this code.
expect_close() {
  await_end "$1"
  grep -q "close message is Some(CloseData { status_code: $2," "$work/$1.err" ||
    fail "$1 was not closed with $2: $(grep 'close message is' "$work/$1.err" || echo 'there was no Close frame')"
}

# field NAME: the value of that field in $heard, without quotes.
field() {
  [[ $heard =~ [{,]\"$1\":(\"([^\"\\]|\\.)*\"|[^],}]*) ]] || fail "no field $1 in $heard"
  local value=${BASH_REMATCH[1]#\"}
  echo "${value%\"}"
}

# log_in NAME [FIELDS]: opens a client and logs it in; FIELDS like `,"name":"An"` go into the message.
log_in() {
  open_client "$1"
  say "$1" "{\"type\":\"login\",\"content\":\"login\"${2:-}}"
  expect "$1" type=login uid token
}

# Raw bytes, for what websocat's own WebSocket never sends. ------------------------------------------------

# opening_handshake: the request that every raw connection starts with. The key is the RFC's own sample.
opening_handshake() {
  printf '%s\r\n' 'GET / HTTP/1.1' "Host: ${url#ws://}" 'Upgrade: websocket' 'Connection: Upgrade' \
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' 'Sec-WebSocket-Version: 13' ''
}

# frame FIRST_BYTE TEXT: one masked frame. FIRST_BYTE in hex: 81 is a whole text message, 01 its first
# fragment, 00 one in between, 80 the last, 88 Close, 89 Ping. The masking key is that of RFC 6455, 5.7.
frame() {
  local LC_ALL=C key=(0x37 0xfa 0x21 0x3d) text=$2 length i byte
  length=${#text}
  printf "\\x$1"
  if ((length <= 125)); then
    printf "\\x$(printf %x $((0x80 | length)))"
  else
    printf "\\xfe\\x$(printf %x $((length >> 8)))\\x$(printf %x $((length & 0xff)))"
  fi
  printf '\x37\xfa\x21\x3d'
  for ((i = 0; i < length; i++)); do
    printf -v byte %d "'${text:i:1}"
    printf "\\x$(printf %x $(((byte & 0xff) ^ key[i % 4])))"
  done
}

# send_raw FILE: gives the daemon the bytes of FILE after an opening handshake, waits until it closes the
# connection, and sets $answer: its bytes after the head of the 101, in hex with a space before each.
send_raw() {
  local name=raw fd tries
  mkfifo "$work/raw.in"
  : >"$work/raw.out"
  ( # As in open_websocat. Here the output goes to a file, for bash cannot read bytes.
    for fd in "${client_in[@]}" "${client_out[@]}"; do exec {fd}>&-; done
    exec "$websocat" -E --binary - "tcp:${url#ws://}" <"$work/raw.in" >"$work/raw.out" 2>"$work/raw.err"
  ) &
  client_pid[$name]=$!
  exec {fd}>"$work/raw.in"
  opening_handshake >&"$fd"
  for ((tries = 0; tries < patience_s * 20; tries++)); do
    if grep -q $'^\r$' "$work/raw.out"; then break; fi
    sleep 0.05
  done
  grep -aq '^HTTP/1.1 101 ' "$work/raw.out" || fail "no 101: $(head -c 300 "$work/raw.out")"
  cat "$1" >&"$fd"
  for ((tries = 0; tries < patience_s * 20; tries++)); do
    if ! kill -0 "${client_pid[$name]}" 2>/dev/null; then break; fi
    sleep 0.05
  done
  if kill -0 "${client_pid[$name]}" 2>/dev/null; then fail "the daemon did not close within $patience_s s: $(tail -c 200 "$work/raw.out")"; fi
  exec {fd}>&-
  unset "client_pid[$name]"
  rm "$work/raw.in"
  answer=$(sed '1,/^\r$/d' "$work/raw.out" | od -An -v -tx1 | tr -d '\n')
}

# hex TEXT: its bytes as in $answer.
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d '\n'; }
