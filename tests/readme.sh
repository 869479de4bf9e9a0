#!/bin/sh
# Runs the sh blocks of README.md, in order and in one bash, in a home of their own: each must succeed.
# usage: tests/readme.sh [BINARY]     (default: target/debug/agentguard)
# Left out are lines that build, install or run the tests (./install.sh, tests/run.sh): tests/install.sh
# has the first. What a block prints is shown only when it fails.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
binary=${1:-${CARGO_TARGET_DIR:-$here/target}/debug/agentguard}
binary=$(CDPATH='' cd -- "$(dirname -- "$binary")" && pwd -P)/${binary##*/}
readme=$here/README.md
work=$(mktemp -d "${TMPDIR:-/tmp}/agentguard-readme.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$work/home" "$work/bin" "$work/project"
ln -s "$binary" "$work/bin/agentguard"

# Each block says its line before it runs, so that a failure has a place.
awk -v place="$work/at" '
    /^```sh$/ { inside = 1; printf "printf \"%%s\\n\" %d >\"%s\"\n", NR + 1, place; next }
    /^```/ { inside = 0; next }
    inside && /^(\.\/install\.sh|(sh )?tests\/run\.sh)/ { next }
    inside { print; lines++ }
    END { exit lines < 5 }
' "$readme" >"$work/script" || {
    printf 'readme: hardly a command was found in %s\n' "$readme"
    exit 1
}

# A failure inside of `eval "$(…)"` does not end the script: what it is for must have happened.
# shellcheck disable=SC2016 # for the shell that runs the script
printf '%s\n' '[ "${PATH%%:*}" = "$HOME/.local/share/agentguard/shims" ]' >>"$work/script"

cd "$work/project"
if env -i HOME="$work/home" PATH="$work/bin:/usr/local/bin:/usr/bin:/bin" TERM=dumb SHELL=/bin/bash \
    bash -euo pipefail "$work/script" >"$work/out" 2>&1 </dev/null; then
    printf 'readme: %s blocks run\n' "$(grep -c "$work/at" "$work/script")"
else
    printf 'readme: the block at README.md:%s failed; what was printed last:\n' "$(cat "$work/at")"
    tail -n 20 "$work/out"
    exit 1
fi
