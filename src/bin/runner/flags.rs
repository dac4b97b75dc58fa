//! The table of what can be typed: every subcommand and every option, one line each.
//!
//! `--help`, `runner help SUBCOMMAND`, the manual, the completions, "did you mean" and what the parser must know before it
//! parses (which options take a value) are all made from it, so that they cannot differ. To add an option, add a line to
//! [`OPTIONS`] and read it in `cli`; to add a subcommand, a line to [`COMMANDS`], its text to `help::long` and its arm to
//! `cli::subcommand`.
//!
//! A line of an option is
//!
//! 1. how it is written: `-s, --long VALUE`. Without a value it is a switch. An option has the same form everywhere, or at
//!    least takes a value everywhere, since arguments are cut at the script before anything else is known of them;
//! 2. whose it is: subcommands, with `script` for all that are given a script and build it ([`SCRIPT`]), `expr` for `-e`
//!    and `--loop`, and `every` for all;
//! 3. what it does, in half a sentence. Without one it is for runner itself, and shown nowhere.
//!
//! A value, and what a subcommand is given, is completed by what it is called:
//!
//! | called | completed with |
//! | --- | --- |
//! | `one\|two`, in small letters | those words |
//! | `PROFILE`, `TOOLCHAIN` | cargo's and runner's profiles; installed toolchains |
//! | `SCRIPT`, `FILE`, `DIR` | scripts, files, directories |
//! | `NAME...`, of a subcommand | promoted commands |
//! | `TOPIC` | what there is help on |

/// A subcommand.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What follows it, apart from options.
    pub(crate) words: &'static str,
    /// What it does.
    pub(crate) says: &'static str,
}

const fn command(name: &'static str, words: &'static str, says: &'static str) -> Command {
    Command { name, words, says }
}

/// The words that are commands, in the order of help.
#[rustfmt::skip]
pub(crate) const COMMANDS: &[Command] = &[
    command("run", "SCRIPT [ARGS]...", "as without it, if the script is named like a subcommand"),
    command("test", "SCRIPT [ARGS]...", "run its tests"),
    command("bench", "SCRIPT [ARGS]...", "run its benchmarks"),
    command("build", "SCRIPT...", "write self-contained executables"),
    command("inspect", "FILE|NAME...", "what a program that was built or promoted says of its making"),
    command("verify", "FILE|NAME...", "build it again from its script, and compare"),
    command("promote", "SCRIPT...", "install it as a command, and keep track of it"),
    command("list", "", "what was promoted, and whether it is still current"),
    command("upgrade", "[NAME...]", "build again what is old of it; all of it, if no name is given"),
    command("demote", "NAME...", "remove what was promoted"),
    command("check", "SCRIPT", "what the compiler says of it"),
    command("clippy", "SCRIPT", "what clippy says of it"),
    command("fmt", "SCRIPT", "format it where it is"),
    command("doc", "SCRIPT", "write its documentation"),
    command("migrate", "SCRIPT", "rewrite its metadata in another form"),
    command("update", "SCRIPT", "take the newest versions of its dependencies"),
    command("why", "SCRIPT", "whether the next run would be a hit, and if not, what changed"),
    command("env", "[NAME...]", "what runner sees, and where it comes from"),
    command("cache", "path|size|list|stats|trim|stop|clean [SCRIPT]", "look after the cache"),
    command("completions", "bash|zsh|fish", "print what makes a shell complete runner's command line"),
    command("help", "[TOPIC]", "this, or more on a subcommand or a topic"),
];

/// The subcommands whose options include those of [`SCRIPT`].
const SCRIPT_COMMANDS: &[&str] = &[
    "run", "expr", "test", "bench", "build", "promote", "check", "clippy", "fmt", "doc", "migrate", "update",
    "why", "env",
];

/// What has an option: every subcommand that is given a script and builds it.
const SCRIPT: &str = "script";

/// An option.
#[derive(Clone, Copy)]
pub(crate) struct Flag {
    /// How it is written.
    pub(crate) form: &'static str,
    /// Whose it is.
    of: &'static str,
    /// What it does.
    pub(crate) says: &'static str,
}

const fn flag(form: &'static str, of: &'static str, says: &'static str) -> Flag {
    Flag { form, of, says }
}

/// Every option, in the order of help.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[Flag] = &[
    flag("-o, --output FILE|DIR/", "build", "where to write it; a directory exists, or ends in a slash"),
    flag("-o, --output DIR", "doc", "where to write it, in place of the cache"),
    flag("--print-path", "build", "build into the cache as for a run, and print where: for debuggers"),
    flag("--json", "build", "print what was made, from what and how: one JSON object a program"),
    flag("--cache", "build", "compile into the cache only, so that the first run is a hit; several scripts"),
    flag("--background", "build", ""),
    flag("--as DIALECT", "build", ""),
    flag("--name NAME", "promote", "what to call it; else the script's file stem"),
    flag("--to DIR", "promote", "where to install; else `$RUNNER_BIN`, else the user's directory for executables"),
    flag("--offline", "verify", "only with crates that are here already"),
    flag("--force", "promote upgrade demote", "also if the file there is not what runner put there, or is gone"),
    flag("--all", "upgrade", "all that were promoted; the same as naming none"),
    flag("--offline", "upgrade", "do not ask the registry for newer versions"),
    flag("-v, --verbose", "upgrade", "say what is compiled, and why"),
    flag("-q, --quiet", "upgrade", "say only what failed"),
    flag("--check", "fmt", "only show what would change; exit code 1 if anything"),
    flag("--to frontmatter|block", "migrate", "which form; frontmatter if it is not said"),
    flag("--lock", "update", "write SCRIPT.lock, which is then its lock wherever it goes"),
    flag("--json", "why list env cache", "for programs: JSON"),
    flag("--json", "inspect", "for programs: one JSON object a program"),
    flag("--script SCRIPT", "env", "as this script would be run"),
    flag("--script SCRIPT", "verify", "its script, if that is not where it was"),
    flag("--older DAYS", "cache", "with `trim`: what was not used for so long, as `7d`"),
    flag("--max-size SIZE", "cache", "with `trim`: how much may stay, as `500M` or `2G`"),
    flag("--dry-run", "cache", "with `trim`: only show what would go"),
    flag("--man", "help", "the manual, as `man -l -` reads it"),
    flag("-e, --expr", "expr", "the next word is an expression: print its value"),
    flag("-l, --loop", "expr", "the next word is a closure: call it with each line of standard input"),
    flag("--count", "expr", "with `--loop`: the closure also gets the number of the line, from 1"),
    flag("--extern NAME", "expr", "`#[macro_use] extern crate NAME`; may be repeated"),
    flag("-u, --unstable-feature FEATURE", "expr", "`#![feature(FEATURE)]`, with a nightly toolchain; may be repeated"),
    flag("-b, --base-path DIR", "expr", "where relative paths start, as those of `include_str!`"),
    flag("--release", SCRIPT, "optimized; what a script that says nothing gets"),
    flag("--debug", SCRIPT, "cargo's dev profile: debug information and checks"),
    flag("--profile PROFILE", SCRIPT, "release, dev, quick, or one the script's metadata defines"),
    flag("--toolchain TOOLCHAIN", SCRIPT, "a toolchain of rustup's, or a directory that holds one; also `+TOOLCHAIN`"),
    flag("--lang LANGUAGE", SCRIPT, "what it is written in, if it does not say so itself: rust, c, c++, go, zig, ..."),
    flag("--target TARGET", SCRIPT, "for another kind of machine, as aarch64-unknown-linux-gnu"),
    flag("--edition 2015|2018|2021|2024", SCRIPT, "of the language, before what the script says"),
    flag("-d, --dep NAME[=VERSION]", SCRIPT, "a dependency that it does not name itself; may be repeated"),
    flag("--bin NAME", SCRIPT, "of a package `CRATE@VERSION`: which of its programs"),
    flag("-F, --features FEATURES", SCRIPT, "of a package: features, with commas between them; may be repeated"),
    flag("--no-default-features", SCRIPT, "of a package: without its default features"),
    flag("--all-features", SCRIPT, "of a package: with all its features"),
    flag("--registry NAME", SCRIPT, "of a package: a registry of cargo's configuration, in place of crates.io"),
    flag("--static", SCRIPT, "a program that needs no shared libraries"),
    flag("--strip", SCRIPT, "without the names of its symbols"),
    flag("--offline", SCRIPT, "do not use the network"),
    flag("--locked", SCRIPT, "insist on SCRIPT.lock"),
    flag("--frozen", SCRIPT, "`--offline` and `--locked`"),
    flag("--force", "run expr test bench build check clippy fmt doc update why", "compile even if there is a cached binary"),
    flag("--temp", SCRIPT, "run from a temporary binary; nothing is left behind"),
    flag("-x", "run expr test bench build promote check clippy doc", "show every command of the build on stderr, so that it can be pasted"),
    flag("-n", "run expr test bench build", "show them, and run none"),
    flag("--work", "run expr test bench build promote", "keep the directory that it is built in, and print `WORK=` and where"),
    flag("--timings", "run expr test bench build", "say at the end where the time went"),
    flag("--exec COMMAND", "run expr test bench", "run it under another program: its words, then the binary and the arguments"),
    flag("-v, --verbose", SCRIPT, "say what is done and why"),
    flag("-q, --quiet", SCRIPT, "no progress, no warnings"),
    flag("-h, --help", "every", "print help"),
    flag("-V, --version", "every", "print the version"),
];

impl Flag {
    /// Its names: `-d` and `--dep`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.form.split(", ").map(|part| part.split(' ').next().unwrap_or(part))
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// What its value is called, if it takes one.
    pub(crate) fn value(&self) -> Option<&'static str> {
        self.form.rsplit(", ").next().and_then(|last| last.split_once(' ')).map(|(_, value)| value)
    }

    /// Whether people are told of it.
    pub(crate) fn is_shown(&self) -> bool {
        !self.says.is_empty()
    }

    /// Whether it is a subcommand's own, not one that many have.
    pub(crate) fn is_own(&self, command: &str) -> bool {
        self.of.split(' ').any(|of| of == command)
    }

    /// Whether a subcommand has it.
    pub(crate) fn is_of(&self, command: &str) -> bool {
        match self.of {
            "every" => true,
            SCRIPT => SCRIPT_COMMANDS.contains(&command),
            _ => self.is_own(command),
        }
    }

    /// The subcommands that have it, if not all do.
    pub(crate) fn owners(&self) -> impl Iterator<Item = &'static str> {
        self.of.split(' ').filter(|of| COMMANDS.iter().any(|command| command.name == *of))
    }
}

/// The options that are written so.
pub(crate) fn named(name: &str) -> impl Iterator<Item = &'static Flag> {
    OPTIONS.iter().filter(move |flag| flag.is_named(name))
}

/// Whether an option takes the next argument as its value.
pub(crate) fn takes_value(name: &str) -> bool {
    named(name).any(|flag| flag.value().is_some())
}

/// Whether a word is a subcommand.
pub(crate) fn is_command(word: &str) -> bool {
    COMMANDS.iter().any(|command| command.name == word)
}
