#!/bin/sh
# Builds agentguard (or takes a built one), installs it for this user, makes the shims and, on
# request, wires the shell profiles. Needs no root. See --help.
set -eu

usage() {
    cat <<'TEXT'
usage: ./install.sh [--prefix DIR] [--binary FILE] [--profile]
       ./install.sh --uninstall [--prefix DIR]

  --prefix DIR   install DIR/bin/agentguard (default: ~/.local)
  --binary FILE  install this file and build nothing
  --profile      put the shims first on PATH in the profiles of bash, sh, zsh and fish
  --uninstall    take everything back; profiles get their former bytes
  --help         this text

Without --binary it needs cargo. With a HOME that is not the one cargo was set up in, name that one:
  RUSTUP_HOME=/home/you/.rustup CARGO_HOME=/home/you/.cargo ./install.sh
TEXT
}

say() { printf '%s\n' "$*"; }
die() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

begin_mark='# >>> agentguard >>>'
end_mark='# <<< agentguard <<<'
note_newline='# The line end before this block is the installer'"'"'s.'
note_file='# This file is the installer'"'"'s.'

prefix=
binary=
profile=no
uninstall=no
while [ $# -gt 0 ]; do
    case $1 in
    --prefix | --binary)
        [ $# -ge 2 ] || die "$1 needs a value; see --help"
        if [ "$1" = --prefix ]; then prefix=$2; else binary=$2; fi
        shift
        ;;
    --prefix=*) prefix=${1#*=} ;;
    --binary=*) binary=${1#*=} ;;
    --profile) profile=yes ;;
    --uninstall) uninstall=yes ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) die "unknown argument: $1; see --help" ;;
    esac
    shift
done

case ${HOME-} in
/*) ;;
*) die "HOME is not set to an absolute path; set it to your home folder" ;;
esac
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
case ${XDG_DATA_HOME-} in
/*) data=$XDG_DATA_HOME/agentguard ;;
*) data=$HOME/.local/share/agentguard ;;
esac
# One line for each thing that --uninstall takes back: `prefix DIR`, `folder DIR`.
manifest=$data/install.manifest

work=$(mktemp -d "${TMPDIR:-/tmp}/agentguard-install.XXXXXX") || die "cannot make a temporary folder; set TMPDIR"
trap 'rm -rf -- "$work"' EXIT
trap 'exit 1' HUP INT TERM

# --- folders -------------------------------------------------------------------------------------

# Makes a folder and writes down which parts of it are new.
make_folder() {
    [ -d "$1" ] && return 0
    case $1 in
    */*) make_folder "${1%/*}" ;;
    esac
    mkdir -- "$1" || die "cannot make $1; check who owns its parent"
    printf 'folder %s\n' "$1" >>"$work/manifest"
}

save_manifest() {
    make_folder "$data"
    printf 'prefix %s\n' "$prefix" >>"$work/manifest"
    { if [ -f "$manifest" ]; then cat -- "$manifest"; fi; cat -- "$work/manifest"; } |
        awk '!seen[$0]++' >"$work/manifest.new"
    if ! cmp -s "$work/manifest.new" "$manifest"; then
        cp -- "$work/manifest.new" "$manifest"
    fi
}

# --- profiles ------------------------------------------------------------------------------------

quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }
fish_quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/\\\\'/g")"; }

# The files that the shells of this user read, one a line with the shell to write for.
profiles() {
    printf 'bash %s\n' "$HOME/.bashrc"
    # A login bash reads only the first of these that is there; every other login shell .profile.
    for file in "$HOME/.bash_profile" "$HOME/.bash_login"; do
        if [ -f "$file" ]; then
            printf 'sh %s\n' "$file"
            break
        fi
    done
    printf 'sh %s\n' "$HOME/.profile"
    if [ -f "${ZDOTDIR:-$HOME}/.zshrc" ] || command -v zsh >/dev/null 2>&1; then
        printf 'zsh %s\n' "${ZDOTDIR:-$HOME}/.zshrc"
    fi
    if [ -d "$fish" ] || command -v fish >/dev/null 2>&1; then
        printf 'fish %s\n' "$fish/conf.d/agentguard.fish"
    fi
}
case ${XDG_CONFIG_HOME-} in
/*) fish=$XDG_CONFIG_HOME/fish ;;
*) fish=$HOME/.config/fish ;;
esac

# Copies file $1 without our block to $work/rest. True when there was a block. Only head and tail
# cut: they keep every byte, also of files that are no text.
without_block() {
    first=$(LC_ALL=C awk -v mark="$begin_mark" '$0 == mark { print NR; exit }' <"$1")
    last=$(LC_ALL=C awk -v mark="$end_mark" '$0 == mark { print NR; exit }' <"$1")
    { [ -n "$first" ] && [ -n "$last" ] && [ "$first" -lt "$last" ]; } || return 1
    head -n "$last" -- "$1" | tail -n "+$first" >"$work/block"
    if [ "$first" -gt 1 ]; then
        head -n "$((first - 1))" -- "$1" >"$work/before"
    else
        : >"$work/before"
    fi
    tail -n "+$((last + 1))" -- "$1" >"$work/after"
    if grep -Fqx "$note_newline" "$work/block" && [ ! -s "$work/after" ]; then
        size=$(wc -c <"$work/before")
        head -c "$((size - 1))" -- "$work/before" >"$work/rest"
    else
        cat -- "$work/before" >"$work/rest"
    fi
    cat -- "$work/after" >>"$work/rest"
    # A full disk must not cost anyone a profile.
    total=$(cat -- "$work/before" "$work/block" "$work/after" | wc -c)
    [ "$total" -eq "$(wc -c <"$1")" ] || die "cannot copy $1 to $work; is the disk full?"
    return 0
}

# Writes the block for shell $1 to $work/new; $2 and $3: the notes it has to carry.
write_block() {
    {
        say "$begin_mark"
        [ -z "$2" ] || say "$2"
        [ -z "$3" ] || say "$3"
        if [ "$1" = fish ]; then
            say "if test -x $(fish_quote "$target")"
            say "    $(fish_quote "$target") init fish | source"
            say "end"
        else
            say "if [ -x $(quote "$target") ]; then eval \"\$($(quote "$target") init $1)\"; fi"
        fi
        say "$end_mark"
    } >"$work/new"
}

# The content goes into the file that is there: a link to a dotfile repository, its mode and its
# owner stay.
wire() {
    newline=
    made=
    if [ -f "$2" ]; then
        [ -w "$2" ] || die "cannot write $2; check who owns it"
        if without_block "$2"; then
            newline=$(grep -Fx "$note_newline" "$work/block" || :)
            made=$(grep -Fx "$note_file" "$work/block" || :)
            write_block "$1" "$newline" "$made"
            if cmp -s "$work/block" "$work/new"; then
                return 0
            fi
            cat -- "$work/before" "$work/new" "$work/after" >"$work/whole"
            cat -- "$work/whole" >"$2"
            say "updated $2"
            return 0
        fi
        if [ -s "$2" ] && [ -n "$(tail -c 1 -- "$2" | tr -d '\n' | od -An -c)" ]; then
            newline=$note_newline
        fi
    else
        if [ -e "$2" ] || [ -h "$2" ]; then
            die "$2 is not a file; move it away or leave out --profile"
        fi
        make_folder "${2%/*}"
        made=$note_file
    fi
    write_block "$1" "$newline" "$made"
    {
        [ -z "$newline" ] || echo
        cat -- "$work/new"
    } >>"$2"
    say "wired $2"
}

unwire() {
    { [ -f "$1" ] && without_block "$1"; } || return 0
    if [ ! -s "$work/rest" ] && grep -Fqx "$note_file" "$work/block"; then
        rm -f -- "$1"
    else
        cat -- "$work/rest" >"$1"
    fi
    say "restored $1"
}

# --- the binary ----------------------------------------------------------------------------------

find_cargo() {
    if ! command -v cargo >/dev/null 2>&1; then
        if [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
            PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
        else
            die "no cargo found; install Rust 1.90 or newer, put its bin folder on PATH, or pass --binary FILE"
        fi
    fi
    cargo --version >/dev/null 2>&1 ||
        die "cargo does not start with HOME=$HOME; set RUSTUP_HOME and CARGO_HOME to those of the home it was set up in"
}

has_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]
}

# Builds and leaves the path in $binary.
build() {
    find_cargo
    folder=${CARGO_TARGET_DIR:-$here/target}
    musl=$(uname -m)-unknown-linux-musl
    if [ "$(uname -s)" = Linux ] && has_target "$musl" && command -v musl-gcc >/dev/null 2>&1; then
        say "building static for $musl"
        under=$(printf '%s' "$musl" | tr '-' '_')
        upper=$(printf '%s' "$under" | tr '[:lower:]' '[:upper:]')
        env "CC_$under=musl-gcc" "CARGO_TARGET_${upper}_RUSTFLAGS=-C relocation-model=static" \
            cargo build --release --locked --manifest-path "$here/Cargo.toml" --target "$musl" --target-dir "$folder"
        binary=$folder/$musl/release/agentguard
    else
        say "building for this host's own target: no $musl target or no musl-gcc"
        say "each guarded call then costs about 1 ms more than a static build; to have that:"
        say "  rustup target add $musl, and the package musl-tools"
        host=$(rustc -vV | sed -n 's/^host: //p')
        cargo build --release --locked --manifest-path "$here/Cargo.toml" --target "$host" --target-dir "$folder"
        binary=$folder/$host/release/agentguard
    fi
}

# A shim that starts meanwhile finds the old file or the new one, never half of one.
put_binary() {
    make_folder "$prefix"
    make_folder "$prefix/bin"
    if cmp -s "$binary" "$target"; then
        return 0
    fi
    fresh=$prefix/bin/.agentguard.$$
    { cp -- "$binary" "$fresh" && chmod 755 "$fresh" && mv -f -- "$fresh" "$target"; } || {
        rm -f -- "$fresh"
        die "cannot write $target; choose another --prefix"
    }
    say "installed $target"
}

# --- the proof -----------------------------------------------------------------------------------

# A call as an agent makes it. On this PATH psql is a stand-in that only leaves a mark; in this home
# there is no rule that could let it pass, and no record that it would have to stay in.
as_agent() {
    status=0
    rm -f -- "$work/mark"
    HOME=$work/stage XDG_CONFIG_HOME='' XDG_DATA_HOME='' XDG_STATE_HOME='' XDG_CACHE_HOME='' \
        PATH=$shims:$work/stage:$PATH PGHOST=$work/stage AGENTGUARD_MARK=$work/mark CLAUDE_CODE_CHILD_SESSION=1 \
        "$shims/psql" "$@" </dev/null >"$work/out" 2>&1 || status=$?
}

prove() {
    mkdir -- "$work/stage"
    # shellcheck disable=SC2016 # the stand-in expands it
    printf '#!/bin/sh\n: >"$AGENTGUARD_MARK"\n' >"$work/stage/psql"
    chmod 755 "$work/stage/psql"
    as_agent -c 'DROP TABLE agentguard_canary'
    if [ "$status" -ne 126 ] || [ -e "$work/mark" ]; then
        cat -- "$work/out" >&2
        die "not live: an agent's DROP TABLE was not refused (status $status); run $target doctor"
    fi
    as_agent --version
    if [ "$status" -ne 0 ] || [ ! -e "$work/mark" ]; then
        cat -- "$work/out" >&2
        die "not live: a harmless call did not run (status $status); run $target doctor"
    fi
    say "live: psql -c 'DROP TABLE agentguard_canary' as an agent is refused with 126 and psql not started; psql --version runs"
}

# --- what was asked ------------------------------------------------------------------------------

# Every line of the manifest whose first word is $1.
recorded() {
    if [ -f "$manifest" ]; then
        sed -n "s/^$1 //p" "$manifest"
    fi
}

if [ "$uninstall" = yes ]; then
    if [ -z "$prefix" ]; then
        prefix=$(recorded prefix | tail -n 1)
    fi
    prefix=${prefix:-$HOME/.local}
    case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
    target=$prefix/bin/agentguard
    # Every profile that could have been wired, whatever is there now.
    for file in "$HOME/.bashrc" "$HOME/.bash_profile" "$HOME/.bash_login" "$HOME/.profile" \
        "${ZDOTDIR:-$HOME}/.zshrc" "$fish/conf.d/agentguard.fish"; do
        unwire "$file"
    done
    if [ -x "$target" ]; then
        "$target" shims remove || say "some shims could not be removed; see above"
        rm -f -- "$target"
        say "removed $target"
    fi
    recorded folder | awk '{ line[NR] = $0 } END { for (i = NR; i; i--) print line[i] }' >"$work/folders"
    rm -f -- "$manifest"
    while IFS= read -r folder; do
        rmdir -- "$folder" 2>/dev/null || :
    done <"$work/folders"
    say "uninstalled; shells that are open keep their PATH until they end"
    exit 0
fi

prefix=${prefix:-$HOME/.local}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
target=$prefix/bin/agentguard
if [ -n "$binary" ]; then
    [ -f "$binary" ] || die "no such file: $binary; build with cargo, or leave --binary out"
else
    build
fi
: >"$work/manifest"
put_binary
save_manifest
"$target" shims install || say "some programs are not guarded; see above"
shims=$(
    eval "$("$target" init sh)"
    printf '%s' "$AGENTGUARD_SHIM_DIR"
)
if [ "$profile" = yes ]; then
    profiles >"$work/profiles"
    while read -r shell file; do
        wire "$shell" "$file"
    done <"$work/profiles"
    save_manifest
fi
prove
if [ "$profile" = yes ]; then
    say "new shells are guarded; for this one: eval \"\$($(quote "$target") init)\""
else
    say "to guard this shell: eval \"\$($(quote "$target") init)\"; to guard new ones: run again with --profile"
fi
