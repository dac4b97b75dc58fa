//! First lines: the words after `#!`, which tool they name, and what they ask it for.
//!
//! A script may have been written for another tool. What its first line says to that tool is taken as if it had been said
//! to runner, where it has a meaning here (`+nightly`, `--debug`, `--release`, `-t T`, `--edition E`, variables set by
//! `env`, `--test`); the rest (`-q`, `-c`, `--force`, `-Zscript`) is passed over. The same goes for what a script that a shell
//! starts has for that shell: see `shebang/polyglot.rs`.

pub(crate) mod polyglot;

use crate::base::shell_words::split;
use crate::request::options::{Harness, Options};
use crate::script::header::Header;

/// The tool a first line names.
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

/// What a first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FirstLine {
    pub(crate) tool: Tool,
    pub(crate) options: Options,
    /// Variables that `env` sets for the program.
    pub(crate) variables: Vec<(String, String)>,
    /// What a line of shell gives the program besides the caller's arguments.
    pub(crate) arguments: Vec<String>,
}

/// What the first lines ask for: the `#!` line, or what calls a tool for Rust in its stead.
pub(crate) fn of_script(header: &Header<'_>, text: &str) -> Option<FirstLine> {
    let of_shebang = header.shebang.and_then(read);
    if of_shebang.as_ref().is_some_and(|line| !matches!(line.tool, Tool::Other(_))) {
        return of_shebang;
    }
    let body =
        if header.shebang.is_some() { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
    let of_header = header.build_command.as_deref().and_then(read_command);
    let is_shell = matches!(&of_shebang, Some(FirstLine { tool: Tool::Other(name), .. }) if is_shell(name));
    of_header.or_else(|| polyglot::read(body, is_shell)).or(of_shebang)
}

fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "bash" | "dash" | "ksh" | "zsh")
}

/// What a `#!` line says, given without its mark.
pub(crate) fn read(line: &str) -> Option<FirstLine> {
    let (variables, program, words) = program(line)?;
    Some(FirstLine { variables, ..call(tool(base_name(&program)), words.into_iter()) })
}

/// Names and values of variables.
pub(crate) type Variables = Vec<(String, String)>;

/// The variables that `env` sets, the program that a `#!` line starts, and its arguments.
pub(crate) fn program(line: &str) -> Option<(Variables, String, Vec<String>)> {
    let mut variables = Vec::new();
    let mut words = split(line).into_iter().peekable();
    let mut program = words.next()?;
    if base_name(&program) == "env" {
        // `env -S runner --debug`, `env NAME=VALUE cargo`, and `-S` may have the command in the same word.
        program = loop {
            let word = words.next()?;
            match word.as_str() {
                "-u" | "--unset" | "-C" | "--chdir" => drop(words.next()),
                _ if word.starts_with("-S") && word.len() > 2 => break word[2..].to_owned(),
                _ if word.starts_with("--split-string=") => break word["--split-string=".len()..].to_owned(),
                _ if word.starts_with('-') => {}
                _ => match word.split_once('=') {
                    Some((name, value)) if is_name(name) => {
                        variables.push((name.to_owned(), value.to_owned()));
                    }
                    _ => break word,
                },
            }
        };
    }
    Some((variables, program, words.collect()))
}

/// The call of a tool for Rust among the words of a shell command.
pub(crate) fn read_command(command: &str) -> Option<FirstLine> {
    let words = split(command);
    let known = |word: &String| Some(tool(base_name(word))).filter(|tool| !matches!(tool, Tool::Other(_)));
    let Some(at) = words.iter().position(|word| known(word).is_some()) else {
        // `sh -c 'rustc …'`
        return words
            .iter()
            .filter(|word| word.contains(' ') && *word != command)
            .find_map(|word| read_command(word));
    };
    let tool = known(words.get(at)?)?;
    let rest = words.into_iter().skip(at + 1).take_while(|word| !matches!(word.as_str(), "&&" | "||" | "|"));
    Some(call(tool, rest))
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The tool of this name.
pub(crate) fn tool(name: &str) -> Tool {
    match name {
        "runner" => Tool::Runner,
        "cargo" => Tool::Cargo,
        "rust-script" | "run-cargo-script" | "cargo-script" | "cargo-eval" => Tool::RustScript,
        "rustc" => Tool::Rustc,
        other => Tool::Other(other.to_owned()),
    }
}

/// A tool, and what the words after its name ask of it, as far as that has a meaning here.
fn call(mut tool: Tool, words: impl Iterator<Item = String>) -> FirstLine {
    let mut options = Options::default();
    let mut words = words.peekable();
    while let Some(word) = words.next_if(|_| !matches!(tool, Tool::Other(_))) {
        let (flag, attached) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let mut value = || attached.clone().or_else(|| words.next());
        match (flag, &tool) {
            ("--release", _) | ("-r", Tool::Cargo) => options.profile = Some("release".to_owned()),
            ("--debug", Tool::Runner | Tool::RustScript) => options.profile = Some("dev".to_owned()),
            ("--toolchain", Tool::Runner | Tool::RustScript) | ("-t", Tool::RustScript) => {
                options.toolchain = value();
            }
            ("-d" | "--dep", Tool::Runner | Tool::RustScript) => {
                options.dependencies.extend(value().as_deref().and_then(dependency));
            }
            ("--profile", Tool::Runner | Tool::Cargo) => options.profile = value(),
            ("--lang", Tool::Runner) => options.language = value(),
            ("--target", Tool::Runner | Tool::Cargo | Tool::Rustc) => options.target = value(),
            ("--edition", Tool::Runner | Tool::Rustc) => options.edition = value(),
            ("--frozen", Tool::Runner) => (options.offline, options.locked) = (true, true),
            ("--offline", _) | ("--frozen", Tool::Cargo) => options.offline = true,
            ("--locked", Tool::Runner) => options.locked = true,
            ("--static", Tool::Runner) => options.is_static = Some(true),
            ("--strip", Tool::Runner) => options.strip = true,
            ("--temp", Tool::Runner) => options.temporary = true,
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
    FirstLine { tool, options, variables: Vec::new(), arguments: Vec::new() }
}

/// `name=version`, or a name for any version.
fn dependency(text: &str) -> Option<(String, String)> {
    let (name, version) = text.split_once('=').unwrap_or((text, "*"));
    let (name, version) = (name.trim(), version.trim().trim_matches('"'));
    (!name.is_empty() && !version.is_empty()).then(|| (name.to_owned(), version.to_owned()))
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
        Tool::Runner => flag == "--exec",
        Tool::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_may_ask_for_tests() {
        for (line, expected) in [
            ("/usr/bin/env -S rust-script --test", Some(Harness::Test)),
            ("/usr/bin/env -S cargo +nightly -Zscript test --manifest-path", Some(Harness::Test)),
            ("/usr/bin/env -S runner test", Some(Harness::Test)),
            ("/usr/bin/env -S rust-script --bench", Some(Harness::Bench)),
            ("/usr/bin/env -S cargo -Zscript run --bin test", None),
            ("/usr/bin/env -S runner x test", None),
        ] {
            assert_eq!(read(line).unwrap().options.harness, expected, "{line}");
        }
    }

    /// What a line asks for: profile, toolchain, edition.
    pub(super) fn asks(line: &FirstLine) -> String {
        let Options { profile, toolchain, edition, .. } = &line.options;
        [profile, toolchain, edition].map(|option| option.as_deref().unwrap_or("-")).join(" ")
    }

    #[test]
    fn a_first_line_is_understood_whatever_tool_it_names() {
        let cases = [
            ("/usr/bin/env runner", Tool::Runner, "- - -"),
            ("/usr/bin/env -S runner --debug", Tool::Runner, "dev - -"),
            ("/usr/local/bin/runner --profile=dev", Tool::Runner, "dev - -"),
            (" /opt/runner --profile dev -v", Tool::Runner, "dev - -"),
            ("/usr/bin/env -S runner run +nightly x --debug", Tool::Runner, "- nightly -"),
            ("/usr/bin/env rust-script", Tool::RustScript, "- - -"),
            ("/usr/bin/env -S rust-script --debug -c", Tool::RustScript, "dev - -"),
            ("/usr/bin/env -S rust-script -t nightly -c", Tool::RustScript, "- nightly -"),
            ("/usr/bin/env -S rust-script -tnightly --force -o", Tool::RustScript, "- nightly -"),
            ("/usr/bin/env -S rust-script --toolchain=beta -d a=1 --debug", Tool::RustScript, "dev beta -"),
            ("/usr/bin/env run-cargo-script", Tool::RustScript, "- - -"),
            ("/usr/bin/env -S cargo +nightly -Zscript", Tool::Cargo, "- nightly -"),
            (
                "/usr/bin/env -S cargo +nightly-2026-04-14 -Z script -q --",
                Tool::Cargo,
                "- nightly-2026-04-14 -",
            ),
            ("/usr/bin/env -S cargo -Zscript run --release --manifest-path", Tool::Cargo, "release - -"),
            ("/usr/bin/env -S cargo +nightly eval --debug", Tool::RustScript, "dev nightly -"),
            ("/usr/bin/env -S RUST_BACKTRACE=1 cargo +nightly -Zscript", Tool::Cargo, "- nightly -"),
            ("/usr/bin/env -Scargo +nightly -Zscript", Tool::Cargo, "- nightly -"),
            ("/bin/sh", Tool::Other("sh".to_owned()), "- - -"),
            ("/usr/bin/env -S rust-script --test", Tool::RustScript, "- - -"),
        ];
        for (line, tool, expected) in cases {
            let read = read(line).unwrap();
            assert_eq!((&read.tool, asks(&read).as_str()), (&tool, expected), "{line}");
        }
        assert_eq!(read(""), None);
        let with_variable = read("/usr/bin/env -S RUST_BACKTRACE=1 runner").unwrap();
        assert_eq!(with_variable.variables, [("RUST_BACKTRACE".to_owned(), "1".to_owned())]);
    }
}
