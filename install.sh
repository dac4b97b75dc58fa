#!/bin/sh
# Builds runner from the checkout this file lies in, and installs it for one user.
#
#   PREFIX/bin/runner    the binary: statically linked where Rust's std allows it, mode 0755
#   PREFIX/bin/NAME      a symlink to `runner`, for each `--as NAME`
#   PREFIX/share/...     the man page, and completions for bash, zsh and fish, unless `--no-share`
#
# Everything that can be found wrong is found before anything is written under PREFIX, and the binary
# arrives there by rename: an installation either happens or does not, even over a runner that is running.
# It does not edit a shell's startup files. Of the network it needs what cargo needs; and on Linux, where rustup manages the
# compiler and has no musl target for it, it asks rustup for one, unless `--no-rustup`: a static binary needs it.
#
# Back-ticks and tildes in quotes are for the reader of a message, not for the shell:
# shellcheck disable=SC2016,SC2088
set -eu
unset CDPATH

# Other programs whose scripts runner also runs, under the names their `#!` lines use.
known_names='rust-script run-cargo-script cargo-eval scriptisto'

usage() {
    cat <<USAGE
usage: ./install.sh [--prefix DIR] [--as NAME]... [--no-rustup] [--no-share] [--uninstall]

Build runner and install it as DIR/bin/runner.

  --prefix DIR   where to install (default: \$HOME/.local)
  --as NAME      also make a symlink NAME to runner; may be repeated. NAME is one of
                 $known_names
  --no-rustup    do not have rustup add the musl target, which a static binary needs; use it
                 if it is there, else link with the C library of this machine
  --no-share     install neither the man page nor completions (DIR/share)
  --uninstall    remove what this script installed under DIR
  -h, --help     print this

\`CARGO_TARGET_DIR\` is where it is built (default: \`target\` in the checkout).
USAGE
}

# fail STATUS WHAT [HINT]
fail() {
    printf 'install.sh: %s\n' "$2" >&2
    [ -z "${3-}" ] || printf '  hint: %s\n' "$3" >&2
    exit "$1"
}

# --- what was asked ---

prefix=
as_names=
with_rustup=yes
with_share=yes
uninstall=no
while [ $# -gt 0 ]; do
    case $1 in
    --prefix | --as)
        [ -n "${2-}" ] || fail 2 "\`$1\` needs a value" '`./install.sh --help` lists the options'
        option=$1 value=$2
        shift 2
        ;;
    --prefix=?* | --as=?*)
        option=${1%%=*} value=${1#*=}
        shift
        ;;
    --uninstall | --no-rustup | --no-share)
        case $1 in
        --uninstall) uninstall=yes ;;
        --no-rustup) with_rustup=no ;;
        --no-share) with_share=no ;;
        esac
        shift
        continue
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) fail 2 "unknown option \`$1\`" '`./install.sh --help` lists the options' ;;
    esac
    case $option in
    --prefix) prefix=$value ;;
    --as)
        case " $known_names " in
        *" $value "*) as_names="$as_names $value" ;;
        *) fail 2 "runner cannot be installed as \`$value\`" "the names are $known_names" ;;
        esac
        ;;
    esac
done
if [ "$uninstall" = yes ] && [ -n "$as_names" ]; then
    fail 2 '`--as` and `--uninstall` do not go together' '`--uninstall` removes every name of runner'
fi

if [ -z "$prefix" ]; then
    [ -n "${HOME-}" ] || fail 1 '`HOME` is not set' 'say where to install with `--prefix DIR`'
    prefix=$HOME/.local
fi
case $prefix in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac
bin=${prefix%/}/bin
share=${prefix%/}/share
installed=$bin/runner

# Whether $1 is a link that `--as` made: it is relative, so it survives a move of the prefix.
is_our_link() {
    [ -L "$1" ] && [ "$(readlink "$1")" = runner ]
}

# Whether the file $1 is a runner, which it shows by its `--version`.
is_runner() {
    [ -f "$1" ] && [ -x "$1" ] || return 1
    case $("$1" --version 2>/dev/null </dev/null) in
    'runner '[0-9]*) return 0 ;;
    *) return 1 ;;
    esac
}

exists() {
    [ -e "$1" ] || [ -L "$1" ]
}

# What goes below PREFIX/share, each where the programs that read it look, and what of runner's prints it.
shared_files='man/man1/runner.1
bash-completion/completions/runner
zsh/site-functions/_runner
fish/vendor_completions.d/runner.fish'

# print_shared FILE: what is to be in it.
print_shared() {
    case $1 in
    man/*) "$installed" help --man ;;
    bash*) "$installed" completions bash ;;
    zsh/*) "$installed" completions zsh ;;
    fish/*) "$installed" completions fish ;;
    esac
}

# Whether the file $1 is one of these.
is_our_shared_file() {
    grep -q -e '^\.TH RUNNER ' -e '^# Completes the command line of runner ' "$1" 2>/dev/null
}

# --- uninstall ---

if [ "$uninstall" = yes ]; then
    if exists "$installed" && ! is_runner "$installed"; then
        fail 1 "\`$installed\` is not runner, so it stays" 'remove it by hand if you know what it is'
    fi
    found=no
    for name in $known_names runner; do
        file=$bin/$name
        if [ "$name" = runner ]; then
            exists "$file" || continue
        else
            is_our_link "$file" || continue
        fi
        rm -f "$file" || fail 1 "cannot remove \`$file\`" "you need write permission on \`$bin\`"
        printf 'removed %s\n' "$file"
        found=yes
    done
    for name in $shared_files; do
        file=$share/$name
        is_our_shared_file "$file" || continue
        rm -f "$file" || fail 1 "cannot remove \`$file\`" "you need write permission on \`$share\`"
        printf 'removed %s\n' "$file"
        found=yes
    done
    [ "$found" = yes ] || printf 'nothing to uninstall in %s\n' "$bin"
    exit 0
fi

# --- checks: nothing has been written yet ---

caller=$PWD
checkout=$(cd "$(dirname "$0")" && pwd)
grep -q '^name *= *"runner"' "$checkout/Cargo.toml" 2>/dev/null ||
    fail 1 "\`$checkout\` is not a checkout of runner" 'run the install.sh that lies in the checkout'
# From here, so that the checkout's own cargo and toolchain files have their say, and the caller's do not.
cd "$checkout"

command -v cargo >/dev/null ||
    fail 1 '`cargo` is not on PATH, and building runner needs it' 'install Rust from https://rustup.rs'
rustc=${RUSTC:-rustc}
command -v "$rustc" >/dev/null ||
    fail 1 "\`$rustc\` is not on PATH, and building runner needs it" 'install Rust from https://rustup.rs'
rust_version=$("$rustc" -vV) || fail 1 "\`$rustc -vV\` failed" '`rustup default stable` installs a toolchain'
host=$(printf '%s\n' "$rust_version" | sed -n 's/^host: //p')

for name in $as_names; do
    if exists "$bin/$name" && ! is_our_link "$bin/$name"; then
        fail 1 "\`$bin/$name\` exists and install.sh did not put it there" "remove it, or leave out \`--as $name\`"
    fi
done
if exists "$installed" && ! is_runner "$installed"; then
    fail 1 "\`$installed\` exists and is not runner" 'remove it, or install elsewhere with `--prefix DIR`'
fi
ancestor=$bin
while ! exists "$ancestor"; do
    ancestor=$(dirname "$ancestor")
done
[ -d "$ancestor" ] ||
    fail 1 "cannot install into \`$bin\`: \`$ancestor\` is not a directory" 'install elsewhere with `--prefix DIR`'
if ! [ -w "$ancestor" ] || ! [ -x "$ancestor" ]; then
    fail 1 "cannot install into \`$bin\`: \`$ancestor\` is not writable" 'install elsewhere with `--prefix DIR`'
fi

scratch=
staged=
clean_up() {
    [ -z "$staged" ] || rm -f "$staged"
    [ -z "$scratch" ] || rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
scratch=$(mktemp -d) || fail 1 'cannot make a temporary directory' 'set `TMPDIR` to a directory you can write to'

mkdir "$scratch/src"
echo 'fn main() {}' >"$scratch/src/main.rs"
printf '[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$scratch/Cargo.toml"

# A static binary runs on any machine of its kind, and starts faster: it waits for no dynamic loader. The
# flags go with an explicit `--target`, so that build scripts and proc macros do not get them.
static_flags="${RUSTFLAGS-} -C target-feature=+crt-static -C relocation-model=static"
# Where runner brings an entry point of its own, a cached script is found before libc has started (src/bin/runner/start/entry.rs).
entry_flags=
case $host in
x86_64-*-linux-*) entry_flags='-C link-arg=-Wl,-e,runner_start --cfg runner_start' ;;
esac
# Cargo sets this for build scripts, one of which may have called us, and it would win over RUSTFLAGS.
unset CARGO_ENCODED_RUSTFLAGS

# with_linkage static|dynamic COMMAND...
with_linkage() {
    case $1 in
    static) shift && env RUSTFLAGS="$static_flags" "$@" ;;
    dynamic) shift && "$@" ;;
    esac
}

# links static|dynamic TARGET: an empty program can be linked so. Cargo is asked and not rustc, because a
# linker may be named in cargo's configuration.
links() {
    with_linkage "$1" cargo build --quiet --offline --manifest-path "$scratch/Cargo.toml" \
        --target-dir "$scratch/target" --target "$2" >"$scratch/log" 2>&1
}

if ! links dynamic "$host"; then
    why=$(grep -m 1 '^error' "$scratch/log") || why='error: cargo gave no reason'
    case $host in
    *-apple-*) hint='`xcode-select --install` installs a linker' ;;
    *) hint='install a C compiler, for example with `apt-get install gcc libc6-dev`' ;;
    esac
    fail 1 "cannot link a program: ${why#error: }" "$hint"
fi

# --- build ---

# has_std TARGET: Rust's std is installed for it.
has_std() {
    libdir=$("$rustc" --print target-libdir --target "$1" 2>/dev/null) && [ -d "$libdir" ]
}

# add_std TARGET: has rustup add it to the toolchain that will build, if that is one of rustup's.
add_std() {
    sysroot=$("$rustc" --print sysroot 2>/dev/null) && sysroot=$(cd "$sysroot" 2>/dev/null && pwd -P) || return 1
    toolchains=$(cd "${RUSTUP_HOME:-${HOME-}/.rustup}/toolchains" 2>/dev/null && pwd -P) || return 1
    # A toolchain that is only linked lies elsewhere, and rustup cannot add to it.
    toolchain=${sysroot#"$toolchains/"}
    case $toolchain in
    */*) return 1 ;;
    esac
    rustup=$(command -v rustup) || rustup=$(command -v "${CARGO_HOME:-${HOME-}/.cargo}/bin/rustup") || return 1
    printf 'adding Rust'"'"'s std for %s to %s, for a static binary (`--no-rustup` does without)\n' \
        "$1" "$toolchain"
    # Where the network is gone without a word, nobody should wait for long.
    set -- "$rustup" target add --toolchain "$toolchain" "$1"
    ! command -v timeout >/dev/null || set -- timeout 180 "$@"
    if ! "$@" >"$scratch/log" 2>&1 </dev/null; then
        why=$(sed -n 's/^error: //p' "$scratch/log" | tail -n 1)
        printf 'rustup could not add it%s\n' "${why:+: $why}"
        return 1
    fi
}

linkage=dynamic target=$host
case $host in
*-linux-*)
    musl=$(printf '%s\n' "$host" | sed 's/-linux-gnu/-linux-musl/')
    if ! has_std "$musl" && [ "$with_rustup" = yes ]; then
        add_std "$musl" || :
    fi
    if has_std "$musl" && links static "$musl"; then
        linkage=static target=$musl
    else
        printf 'no static C library here, so runner will be linked dynamically (`%s` provides one)\n' \
            "rustup target add $musl"
    fi
    ;;
esac

target_dir=${CARGO_TARGET_DIR:-$checkout/target}
case $target_dir in
/*) ;;
*) target_dir=$caller/$target_dir ;;
esac
[ "$linkage" = dynamic ] || target_dir=$target_dir/static

quiet=--quiet
[ ! -t 2 ] || quiet=
# `$quiet` is one option or none.
static_flags="$static_flags $entry_flags"
# shellcheck disable=SC2086
with_linkage "$linkage" cargo build $quiet --release --locked --bin runner \
    --target "$target" --target-dir "$target_dir" ||
    fail 1 'cargo could not build runner; nothing was installed'
built=$target_dir/$target/release/runner
version=$("$built" --version </dev/null) || fail 1 "\`$built --version\` failed; nothing was installed"

# --- install ---

mkdir -p "$bin" || fail 1 "cannot create \`$bin\`" 'install elsewhere with `--prefix DIR`'
staged=$bin/.runner.$$
if ! { cp "$built" "$staged" && chmod 0755 "$staged" && mv -f "$staged" "$installed"; }; then
    fail 1 "cannot write \`$installed\`" 'install elsewhere with `--prefix DIR`'
fi
staged=
printf 'installed %s (%s, %s)\n' "$installed" "$version" "${linkage}ally linked"

if [ "$with_share" = yes ]; then
    # A convenience: what goes wrong here does not undo what went right.
    shared=
    for name in $shared_files; do
        file=$share/$name
        if exists "$file" && ! is_our_shared_file "$file"; then
            printf '%s stays: install.sh did not put it there\n' "$file"
        elif mkdir -p "${file%/*}" && print_shared "$name" >"$scratch/shared" </dev/null &&
            cp "$scratch/shared" "$file.$$" && chmod 0644 "$file.$$" && mv -f "$file.$$" "$file"; then
            shared=$share
        else
            rm -f "$file.$$" || :
        fi 2>/dev/null
    done
    if [ -n "$shared" ]; then
        printf 'installed a man page, and completions for bash, zsh and fish, in %s\n' "$share"
    else
        printf 'cannot write the man page and completions in %s, so they are left out\n' "$share"
    fi
fi

for name in $as_names; do
    is_our_link "$bin/$name" || ln -s runner "$bin/$name" || fail 1 "cannot make the symlink \`$bin/$name\`"
    printf 'linked %s -> runner\n' "$bin/$name"
done

# Whether `runner`, typed in this environment, is the one just installed.
is_first_on_path() {
    first=$(command -v runner) && [ "$(cd "$(dirname "$first")" && pwd -P)" = "$(cd "$bin" && pwd -P)" ]
}

if ! is_first_on_path; then
    case ":$PATH:" in
    *":$bin:"*) printf '%s comes first on PATH, and is another runner\n' "$first" ;;
    *)
        quoted="'$(printf '%s\n' "$bin" | sed "s/'/'\\\\''/g")'"
        line="export PATH=$quoted:\"\$PATH\""
        case ${SHELL-} in
        */fish) file='~/.config/fish/config.fish' line="fish_add_path $quoted" ;;
        */zsh) file='~/.zshrc' ;;
        */bash) file='~/.bashrc' ;;
        *) file='~/.profile' ;;
        esac
        printf '%s is not on PATH; add this line to %s:\n    %s\n' "$bin" "$file" "$line"
        ;;
    esac
fi
