#!/bin/sh
# Builds runner from the checkout this file lies in, and installs it for one user; or installs an archive of a release.
#
#   PREFIX/bin/runner    the binary: statically linked where Rust's std allows it, mode 0755
#   PREFIX/bin/NAME      a symlink to `runner`, for each `--as NAME`
#   PREFIX/share/...     the man page, and completions for bash, zsh and fish, unless `--no-share`; those of zsh where zsh
#                        looks, if its configuration names a directory of HOME
#
# Everything that can be found wrong is found before anything is written under PREFIX, and the binary
# arrives there by rename: an installation either happens or does not, even over a runner that is running.
# Another program called runner (there is one on crates.io) is neither replaced nor removed: ours is told by the build
# record in it. Nothing but a Rust toolchain needs to be on PATH. It does not edit a shell's startup files. Of the network
# it needs what cargo needs; and on Linux, where rustup manages the compiler and has no musl target for it, it asks rustup
# for one, unless `--no-rustup`: that makes the smallest binary.
#
# Back-ticks and tildes in quotes are for the reader of a message, not for the shell:
# shellcheck disable=SC2016,SC2088
set -eu
unset CDPATH

# Where the system has its own programs, behind what the caller has.
typed_path=${PATH-}
PATH=${typed_path:+$typed_path:}/usr/local/bin:/usr/bin:/bin
export PATH

# A name that no other program has, and other programs whose scripts runner also runs, under the names their `#!` lines use.
known_names='runscript rust-script run-cargo-script cargo-eval scriptisto'

usage() {
    cat <<USAGE
usage: ./install.sh [--prefix DIR] [--as NAME]... [--from ARCHIVE SHA256] [--try] ...
       ./install.sh --uninstall [--purge] [--prefix DIR]

Build runner and install it as DIR/bin/runner.

  --prefix DIR   where to install (default: \$HOME/.local)
  --as NAME      also make a symlink NAME to runner; may be repeated. NAME is one of
                 $known_names
  --from ARCHIVE SHA256
                 install the archive of a release instead of building: no Rust is needed
  --try          then run a first script, scripts/examples/words.rs
  --force        replace, or with --uninstall remove, another program called runner
  --no-rustup    do not have rustup add the musl target, with which a static binary is
                 smallest; use it if it is there, else the C library of this machine
  --no-share     install neither the man page nor completions (DIR/share)
  --uninstall    remove what this script installed under DIR, and say what stays
  --purge        with --uninstall: remove that too: the cache, the commands that were
                 promoted, and the configuration
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
purge=no
force=no
try=no
archive=
sum=
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
    --from)
        { [ $# -ge 3 ] && [ -n "$2" ]; } ||
            fail 2 '`--from` needs an archive and its SHA-256' '`./install.sh --from ARCHIVE SHA256`; the sum stands in SHA256SUMS'
        archive=$2 sum=$3
        shift 3
        continue
        ;;
    --uninstall | --purge | --force | --try | --no-rustup | --no-share)
        case $1 in
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        --force) force=yes ;;
        --try) try=yes ;;
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
if [ "$uninstall" = yes ] && [ "$archive$try" != no ]; then
    fail 2 '`--uninstall` cannot be used with `--from` or `--try`'
fi
if [ "$purge" = yes ] && [ "$uninstall" = no ]; then
    fail 2 '`--purge` needs `--uninstall`' '`./install.sh --uninstall --purge` removes everything'
fi
if [ -n "$archive" ]; then
    case $sum in
    *[!0-9a-fA-F]*) sum= ;;
    esac
    [ "${#sum}" = 64 ] || fail 2 'a SHA-256 has 64 hexadecimal digits' 'it stands in the SHA256SUMS of the release'
    [ "$try" = no ] || fail 2 '`--from` and `--try` cannot be used together' 'scripts are compiled, and `--from` needs no compiler'
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

# Whether the file $1 is our runner: by the build record in it; where programs can have none, and in versions that had none,
# by the completions it prints. It is not run to know that.
is_runner() {
    [ -f "$1" ] && LC_ALL=C grep -q -e 'about script runscript@' -e "$completions_begin" "$1" 2>/dev/null
}
completions_begin='^# Completes the command line of runner '

# What the other program $1 says that it is.
told_as() {
    said=$("$1" --version 2>/dev/null </dev/null) || said=
    case $said in
    'runner '[0-9]*) printf 'another program of that name (%s)' "$said" ;;
    *) printf 'not runner' ;;
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
    grep -q -e '^\.TH RUNNER ' -e "$completions_begin" "$1" 2>/dev/null
}

# Where zsh looks for functions: no directory of HOME's by itself, so it is asked what its configuration adds. A prefix
# elsewhere is the system's, whose directory it knows.
zsh_rc=${ZDOTDIR:-${HOME-}}/.zshrc
zsh_directory=$share/zsh/site-functions
zsh_looks=yes
case $prefix/ in
"${HOME-/nowhere}"/*)
    zsh_looks=no
    if [ -f "$zsh_rc" ] && command -v zsh >/dev/null; then
        set -- zsh -ic 'print -rl -- $fpath'
        ! command -v timeout >/dev/null || set -- timeout 10 "$@"
        places=$("$@" 2>/dev/null </dev/null) || places=
        while IFS= read -r place; do
            case $place in
            "$share/zsh/site-functions")
                zsh_directory=$place zsh_looks=yes
                break
                ;;
            "$HOME"/*)
                if [ "$zsh_looks" = no ] && [ -d "$place" ] && [ -w "$place" ]; then
                    zsh_directory=$place zsh_looks=yes
                fi
                ;;
            esac
        done <<PLACES
$places
PLACES
    fi
    ;;
esac

# place_of FILE: where it is installed.
place_of() {
    case $1 in
    zsh/*) printf '%s/_runner' "$zsh_directory" ;;
    *) printf '%s/%s' "$share" "$1" ;;
    esac
}

# --- uninstall ---

if [ "$uninstall" = yes ]; then
    if exists "$installed" && ! is_runner "$installed" && { [ "$force" = no ] || [ -d "$installed" ]; }; then
        fail 1 "\`$installed\` is $(told_as "$installed"), so it stays" 'remove it by hand if you know what it is, or with `--force`'
    fi
    home=${HOME-}
    cache=${RUNNER_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/runner}
    data=${XDG_DATA_HOME:-$home/.local/share}/runner
    config=${XDG_CONFIG_HOME:-$home/.config}/runner
    found=no
    removed() {
        printf 'removed %s\n' "$1"
        found=yes
    }
    if [ "$purge" = yes ] && is_runner "$installed"; then
        # It knows what it promoted; what was changed since is not its own any more.
        "$installed" cache stop >/dev/null 2>&1 || :
        "$installed" completions bash -- demote '' 2>/dev/null | while IFS='	' read -r name _; do
            ! "$installed" demote "$name" >/dev/null || printf 'removed the command %s\n' "$name"
        done
    fi
    for name in $known_names runner; do
        file=$bin/$name
        if [ "$name" = runner ]; then
            exists "$file" || continue
        else
            is_our_link "$file" || continue
        fi
        rm -f "$file" || fail 1 "cannot remove \`$file\`" "you need write permission on \`$bin\`"
        removed "$file"
    done
    for name in $shared_files; do
        for file in "$(place_of "$name")" "$share/$name"; do
            is_our_shared_file "$file" || continue
            rm -f "$file" || fail 1 "cannot remove \`$file\`" "you need write permission on \`$share\`"
            removed "$file"
        done
    done
    for place in "$cache" "$data" "$config"; do
        exists "$place" || continue
        case $place in
        "$cache") what='the cache' ;;
        "$data") what='the list of the commands that were promoted, which go on working' ;;
        *) what='the configuration' ;;
        esac
        # A directory that somebody else made may hold more than ours.
        if [ "$purge" = yes ] && { [ "$place" != "$cache" ] || [ -f "$place/CACHEDIR.TAG" ]; }; then
            rm -rf "$place" || fail 1 "cannot remove \`$place\`"
            removed "$place"
        else
            printf 'stays: %s (%s)\n' "$place" "$what"
            stays=yes
        fi
    done
    [ -z "${stays-}" ] || [ "$purge" = yes ] || printf '`./install.sh --uninstall --purge` removes these too\n'
    [ "$found" = yes ] || printf 'nothing to uninstall in %s\n' "$bin"
    exit 0
fi

# --- checks: nothing has been written yet ---

caller=$PWD
if [ -z "$archive" ]; then
    checkout=$(cd "$(dirname "$0")" && pwd)
    grep -q '^name *= *"runscript"' "$checkout/Cargo.toml" 2>/dev/null ||
        fail 1 "\`$checkout\` is not a checkout of runner" \
            'run the install.sh that lies in the checkout, or install an archive with `--from ARCHIVE SHA256`'
    # From here, so that the checkout's own cargo and toolchain files have their say, and the caller's do not.
    cd "$checkout"
    # shellcheck source=/dev/null
    . "$checkout/scripts/provenance"

    command -v cargo >/dev/null ||
        fail 1 '`cargo` is not on PATH, and building runner needs it' 'install Rust from https://rustup.rs'
    rustc=${RUSTC:-rustc}
    command -v "$rustc" >/dev/null ||
        fail 1 "\`$rustc\` is not on PATH, and building runner needs it" 'install Rust from https://rustup.rs'
    rust_version=$("$rustc" -vV) || fail 1 "\`$rustc -vV\` failed" '`rustup default stable` installs a toolchain'
    host=$(printf '%s\n' "$rust_version" | sed -n 's/^host: //p')
fi

for name in $as_names; do
    if exists "$bin/$name" && ! is_our_link "$bin/$name"; then
        fail 1 "\`$bin/$name\` exists and install.sh did not put it there" "remove it, or leave out \`--as $name\`"
    fi
done
if exists "$installed" && ! is_runner "$installed" && { [ "$force" = no ] || [ -d "$installed" ]; }; then
    fail 1 "\`$installed\` exists and is $(told_as "$installed")" \
        'install elsewhere with `--prefix DIR`, or replace it with `--force`'
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

# --- build ---

# encoded FLAGS: these and those without the builder's places, for `CARGO_ENCODED_RUSTFLAGS`.
encoded() {
    # shellcheck disable=SC2086
    joined $1
    printf '%s\n' "$remaps" | while IFS= read -r flag; do printf '\037%s' "$flag"; done
}

# with_linkage static|dynamic cargo build ...
# Flags of the user's configuration stay in a dynamic one: `--config` adds to those of a target.
with_linkage() {
    linkage_asked=$1
    shift
    if [ "$linkage_asked" = static ]; then
        env CARGO_ENCODED_RUSTFLAGS="$(encoded "$static_flags")" "$@"
    elif [ -n "${RUSTFLAGS-}" ]; then
        env CARGO_ENCODED_RUSTFLAGS="$(encoded "$RUSTFLAGS")" "$@"
    else
        case $remaps in
        *\'*) "$@" ;;
        *) "$@" --config "target.$host.rustflags=[$(printf '%s\n' "$remaps" | sed "s/.*/'&',/" | tr -d '\n')]" ;;
        esac
    fi
}

# links static|dynamic TARGET: an empty program can be linked so. Cargo is asked and not rustc, because a
# linker may be named in cargo's configuration.
links() {
    with_linkage "$1" cargo build --quiet --offline --manifest-path "$scratch/Cargo.toml" \
        --target-dir "$scratch/target" --target "$2" >"$scratch/log" 2>&1
}

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

# build: sets `built`, and how and for which machine it is linked.
build() {
    mkdir "$scratch/src"
    echo 'fn main() {}' >"$scratch/src/main.rs"
    printf '[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$scratch/Cargo.toml"

    # A static binary runs on any machine of its kind, and starts faster: it waits for no dynamic loader. The
    # flags go with an explicit `--target`, so that build scripts and proc macros do not get them.
    mkdir "$scratch/scripts"
    cp "$checkout"/scripts/*.ld "$scratch/scripts/"
    # Cargo sets this for build scripts, one of which may have called us, and it would win over RUSTFLAGS.
    unset CARGO_ENCODED_RUSTFLAGS

    # Without the builder's places.
    remaps=$(remap_flags "$checkout" "$rustc")

    if ! links dynamic "$host"; then
        why=$(grep -m 1 '^error' "$scratch/log") || why='error: cargo gave no reason'
        case $host in
        *-apple-*) hint='`xcode-select --install` installs a linker' ;;
        *) hint='install a C compiler, for example with `apt-get install gcc libc6-dev`' ;;
        esac
        fail 1 "cannot link a program: ${why#error: }" "$hint"
    fi

    linkage=dynamic target=$host
    case $host in
    *-linux-*)
        musl=$(printf '%s\n' "$host" | sed 's/-linux-gnu/-linux-musl/')
        if ! has_std "$musl" && [ "$with_rustup" = yes ]; then
            add_std "$musl" || :
        fi
        if has_std "$musl"; then
            for static_flags in "$(static_flags "$musl")" "$(libc_flags "$musl")"; do
                static_flags="${RUSTFLAGS-} $static_flags"
                links static "$musl" || continue
                linkage=static target=$musl
                break
            done
        fi
        if [ "$linkage" = dynamic ]; then
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
    # shellcheck disable=SC2086
    with_linkage "$linkage" cargo build $quiet --release --locked --bin runner \
        --target "$target" --target-dir "$target_dir" ||
        fail 1 'cargo could not build runner; nothing was installed'
    built=$target_dir/$target/release/runner
}

# --- unpack ---

# unpack: the binary of the archive, if that is what the sum says it is.
unpack() {
    case $archive in
    https://*)
        if command -v curl >/dev/null; then
            curl -fsSL --proto '=https' -o "$scratch/archive" "$archive"
        else
            wget -q -O "$scratch/archive" "$archive"
        fi || fail 1 "cannot download \`$archive\`"
        ;;
    *://*) fail 1 "cannot download \`$archive\`: only https is trusted" ;;
    *)
        [ -f "$archive" ] || fail 1 "cannot read \`$archive\`: no such file"
        cp "$archive" "$scratch/archive" || fail 1 "cannot read \`$archive\`"
        ;;
    esac
    if command -v sha256sum >/dev/null; then
        found=$(sha256sum <"$scratch/archive")
    elif command -v shasum >/dev/null; then
        found=$(shasum -a 256 <"$scratch/archive")
    elif command -v openssl >/dev/null; then
        found=$(openssl dgst -sha256 -r <"$scratch/archive")
    else
        fail 1 'nothing here reckons a SHA-256' 'install `sha256sum`, `shasum` or `openssl`'
    fi
    [ "${found%% *}" = "$(printf '%s' "$sum" | tr A-F a-f)" ] ||
        fail 1 "\`$archive\` is not what its SHA-256 says: ${found%% *}" 'download it again, with the SHA256SUMS beside it'
    mkdir "$scratch/unpacked"
    tar -xzf "$scratch/archive" -C "$scratch/unpacked" || fail 1 "cannot unpack \`$archive\`"
    set -- "$scratch"/unpacked/*/runner
    { [ -f "$1" ] && [ ! -L "$1" ]; } || fail 1 "there is no runner in \`$archive\`"
    built=$1
}

if [ -n "$archive" ]; then
    unpack
    linkage=from
else
    build
fi
version=$("$built" --version </dev/null) ||
    fail 1 "\`$built --version\` failed; nothing was installed" 'an archive is for one kind of machine, which its name says'

# --- install ---

mkdir -p "$bin" || fail 1 "cannot create \`$bin\`" 'install elsewhere with `--prefix DIR`'
# A name that nobody knew before, and a new file: no link that lies there is followed.
staged=$(mktemp "$bin/.runner.XXXXXXXX") || fail 1 "cannot write into \`$bin\`" 'install elsewhere with `--prefix DIR`'
if ! { cat "$built" >"$staged" && chmod 0755 "$staged"; }; then
    fail 1 "cannot write \`$staged\`" 'install elsewhere with `--prefix DIR`'
fi
# What it is made of: `runner inspect`. Only ELF programs can be given it, so it may fail.
if [ -z "$archive" ]; then
    flags=${RUSTFLAGS-}
    [ "$linkage" = dynamic ] || flags=$static_flags
    record_lines "$checkout" "$rustc" "$target" "$flags" >"$scratch/record"
    "$built" inspect --add-record "$staged" <"$scratch/record" 2>/dev/null || :
fi
mv -f "$staged" "$installed" || fail 1 "cannot write \`$installed\`" 'install elsewhere with `--prefix DIR`'
staged=
case $linkage in
from) printf 'installed %s (%s, from %s)\n' "$installed" "$version" "${archive##*/}" ;;
*) printf 'installed %s (%s, %sally linked)\n' "$installed" "$version" "$linkage" ;;
esac

if [ "$with_share" = yes ]; then
    # A convenience: what goes wrong here does not undo what went right.
    shared=
    for name in $shared_files; do
        file=$(place_of "$name")
        new=
        if exists "$file" && ! is_our_shared_file "$file"; then
            printf '%s stays: install.sh did not put it there\n' "$file"
        elif mkdir -p "${file%/*}" && print_shared "$name" >"$scratch/shared" </dev/null &&
            new=$(mktemp "$file.XXXXXXXX") && cat "$scratch/shared" >"$new" && chmod 0644 "$new" && mv -f "$new" "$file"; then
            shared=$share
        else
            [ -z "$new" ] || rm -f "$new" || :
        fi 2>/dev/null
    done
    if [ -n "$shared" ]; then
        printf 'installed a man page, and completions for bash, zsh and fish, in %s\n' "$share"
    else
        printf 'cannot write the man page and completions in %s, so they are left out\n' "$share"
    fi
    shell=${SHELL-}
    if [ "$zsh_looks" = no ] && { [ -f "$zsh_rc" ] || [ "${shell##*/}" = zsh ]; }; then
        printf 'zsh does not look there; add this line to ~/.zshrc, above compinit:\n    fpath=(%s $fpath)\n' "$zsh_directory"
    fi
fi

for name in $as_names; do
    is_our_link "$bin/$name" || ln -s runner "$bin/$name" || fail 1 "cannot make the symlink \`$bin/$name\`"
    printf 'linked %s -> runner\n' "$bin/$name"
done

if [ "$try" = yes ]; then
    printf 'running %s scripts/examples/words.rs README.md\n' "$installed"
    "$installed" "$checkout/scripts/examples/words.rs" "$checkout/README.md" ||
        fail 1 'the first script failed' "\`$installed why scripts/examples/words.rs\` says more"
fi

# Whether `runner`, typed in this environment, is the one just installed.
is_first_on_path() {
    first=$(PATH=$typed_path command -v runner) &&
        [ "$(cd "$(dirname "$first")" && pwd -P)" = "$(cd "$bin" && pwd -P)" ]
}

if ! is_first_on_path; then
    case ":$typed_path:" in
    *":$bin:"*) printf '%s comes first on PATH, and is another runner; this one is %s\n' "$first" "$installed" ;;
    *)
        quoted="'$(printf '%s\n' "$bin" | sed "s/'/'\\\\''/g")'"
        line="export PATH=$quoted:\"\$PATH\""
        case ${SHELL-} in
        */fish) file='~/.config/fish/config.fish' line="fish_add_path $quoted" ;;
        */zsh) file='~/.zshrc' ;;
        */bash) file='~/.bashrc' ;;
        *) file='~/.profile' ;;
        esac
        printf '%s is not on PATH: until it is, run scripts with %s SCRIPT\n' "$bin" "$installed"
        printf 'add this line to %s:\n    %s\n' "$file" "$line"
        ;;
    esac
fi
