//! What `--help` says.

/// Every option, for "did you mean".
pub(crate) const OPTIONS: &[&str] = &[
    "--base-path",
    "--check",
    "--cache",
    "--count",
    "--dep",
    "--expr",
    "--extern",
    "--lock",
    "--loop",
    "--unstable-feature",
    "--debug",
    "--edition",
    "--force",
    "--help",
    "--json",
    "--lang",
    "--locked",
    "--name",
    "--offline",
    "--output",
    "--profile",
    "--quiet",
    "--release",
    "--temp",
    "--to",
    "--toolchain",
    "--verbose",
    "--version",
    "--older",
    "--max-size",
];

const OVERVIEW: &str = "\
runner: run a single-file script in a compiled language

Usage:
  runner [OPTIONS] SCRIPT [ARGS]...     compile if needed, and run; what a `#!/usr/bin/env runner` line does
  runner [OPTIONS] - [ARGS]...          the same with a script on standard input
  runner -e EXPR [ARGS]...              print the value of an expression
  runner --loop CLOSURE [ARGS]...       call a closure with each line of standard input, print what it returns
  runner test SCRIPT [ARGS]...          run its tests; `runner bench` its benchmarks
  runner build SCRIPT [-o FILE|DIR/]    write a self-contained executable
  runner promote SCRIPT                 install it as a command, and keep track of it
  runner list                           what was promoted, and whether it is still current
  runner demote NAME...                 remove what was promoted
  runner check|clippy|fmt|doc SCRIPT    what the compiler and its tools say of it, in its own lines
  runner migrate SCRIPT                 its metadata in another form
  runner build --cache SCRIPT...        compile ahead, so that the first run is a hit
  runner update SCRIPT [--lock]         take the newest versions of its dependencies
  runner why SCRIPT                     whether the next run would be a hit, and if not, what changed
  runner cache path|size|list|trim|clean [SCRIPT]
  runner help [SUBCOMMAND]

Options, before the script (everything after it is the script's own):
      --release            optimized; what a script that says nothing gets
      --debug              cargo's dev profile: debug information and checks
      --profile P          release, dev, quick, or one the script's metadata defines
      --toolchain T, +T    a rustup toolchain, or a directory that holds one; for other languages a compiler
      --lang L             the language, if extension, first line or metadata do not say it: rust, c, c++, go, zig, ...
      --edition E          2015, 2018, 2021 or 2024
  -d, --dep NAME[=VERSION] a dependency that it does not name itself
      --offline            do not use the network
      --locked             insist on SCRIPT.lock
      --force              compile even if there is a cached binary
      --temp               run from a temporary binary; nothing is left behind
  -v, --verbose            say what is done and why
  -q, --quiet              no progress, no warnings
  -h, --help
  -V, --version

Options of expressions (`runner help expr` says more):
      --count              with `--loop`: the closure also gets the number of the line, from 1
      --extern NAME        `#[macro_use] extern crate NAME`
  -u, --unstable-feature F `#![feature(F)]`
  -b, --base-path DIR      where relative paths start

Exit codes: the script's own; else 125 runner or the compiler failed, 126 the script was found but cannot be read or
executed, 127 the script or its compiler was not found.
";

const EXPRESSION: &str = "\
Usage: runner -e EXPR [ARGS]...
       runner --loop CLOSURE [ARGS]...

`-e` prints the value of an expression as `{:?}`, unless it is `()`. It may be statements that end in an expression, and
`?` may be used: an error is `Error: ...` and exit code 1. The arguments are those of `std::env::args`.

`--loop` calls a closure with each line of standard input (a `&str` that keeps its line end) and prints what it returns in
the same way: `ls | runner --loop '|l| l.trim().len()'`. With `--count` the closure gets two arguments, the line and its
number. A block that ends in a closure can hold state: `{ let mut sum = 0; move |l| { sum += l.len(); sum } }`.

  -d, --dep NAME[=VERSION]      a dependency; may be repeated, as may the next two
      --extern NAME             `#[macro_use] extern crate NAME`
  -u, --unstable-feature F      `#![feature(F)]`, with a nightly toolchain
  -b, --base-path DIR           where relative paths start, as those of `include_str!`; else the working directory

The edition is 2021 unless `--edition` says otherwise. Expressions are compiled once and cached as scripts are.
";

const TEST: &str = "\
Usage: runner test [OPTIONS] SCRIPT [ARGS]...
       runner bench [OPTIONS] SCRIPT [ARGS]...

Builds a script with its development dependencies for the functions marked `#[test]` or `#[bench]`, and runs them. What
follows the script is for the program that runs them: a filter, `--nocapture`, `--list`. Tests are built in the profile
`test`, benchmarks in `bench` and with the nightly toolchain, unless the options say otherwise. A file that only holds
tests needs no `main`.
";

const CHECK: &str = "\
Usage: runner check [OPTIONS] SCRIPT [-- RUSTC OPTIONS...]
       runner clippy [OPTIONS] SCRIPT [-- CLIPPY OPTIONS...]

Shows what the compiler or clippy has to say of a script, in its own path and lines, with the dependencies of a run; `check`
also what cargo would warn of in its metadata. Exit code 125 if there are errors.
";

const DOC: &str = "\
Usage: runner doc [OPTIONS] SCRIPT [-o DIR] [-- RUSTDOC OPTIONS...]

Writes the documentation of a script into DIR or the cache, and prints the path of its first page.
";

const FMT: &str = "\
Usage: runner fmt [OPTIONS] SCRIPT [--check] [-- RUSTFMT OPTIONS...]

Formats a script where it is, in its own edition. With `--check` it only shows what would change; exit code 1 if anything.
";

const MIGRATE: &str = "\
Usage: runner migrate SCRIPT [--to frontmatter|block]

Rewrites the metadata of a script between lines of `---`, as cargo reads it, or with `--to block` as the doc comment that
rust-script reads too. Every other byte stays, and the edition that the old form stood for is written down. Refused if
something would be lost.
";

const RUST_SCRIPT: &str = "\
Usage: rust-script [OPTIONS] SCRIPT [ARGS]...      runner, called by the name of rust-script

  -e, --expr        SCRIPT is an expression        -l, --loop       SCRIPT is a closure for each line
      --count       with the line's number         -d, --dep DEP    a dependency, NAME or NAME=VERSION
  -x, --extern X    `#[macro_use] extern crate X`  -u F             `#![feature(F)]`
  -b, --base-path   where relative paths start     -t, --toolchain  a toolchain of rustup's
  -c, --cargo-output  say what is done             -f, --force      compile even if it is cached
      --debug       unoptimized and checked            --clear-cache
      --test, --bench                              -w, --wrapper    a program to run it under
  -p, --package     write the package, print its path, at --pkg-path DIR

Exit codes: the script's own; 1 if it could not be run.
";

const BUILD: &str = "\
Usage: runner build [OPTIONS] SCRIPT [-o FILE|DIR/]

Writes a self-contained executable under the script's name into the working directory, or where `-o` says: a file, or a
directory (one that exists, or a path that ends in a slash). It runs without runner, source or toolchain. Prints nothing.

       runner build --cache SCRIPT...

Compiles scripts into the cache, several at once, so that their first run is a hit, offline too: for images and
provisioning.
";

const PROMOTE: &str = "\
Usage: runner promote [OPTIONS] SCRIPT [--name NAME] [--to DIR] [--force]

Builds a release executable and installs it into DIR, `$RUNNER_BIN`, or the user's directory for executables
(`~/.local/bin`), under the script's file stem or NAME. `runner list` keeps track of it, `runner demote NAME` removes it.
A file runner did not put there is only replaced with `--force`.
";

const LIST: &str = "\
Usage: runner list

One line an executable that was promoted: its name, what became of it, where it is and what it was made from.
States: current, source changed, source gone, modified, missing.
";

const DEMOTE: &str = "\
Usage: runner demote NAME... [--force]

Removes executables that were promoted. One that is not what runner put there is only removed with `--force`.
";

const UPDATE: &str = "\
Usage: runner update SCRIPT [--lock]

Resolves the dependencies of a script to the newest versions that fit, and prints what changed. Until then a script keeps
the versions it was first built with, and a new one gets those that are already built here. `--lock` writes them to
SCRIPT.lock, which is then the script's lock wherever it goes; one that is there is renewed.
";

const WHY: &str = "\
Usage: runner why [OPTIONS] SCRIPT [--json]

Tells whether the next run would be a hit, and if not, which inputs changed: what each was and is. Runs and builds nothing.
`-v` on a run says the same in one line. `RUNNER_VERIFY=1` rebuilds on a hit and compares with the cached binary.
";

const CACHE: &str = "\
Usage: runner cache path                                where the cache is
       runner cache size                                bytes on disk
       runner cache list                                every cached build: used, bytes, profile, toolchain, script
       runner cache trim [--older 30d] [--max-size 5G]  remove what was not used, then the least recently used
       runner cache stop                                stop the background build
       runner cache clean [SCRIPT]                      remove everything, or every build of one script

A trim also runs by itself, at most daily. Everything in the cache can be made again; removing it by hand is safe.
";

/// The help of a topic; `None` if there is no such topic.
pub(crate) fn text(topic: Option<&str>) -> Option<&'static str> {
    Some(match topic {
        None | Some("run" | "runner" | "help") => OVERVIEW,
        Some("expr" | "-e" | "--expr" | "loop" | "--loop") => EXPRESSION,
        Some("test" | "bench") => TEST,
        Some("build") => BUILD,
        Some("check" | "clippy") => CHECK,
        Some("doc") => DOC,
        Some("fmt") => FMT,
        Some("migrate") => MIGRATE,
        Some("rust-script") => RUST_SCRIPT,
        Some("promote") => PROMOTE,
        Some("list") => LIST,
        Some("demote") => DEMOTE,
        Some("update") => UPDATE,
        Some("why") => WHY,
        Some("cache") => CACHE,
        Some(_) => return None,
    })
}
