//! Topics: what there is to know beyond subcommands and options, a page each. Lines of four spaces and `runner` are examples,
//! and are run by a test.

/// A page.
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    /// What it is about, in half a sentence.
    pub(crate) says: &'static str,
    pub(crate) text: &'static str,
}

/// Every page, in the order of help.
pub(crate) const TOPICS: &[Topic] = &[
    Topic { name: "shebang", says: "scripts as commands: the `#!` line", text: SHEBANG },
    Topic { name: "metadata", says: "dependencies and settings at the head of a script", text: METADATA },
    Topic { name: "profiles", says: "how much a script is optimized, and when", text: PROFILES },
    Topic { name: "toolchains", says: "which compiler is used", text: TOOLCHAINS },
    Topic { name: "languages", says: "what a script may be written in", text: LANGUAGES },
    Topic { name: "cache", says: "where compiled scripts are, and when they go", text: CACHE },
    Topic { name: "environment", says: "variables that are read and set", text: ENVIRONMENT },
    Topic { name: "exit-codes", says: "what a run ends with", text: EXIT_CODES },
    Topic { name: "promises", says: "what can be relied on", text: PROMISES },
];

const SHEBANG: &str = "\
A script is a command if its first line names runner and it may be executed:

  #!/usr/bin/env runner
  fn main() { println!(\"hello, {}\", std::env::args().nth(1).unwrap_or_default()); }

    chmod +x hello.rs; ./hello.rs world

Options may follow: `#!/usr/local/bin/runner --debug -v`. Linux hands over all that follows the
interpreter as one argument; runner takes it apart. With `env` in between that is `#!/usr/bin/env -S
runner --debug`.

Everything after the script is the script's own, `--help` included. The program becomes the process:
same pid, terminal, signals, working directory; its name in `argv[0]` is the script's.
`RUNNER_SCRIPT` tells it where the script is.

A word without `/` or `.` that is a subcommand is taken for one. A script of that name is reached by
its path or by `run`:

    runner ./hello.rs
    runner run hello.rs

First lines for `cargo -Zscript`, `rust-script`, `scriptisto` and `//usr/bin/env rustc` are
understood too: what they say to those tools (`+nightly`, `--debug`, `--edition 2018`) is taken as
if it had been said to runner. Linux cuts the line at 255 bytes.
";

const METADATA: &str = "\
A script says what it needs at its head, in the words of `Cargo.toml`:

  #!/usr/bin/env runner
  ---
  [package]
  edition = \"2024\"

  [dependencies]
  regex = \"1\"
  ---
  fn main() { ... }

That form is cargo's own (RFC 3503), and works here with stable Rust. The forms of rust-script are
read too: a doc comment with a block marked `cargo`, and a line `// cargo-deps: regex=\"1\", serde`.
`runner migrate` turns one into the other.

`[dependencies]`, `[features]`, `[profile.*]`, `[lints]`, `[patch]` mean what they mean to cargo;
relative paths start at the script. What is for runner stands in a table of its own, all of it
optional:

  [package.metadata.runner]
  profile = \"dev\"                    as `--profile`
  toolchain = \"nightly\"              as `--toolchain`
  args = [\"--color\", \"never\"]        before the caller's own
  inputs = [\"templates/*.html\"]      files that no tool can see being read
  env = [\"API_URL\"]                  variables likewise
  rustflags = [\"-C\", \"lto\"]          for the script's own crate
  static = true                      needs no shared libraries

The newest versions that fit are chosen once, preferring what is compiled already, and stay until
`runner update`. A file `SCRIPT.lock` beside the script is its lock; `runner update --lock` writes
it, `--locked` insists on it.

    runner check hello.rs
    runner update hello.rs --lock
    runner --locked hello.rs
";

const PROFILES: &str = "\
A profile is how much the compiler optimizes, and checks:

  release   optimized; what a script that says nothing gets
  dev       cargo's: debug information, overflow checks, debug assertions
  quick     not optimized, with the semantics of release: only speed differs

`--release`, `--debug` and `--profile PROFILE` choose, then `profile` in the metadata. A profile
that the metadata defines may be named. `build` and `promote` are release unless the command line
says otherwise.

    runner --debug hello.rs
    runner --profile quick hello.rs

A script with dependencies, or a long one, that names no profile is built quick first, so that the
first run is soon there. When the same content is run again, a release build is made in the
background, at the lowest priority, and takes its place. `RUNNER_TIER=off` switches that off, and so
does `CI`; `runner cache list` shows it, `runner cache stop` ends it.

    RUNNER_TIER=off runner hello.rs
    runner cache stop
";

const LANGUAGES: &str = "\
A script is in Rust unless `--lang L`, its metadata, its extension, its first line, a header for
another tool or its first lines of code say otherwise. There are c, c++, go, zig, nim, d, odin,
swift, ocaml, fortran and haskell, each by the compilers that are installed. Everything but what is
cargo's is as for Rust: cached, never stale, built, promoted, explained.

Metadata stands in the comments of the language, all of it optional:

  // /// runner
  // lang = \"c\"                      as `--lang`
  // flags = [\"-pthread\"]            more arguments of the compiler
  // profile = \"dev\"                 `toolchain`, `args`, `inputs`, `env`, `static` as in Rust's
  // ///

`--toolchain T` names the compiler, as a command or an absolute path. A compiler and flags that the
script's own first lines call are taken from there: `#!/usr/bin/tcc -run -lm`, or
`//usr/bin/env go run \"$0\" \"$@\"; exit`. C and C++ heed `CC`, `CXX`, `CFLAGS`, `CXXFLAGS`,
`CPPFLAGS`, `LDFLAGS` and `LDLIBS`; Go the module of the script's directory, or its own between
`// go.mod >>>` and `// <<< go.mod`; a header of scriptisto's is followed.

    echo 'int main(void) { return 0; }' | runner --lang c -

A Rust script needs no `main`: statements at its top level are one, where `?` works and an error is
`Error: ...` and exit code 1. Lines and columns in messages stay the script's own. If a statement
waits (`.await`) and the script depends on tokio, async-std, smol, futures or pollster, that runs
it. A file that only holds tests runs under `runner test`.

    echo 'println!(\"{}\", 6 * 7)' | runner -
";

const TOOLCHAINS: &str = "\
The first of these decides:

  1. `--toolchain T`, or `+T`: a name that rustup knows, or a directory that holds a toolchain
  2. the script: `toolchain` in its metadata, or `+T` on its first line
  3. `RUNNER_TOOLCHAIN`
  4. `RUSTC`, then `RUSTUP_TOOLCHAIN`
  5. rustup's default
  6. `rustc` on PATH

A `rust-toolchain.toml` in the working directory has no say: a script is the same program wherever
it is called from. The compiler behind rustup's proxy is called directly, which saves 10 ms each
time.

    runner +stable hello.rs
    runner --toolchain stable why hello.rs

Another compiler, or the same one updated, is another build; going back to the first is a hit. A
cached script outlives its toolchain: if no compiler is there at all, it still runs.
";

const CACHE: &str = "\
Compiled scripts are in `$RUNNER_CACHE`, else in `runner` in the user's cache directory
(`~/.cache/runner`). Everything there can be made again, and removing it by hand is safe at any
moment, also while scripts run and are built.

    runner cache path
    runner cache list
    runner cache trim --older 7d --max-size 2G
    runner cache clean hello.rs

A binary is found by the script's path, its bytes and the options. It is used only if everything the
build looked at is as it was: modules, included files, variables, path dependencies, lock file,
configuration, compiler and linker. What changed is told by

    runner why hello.rs

What was not used for 30 days goes by itself, then the least recently used beyond 5 GB, at most
daily and never in a cached run. If the cache cannot be used (a full disk, a read-only home) the
script still runs, from a temporary binary, and a line says why. `--temp` asks for that.

    runner build --cache hello.rs

compiles ahead: for images and provisioning, after which the first run is a hit, offline too.
";

const ENVIRONMENT: &str = "\
Read:

  RUNNER_CACHE       where the cache is; else `$XDG_CACHE_HOME/runner`, else `~/.cache/runner`
  RUNNER_BIN         where `promote` installs; else `$XDG_BIN_HOME`, else `~/.local/bin`
  RUNNER_TOOLCHAIN   as `--toolchain`, where neither the options nor the script name one
  RUNNER_TIER        `off`: no quick build first, no build in the background; `CI` does the same
  RUNNER_VERIFY      `1`: build again on a hit, and compare with the cached binary
  RUSTC, RUSTUP_TOOLCHAIN, RUSTUP_HOME, CARGO_HOME, RUSTFLAGS and their kin: as cargo and rustup read them

Set for the program:

  RUNNER_SCRIPT        the script's absolute path
  CARGO_MANIFEST_DIR   its directory, for scripts that cargo or rust-script would have told

Nothing else of runner's is in the program's environment. Compilers get the caller's variables
without those that would let another project in, such as `CARGO_TARGET_DIR` and `CARGO_PROFILE_*`. A
variable that a script reads when it is compiled (`env!`, `option_env!`) is part of the build:
another value is another build.

    RUNNER_CACHE=$PWD/elsewhere runner hello.rs
";

const EXIT_CODES: &str = "\
A run ends with

  the script's own   whatever it is; 128 and the number of the signal, to a shell, if it was killed
  125                runner or the compiler failed, or the command line is wrong
  126                the script was found, but cannot be read or executed
  127                the script or its compiler was not found

As those of env(1). What failed is one line on standard error that begins with `runner:`, and a hint
if there is a cure:

  runner: hello.rs: rustc failed (exit status: 1); nothing was cached

When the compiler has spoken, its own words stand above it. A panic of the script is 101, and is the
script's.

Called by the name of another tool (`rust-script`), what fails before the script runs is 1, as
there.
";

const PROMISES: &str = "\
1. Never stale, never torn. A run gives what a fresh build of what is on disk now would give.
Whatever is killed, full or raced, the next run works.

2. As if it were not there. A cached run takes no lock, writes nothing, starts no process but the
script, and costs a fraction of a millisecond. The script is the process; nothing of runner's is on
standard error.

3. It explains itself. Errors are one line and a hint; `runner why` says what changed; `-v` says
what is done and why.

Not watched, because no tool says they were read: system libraries behind `-l`, files named inside
`RUSTFLAGS`, and what a procedural macro reads by itself. Such files and variables can be declared:
see `inputs` and `env` in `runner help metadata`.

    runner why hello.rs
    RUNNER_VERIFY=1 runner hello.rs
";
