#!/bin/sh
# The one test command: installs what the tests need, then runs them, part by part.
# usage: tests/run.sh [--quick]      --quick leaves the long parts out
# The last line is `N passed, N failed`, in parts; the status is 1 when one failed.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd -- "$here" || exit 2
quick=no
for argument in "$@"; do
    case $argument in
    --quick) quick=yes ;;
    *)
        printf 'usage: tests/run.sh [--quick]\n' >&2
        exit 2
        ;;
    esac
done

passed=0
failed=0

# Runs one part and says how it went. Its output is its own.
part() {
    title=$1
    shift
    printf '\n== %s\n' "$title"
    started=$(date +%s)
    if "$@" </dev/null; then
        passed=$((passed + 1))
        printf '== passed: %s (%s s)\n' "$title" "$(($(date +%s) - started))"
    else
        failed=$((failed + 1))
        printf '== FAILED: %s (%s s)\n' "$title" "$(($(date +%s) - started))"
    fi
}

long() {
    if [ "$quick" = yes ]; then
        printf '\n== left out by --quick: %s\n' "$1"
    else
        part "$@"
    fi
}

# --- what a fresh Debian lacks -------------------------------------------------------------------

has_postgres() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

missing() {
    has_postgres || echo postgresql
    for pair in psql:postgresql-client git:git curl:curl zsh:zsh fish:fish musl-gcc:musl-tools python3:python3 \
        strace:strace cc:build-essential; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || echo "${pair#*:}"
    done
}

# Not a part of its own: what is still missing shows in the part that needs it.
prepare() {
    packages=$(missing)
    if [ -n "$packages" ]; then
        printf 'missing, to be installed: %s\n' "$(echo "$packages" | tr '\n' ' ')"
        root=
        if [ "$(id -u)" -ne 0 ]; then
            root='sudo -n'
        fi
        if command -v apt-get >/dev/null 2>&1; then
            # shellcheck disable=SC2086 # word lists
            $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
                --no-install-recommends $packages >/dev/null || echo 'not all packages could be installed'
        else
            echo 'no apt-get here: install them by hand'
        fi
    fi
    if ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then
        PATH=$HOME/.cargo/bin:$PATH
    fi
    musl=$(uname -m)-unknown-linux-musl
    if command -v rustup >/dev/null 2>&1 && ! rustup target list --installed 2>/dev/null | grep -qx "$musl"; then
        rustup target add "$musl" || echo "no $musl target: static builds are not tested"
    fi
}

prepare

# --- the parts -----------------------------------------------------------------------------------

binary=${CARGO_TARGET_DIR:-$here/target}/debug/agentguard

part 'build' cargo build --locked --all-targets
part 'unit, property and integration tests' cargo test --locked --lib --tests
part 'init code in the real shells' sh tests/shells.sh "$binary"
part 'installation and its way back' sh tests/install.sh "$binary"
part 'the commands of the README' sh tests/readme.sh "$binary"
long 'fuzzing, a minute for each parser' sh fuzz/run.sh 60
# Real programs: one line each, `part` for what takes seconds, `long` for the rest.

printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
