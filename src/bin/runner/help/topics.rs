//! The topics of `runner help`, a page each. Lines of four spaces and `runner` are examples, and are run by a
//! test.

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
    Topic { name: "metadata", says: "dependencies and settings of a script", text: METADATA },
    Topic { name: "profiles", says: "how much a script is optimized, and when", text: PROFILES },
    Topic { name: "toolchains", says: "which compiler is used", text: TOOLCHAINS },
    Topic { name: "targets", says: "cross-compiling", text: TARGETS },
    Topic {
        name: "debugging",
        says: "print, time and keep a build; run under another program",
        text: STEERING,
    },
    Topic {
        name: "editor",
        says: "completion, diagnostics and debugging in editors",
        text: include_str!("editor.txt"),
    },
    Topic {
        name: "json",
        says: "what `--json` prints: fields, and their version",
        text: include_str!("json.txt"),
    },
    Topic { name: "languages", says: "languages of scripts", text: LANGUAGES },
    Topic {
        name: "cache",
        says: "where builds are cached, and when they are evicted",
        text: include_str!("cache.txt"),
    },
    Topic { name: "config", says: "settings: where each may be set, and precedence", text: CONFIG },
    Topic {
        name: "project",
        says: "`runner.toml`: settings and dependencies of many scripts",
        text: include_str!("project.txt"),
    },
    Topic { name: "offline", says: "builds without the network; local registries", text: OFFLINE },
    Topic {
        name: "remote",
        says: "a cache on a server, for a fleet of machines",
        text: include_str!("remote.txt"),
    },
    Topic {
        name: "system",
        says: "a cache shared by the users of a machine or image",
        text: include_str!("system.txt"),
    },
    Topic { name: "sandbox", says: "run a script that may touch nothing but what you allow", text: SANDBOX },
    Topic { name: "environment", says: "environment variables that are read and set", text: ENVIRONMENT },
    Topic { name: "exit-codes", says: "exit codes", text: EXIT_CODES },
    Topic { name: "promises", says: "what you can rely on", text: PROMISES },
];

const SHEBANG: &str = "\
A script is a command if its first line names runner and it may be executed:

  #!/usr/bin/env runner
  fn main() { println!(\"hello, {:?}\", std::env::args().nth(1)); }

    chmod +x hello.rs; ./hello.rs world

Options may follow: `#!/usr/local/bin/runner --debug -v`. Linux hands over all
that follows the interpreter as one argument; runner takes it apart. With `env`
in between that is `#!/usr/bin/env -S runner --debug`.

Everything after the script is the script's own, `--help` included. The program
becomes the process: same pid, terminal, signals, working directory; its name in
`argv[0]` is the script's. `RUNNER_SCRIPT` tells it where the script is.

A word without `/` or `.` that is a subcommand is taken for one. A script of
that name is reached by its path or by `run`:

    runner ./hello.rs
    runner run hello.rs

First lines for `cargo -Zscript`, `rust-script`, `scriptisto` and `//usr/bin/env
rustc` are understood too: what they say to those tools (`+nightly`, `--debug`,
`--edition 2018`) is taken as if it had been said to runner. Linux cuts the line
at 255 bytes.
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

That form is cargo's own (RFC 3503), and works here with stable Rust. The forms
of rust-script are read too: a doc comment with a block marked `cargo`, and a
line `// cargo-deps: regex=\"1\", serde`. `runner migrate` turns one into the
other.

`[dependencies]`, `[features]`, `[profile.*]`, `[lints]`, `[patch]` mean what
they mean to cargo; relative paths start at the script. What is for runner
stands in a table of its own, all of it optional:

  [package.metadata.runner]
  profile = \"dev\"                    as `--profile`
  toolchain = \"nightly\"              as `--toolchain`
  args = [\"--color\", \"never\"]        before the caller's own
  inputs = [\"templates/*.html\"]      files that no tool can see being read
  env = [\"API_URL\"]                  variables likewise
  rustflags = [\"-C\", \"lto\"]          for the script's own crate
  static = true                      needs no shared libraries

The newest versions that fit are chosen once, preferring what is compiled
already, and stay until `runner update`. A file `SCRIPT.lock` beside the script
is its lock; `runner update --lock` writes it, `--locked` insists on it.

    runner check hello.rs
    runner update hello.rs --lock
    runner --locked hello.rs
";

const PROFILES: &str = "\
A profile is how much the compiler optimizes, and checks:

  release   optimized; what a script that says nothing gets
  dev       cargo's: debug information, overflow checks, debug assertions
  quick     not optimized, with the semantics of release: slower, more stack

`--release`, `--debug` and `--profile PROFILE` choose, then `profile` in the
metadata. A profile that the metadata defines may be named. `build` and
`promote` are release unless the command line says otherwise.

    runner --debug hello.rs
    runner --profile quick hello.rs

A script with dependencies, or a long one, that names no profile is built quick
first, so that the first run is soon there. When the same content is run again,
a release build is made in the background, at the lowest priority, and takes its
place. `RUNNER_TIER=off` switches that off, and so does `CI`; `runner cache
list` shows it, `runner cache stop` ends it.

    RUNNER_TIER=off runner hello.rs
    runner cache stop
";

const LANGUAGES: &str = "\
A script is in Rust unless `--lang L`, its metadata, its extension, its first
line, a header for another tool or its first lines of code say otherwise. There
are c, c++, go, zig, nim, d, odin, swift, ocaml, fortran and haskell, each by
the compilers that are installed. Everything but what is cargo's is as for Rust:
cached, never stale, built, promoted, explained. What a compiler reads is
observed by the kernel, where that can be had: `runner env observation` says
whether it is, and `runner inputs SCRIPT` lists what was read.

Metadata stands in the comments of the language, all of it optional:

  // /// runner
  // lang = \"c\"                      as `--lang`
  // flags = [\"-pthread\"]            more arguments of the compiler
  // profile = \"dev\"                 as in Rust: also `toolchain`, `args`,
  //                                 `inputs`, `env`, `static`
  // ///

`--toolchain T` names the compiler, as a command or an absolute path. A compiler
and flags that the script's own first lines call are taken from there:
`#!/usr/bin/tcc -run -lm`, or `//usr/bin/env go run \"$0\" \"$@\"; exit`. C and C++
heed `CC`, `CXX`, `CFLAGS`, `CXXFLAGS`, `CPPFLAGS`, `LDFLAGS` and `LDLIBS`; Go
the module of the script's directory, or its own between `// go.mod >>>` and `//
<<< go.mod`; a header of scriptisto's is followed.

    echo 'int main(void) { return 0; }' | runner --lang c -

A Rust script needs no `main`: statements at its top level are one, where `?`
works and an error is `Error: ...` and exit code 1. Lines and columns in
messages stay the script's own. If a statement waits (`.await`) and the script
depends on tokio, async-std, smol, futures or pollster, that runs it. A file
that only holds tests runs under `runner test`.

    echo 'println!(\"{}\", 6 * 7)' | runner -
";

const TOOLCHAINS: &str = "\
The first of these decides:

  1. `--toolchain T`, or `+T`: a rustup toolchain, or the directory of one
  2. the script: `+T` on its first line, then `toolchain` in its metadata
  3. `RUNNER_TOOLCHAIN`, then `toolchain` in `runner.toml` of the project, then
     in the configuration file
  4. `RUSTC`, then `RUSTUP_TOOLCHAIN`
  5. rustup's default
  6. `rustc` on PATH

A `rust-toolchain.toml` in the working directory has no say: a script is the
same program wherever it is called from. The compiler behind rustup's proxy is
called directly, which saves 10 ms each time.

    runner +stable hello.rs
    runner --toolchain stable why hello.rs

One that is missing is installed by rustup with `--install`, and never without.

Another compiler, or the same one updated, is another build; going back to the
first is a hit. A cached script outlives its toolchain: if no compiler is there
at all, it still runs.
";

const TARGETS: &str = "\
`--target T` makes a program for another kind of machine, and runs it here if
something can:

    runner --target x86_64-unknown-linux-gnu hello.rs
  runner --target aarch64-unknown-linux-gnu hello.rs
  runner build --target x86_64-pc-windows-gnu hello.rs

The toolchain must have the standard library of the target (`rustup target add
T`), and what links for it must be there. That is `CARGO_TARGET_<T>_LINKER`,
`target.<T>.linker` in cargo's configuration, or the cross compiler by its
conventional name: `aarch64-linux-gnu-gcc` of Debian's `gcc-aarch64-linux-gnu`.
With musl the toolchain links by itself if there is none.
`CARGO_TARGET_<T>_RUSTFLAGS` counts too.

What runs the program is looked for at each run, in cargo's order:
`CARGO_TARGET_<T>_RUNNER`, `target.<T>.runner` in cargo's configuration, then
`qemu-<arch>`, with the cross compiler's libraries from `/usr/<arch>-linux-gnu`
if the program needs any; else the kernel is asked, which may have been told of
an emulator (`binfmt_misc`). The process becomes the emulator, whose exit code
and signals are the program's.

Each target has its own builds. The compiler's own machine is no target:
`--target` with that name is the same build as without. `build.target` in
cargo's configuration is what `--target` is by default.
";

const STEERING: &str = "\
    runner -x hello.rs 2>commands.sh; sh commands.sh

`-x` shows every command of a build on stderr as it is run, with the files that
compilers are given and what their environment has other than yours, so that it
can be pasted into a shell and does the same. The directory of the build is
`$WORK`. On a hit there is only the program.

    runner -n build hello.rs 2>commands.sh

`-n` shows them and runs none; nothing is built or written. How rustc is called
for a script with dependencies only cargo knows: until they are built cargo's
own call is the last that can be shown. A program that the script names by its
path, as a toolchain or as `$(x-config --libs)`, is not asked anything either.

    runner --work hello.rs 2>place

`--work` keeps the directory that it was built in, and prints `WORK=` and where.

    runner -v hello.rs 2>log
    runner --timings hello.rs 2>times

`-v` says why a script is compiled, and names each crate as it is compiled.
`--timings` says where the time went when the script has ended, the script's own
included.

    runner --exec 'env LANG=C' hello.rs

`--exec` runs the program under another one: `gdb --args`, `strace -f`, `perf
record`, `hyperfine -N`. Its words are split as a shell does; the program and
its arguments follow. The process becomes that program.

With `--timings` or `--temp`, and on a terminal while its build is provisional,
the script is a child. It behaves as if run directly: signals are forwarded,
terminal keys arrive once, it stops and continues with runner, runner ends with
its exit code or its signal, and it does not outlive runner.
";

const CONFIG: &str = "\
A setting has one name everywhere. `profile`, for one, is

  --profile dev        on the command line, and on the script's `#!` line
  profile = \"dev\"      under `[package.metadata.runner]` in a script
  RUNNER_PROFILE=dev   in the environment
  profile = \"dev\"      in the configuration file

The strongest of these that says anything wins, in this order: command line,
`#!` line, metadata, variable, project (`runner help project`), file. `runner
env` tells what won, and where it stands.

The file is the one that `RUNNER_CONFIG` names (an empty value means none), else
`runner/config.toml` in `$XDG_CONFIG_HOME`, else in `~/.config`. It is TOML. A
file that cannot be understood is an error until it is mended; a key that is not
known is said once. A change of it counts at the next run, and compiles only the
scripts that it means another build for.

  profile toolchain target       everywhere
  static locked sandbox
  allow-read allow-write         line, file
  allow-net allow-env
  edition                        everywhere; a script has it under `[package]`
  rustflags                      script, variable, file
  offline frozen quiet           command line, variable, file
  sandbox-build
  temp                           command line, file
  args inputs env                script
  older max-size                 options of `cache trim`, variable, file
  bin                            variable, file: where `promote` installs
  tier                           variable, file: a first build may be quick
  verbose                        command line, variable
  cache cache-system config      variable: needed before the file is read
  remote remote-signers          variable, file: the remote cache
  remote-timeout remote-args     (`runner help remote`)
  remote-write remote-key
  observe                        variable, file: whether compilers are observed
  verify progress                variable

In a variable a switch is `1` or `0` and a list is words; a variable that is
empty says nothing.

A language of one's own is a table of the file, and comes before those that are
built in:

  [language.foo]
  extensions = [\"foo\"]
  compiler = \"fooc\"                on PATH, or an absolute path
  arguments = [\"{flags}\", \"-o\", \"{output}\", \"-MF\", \"{read}\", \"{source}\"]
  depfile = true                   it writes a Makefile depfile to `{read}`
  release = [\"-O\"]                 `{flags}`; also `dev`, `quick`, `static`,
                                   `strip`
  formatter = [\"foofmt\"]             from standard input to standard output
  version = [\"--version\"]            what makes it say its version
  comment = \"#\"                      what begins a comment
  shebang = true                     it passes over a `#!` line
  install = \"get it from ...\"        the hint where it is missing

Without `depfile` the compiler is taken to read nothing but the script.

    RUNNER_PROFILE=dev runner env profile
    runner env --script hello.rs
";

const OFFLINE: &str = "\
A cached script needs no network. A new one needs none if its dependencies were
built here for another: they are resolved to those versions. Else cargo asks the
registry. One that does not answer is no error if all that is needed was
downloaded before: that is taken, and a line says so.

  --offline   do not ask; what is missing is an error that names it
  --locked    take the versions in SCRIPT.lock, and insist on it
  --frozen    both

They are settings: `RUNNER_OFFLINE=1`, or `offline = true` in the configuration
(`runner help config`). What cargo is told counts too, `CARGO_NET_OFFLINE` and
`net.offline` in its configuration, unless runner is told otherwise. So do
mirrors, vendored directories and local registries: `[source.crates-io]` with
`replace-with` in `$CARGO_HOME/config.toml`, as cargo documents them. A `.cargo`
directory beside a script, or where it is called from, has no say.

    runner build --cache hello.rs
    runner --offline hello.rs
";

const SANDBOX: &str = "\
`--sandbox` runs a script with nothing but what a program needs to start: it
reads the system's programs, libraries and configuration, its own directory and
itself. It writes nothing, has no network, no unix sockets, no signals to
others, and few variables. What it starts is held to the same.

    runner --sandbox hello.rs
    runner --sandbox --allow-write=/tmp --allow-net=443 hello.rs

  --allow-read[=PATH,...]   read and execute everything, or what is below PATH
  --allow-write[=PATH,...]  write everything, or below PATH, which must exist
  --allow-net[=PORT,...]    every network; or TCP to and at these ports
  --allow-env[=NAME,...]    every variable, or these too (`APP_*`)
  --allow-unix            unix sockets: docker, ssh-agent, D-Bus, X11 are such
  -A, --allow-all         all of these

On a script's `#!` line and in the configuration file (`sandbox = true`,
`allow-net = [\"443\"]`) they hold for every run; `RUNNER_SANDBOX=1` for every
script. Metadata may only ask for a sandbox: `sandbox = true`.

Linux 6.12 or later, x86_64 and aarch64; `runner env landlock` tells. A
kernel that cannot do all of it runs nothing: exit code 125. A cached run stays
one exec with the same process number.

`--sandbox-build` (implied by `--sandbox`; `sandbox-build = true` for all) holds
the build to this: packages are downloaded, by which no code of theirs is run;
then compilers, build scripts and procedural macros have no network, write only
to the cache, and read of your files compilers, packages, the script's directory
and its path dependencies. `check` and `clippy` are held to it, too, `doc` and
`lsp` are not.

    runner --sandbox-build hello.rs

Not protected from: names, sizes and times of files (only contents are); command
lines of other processes; use of processor, memory and disk (`ulimit`, cgroups);
text that a terminal takes for orders; descriptors that the script is started
with; faults of the kernel. Where something may be written, permissions and
times of every file of yours can be changed. With `--allow-net=PORT` it may
listen at a free port that it does not choose, and has no UDP: names are looked
up by TCP only. On its own `#!` line, a sandbox protects from the mistakes of a
script, not from its author. `sudo` and the like gain nothing
in it; namespaces, io_uring, ptrace and System V memory are closed.
";

const ENVIRONMENT: &str = "\
Read:

  RUNNER_CACHE         cache directory (default: `~/.cache/runner`)
  RUNNER_BIN           where `promote` installs (default: `~/.local/bin`)
  RUNNER_PROFILE, RUNNER_TOOLCHAIN and others: see `runner help config`
  RUNNER_CONFIG        configuration file (default: `runner/config.toml` in
                       `~/.config`)
  RUNNER_CACHE_SYSTEM  shared cache, read only (`runner help system`)
  RUNNER_REMOTE        cache on a server (`runner help remote`)
  RUNNER_PROGRESS      `off`: logs are not told of builds that take long
  RUNNER_TIER          `off`: no quick build first and no background build, as
                       with `CI`
  RUNNER_VERIFY        `1`: rebuild on a hit and compare with the cached binary
  RUSTC, RUSTUP_TOOLCHAIN, RUSTUP_HOME, CARGO_HOME, RUSTFLAGS and others: as
                       cargo and rustup read them

Set for the program:

  RUNNER_SCRIPT        the script's absolute path
  CARGO_MANIFEST_DIR   its directory, for scripts of cargo and rust-script

Nothing else of runner's is in the program's environment. Compilers get the
caller's variables without those that would let another project in, such as
`CARGO_TARGET_DIR` and `CARGO_PROFILE_*`. A variable that a script reads when it
is compiled (`env!`, `option_env!`) is part of the build: another value is
another build.

    RUNNER_CACHE=$PWD/elsewhere runner hello.rs
";

const EXIT_CODES: &str = "\
A run ends with

  the script's own   whatever it is; 128 + N to a shell, if signal N killed it
  125                runner or the compiler failed, or the command line is wrong
  126                the script was found, but cannot be read or executed
  127                the script or its compiler was not found

As those of env(1). What failed is one line on standard error that begins with
`runner:`, and a hint if there is a cure:

  runner: hello.rs: rustc failed (exit status: 1); nothing was cached

When the compiler has spoken, its own words stand above it. A panic of the
script is 101, and is the script's.

Called by the name of another tool (`rust-script`), what fails before the script
runs is 1, as there.
";

const PROMISES: &str = "\
1. Never stale, never torn. A run gives what a fresh build of what is on disk
now would give. Whatever is killed, full or raced, the next run works.

2. As if it were not there. A cached run takes no lock, writes nothing, starts
no process but the script, and costs a fraction of a millisecond. The script is
the process; nothing of runner's is on standard error.

3. It explains itself. Errors are one line and a hint; `runner why` says what
changed; `-v` says what is done and why.

Not watched, because no tool says they were read: system libraries behind `-l`,
files named inside `RUSTFLAGS`, and what a procedural macro reads by itself.
Such files and variables can be declared: see `inputs` and `env` in `runner help
metadata`.

    runner why hello.rs
    RUNNER_VERIFY=1 runner hello.rs
";
