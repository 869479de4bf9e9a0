#!/bin/sh
# What a shim adds to `git --version`, against git itself and against a static C program that only
# execs, all interleaved in one run.
# usage: benches/overhead/run.sh [ROUNDS] [AGENTGUARD]
#   ROUNDS      how often each is started (default 500)
#   AGENTGUARD  the binary (default: the newest release build under target/)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/../.." && pwd -P)
rounds=${1:-500}
die() {
    printf 'overhead: %s\n' "$*" >&2
    exit 1
}

guard=${2-}
if [ -z "$guard" ]; then
    # shellcheck disable=SC2012 # our own file names
    guard=$(ls -t "${CARGO_TARGET_DIR:-$root/target}"/release/agentguard \
        "${CARGO_TARGET_DIR:-$root/target}"/*/release/agentguard 2>/dev/null | head -n 1)
fi
[ -x "$guard" ] || die "no release build; run ./install.sh or cargo build --release, or name the binary"
guard=$(CDPATH='' cd -- "$(dirname -- "$guard")" && pwd -P)/${guard##*/}

work=$(mktemp -d "${TMPDIR:-/tmp}/agentguard-overhead.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/shims"
# The link carries the name of the program; the file behind it that of agentguard.
ln -s "$guard" "$work/shims/git"

# The first git that is no link to an agentguard.
old=$IFS
IFS=:
git=
for folder in $PATH; do
    if [ -z "$git" ] && [ -x "$folder/git" ]; then
        case $(readlink -f -- "$folder/git") in
        */agentguard) ;;
        *) git=$folder/git ;;
        esac
    fi
done
IFS=$old
[ -n "$git" ] || die "no git on PATH"

floor='static musl C'
if command -v musl-gcc >/dev/null 2>&1; then
    musl-gcc -O2 -static -no-pie -o "$work/exec" "$here/exec.c"
else
    floor='C for this host (no musl-gcc)'
    cc -O2 -o "$work/exec" "$here/exec.c"
fi
cc -O2 -o "$work/time" "$here/time.c"

# What the caller's marks of an agent cost is not measured here: both kinds of callers exec.
PATH=$work/shims:${git%/*}:/usr/bin:/bin
export PATH
"$work/shims/git" --version >/dev/null || die "git --version through the shim fails"

printf 'git:   %s\nguard: %s\nfloor: %s\n\n' "$git" "$guard" "$floor"
"$work/time" "$rounds" -- "$git" --version -- "$work/shims/git" --version -- "$work/exec" "$git" --version >"$work/times"
awk -v rounds="$rounds" '
    { median[NR] = $1; low[NR] = $2; high[NR] = $3 }
    END {
        name[1] = "git directly"; name[2] = "through the shim"; name[3] = "through the C program"
        printf "%-24s %10s %10s %10s %10s %8s\n", rounds " rounds", "median us", "p10", "p90", "added us", "ratio"
        for (i = 1; i <= 3; i++)
            printf "%-24s %10.1f %10.1f %10.1f %10.1f %8.3f\n", name[i], median[i], low[i], high[i], median[i] - median[1], median[i] / median[1]
        printf "\nshim / C program: %.3f\n", median[2] / median[3]
    }' "$work/times"

if command -v strace >/dev/null 2>&1; then
    printf '\nsystem calls of the shim up to the start of git:\n'
    strace -f -o "$work/trace" "$work/shims/git" --version >/dev/null
    # The first execve starts the shim, the last one that returns 0 is git.
    awk '/execve\(/ && / = 0$/ { if (seen++) exit } { sub(/^[0-9]+ +/, ""); sub(/\(.*/, ""); print }' "$work/trace" |
        sort | uniq -c | sort -rn
    printf '\nfiles looked at before it:\n'
    awk '/execve\(/ && / = 0$/ { if (seen++) exit; next } /"/ { sub(/^[0-9]+ +/, ""); print "  " $0 }' "$work/trace"
    printf '\nstrace -f -c of the whole call:\n'
    strace -f -c -o "$work/counts" "$work/shims/git" --version >/dev/null
    head -n 15 "$work/counts"
fi
