//! Calls of the tools that run or compile Rust scripts, and the options they pass.
//!
//! A script may have been written for another tool. What it says to that tool is taken as if it had been said to runner,
//! where it has a meaning here (`+nightly`, `--debug`, `--release`, `-t T`, `--edition E`, variables set by `env`,
//! `--test`); the rest (`-q`, `-c`, `--force`, `-Zscript`) is passed over.

use std::ffi::OsStr;

use crate::base::shell_commands;
use crate::request::flag_values;
use crate::request::flags;
use crate::request::options::{Harness, Options};

/// The tool a call names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tool {
    /// This one.
    Runner,
    /// `cargo -Zscript`.
    Cargo,
    /// rust-script, and what it comes from: cargo-script, cargo-eval, run-cargo-script.
    RustScript,
    /// The compiler itself, usually in the second line.
    Rustc,
    /// Any other program.
    Other(String),
}

/// A call of a tool, as far as its words have a meaning for runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolCall {
    pub(crate) tool: Tool,
    pub(crate) options: Options,
    /// Variables that `env` sets for the program.
    pub(crate) variables: Vec<(String, String)>,
    /// What a line of shell gives the program besides the caller's arguments.
    pub(crate) arguments: Vec<String>,
}

impl Tool {
    /// The tool of this name.
    pub(crate) fn named(name: &str) -> Tool {
        match name {
            "runner" => Tool::Runner,
            "cargo" => Tool::Cargo,
            "rust-script" | "run-cargo-script" | "cargo-script" | "cargo-eval" => Tool::RustScript,
            "rustc" => Tool::Rustc,
            other => Tool::Other(other.to_owned()),
        }
    }
}

impl ToolCall {
    /// The first call of a tool for Rust among shell commands.
    pub(crate) fn among(commands: &str) -> Option<ToolCall> {
        simple_commands(commands).iter().find_map(|words| ToolCall::in_words(words))
    }

    /// The call of a tool for Rust among the words of a command.
    pub(super) fn in_words(words: &[String]) -> Option<ToolCall> {
        let (at, tool) = words.iter().enumerate().find_map(|(at, word)| Some((at, rust_tool(word)?)))?;
        Some(ToolCall::new(tool, words[at + 1..].iter().cloned()))
    }

    /// A tool, and what the words after its name ask of it, as far as that has a meaning here.
    pub(super) fn new(mut tool: Tool, words: impl Iterator<Item = String>) -> ToolCall {
        let mut options = Options::default();
        let mut words = words.peekable();
        while let Some(word) = words.next_if(|_| !matches!(tool, Tool::Other(_))) {
            let (flag, attached) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let mut value = || attached.clone().or_else(|| words.next());
            match (flag, &tool) {
                (flag, Tool::Runner) if flags::of_first_line(flag).is_some() => {
                    let known = flags::of_first_line(flag);
                    let takes_next = known.is_some_and(|known| known.value().is_some());
                    let value = if takes_next { value() } else { attached.clone() };
                    let value = value.unwrap_or_default();
                    // What means nothing is passed over: the line may be a newer runner's.
                    let _ = known.map(|known| known.set(&mut options, OsStr::new(&value)));
                }
                ("--release", _) | ("-r", Tool::Cargo) => options.profile = Some("release".to_owned()),
                ("--debug", Tool::RustScript) => options.profile = Some("dev".to_owned()),
                ("-t" | "--toolchain", Tool::RustScript) => options.toolchain = value(),
                ("-d" | "--dep", Tool::RustScript) => {
                    let value = value().unwrap_or_default();
                    let _ = flags::add_dependency(&mut options, OsStr::new(&value));
                }
                ("--features" | "-F", Tool::Cargo) => {
                    let value = value().unwrap_or_default();
                    let _ = flag_values::add_features(&mut options, OsStr::new(&value));
                }
                ("--no-default-features", Tool::Cargo) => options.selection.no_default_features = true,
                ("--all-features", Tool::Cargo) => options.selection.all_features = true,
                (flag, Tool::Cargo) if flag.starts_with("-F") => {
                    let _ = flag_values::add_features(&mut options, OsStr::new(&flag[2..]));
                }
                ("--profile", Tool::Cargo) => options.profile = value(),
                ("--target", Tool::Cargo | Tool::Rustc) => options.target = value(),
                ("--edition", Tool::Rustc) => options.edition = value(),
                ("--offline", _) | ("--frozen", Tool::Cargo) => options.offline = true,
                ("--test", Tool::RustScript | Tool::Rustc) | ("test", Tool::Cargo | Tool::Runner) => {
                    options.harness = Some(Harness::Test);
                }
                ("--bench", Tool::RustScript) | ("bench", Tool::Cargo | Tool::Runner) => {
                    options.harness = Some(Harness::Bench);
                }
                // `cargo eval` and `cargo script` are rust-script's ancestors.
                ("eval" | "script", Tool::Cargo) => tool = Tool::RustScript,
                (flag, tool) if takes_value(tool, flag) => drop(value()),
                (flag, _) if flag.starts_with('+') => options.toolchain = Some(flag[1..].to_owned()),
                (flag, Tool::RustScript) if flag.starts_with("-t") => {
                    options.toolchain = Some(flag[2..].to_owned());
                }
                (flag, Tool::Runner) if flag != "run" && !flag.starts_with('-') => break,
                _ => {}
            }
        }
        ToolCall { tool, options, variables: Vec::new(), arguments: Vec::new() }
    }
}

/// The words of the simple commands in a text. Where a quoted word (`sh -c 'rustc …'`) calls a tool for Rust, the commands
/// in it stand in the place of the one around it.
pub(super) fn simple_commands(text: &str) -> Vec<Vec<String>> {
    let calls_tool = |words: &Vec<String>| words.iter().any(|word| rust_tool(word).is_some());
    let commands = shell_commands::commands(text).into_iter().flat_map(|words| {
        let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
        if calls_tool(&words) {
            return vec![words];
        }
        let quoted = words.iter().filter(|word| word.contains(' ') && word.len() < text.len());
        let mut inner = quoted.map(|word| simple_commands(word));
        inner.find(|commands| commands.iter().any(calls_tool)).unwrap_or_else(|| vec![words.clone()])
    });
    commands.collect()
}

/// The tool for Rust that a word names.
fn rust_tool(word: &str) -> Option<Tool> {
    Some(Tool::named(base_name(word))).filter(|tool| !matches!(tool, Tool::Other(_)))
}

pub(super) fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Options of other tools that take the next word and have no meaning here.
fn takes_value(tool: &Tool, flag: &str) -> bool {
    match tool {
        Tool::Cargo => matches!(flag, "-Z" | "--color" | "--config" | "-C" | "-j" | "--jobs" | "--bin"),
        Tool::Rustc => {
            matches!(flag, "-o" | "-C" | "-L" | "-l" | "-A" | "-W" | "--crate-name" | "--crate-type")
        }
        Tool::RustScript => {
            let long = ["--extern", "--unstable-feature", "--wrapper", "--base-path", "--pkg-path"];
            long.contains(&flag) || matches!(flag, "-x" | "-u" | "-w" | "-b")
        }
        Tool::Runner => flags::takes_value(flag),
        Tool::Other(_) => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a line asks for: profile, toolchain, edition.
    pub(in crate::script) fn asks(line: &ToolCall) -> String {
        let Options { profile, toolchain, edition, .. } = &line.options;
        [profile, toolchain, edition].map(|option| option.as_deref().unwrap_or("-")).join(" ")
    }

    #[test]
    fn commands_within_quotes_stand_in_the_place_of_their_shell() {
        for (text, expected) in [
            ("a b; c", vec!["a b", "c"]),
            ("sh -c 'x=1 rustc \"b c\" && d'; e", vec!["x=1 rustc b c", "d", "e"]),
            ("./x 'a b'", vec!["./x a b"]),
            ("cargo run 'a b'", vec!["cargo run a b"]),
            ("$(a b)", vec!["$(a b)"]),
        ] {
            let found: Vec<String> = simple_commands(text).iter().map(|words| words.join(" ")).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
