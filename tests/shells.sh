#!/bin/sh
# Runs the code of `agentguard init` in the real shells, under many options and PATHs.
# usage: tests/shells.sh [BINARY]     (default: target/debug/agentguard)
# The shell must end with status 0, print nothing, and have the shims first on PATH, exactly once.
# shellcheck disable=SC2016 # most of this file is text for other shells
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
binary=${1:-${CARGO_TARGET_DIR:-$here/target}/debug/agentguard}
work=$(mktemp -d "${TMPDIR:-/tmp}/agentguard-test.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
failed=0
checks=0
tail_path=/usr/local/bin:/usr/bin:/bin

fail() {
    failed=$((failed + 1))
    printf 'FAILED: %s: %s\n' "$1" "$2"
}

# One shell: $1 its name in messages, $2 text before the init code, $3 PATH, $4 text after it, $5
# what PATH must be, then the shell's own words. The PATH is reported on descriptor 3.
try() {
    title=$1 before=$2 path=$3 after=$4 wanted=$5
    shift 5
    checks=$((checks + 1))
    # Found here: the PATH under test may not lead to it.
    case $1 in
    /*) ;;
    *)
        runner=$(command -v "$1")
        shift
        set -- "$runner" "$@"
        ;;
    esac
    if [ "${1##*/}" = setsid ]; then
        runner=$(command -v "$2")
        shift 2
        set -- "$(command -v setsid)" "$runner" "$@"
    fi
    case $1 in
    *fish) report='string join : $PATH >&3; true' ;;
    *) report='printf "%s\n" "$PATH" >&3' ;;
    esac
    printf '%s\n. "$CODE"\n%s\n%s\n' "$before" "$after" "$report" >"$work/script"
    status=0
    env -i HOME="$work" TERM=dumb CODE="$work/code" SHIMS="$shims" PATH="$path" "$@" "$work/script" \
        3>"$work/path" >"$work/out" 2>&1 </dev/null || status=$?
    # An interactive bash without a terminal says these two of itself.
    sed -i '/^bash: cannot set terminal process group/d; /^bash: no job control in this shell$/d' "$work/out"
    [ "$status" -eq 0 ] || fail "$title" "status $status"
    [ ! -s "$work/out" ] || fail "$title" "printed: $(cat "$work/out")"
    found=$(cat "$work/path")
    [ "$found" = "$wanted" ] || fail "$title" "PATH is $found, not $wanted"
}

# All PATHs for one shell and one set of options.
paths() {
    name=$1 options=$2
    shift 2
    try "$name: plain" "$options" "$tail_path" '' "$shims:$tail_path" "$@"
    try "$name: twice" "$options" "$tail_path" '. "$CODE"' "$shims:$tail_path" "$@"
    try "$name: first already" "$options" "$shims:$tail_path" '' "$shims:$tail_path" "$@"
    try "$name: present, not first" "$options" "/a:$shims:/b:$shims:$shims:/c" '' "$shims:/a:/b:/c" "$@"
    try "$name: alone" "$options" "$shims" '' "$shims" "$@"
    try "$name: spaces" "$options" "/a b:/c  d/ e:$shims" '' "$shims:/a b:/c  d/ e" "$@"
    try "$name: glob characters" "$options" '/*:/[a]?:/$x:/\:/~' '' "$shims:"'/*:/[a]?:/$x:/\:/~' "$@"
    try "$name: a name that begins like ours" "$options" "${shims}x:$shims/y:/z$shims" '' \
        "$shims:${shims}x:$shims/y:/z$shims" "$@"
    case "$1 $options" in
    *-U*) ;; # the user asked zsh to drop doubles, the empty ones too
    *fish*) ;; # fish itself turns an empty element into a dot
    *)
        try "$name: empty elements" "$options" ":/a::/b:" '' "$shims::/a::/b:" "$@"
        try "$name: one empty element left" "$options" "$shims:" '' "$shims:" "$@"
        try "$name: unset" "$options
unset PATH" "$tail_path" '' "$shims" "$@"
        ;;
    esac
    try "$name: exported" "$options" "$tail_path" "$(exported "$1")" "$shims:$tail_path" "$@"
}

exported() {
    case $1 in
    *fish) echo 'contains -- "AGENTGUARD_SHIM_DIR=$SHIMS" (/usr/bin/env); or exit 9' ;;
    *) echo 'case "$(/usr/bin/env)" in *"AGENTGUARD_SHIM_DIR=$SHIMS"*) ;; *) exit 9 ;; esac' ;;
    esac
}

code_for() {
    XDG_DATA_HOME=$data HOME=$work "$binary" init "$1" >"$work/code"
}

there() { command -v "$1" >/dev/null 2>&1 || { printf 'skipped, not installed: %s\n' "$1"; return 1; }; }

each_shell() {
    for shell in dash bash busybox ksh mksh zsh; do
        command -v "$shell" >/dev/null 2>&1 || continue
        code_for sh
        case $shell in
        busybox) set -- busybox sh ;;
        zsh) set -- zsh --emulate sh ;;
        *) set -- "$shell" ;;
        esac
        paths "sh code in $*" '' "$@"
        paths "sh code in $*, set -eu" 'set -eu' "$@"
        paths "sh code in $*, set -f" 'set -f' "$@"
        paths "sh code in $*, odd IFS" "IFS=':/'" "$@"
    done
    if there bash; then
        code_for bash
        for options in '' 'set -eu' 'set -o nounset' 'set -euo pipefail' 'set -o posix' 'shopt -s nocasematch extglob nullglob failglob' \
            'set +h' "IFS=':/'" 'set -f' 'export() { echo shadowed; }; local() { echo shadowed; }; hash() { echo shadowed; }' \
            'shopt -s expand_aliases; alias export="echo no" local="echo no" return="echo no" hash="echo no"'; do
            paths "bash, $options" "$options" bash --norc
        done
        paths 'bash -eu' '' bash --norc -eu
    fi
    if there zsh; then
        code_for zsh
        for options in '' 'set -eu' 'setopt nounset' 'setopt errexit nounset' 'emulate sh' 'emulate ksh' 'setopt ksharrays shwordsplit' \
            'setopt globsubst nullglob' 'setopt warncreateglobal' 'setopt nomatch noglob' 'setopt extendedglob' 'typeset -U path' \
            'export() { echo shadowed }; local() { echo shadowed }' 'alias -g first=no; alias rehash="echo no" local="echo no"'; do
            paths "zsh, $options" "$options" zsh -f
        done
    fi
    if there fish; then
        code_for fish
        paths 'fish' '' fish --no-config
        try 'fish: unset' 'set -e PATH' "$tail_path" '' "$shims" fish --no-config
        try 'fish: empty' 'set -gx PATH' "$tail_path" '' "$shims" fish --no-config
    fi
}

# A tool that prepends in the prompt, before or after us; $2 how the prompt is drawn.
prompts() {
    if there bash; then
        code_for bash
        draw='draw() { local c; for c in "${PROMPT_COMMAND[@]}"; do eval "$c"; done; }'
        late='PROMPT_COMMAND="tool;${PROMPT_COMMAND-}"; draw'
        later='PROMPT_COMMAND="${PROMPT_COMMAND-}; tool"; draw; draw'
        tool='tool() { PATH=/tool:${PATH//\/tool:/}; }'
        for options in '' 'set -eu'; do
            set -- bash --norc -i
            wanted=$shims:/tool:$tail_path
            begin="$options
PATH=$tail_path; $tool; $draw"
            try "bash -i $options: prompt, tool before us" "$begin" "$tail_path" "$late" "$wanted" setsid "$@"
            try "bash -i $options: prompt, tool after us" "$begin" "$tail_path" "$later" "$wanted" setsid "$@"
            try "bash -i $options: prompt, array" "$begin; PROMPT_COMMAND=(tool ':')" "$tail_path" 'draw' "$wanted" setsid "$@"
            try "bash -i $options: prompt, array, tool after us" "$begin; PROMPT_COMMAND=(: :)" "$tail_path" \
                'PROMPT_COMMAND+=(tool); draw; draw' "$wanted" setsid "$@"
            try "bash -i $options: prompt, comment at the end" "$begin; PROMPT_COMMAND='tool # why'" "$tail_path" draw "$wanted" setsid "$@"
            try "bash -i $options: prompt, tool between semicolons" "$begin; PROMPT_COMMAND='tool;'" "$tail_path" "$later" "$wanted" setsid "$@"
            try "bash -i $options: prompt, registered once" "$begin" "$tail_path" '. "$CODE"; draw; draw
test "${PROMPT_COMMAND[*]}" = "${PROMPT_COMMAND[*]/_agentguard_prompt*_agentguard_prompt/}" || exit 8
PATH='"$tail_path; draw" "$shims:$tail_path" setsid "$@"
        done
        try 'bash: status of the last command is kept' 'PROMPT_COMMAND=:' "$tail_path" 'false; _agentguard_prompt && exit 7; true' \
            "$shims:$tail_path" setsid bash --norc -i
        try 'bash: no hook where there is no prompt' '' "$tail_path" 'test -z "${PROMPT_COMMAND-}" || exit 7' \
            "$shims:$tail_path" bash --norc
    fi
    if there zsh; then
        code_for zsh
        tool='tool() { PATH=/tool:${PATH//\/tool:/}; }; draw() { local c; for c in $precmd_functions; do $c; done; for c in $preexec_functions; do $c x; done }'
        for options in '' 'setopt errexit nounset'; do
            try "zsh $options: prompt, tool before us" "$options
$tool; precmd_functions=(tool)" "$tail_path" draw "$shims:/tool:$tail_path" zsh -f
            try "zsh $options: prompt, tool after us" "$options
$tool" "$tail_path" 'precmd_functions+=(tool); draw' "$shims:/tool:$tail_path" zsh -f
            try "zsh $options: hooks registered once" "$options
$tool" "$tail_path" '. "$CODE"; (( ${#precmd_functions} == 1 && ${#preexec_functions} == 1 )) || exit 8' "$shims:$tail_path" zsh -f
        done
    fi
    if there fish; then
        code_for fish
        try 'fish: prompt event' '' "$tail_path" 'set -gx PATH /tool $PATH; emit fish_prompt' "$shims:/tool:$tail_path" fish --no-config
        try 'fish: preexec event' '' "$tail_path" 'set -gx PATH /tool $PATH; emit fish_preexec x' "$shims:/tool:$tail_path" fish --no-config
    fi
}

# The calling shell is found without an argument.
detection() {
    for shell in bash zsh fish dash; do
        there "$shell" || continue
        checks=$((checks + 1))
        kind=$shell
        [ "$shell" = dash ] && kind="sh"
        # The colon keeps the shell from replacing itself by its last command.
        XDG_DATA_HOME=$data HOME=$work "$shell" -c "'$binary' init; :" >"$work/detected"
        code_for "$kind"
        cmp -s "$work/detected" "$work/code" || fail detection "$shell was not recognised"
    done
}

for folder in data 'data *[x]? $HOME it'"'"'s "d" \n'; do
    data=$work/$folder
    mkdir "$data"
    shims=$data/agentguard/shims
    each_shell
    prompts
done
detection

# Time of the code itself, many times in one process.
if there bash; then
    code_for bash
    PATH=$tail_path bash --norc -c 'eval "$(cat "$1")"; TIMEFORMAT="bash: %R ms each, code taken in 1000 times"; code=$(cat "$1")
        time for ((i = 0; i < 1000; i++)); do PATH=/x:$PATH; eval "$code"; PATH=/usr/bin:/bin; done' - "$work/code"
fi

printf 'shells: %s checks, %s failed\n' "$checks" "$failed"
[ "$failed" -eq 0 ]
