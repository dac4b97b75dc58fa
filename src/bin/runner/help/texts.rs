//! The help texts of subcommands. Lines that begin with two spaces are shown as they are, here and in the manual; others are a
//! paragraph.

pub(crate) const OVERVIEW: &str = "\
runner: run a single-file script in a compiled language

Usage:
  runner [OPTIONS] SCRIPT [ARGS]...      compile if needed, and run the script
  runner [OPTIONS] - [ARGS]...           run a script from standard input
  runner [OPTIONS] CRATE@VERSION [ARGS]  run a program from crates.io
  runner [OPTIONS] https://... [ARGS]    run a script by URL, once you trust it
  runner -e EXPR [ARGS]...               print the value of an expression
  runner --loop CLOSURE [ARGS]...        call a closure with each line of stdin
  runner SUBCOMMAND ...
";

pub(crate) const CODES: &str = "
Exit codes: the script's own; else 125 runner or the compiler failed, 126 the
script was found but cannot be read or executed, 127 the script or its compiler
was not found.
";

pub(crate) const EXPRESSIONS: &str = "\
Usage: runner -e EXPR [ARGS]...
       runner --loop CLOSURE [ARGS]...

`-e` prints the value of an expression as `{:?}`, unless it is `()`. It may be
statements that end in an expression, and `?` may be used: an error is `Error:
...` and exit code 1. The arguments are those of `std::env::args`.

`--loop` calls a closure with each line of standard input (a `&str` that keeps
its line end) and prints what it returns in the same way: `ls | runner --loop
'|l| l.trim().len()'`. With `--count` the closure gets two arguments, the line
and its number. A block that ends in a closure can hold state: `{ let mut sum =
0; move |l| { sum += l.len(); sum } }`.

The edition is 2021 unless `--edition` says otherwise. Expressions are compiled
once and cached as scripts are.
";

pub(crate) const TEST: &str = "\
Usage: runner test [OPTIONS] SCRIPT... [ARGS]...
       runner bench [OPTIONS] SCRIPT... [ARGS]...

Builds a script with its development dependencies for the functions marked
`#[test]` or `#[bench]`, and runs them. What follows the script is for the
program that runs them: a filter, `--nocapture`, `--list`. Tests are built in
the profile `test`, benchmarks in `bench` and with the nightly toolchain, unless
the options say otherwise. A file that only holds tests needs no `main`. Words
after the first that are script files too are tested as well, each by itself;
`--` ends them. Exit code: the worst of them. With `--json` one object a script,
which holds what its tests printed.
";

pub(crate) const CHECK: &str = "\
Usage: runner check [OPTIONS] SCRIPT... [-- RUSTC OPTIONS...]
       runner clippy [OPTIONS] SCRIPT... [-- CLIPPY OPTIONS...]

Shows the messages of the compiler or of clippy on scripts, in its own path and
lines, with the dependencies of a run; `check` also what cargo would warn of in
its metadata. Exit code 125 if there are errors. This runs what a build runs:
the compiler that the script names, and the macros and build scripts of its
dependencies.

With `--json` each line is a diagnostic as rustc writes it, with absolute file
names and the script's own places; the last counts them and has no place. Exit
code 1 if there are errors.
";

pub(crate) const DOC: &str = "\
Usage: runner doc [OPTIONS] SCRIPT... [-o DIR] [-- RUSTDOC OPTIONS...]

Writes the documentation of a script into DIR or the cache, and prints the path
of its first page.
";

pub(crate) const FMT: &str = "\
Usage: runner fmt [OPTIONS] SCRIPT... [--check] [-- RUSTFMT OPTIONS...]

Formats a script where it is, in its own edition. With `--check` it only shows
what would change; exit code 1 if anything. This runs the formatter of the
toolchain that the script names.
";

pub(crate) const MIGRATE: &str = "\
Usage: runner migrate SCRIPT... [--to frontmatter|block]

Rewrites the metadata of a script between lines of `---`, as cargo reads it, or
with `--to block` as the doc comment that rust-script reads too. Every other
byte stays, and the edition that the old form stood for is written down. Refused
if something would be lost.
";

pub(crate) const RUST_SCRIPT: &str = "\
Usage: rust-script [OPTIONS] SCRIPT [ARGS]...

runner, called by the name of rust-script.

  -e, --expr             SCRIPT is an expression
  -l, --loop             SCRIPT is a closure, called with each line
      --count            with `--loop`: also pass the line number
  -d, --dep DEP          add a dependency, NAME or NAME=VERSION
  -x, --extern X         add `#[macro_use] extern crate X`
  -u FEATURE             add `#![feature(FEATURE)]`
  -b, --base-path DIR    base of relative paths
  -t, --toolchain T      rustup toolchain
  -c, --cargo-output     print what is done
  -f, --force            rebuild even if cached
      --debug            debug information and checks
      --test, --bench    run the tests or benchmarks
  -w, --wrapper COMMAND  run the program under COMMAND
  -p, --package          write a cargo package and print its path
      --pkg-path DIR     with `--package`: where to write it
      --clear-cache      remove every cached build

Exit codes: the script's own; 1 if it could not be run.
";

pub(crate) const BUILD: &str = "\
Usage: runner build [OPTIONS] SCRIPT... [-o FILE|DIR/]

Writes a self-contained executable of each script under its name (with `.exe`
for Windows) into the working directory, or where `-o` says: a directory (one
that exists, or a path that ends in a slash), or for one script a file. Links
are followed; devices and FIFOs are written into. The executable runs
without runner, source or toolchain, holds no path of this machine, and is the
same to the byte wherever, whenever and by whomever it is built. What it was
made of is in it: `runner inspect FILE` shows that, `runner verify FILE` builds
it again. Prints nothing.

`--json` prints an object a program: its path, bytes, b3 and sha256, its script,
compiler, profile, target and dependencies, and what was read for it: files,
what was not there, and the names of variables. `--print-path` builds into the
cache what a run would execute, paths of this machine and all, and prints where:
`gdb $(runner build --debug --print-path x.rs)`.

`--static` makes a program that needs no shared libraries, or says which it
needs. With glibc its archive must be there; with `--target
x86_64-unknown-linux-musl` a program is static by itself.

       runner build --cache SCRIPT...

Compiles scripts into the cache, several at once, so that their first run is a
hit, offline too: for images and provisioning.
";

pub(crate) const INSPECT: &str = "\
Usage: runner inspect FILE|NAME... [--json]

Shows the build record in a program, without running it: its script and the
digest of that, git's revision and whether something was modified, compiler,
target, profile, the flags that shaped it, the digest of the lock, and every
package that was compiled for it with version, source and checksum. Programs of
`build` and `promote` have one; `strip` keeps it. It holds no place of this
machine, and no value of a variable or of a `--cfg`. NAME is what was promoted
under that name.
";

pub(crate) const VERIFY: &str = "\
Usage: runner verify FILE|NAME... [--script SCRIPT]

Builds a program again from its script, with the compiler and the versions of
its build record, from nothing and in a cache of its own, and compares every
byte. Exit code 0 if it is identical, 1 if it differs; 125 if it cannot be told,
because the script has changed or is gone, or the compiler is not installed, or
the lock gives other versions now. The script is where the receipt of a
promotion says, or beside the program, in the working directory, or where the
cache knows one of that name and content; `--script` names it.
";

pub(crate) const UPGRADE: &str = "\
Usage: runner upgrade [NAME...|--all] [--force] [--offline]

Builds executables that were promoted again, with the options, the name and the
place of then, if their source has changed, if another toolchain would build
them now, or if there is a newer version of their package: of one that was
promoted as `CRATE@latest` or with a requirement; `CRATE@1.2.3` stays. Says one
line each; one that fails does not stop the others, and its exit code is that of
the command. One that was modified or removed is an error, and built again with
`--force`. There is a working executable at every moment.
";

pub(crate) const CRATES: &str = "\
Usage: runner [OPTIONS] CRATE@VERSION [ARGS]...
       runner promote|build|why|update CRATE@VERSION

Runs a program from crates.io, compiled once and cached, whatever project it is
called from. A word is a package if a crate's name stands before the `@`, a
version, a requirement or `latest` after it, and there is no file of that name
(`./CRATE@VERSION` is always a file).

  CRATE@1.2.3     that version; once built, no run needs the network
  CRATE@1, @~1.2  the newest that fits at the first run; kept until
                  `runner update CRATE@1` or an upgrade
  CRATE@latest    the newest, likewise

  --bin NAME       the program; default: the one named like the crate
  --features LIST  with these features
  --no-default-features, --all-features
  --locked         with the versions in the package's own Cargo.lock
  --registry NAME  a registry of cargo's configuration

Cargo fetches and compiles, so that its configuration (mirrors, vendored
sources, credentials) counts. The program is called by its own name. Exit code
127 if there is no such package, version or program.
";

pub(crate) const DEMOTE: &str = "\
Usage: runner demote NAME... [--force]

Removes executables that were promoted. If one of them was not, or is not what
runner put there, none is removed; `--force` removes what was changed since.
";

pub(crate) const ADD: &str = "\
Usage: runner add SCRIPT CRATE[@REQ]... [OPTIONS]
       runner remove SCRIPT CRATE... [OPTIONS]

Edits the dependencies of a script where they stand, in the form that the script
has; every other byte stays. Cargo makes the edit, so its options mean what they
mean to cargo. A script without metadata gets some. Without `@REQ` the newest
version is looked up and its compatible series required: `1` of 1.0.219. A
SCRIPT.lock is renewed as far as it has to be. If anything fails, for one crate
of several too, nothing has changed.

  runner add fetch.rs ureq -F json
  runner add fetch.rs serde@1 --features derive
  runner remove fetch.rs ureq
";

pub(crate) const DOCTOR: &str = "\
Usage: runner doctor [SCRIPT] [--strict] [--json]

Looks at all that runs rest on: runner itself and other programs of its name,
PATH, the cache, the configuration, installed commands, compilers, the linker.
With SCRIPT also at its mode, its `#!` line, its metadata and its lock. A line
says `ok`, `warn` or `FAIL`, the next one what mends it. Asks no network, and
changes nothing. Exit code 1 on FAIL, with `--strict` on warn, too.
";

pub(crate) const NEW: &str = "\
Usage: runner new FILE [--template TEMPLATE] [--lang LANGUAGE] [--dep NAME]...

Creates a script that runs, is executable and passes check, test and fmt. The
extension says the language, none is Rust. The edition of the compiler is
written down. FILE may be `-`: the script is printed. An existing file is left
alone.

  hello    statements without `main` (the default)
  cli      a command with options (clap)
  filter   standard input to standard output, line by line
  async    `.await` at top level (tokio)
  test     functions with tests, for `runner test`
  http     a page from the network (ureq)
  json     JSON from standard input (serde)

Files in `templates` beside the configuration file (`~/.config/runner`) are
templates too, and a path with a slash names one; `{{name}}` in it is the name
of the new file without its extension.
";

pub(crate) const ROLLBACK: &str = "\
Usage: runner rollback NAME... [--force] [--dry-run]

Puts back the executable that the last upgrade or promotion of NAME replaced; a
second rollback takes the first one back. One earlier program a name is kept.
`runner upgrade` builds the newest again.
";

pub(crate) const LOCK: &str = "\
Usage: runner lock SCRIPT... [--check] [--upgrade | -P NAME...]

Writes SCRIPT.lock beside each script, which is then its lock wherever it goes.
Versions that fit stay; `--upgrade` takes the newest, `-P` those of one package.
Without a lock the versions that runs have been taking are written down. The
lock of a script that has no dependencies any more is removed. With `--check`
nothing is written; exit code 1 if a lock would change.
";

pub(crate) const TREE: &str = "\
Usage: runner tree [OPTIONS] SCRIPT [CARGO TREE OPTIONS]...

Shows the dependencies of a script as `cargo tree` does, in the versions that a
run takes. What follows the script is for cargo: `-i NAME`, `-e features`, `-d`,
`--depth N`. Its exit code is that of the command. With `--json` a list of the
packages in the order of the tree, each with its depth.
";

pub(crate) const OUTDATED: &str = "\
Usage: runner outdated SCRIPT... [--transitive] [--json]
       runner outdated --all

Lists the dependencies of scripts of which there are newer versions: the one in
use, the newest that fits the requirement, the newest of all. Changes nothing;
`runner update` and `runner lock --upgrade` take what fits. Exit code 1 if
something newer fits.
";

pub(crate) const UPDATE: &str = "\
Usage: runner update SCRIPT... [--lock]
       runner update CRATE@latest | URL

Resolves the dependencies of a script to the newest versions that fit, and
prints what changed. Until then a script keeps the versions it was first built
with, and a new one gets those that are already built here. `--lock` writes them
to SCRIPT.lock, which is then the script's lock wherever it goes; one that is
there is renewed. Of a package its newest version is looked for, of a script by
URL its text.
";

pub(crate) const WHY: &str = "\
Usage: runner why [OPTIONS] SCRIPT... [--json]

Tells whether the next run would be a hit, and if not, which inputs changed:
what each was and is. Runs and builds nothing. `-v` on a run says the same in
one line. `RUNNER_VERIFY=1` rebuilds on a hit and compares with the cached
binary.
";

pub(crate) const INPUTS: &str = "\
Usage: runner inputs [OPTIONS] SCRIPT... [--json]

Lists what the last build of a script rests on, by who read it: the script, its
dependencies, the compiler for itself, or nobody (settings). `absent` is a name
that was looked for in vain, `directory` one whose names count. In parentheses
is the program that read it. A `tree` stands for files that came with the system
or a compiler: they are asked only if it has changed. `-v` lists those files,
and variables that are unset. Runs and builds nothing; if one of these changes,
the next run compiles, and `runner why` tells which.
";

pub(crate) const ENV: &str = "\
Usage: runner env [OPTIONS] [NAME...] [--script SCRIPT] [--json]

Shows every setting and every place that runner sees, its value, and who said so
if that is not the default. With names only their values, one a line: `$(runner
env cache)`. With `--script` and options as that run would have it. What is not
a setting: `rustc`, `rustc-version`, `host` and `cargo` of the toolchain,
`cargo-home`, `rustup-home`, `receipts`, `version`. `runner help config` tells
where settings are said. A compiler that the script names by its path is not run
to ask its version.
";

pub(crate) const CACHE: &str = "\
Usage: runner cache path             print where the cache is
       runner cache size [--json]    bytes on disk
       runner cache list [--json]    cached builds, one per line
       runner cache stats [--json]   counts of builds and of their use
       runner cache trim [--older DAYS] [--max-size SIZE] [--dry-run]
                                     evict unused, then least recently used
       runner cache stop             stop the background build
       runner cache clean [SCRIPT]   remove all builds, or those of SCRIPT
       runner cache push SCRIPT...   add programs to the remote cache

A trim also runs by itself, at most daily and in the background, and keeps what
`older` and `max-size` allow (`runner help config`). Everything in the cache can
be made again; removing it by hand is safe.

A cached run writes nothing, and so is not counted: `stats` tells the builds
that were made, and from the times the file system keeps which of them were used
lately.
";

pub(crate) const EDIT: &str = "\
Usage: runner edit [OPTIONS] SCRIPT [--open EDITOR]
       runner edit --print-config vscode|neovim|helix|zed|emacs|sublime|kakoune

Opens a script in `--open`, `$VISUAL` or `$EDITOR` (words as in a shell: `code
--wait`), else in the first of code, hx, nvim, vim and nano, and waits. If the
script has changed it is checked. `--print-config` prints the settings by which
an editor uses `runner lsp`, and a debugger finds a script's program.
";

pub(crate) const DISCOVER: &str = "\
Usage: runner discover SCRIPT|JSON
       runner discover --project SCRIPT
       runner discover --compile-commands SCRIPT... >compile_commands.json

Answers the questions of rust-analyzer's `workspace.discoverConfig` (`{\"path\":
P}` or `{\"buildfile\": F}`) with lines of JSON: the project of the script that
the file belongs to, with its dependencies, which are built if need be. Nothing
is written beside the script. `--project` prints the rust-project.json alone,
`--compile-commands` what clangd reads. `runner lsp` needs neither.
";

pub(crate) const LSP: &str = "\
Usage: runner lsp [--server PATH] [--lang LANGUAGE]

A language server on standard input and output, for editors. It starts the real
one (rust-analyzer of the script's toolchain, clangd, gopls, zls) and stands in
front of it, so that scripts have completion, hover, definitions and diagnostics
with their dependencies: without `main`, without extension, unsaved. Files of
projects pass through untouched, so it can be configured in place of
rust-analyzer. Called by the name `runner-lsp` it needs no argument. `runner
help editor` has the settings of editors.
";

pub(crate) const COMPLETIONS: &str = "\
Usage: runner completions bash|zsh|fish|elvish|nushell|powershell

Prints what makes a shell complete subcommands, options, their values, installed
toolchains, promoted commands and scripts. `install.sh` puts it where shells
look. By hand:

  source <(runner completions bash)      in ~/.bashrc
  source <(runner completions zsh)       in ~/.zshrc, after compinit
  runner completions fish | source       in ~/.config/fish/config.fish
  eval (runner completions elvish | slurp)
                                         in ~/.config/elvish/rc.elv
  runner completions nushell | save -f ($nu.user-autoload-dirs.0 + /runner.nu)
                                         once, in nushell
  runner completions powershell | Out-String | Invoke-Expression
                                         in the file that $PROFILE names
";

/// What there is to say of a subcommand at length, under every name that it is asked for by.
pub(crate) fn long(command: &str) -> Option<&'static str> {
    Some(match command {
        "test" | "bench" => TEST,
        "build" => BUILD,
        "inspect" => INSPECT,
        "verify" => VERIFY,
        "check" | "clippy" => CHECK,
        "doc" => DOC,
        "fmt" => FMT,
        "migrate" => MIGRATE,
        "promote" => include_str!("promote.txt"),
        "list" => include_str!("list.txt"),
        "upgrade" => UPGRADE,
        "crates" => CRATES,
        "demote" => DEMOTE,
        "add" | "remove" => ADD,
        "watch" => include_str!("watch.txt"),
        "doctor" => DOCTOR,
        "new" => NEW,
        "export" => include_str!("export.txt"),
        "import" => include_str!("import.txt"),
        "rollback" => ROLLBACK,
        "trust" => include_str!("trust.txt"),
        "lock" => LOCK,
        "tree" => TREE,
        "outdated" => OUTDATED,
        "update" => UPDATE,
        "why" => WHY,
        "inputs" => INPUTS,
        "env" => ENV,
        "cache" => CACHE,
        "expr" => EXPRESSIONS,
        "edit" => EDIT,
        "discover" => DISCOVER,
        "lsp" => LSP,
        "completions" => COMPLETIONS,
        _ => return None,
    })
}
