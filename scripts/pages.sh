#!/usr/bin/env bash
# scripts/pages.sh: what the command prints about itself can be read by those for whom it is meant. The shells and the
# reader of manual pages that are there look at it; those that are not are named.
set -euo pipefail
cd "$(dirname "$0")/.."
karez=${KAREZ_BIN:-target/release/karez}
work=$(mktemp -d "${TMPDIR:-/tmp}/karez-pages.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$karez" completions bash >"$work/karez.bash"
bash -n "$work/karez.bash"
# Bash offers what begins like the word: the settings of the store among the flags.
offered=$(bash -c 'source "$1"; COMP_WORDS=(karez --sto); COMP_CWORD=1; _karez karez --sto karez; echo "${COMPREPLY[*]}"' - "$work/karez.bash")
[[ $offered == --store ]] || { echo "bash offers: $offered" >&2; exit 1; }
for shell in zsh fish; do
  "$karez" completions "$shell" >"$work/karez.$shell"
  if ! command -v "$shell" >/dev/null; then echo "no $shell here: its completions were not tried"; continue; fi
  "$shell" -n "$work/karez.$shell"
done

"$karez" man >"$work/karez.1"
if command -v man >/dev/null && command -v groff >/dev/null; then
  LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 "$work/karez.1" >"$work/karez.txt" 2>"$work/warnings"
  if [[ -s $work/warnings ]]; then cat "$work/warnings" >&2; exit 1; fi
elif command -v mandoc >/dev/null; then
  mandoc -T lint -W error "$work/karez.1"
else
  echo 'no man here: the manual page was not read'
fi

"$karez" gen-config >"$work/karez.toml"
"$karez" check-config "$work/karez.toml"
echo 'manual page and completions are well'
