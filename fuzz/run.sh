#!/bin/sh
# Fuzzes each parser for a while: fuzz/run.sh [SECONDS [TARGET…]]   (default: 60 seconds, all targets)
# Stable Rust, no cargo-fuzz: libFuzzer comes with the crate libfuzzer-sys, its coverage from the
# compiler's own pass. Only Rust is instrumented, not the generated parsers' C. One line per target;
# the status is 1 when one crashed, hung or grew too large. What broke it lies in fuzz/artifacts.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd -- "$here" || exit 2
seconds=${1:-60}
[ $# -gt 0 ] && shift
case $seconds in
'' | *[!0-9]*)
    printf 'usage: fuzz/run.sh [SECONDS [TARGET...]]\n' >&2
    exit 2
    ;;
esac

all=$(for file in targets/*.rs; do basename "$file" .rs; done)
targets=${*:-$all}
host=$(rustc -vV | sed -n 's/^host: //p')
out=$here/target/$host/release

# The main package's versions; cargo adds what only fuzzing needs.
cp ../Cargo.lock Cargo.lock

# With --target the flags stay away from build scripts, which do not link libFuzzer.
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4'
flags="$flags -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
CARGO_TARGET_DIR=$here/target RUSTFLAGS="$flags --cfg fuzzing" \
    cargo build --release --quiet --target "$host" || exit 1

last() { sed -n "s/.*$1\\([0-9][0-9]*\\).*/\\1/p" "$2" | tail -n 1; }
first() { sed -n "s/.*$1\\([0-9][0-9]*\\).*/\\1/p" "$2" | head -n 1; }

status=0
for target in $targets; do
    mkdir -p "target/corpus/$target" artifacts
    log=target/$target.log
    if "$out/$target" "target/corpus/$target" "seeds/$target" -max_total_time="$seconds" -max_len=8192 \
        -timeout=10 -rss_limit_mb=2048 -artifact_prefix="artifacts/$target-" -print_final_stats=1 \
        </dev/null >"$log" 2>&1; then
        result=ok
    else
        result=FAILED
        status=1
    fi
    start=$(first 'cov: ' "$log")
    end=$(last 'cov: ' "$log")
    runs=$(last 'stat::number_of_executed_units: ' "$log")
    printf '%-14s %-6s %9s runs, coverage %s -> %s\n' "$target" "$result" "${runs:-0}" "${start:-?}" "${end:-?}"
    if [ "$result" = FAILED ]; then
        sed 's/^/    /' "$log" | grep -E 'ERROR|panicked|Test unit written|libFuzzer' | head -n 8
    elif [ "${end:-0}" -le 100 ]; then
        printf '    hardly any coverage: is the code instrumented?\n'
        status=1
    fi
done
exit "$status"
