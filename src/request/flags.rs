//! The table of flags and settings: everything that can be typed after `runner` but subcommands, one row each.
//!
//! The parser, `--help`, the man page, completions, `#!` lines, `runner env`, receipts and the command line of a background
//! build are all made from it. To add an option: a field of [`Options`] and a row here.
//!
//! A row says
//!
//! 1. how the flag is written, `-s, --long VALUE`. A flag has the same form everywhere, or at least takes a value
//!    everywhere, since arguments are cut at the script before anything else is known of them;
//! 2. who takes it: subcommands, or [`SCRIPT`], [`EXPRESSION`], [`EVERY`];
//! 3. what it does, in half a sentence. Without one it is for runner itself, and shown nowhere;
//! 4. which option it sets, and by that how it is written back;
//! 5. where else it may be said, if it is a setting.
//!
//! A value is completed by what it is called:
//!
//! | called | completed with |
//! | --- | --- |
//! | `one\|two`, in small letters | those words |
//! | `PROFILE`, `TOOLCHAIN` | cargo's and runner's profiles; installed toolchains |
//! | `TARGET` | targets of installed toolchains |
//! | `LANGUAGE`, `TEMPLATE` | languages; the user's templates and runner's |
//! | `SCRIPT`, `FILE`, `DIR` | scripts, files, directories |

use std::ffi::{OsStr, OsString};

use crate::base::error::{Result, usage_error};
use crate::base::shell_words;
use crate::request::debug_options::DebugOptions;
use crate::request::flag::Effect::{Each, List, OnOff, Other, Switch, Text};
use crate::request::flag::Place::{CommandLine, Config, FirstLine, Metadata};
use crate::request::flag::Variable::{Ignored, Key, Slow};
use crate::request::flag::{Kind, Place, Setting};
use crate::request::flag_values::{
    add_features, base, compiler_flags, dialect, exec, freeze, harness, joined, permission, permissions,
    profile, switch, verbosity,
};
use crate::request::options::{Options, Verbosity};
use crate::request::sandbox_permissions::Permissions;

pub use crate::request::flag::{BACKGROUND, EVERY, EXPRESSION, Flag, SCRIPT};
pub use crate::request::flag_values::add_dependency;

const EVERYWHERE: &[Place] = &[CommandLine, FirstLine, Metadata, Place::Variable, Config];
const NOT_IN_SCRIPTS: &[Place] = &[CommandLine, FirstLine, Place::Variable, Config];
const IN_SCRIPTS: &[Place] = &[Metadata];
const MACHINE: &[Place] = &[Place::Variable, Config];
const CONFIGURED: &[Place] = &[CommandLine, FirstLine, Config];
const GRANT: Setting = Setting::new(Kind::List, CONFIGURED, "")
    .because("what is allowed in a sandbox is not the script's to say");
const OF_MACHINE: &str = "whom a machine believes is not the script's to say";
const VARIABLE: &[Place] = &[Place::Variable];

const RUN: &[&str] = &["run", EXPRESSION, "test", "bench"];
const BUILD: &[&str] = &["run", EXPRESSION, "test", "bench", "build"];
const INSTALLS: &[&str] =
    &["run", EXPRESSION, "test", "bench", "build", "promote", "check", "clippy", "fmt", "lock"];
const INTERNAL: &[&str] = &[BACKGROUND];

const fn flag(form: &'static str, owners: &'static [&'static str], help: &'static str) -> Flag {
    Flag::new(form, owners, help)
}

/// Every flag and every setting, in the order of help.
#[rustfmt::skip]
pub const FLAGS: &[Flag] = &[
    flag("-o, --output FILE|DIR/", &["build"], "output file, or directory (existing, or ending in `/`)"),
    flag("-o, --output DIR", &["doc"], "output directory (default: in the cache)"),
    flag("--link FILE", &["build"], "with `--print-path`: make FILE a link to the program, for the settings of a debugger"),
    flag("--print-path", &["build"], "build into the cache as for a run and print the path, e.g. for a debugger"),
    flag("--json", &["build", "inspect"], "print one JSON object per program"),
    flag("--cache", &["build"], "only compile into the cache, so that the first run is a hit"),
    flag("--blake3 HEX", &[SCRIPT, "trust"], "run a script by URL only if its text has this digest, and do not ask"),
    flag("--name NAME", &["promote"], "name of the command (default: the script's file stem)"),
    flag("--to DIR", &["promote"], "directory to install into (default: `$RUNNER_BIN`, else `~/.local/bin`)"),
    flag("--from FILE", &["promote"], "install what `runner list --export FILE` wrote on another machine"),
    flag("--dry-run", &["promote"], "with `--from`: only show what would be installed"),
    flag("--export FILE", &["list"], "write the list to FILE, for `runner promote --from FILE` elsewhere"),
    flag("--offline", &["verify"], "use only dependencies that are already downloaded"),
    flag("--force", &["promote", "upgrade", "demote"], "also if the installed file was modified, removed or not installed by runner"),
    flag("--all", &["upgrade"], "every installed command (the default)"),
    flag("-o, --output FILE", &["import"], "the script (default: the package's name with `.rs`)"),
    flag("--force", &["import"], "replace the script if it exists"),
    flag("--move", &["export"], "remove the script once cargo has built the package"),
    flag("--dry-run", &["export", "import"], "only show what would be written"),
    flag("--dry-run", &["upgrade"], "only show what would be rebuilt"),
    flag("--offline", &["upgrade"], "do not ask the registry for newer versions"),
    flag("-v, --verbose", &["upgrade"], "print what is compiled, and why"),
    flag("-F, --features FEATURES", &["add"], "enable features, separated by commas (repeatable)"),
    flag("--no-default-features", &["add"], "without the default features"),
    flag("--default-features", &["add"], "with the default features again"),
    flag("--optional", &["add"], "as an optional dependency"),
    flag("--rename NAME", &["add"], "under another name"),
    flag("--path DIR", &["add"], "from a directory, relative to the script"),
    flag("--git URL", &["add"], "from a git repository"),
    flag("--branch BRANCH", &["add"], "with `--git`: from a branch"),
    flag("--tag TAG", &["add"], "with `--git`: from a tag"),
    flag("--rev REVISION", &["add"], "with `--git`: from a revision"),
    flag("--registry NAME", &["add"], "from a registry of cargo's configuration"),
    flag("--exact", &["add"], "require the version found, not its compatible series (`1.0.219`, not `1`)"),
    flag("--dev", &["add", "remove"], "for tests and benchmarks only"),
    flag("--target TARGET", &["add", "remove"], "for a target only, e.g. `cfg(unix)`"),
    flag("--offline", &["add", "remove"], "use only crates that are already downloaded"),
    flag("--dry-run", &["add", "remove", "migrate", "update"], "only show what would change"),
    flag("-v, --verbose", &["add", "remove"], "print what cargo says"),
    flag("-q, --quiet", &["upgrade", "rollback", "demote", "new", "add", "remove", "import", "doctor", "trust", "inspect", "verify"], "print errors only"),
    flag("--template TEMPLATE", &["new"], "hello, cli, filter, async, test, http, json, or your own"),
    flag("-d, --dep NAME[=VERSION]", &["new"], "add a dependency (repeatable)"),
    flag("--lang LANGUAGE", &["new"], "language (default: by the extension, else Rust)"),
    flag("--edition 2015|2018|2021|2024", &["new"], "Rust edition (default: the newest of the compiler)"),
    flag("--offline", &["new"], "with `--dep`: use only crates that are already downloaded"),
    flag("--force", &["new"], "replace the file if it exists"),
    flag("--force", &["rollback"], "also if the installed file was modified"),
    flag("--dry-run", &["rollback"], "only show what would be put back"),
    flag("--dry-run", &["demote"], "only show what would be removed"),
    flag("--strict", &["doctor"], "exit code 1 on warnings, too"),
    flag("--test", &["watch"], "run the tests instead of the script"),
    flag("--check", &["watch"], "check the script instead of running it"),
    flag("--on-change COMMAND", &["watch"], "run COMMAND by `sh` instead of the script: `$0` is the new program"),
    flag("--once", &["watch"], "end when the program ends, with its exit code"),
    flag("--signal SIGNAL", &["watch"], "end the program by SIGNAL (default: TERM)"),
    flag("--grace SECONDS", &["watch"], "send KILL to what has not ended after SECONDS (default: 5)"),
    flag("--clear", &["watch"], "clear the terminal before each run"),
    flag("--poll", &["watch"], "look at the files every second, e.g. on a network file system"),
    flag("--check", &["lock"], "write nothing; exit code 1 if the lock would change"),
    flag("--upgrade", &["lock"], "renew every version, not only what the script needs"),
    flag("-P, --upgrade-package NAME", &["lock"], "renew the version of one package (repeatable)"),
    flag("--all", &["outdated"], "all promoted scripts and all scripts of the cache"),
    flag("--transitive", &["outdated"], "also dependencies of dependencies"),
    flag("--json", &["check", "clippy"], "print the diagnostics as JSON, one object per line"),
    flag("--stdin-text", &["check", "clippy"], "with `--json`: check the text on standard input in place of the file"),
    flag("--check", &["fmt"], "only show what would change; exit code 1 if anything"),
    flag("--to frontmatter|block", &["migrate"], "form of the metadata (default: frontmatter)"),
    flag("--lock", &["update"], "write SCRIPT.lock, which is then used wherever the script goes"),
    flag("--json", &["why", "inputs", "list", "env", "cache", "add", "remove", "lock", "outdated", "doctor", "export", "import", "promote", "upgrade", "rollback", "demote", "verify", "update", "doc", "fmt", "migrate", "new", "trust", "test", "bench", "tree"], "print JSON: see `runner help json`"),
    flag("--script SCRIPT", &["env"], "show the settings of a run of SCRIPT"),
    flag("--script SCRIPT", &["verify"], "path of the script (default: where it was built)"),
    flag("--older DAYS", &["cache"], "with `trim`: remove builds unused for DAYS, e.g. `7d`")
        .also(Setting::new(Kind::Age, &[CommandLine, Place::Variable, Config], "30d").because("it is about the cache").variable(Ignored("RUNNER_OLDER"))),
    flag("--max-size SIZE", &["cache"], "with `trim`: keep at most SIZE, e.g. `500M` or `2G`")
        .also(Setting::new(Kind::Size, &[CommandLine, Place::Variable, Config], "5000000000").because("it is about the cache").variable(Ignored("RUNNER_MAX_SIZE"))),
    flag("--dry-run", &["cache"], "with `trim`: only show what would be removed"),
    flag("--project", &["discover"], "print the rust-project.json alone"),
    flag("--compile-commands", &["discover"], "print how clangd is to compile scripts in C and C++"),
    flag("--open EDITOR", &["edit"], "editor to open, e.g. `code --wait` (default: `$VISUAL`, else `$EDITOR`)"),
    flag("--print-config vscode|neovim|helix|zed|emacs|sublime|kakoune", &["edit"], "print the settings of an editor"),
    flag("--stdio", &["lsp"], "speak on standard input and output (the only way)"),
    flag("--server PATH", &["lsp"], "language server to start, in place of the one that is found"),
    flag("--lang rust|c|c++|go|zig", &["lsp"], "language whose server answers first (default: the workspace's)"),
    flag("--man", &["help"], "print the manual page, for `man -l -`"),
    flag("-e, --expr", &[EXPRESSION], "evaluate the next argument and print its value"),
    flag("-l, --loop", &[EXPRESSION], "call the next argument, a closure, with each line of standard input"),
    flag("--count", &[EXPRESSION], "with `--loop`: also pass the line number, from 1"),
    flag("--extern NAME", &[EXPRESSION], "add `#[macro_use] extern crate NAME` (repeatable)"),
    flag("-u, --unstable-feature FEATURE", &[EXPRESSION], "add `#![feature(FEATURE)]`, for a nightly toolchain (repeatable)"),
    flag("-b, --base-path DIR", &[EXPRESSION], "base of relative paths, e.g. in `include_str!`"),

    flag("--release", &[SCRIPT], "optimized build (the default)")
        .sets(Other { set: |options, _| profile(options, "release"), values: |_| Vec::new() }),
    flag("--debug", &[SCRIPT], "cargo's dev profile: debug information and checks")
        .sets(Other { set: |options, _| profile(options, "dev"), values: |_| Vec::new() }),
    flag("--profile PROFILE", &[SCRIPT], "release, dev, quick, or a profile of the metadata")
        .sets(Text(|options| &mut options.profile))
        .also(Setting::new(Kind::Text, EVERYWHERE, "release").variable(Key("RUNNER_PROFILE"))),
    flag("--toolchain TOOLCHAIN", &[SCRIPT], "rustup toolchain, or the directory of one; also `+TOOLCHAIN`")
        .sets(Text(|options| &mut options.toolchain))
        .also(Setting::new(Kind::Text, EVERYWHERE, "").variable(Key("RUNNER_TOOLCHAIN"))),
    flag("--lang LANGUAGE", &[SCRIPT], "language of the script, if it cannot be told from the file")
        .sets(Text(|options| &mut options.language)),
    flag("--target TARGET", &[SCRIPT], "cross-compile for TARGET, e.g. aarch64-unknown-linux-gnu")
        .sets(Text(|options| &mut options.target))
        .also(Setting::new(Kind::Text, EVERYWHERE, "").variable(Key("RUNNER_TARGET"))),
    flag("--edition 2015|2018|2021|2024", &[SCRIPT], "Rust edition; overrides the script's own")
        .sets(Text(|options| &mut options.edition))
        // A script's own edition is where cargo has it.
        .also(Setting::new(Kind::Text, NOT_IN_SCRIPTS, "").because("a script names it as `edition` under `[package]`").variable(Key("RUNNER_EDITION"))),
    flag("-d, --dep NAME[=VERSION]", &[SCRIPT], "add a dependency for this run (repeatable)")
        .sets(Each { set: add_dependency, values: |options| options.dependencies.iter().map(|(name, version)| [name, "=", version].concat().into()).collect() }),
    flag("--bin NAME", &[SCRIPT], "of CRATE@VERSION: the program to run")
        .sets(Text(|options| &mut options.selection.bin)),
    flag("-F, --features FEATURES", &[SCRIPT], "build with these features, separated by commas (repeatable)")
        .sets(Each { set: add_features, values: |options| options.selection.features.iter().map(OsString::from).collect() }),
    flag("--no-default-features", &[SCRIPT], "build without its default features")
        .sets(Switch(|options| &mut options.selection.no_default_features)),
    flag("--all-features", &[SCRIPT], "build with all its features")
        .sets(Switch(|options| &mut options.selection.all_features)),
    flag("--registry NAME", &[SCRIPT], "of CRATE@VERSION: a registry of cargo's configuration")
        .sets(Text(|options| &mut options.selection.registry)),
    flag("--static", &[SCRIPT], "link statically: no shared libraries are needed")
        .sets(OnOff(|options| &mut options.is_static))
        .also(Setting::new(Kind::Switch, EVERYWHERE, "false").variable(Key("RUNNER_STATIC"))),
    flag("--strip", &[SCRIPT], "remove the symbol table")
        .sets(Switch(|options| &mut options.strip)),
    flag("--offline", &[SCRIPT], "do not use the network")
        .sets(Switch(|options| &mut options.offline))
        .also(Setting::new(Kind::Switch, NOT_IN_SCRIPTS, "false").because("a script cannot know what network there is").variable(Ignored("RUNNER_OFFLINE"))),
    flag("--locked", &[SCRIPT], "require SCRIPT.lock to exist and to be up to date")
        .sets(Switch(|options| &mut options.locked))
        .also(Setting::new(Kind::Switch, EVERYWHERE, "false").variable(Key("RUNNER_LOCKED"))),
    flag("--frozen", &[SCRIPT], "`--offline` and `--locked`")
        .sets(Other { set: freeze, values: |_| Vec::new() })
        .also(Setting::new(Kind::Switch, NOT_IN_SCRIPTS, "false").because("a script cannot know what network there is").variable(Key("RUNNER_FROZEN"))),
    flag("--force", &["run", EXPRESSION, "test", "bench", "build", "check", "clippy", "fmt", "doc", "update", "why"], "rebuild even if cached")
        .sets(Switch(|options| &mut options.force)),
    flag("--install", INSTALLS, "install the toolchain by rustup if it is missing")
        .sets(Switch(|options| &mut options.installs)),
    flag("--temp", &[SCRIPT], "run from a temporary binary that is not kept")
        .sets(Switch(|options| &mut options.temporary))
        // `RUNNER_TEMP` is a directory on the machines of a well-known service.
        .also(Setting::new(Kind::Switch, &[CommandLine, FirstLine, Config], "false").because("it is about one run")),
    flag("-x", &["run", EXPRESSION, "test", "bench", "build", "promote", "check", "clippy", "doc"], "print the build commands as they run")
        .sets(Switch(|options| &mut options.debug.shows_commands)),
    flag("-n", BUILD, "dry run: print the build commands, run nothing")
        .sets(Switch(|options| &mut options.debug.is_dry_run)),
    flag("--work", &["run", EXPRESSION, "test", "bench", "build", "promote"], "keep the build directory and print its path as `WORK=`")
        .sets(Switch(|options| &mut options.debug.keeps_work)),
    flag("--timings", BUILD, "report where the time went, at the end")
        .sets(Switch(|options| &mut options.debug.times)),
    flag("--exec COMMAND", RUN, "run the program under COMMAND, e.g. `--exec 'gdb --args'`")
        .sets(Other { set: exec, values: |options| joined(&options.debug.exec) }),
    flag("--sandbox", RUN, "run with nothing but what a program needs to start: `runner help sandbox`") .sets(Other { set: |options, _| permission(options, "--sandbox", None), values: |options| switch(options.sandbox.sandbox) })
        .also(Setting::new(Kind::Switch, EVERYWHERE, "false").variable(Slow("RUNNER_SANDBOX"))),
    flag("--allow-read[=PATH,...]", RUN, "in the sandbox: read everything, or below PATH") .sets(Each { set: |options, value| permission(options, "--allow-read", Some(value)), values: |options| permissions(options, "--allow-read") }).also(GRANT),
    flag("--allow-write[=PATH,...]", RUN, "in the sandbox: write everything, or below PATH") .sets(Each { set: |options, value| permission(options, "--allow-write", Some(value)), values: |options| permissions(options, "--allow-write") }).also(GRANT),
    flag("--allow-net[=PORT,...]", RUN, "in the sandbox: every network, or TCP at PORT") .sets(Each { set: |options, value| permission(options, "--allow-net", Some(value)), values: |options| permissions(options, "--allow-net") }).also(GRANT),
    flag("--allow-env[=NAME,...]", RUN, "in the sandbox: every variable, or NAME too (`APP_*`)") .sets(Each { set: |options, value| permission(options, "--allow-env", Some(value)), values: |options| permissions(options, "--allow-env") }).also(GRANT),
    flag("--allow-unix", RUN, "in the sandbox: unix sockets") .sets(Other { set: |options, _| permission(options, "--allow-unix", None), values: |options| switch(options.sandbox.unix) }),
    flag("-A, --allow-all", RUN, "in the sandbox: all of these") .sets(Other { set: |options, _| permission(options, "--allow-all", None), values: |_| Vec::new() }),
    flag("--sandbox-build", &[SCRIPT], "compile without a network, writing only to the cache: `runner help sandbox`")
        .sets(Switch(|options| &mut options.sandbox_build))
        .also(Setting::new(Kind::Switch, NOT_IN_SCRIPTS, "false").because("it protects from what a script brings").variable(Ignored("RUNNER_SANDBOX_BUILD"))),
    flag("-v, --verbose", &[SCRIPT], "print what is done, and why")
        .sets(Other { set: |options, _| verbosity(options, Verbosity::Verbose), values: |options| switch(options.verbosity == Verbosity::Verbose) })
        .also(Setting::new(Kind::Switch, &[CommandLine, Place::Variable], "false").because("a hit does not read that file").variable(Slow("RUNNER_VERBOSE"))),
    flag("-q, --quiet", &[SCRIPT], "no progress, no warnings")
        .sets(Other { set: |options, _| verbosity(options, Verbosity::Quiet), values: |options| switch(options.verbosity == Verbosity::Quiet) })
        .also(Setting::new(Kind::Switch, &[CommandLine, Place::Variable, Config], "false").because("it is about one run").variable(Ignored("RUNNER_QUIET"))),
    flag("--color auto|always|never", &[EVERY], "colors in messages (default: on a terminal; also `NO_COLOR`, `CLICOLOR_FORCE`)"),
    flag("-h, --help", &[EVERY], "print help; `-h` by itself what one does most"),
    flag("-V, --version", &[EVERY], "print the version"),

    // What runner starts itself with.
    flag("--background", &["build"], ""),
    flag("--add-record", &["inspect"], ""),
    flag("--base-path DIR", INTERNAL, "")
        .sets(Other { set: base, values: |options| options.base.iter().map(OsString::from).collect() }),
    flag("--dialect DIALECT", INTERNAL, "")
        .sets(Other { set: dialect, values: |options| options.dialect.iter().map(|dialect| dialect.as_str().into()).collect() }),
    flag("--harness HARNESS", INTERNAL, "")
        .sets(Other { set: harness, values: |options| options.harness.iter().map(|harness| harness.profile().into()).collect() }),
    flag("--no-static", INTERNAL, "")
        .sets(Other { set: |options, _| { options.is_static = Some(false); Ok(()) }, values: |options| switch(options.is_static == Some(false)) }),
    flag("--compiler-flags WORDS", INTERNAL, "")
        .sets(Other { set: compiler_flags, values: |options| options.rust_flags.iter().map(|flags| shell_words::join(flags).into()).collect() }),
    flag("--final", INTERNAL, "").sets(Switch(|options| &mut options.optimal)),
    flag("--portable", INTERNAL, "").sets(Switch(|options| &mut options.portable)),

    // What is no flag.
    Flag::bare("rustflags", Setting::new(Kind::List, &[Metadata, Place::Variable, Config], "").because("`RUSTFLAGS` is for one run").variable(Key("RUNNER_RUSTFLAGS")))
        .sets(List(|options| &mut options.rust_flags)),
    Flag::bare("args", Setting::new(Kind::List, IN_SCRIPTS, "").because("the arguments of a run are what follows the script")),
    Flag::bare("inputs", Setting::new(Kind::List, IN_SCRIPTS, "").because("they are one script's")),
    Flag::bare("env", Setting::new(Kind::List, IN_SCRIPTS, "").because("they are one script's")),
    Flag::bare("tier", Setting::new(Kind::Switch, MACHINE, "").because("a script that names a profile is built as named").variable(Ignored("RUNNER_TIER"))),
    Flag::bare("cache", Setting::new(Kind::Directory, VARIABLE, "").because("the cache is found before anything is read").variable(Ignored("RUNNER_CACHE"))),
    Flag::bare("progress", Setting::new(Kind::Switch, VARIABLE, "true").because("it is about where messages go").variable(Ignored("RUNNER_PROGRESS"))),
    Flag::bare("cache-system", Setting::new(Kind::Directory, VARIABLE, "").because("the cache is found before anything is read").variable(Ignored("RUNNER_CACHE_SYSTEM"))),
    Flag::bare("remote", Setting::new(Kind::Text, MACHINE, "").because(OF_MACHINE).variable(Ignored("RUNNER_REMOTE"))),
    Flag::bare("remote-signers", Setting::new(Kind::Directory, MACHINE, "").because(OF_MACHINE).variable(Ignored("RUNNER_REMOTE_SIGNERS"))),
    Flag::bare("remote-timeout", Setting::new(Kind::Text, MACHINE, "2").because(OF_MACHINE).variable(Ignored("RUNNER_REMOTE_TIMEOUT"))),
    Flag::bare("remote-args", Setting::new(Kind::List, MACHINE, "").because(OF_MACHINE).variable(Ignored("RUNNER_REMOTE_ARGS"))),
    Flag::bare("remote-write", Setting::new(Kind::Switch, MACHINE, "false").because(OF_MACHINE).variable(Ignored("RUNNER_REMOTE_WRITE"))),
    Flag::bare("remote-key", Setting::new(Kind::Directory, MACHINE, "").because(OF_MACHINE).variable(Ignored("RUNNER_REMOTE_KEY"))),
    Flag::bare("bin", Setting::new(Kind::Directory, MACHINE, "").because("on the command line it is `promote --to DIR`").variable(Ignored("RUNNER_BIN"))),
    Flag::bare("config", Setting::new(Kind::Directory, VARIABLE, "").variable(Key("RUNNER_CONFIG"))),
    Flag::bare("observe", Setting::new(Kind::Switch, MACHINE, "true").because("what compilers read is a matter of the machine").variable(Ignored("RUNNER_OBSERVE"))),
    Flag::bare("verify", Setting::new(Kind::Switch, VARIABLE, "false").because("a hit does not read that file").variable(Slow("RUNNER_VERIFY"))),
];

/// Every setting.
pub(crate) fn settings() -> impl Iterator<Item = &'static Setting> {
    FLAGS.iter().filter_map(Flag::setting)
}

/// The flags that are written so.
pub fn named(name: &str) -> impl Iterator<Item = &'static Flag> {
    FLAGS.iter().filter(move |flag| flag.is_named(name))
}

/// Whether a flag takes the next argument as its value.
pub fn takes_value(name: &str) -> bool {
    named(name).any(|flag| flag.value().is_some())
}

/// The flag of a `#!` line that is written so.
pub(crate) fn of_first_line(name: &str) -> Option<&'static Flag> {
    named(name).find(|flag| flag.is_option() && flag.may_be_in_first_line())
}

impl Options {
    /// These options as arguments, from which [`Options::from_arguments`] makes them again.
    pub fn to_arguments(&self) -> Vec<OsString> {
        // Destructured, so that a new option cannot be forgotten: it has a row in the table of flags, and a value in the
        // test below, or a reason here.
        let Options {
            profile: _,
            toolchain: _,
            language: _,
            target: _,
            edition: _,
            dependencies: _,
            harness: _,
            dialect: _,
            base: _,
            is_static: _,
            rust_flags: _,
            offline: _,
            locked: _,
            force: _,
            installs: _,
            optimal: _,
            temporary: _,
            portable: _,
            selection: _,
            strip: _,
            sandbox_build: _,
            verbosity: _,
            debug: _,
            deadline: _,
            cancel: _,
            sandbox: _,
            // Nobody types it: it is asked of git at each build.
            revision: _,
        } = self;
        let mut words = Vec::new();
        for flag in FLAGS {
            // The long name, or the only one.
            let Some(name) = flag.names().last() else { continue };
            for value in flag.values(self) {
                let mut word = OsString::from(name);
                if flag.optional_value().is_some() && !value.is_empty() {
                    word.push("=");
                    word.push(&value);
                }
                words.push(word);
                words.extend(flag.value().map(|_| value));
            }
        }
        words
    }

    /// The same, each in one word: `--profile=dev`.
    pub(crate) fn to_words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in self.to_arguments() {
            let text = word.to_string_lossy();
            match words.last_mut() {
                Some(last) if !last.contains('=') && takes_value(last) => {
                    last.push('=');
                    last.push_str(&text);
                }
                _ => words.push(text.into_owned()),
            }
        }
        words
    }

    /// What they say that shapes a build, for people: `release`, `dev --toolchain=nightly`.
    pub(crate) fn describe(&self) -> String {
        let build =
            Options { profile: None, dialect: None, base: None, offline: false, ..self.of_background() };
        let profile = self.profile.clone().unwrap_or_else(|| "release".to_owned());
        [vec![profile], build.to_words()].concat().join(" ")
    }

    /// The options that such arguments say.
    ///
    /// # Errors
    /// [`crate::Step::Arguments`] if one of them is no flag that sets an option, or its value means nothing.
    pub fn from_arguments<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Result<Options> {
        let mut options = Options::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let word = word.as_ref().to_string_lossy().into_owned();
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            let flag = named(name).find(|flag| flag.is_option());
            let flag = flag.ok_or_else(|| usage_error(format!("unknown option `{name}`")))?;
            match (flag.value(), attached) {
                (None, attached) if flag.optional_value().is_some() => {
                    flag.set(&mut options, OsStr::new(attached.unwrap_or_default()))?;
                }
                (None, None) => flag.set(&mut options, OsStr::new(""))?,
                (None, Some(_)) => return Err(usage_error(format!("`{name}` takes no value"))),
                (Some(_), Some(value)) => flag.set(&mut options, OsStr::new(value))?,
                (Some(_), None) => {
                    let value = words.next().ok_or_else(|| usage_error(format!("`{word}` needs a value")))?;
                    flag.set(&mut options, value.as_ref())?;
                }
            }
        }
        Ok(options)
    }

    /// What a background build is started with: all but what is about one run.
    pub(crate) fn of_background(&self) -> Options {
        Options {
            force: false,
            installs: false,
            temporary: false,
            revision: None,
            verbosity: Verbosity::default(),
            debug: DebugOptions::default(),
            // The program is the same in a sandbox, which its build is in, too.
            sandbox_build: self.sandbox_build || self.sandbox.sandbox,
            sandbox: Permissions::default(),
            ..self.clone()
        }
    }

    /// What a receipt keeps: all but what each upgrade says anew, and what every promotion is.
    pub(crate) fn of_promotion(&self) -> Options {
        Options { offline: false, optimal: false, portable: false, harness: None, ..self.of_background() }
    }
}

#[cfg(test)]
mod tests;
