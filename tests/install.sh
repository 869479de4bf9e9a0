#!/bin/sh
# Installs into throw-away homes and takes everything back.
# usage: tests/install.sh [BINARY]     (default: target/debug/agentguard)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
binary=${1:-${CARGO_TARGET_DIR:-$here/target}/debug/agentguard}
work=$(mktemp -d "${TMPDIR:-/tmp}/agentguard-test.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
failed=0
checks=0

check() {
    checks=$((checks + 1))
    what=$1
    shift
    if ! "$@"; then
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$what"
    fi
}

# Names, kinds, modes, link targets and content of a tree; times too when $2 is given.
listing() {
    (
        cd -- "$1"
        if [ $# -gt 1 ]; then
            find . -printf '%p %y %m %l %T@\n' | LC_ALL=C sort
        else
            find . -printf '%p %y %m %l\n' | LC_ALL=C sort
        fi
        find . -type f -exec sha256sum {} + | LC_ALL=C sort
    )
}

home=
# The installer in the home under test, with nothing of the caller's around it.
installer() {
    env -i HOME="$home" PATH="$PATH" TMPDIR="$work" ${data:+XDG_DATA_HOME="$data"} sh "$here/install.sh" "$@" \
        >"$work/log" 2>&1 || {
        cat -- "$work/log"
        return 1
    }
}
same() { cmp -s -- "$work/$1" "$work/$2" || { diff "$work/$1" "$work/$2" || :; return 1; }; }

# One home: install twice, look at it, uninstall, compare.
round() {
    name=$1
    shift
    listing "$home" >"$work/before"
    check "$name: installs" installer --binary "$binary" --profile "$@"
    check "$name: ends with the proof" grep -q '^live: ' "$work/log"
    listing "$home" times >"$work/first"
    check "$name: installs again" installer --binary "$binary" --profile "$@"
    listing "$home" times >"$work/second"
    check "$name: a second run changes nothing" same first second
    for file in .bashrc .profile; do
        check "$name: $file is wired once" test "$(grep -c '^# >>> agentguard >>>$' "$home/$file")" = 1
    done
    for shell in 'sh -l' 'bash -l' 'bash -i' 'zsh -i' 'fish'; do
        command -v "${shell%% *}" >/dev/null 2>&1 || continue
        # shellcheck disable=SC2086 # a word list
        found=$(env -i HOME="$home" PATH=/usr/bin:/bin TERM=dumb ${data:+XDG_DATA_HOME="$data"} \
            setsid $shell -c 'command -v psql' </dev/null 2>/dev/null | tail -n 1)
        check "$name: $shell finds the shim, not $found" test "$found" = "${data:-$home/.local/share}/agentguard/shims/psql"
    done
    # fish keeps a history there.
    rm -rf -- "${data:-$home/.local/share}/fish"
    check "$name: uninstalls" installer --uninstall
    listing "$home" >"$work/after"
    check "$name: every byte is back" same before after
}

data=
home=$work/empty
mkdir "$home"
round 'an empty home'

home="$work/it's a \$home *"
mkdir -p "$home/bin" "$home/dotfiles" "$home/.config/fish/conf.d"
printf 'echo no newline at the end' >"$home/.bashrc"
printf '# comment\r\nPS1="x"\r\n\r\n' >"$home/dotfiles/profile"
ln -s dotfiles/profile "$home/.profile"
printf '. ~/.profile\n\n\n' >"$home/.bash_profile"
printf 'bytes \377\000 that are no text\n#>>> agentguard >>>\n' >"$home/.zshrc"
chmod 600 "$home/.zshrc"
: >"$home/.config/fish/conf.d/agentguard.fish"
chmod 640 "$home/.bashrc"
round 'odd profiles' --prefix "$home/my own"

data="$work/data dir"
mkdir "$data"
home=$work/data-elsewhere
mkdir "$home"
# shellcheck disable=SC2016 # written as it stands
printf 'PATH=/usr/local/bin:$PATH\n' >"$home/.bashrc"
round 'data elsewhere' --prefix "$home/.local"
check 'data elsewhere: nothing left in it' test -z "$(ls -A "$data")"
data=

home=$work/later
mkdir "$home"
printf 'first' >"$home/.bashrc"
installer --binary "$binary" --profile
printf 'added later' >>"$home/.bashrc"
echo mine >"$home/.local/share/agentguard/kept"
installer --uninstall
printf 'first\nadded later' >"$work/wanted"
check 'lines that came later stay' cmp -s "$home/.bashrc" "$work/wanted"
check 'files that are not ours stay' test -f "$home/.local/share/agentguard/kept"

home=$work/foreign
mkdir -p "$home/.local/share/agentguard/shims"
echo mine >"$home/.local/share/agentguard/shims/rm"
installer --binary "$binary"
check 'a foreign file is reported' grep -q 'shims/rm' "$work/log"
installer --uninstall
check 'a foreign file stays' grep -qx mine "$home/.local/share/agentguard/shims/rm"

home=$work/moved
mkdir "$home"
installer --binary "$binary" --profile
installer --binary "$binary" --profile --prefix "$home/other"
check 'another prefix replaces the block' test "$(grep -c '>>> agentguard' "$home/.bashrc")" = 1
check 'another prefix stands in the block' grep -q "$home/other/bin/agentguard" "$home/.bashrc"

home=relative
check 'a relative HOME is refused' sh -c "! HOME=relative sh '$here/install.sh' --binary '$binary' 2>/dev/null"
check 'an unknown argument is refused' sh -c "! sh '$here/install.sh' --nonsense 2>/dev/null"
check 'help' sh -c "sh '$here/install.sh' --help | grep -q -- --uninstall"
mkdir "$work/nocargo"
for tool in sh dirname mktemp cat rm uname awk sed env; do
    ln -s "$(command -v "$tool")" "$work/nocargo/$tool"
done
check 'no cargo is one line with a remedy' sh -c "
    env -i HOME='$work/empty' PATH='$work/nocargo' sh '$here/install.sh' 2>&1 | grep -q 'no cargo found; install Rust'"

# A stand-in for cargo and rustc: what they are asked for, without the minutes.
mkdir -p "$work/rust/sysroot" "$work/built" "$work/plain"
cat >"$work/rust/cargo" <<'STUB'
#!/bin/sh
[ "$1" = --version ] && exit 0
{ printf '%s ' "$@"; echo; env | grep -E '^(CC_|CARGO_TARGET_.*RUSTFLAGS|RUSTFLAGS)'; } >"$STUB_LOG"
while [ $# -gt 1 ]; do
    case $1 in
    --target) target=$2 ;;
    --target-dir) folder=$2 ;;
    esac
    shift
done
mkdir -p "$folder/$target/release" && cp "$STUB_BINARY" "$folder/$target/release/agentguard"
STUB
cat >"$work/rust/rustc" <<'STUB'
#!/bin/sh
case $* in
*sysroot*) echo "$STUB_SYSROOT" ;;
*) echo 'host: some-host-triple' ;;
esac
STUB
printf '#!/bin/sh\n' >"$work/rust/musl-gcc"
chmod +x "$work/rust/cargo" "$work/rust/rustc" "$work/rust/musl-gcc"
home=$work/built
building() {
    env -i HOME="$home" PATH="$work/rust:$PATH" TMPDIR="$work" CARGO_TARGET_DIR="$work/out" STUB_LOG="$work/asked" \
        STUB_BINARY="$binary" STUB_SYSROOT="$work/rust/sysroot" sh "$here/install.sh" >"$work/log" 2>&1
}
musl=$(uname -m)-unknown-linux-musl
check 'builds for the host' building
check 'host build: target' grep -q -- '--target some-host-triple' "$work/asked"
check 'host build: says what it costs' grep -q 'about 1 ms' "$work/log"
check 'host build: no flags of ours' sh -c "! grep -q RUSTFLAGS '$work/asked'"
mkdir -p "$work/rust/sysroot/lib/rustlib/$musl/lib"
if [ "$(uname -s)" = Linux ]; then
    check 'builds static' building
    check 'static build: target' grep -q -- "--target $musl" "$work/asked"
    check 'static build: C compiler' grep -q "^CC_$(echo "$musl" | tr - _)=musl-gcc" "$work/asked"
    check 'static build: not position-independent' grep -q '_MUSL_RUSTFLAGS=-C relocation-model=static' "$work/asked"
fi
check 'build: installed' cmp -s "$binary" "$home/.local/bin/agentguard"

printf 'install: %s checks, %s failed\n' "$checks" "$failed"
[ "$failed" -eq 0 ]
