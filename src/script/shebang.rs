//! Reads a `#!` line: the program it starts, that program's arguments, and the variables that `env` sets.

use crate::base::shell_words::split;
use crate::request::flags;
use crate::script::tool_call::{Tool, ToolCall, base_name};

/// The call that a `#!` line makes; the line is given without its mark.
pub(crate) fn read(line: &str) -> Option<ToolCall> {
    let (variables, program, words) = program(line)?;
    Some(ToolCall { variables, ..ToolCall::new(Tool::named(base_name(&program)), words.into_iter()) })
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

/// What is wrong with a line that `runner x` understands and a kernel does not: `env` is given one word, and looks for a
/// program of that name.
pub(crate) fn note(line: &str) -> Option<String> {
    let (program, rest) = line.trim().split_once([' ', '\t'])?;
    let rest = rest.trim();
    let is_one_word = base_name(program) == "env" && !rest.starts_with('-') && rest.contains([' ', '\t']);
    is_one_word.then(|| {
        format!("its `#!` line has `env` look for a program called `{rest}`; `{program} -S {rest}` splits it")
    })
}

/// An option of ours on the line that this runner does not know, and passes over: the line may be a newer one's.
pub(crate) fn unknown_option(line: &str) -> Option<String> {
    let (_, program, words) = program(line)?;
    let mut words = words.iter().filter(|word| *word != "run" && !word.starts_with('+'));
    if Tool::named(base_name(&program)) != Tool::Runner {
        return None;
    }
    while let Some(word) = words.next().filter(|word| word.starts_with('-') && *word != "--") {
        let name = word.split('=').next().unwrap_or_default();
        if flags::named(name).next().is_none() {
            return Some(format!("its `#!` line has `{name}`, an option that this runner does not know"));
        }
        if name == word && flags::takes_value(name) {
            words.next();
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::options::Harness;
    use crate::script::tool_call::tests::asks;

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

    #[test]
    fn an_option_that_is_unknown_is_told() {
        for (line, expected) in [
            ("/usr/bin/env runner", None),
            ("/usr/bin/env -S runner --release --profile dev run +nightly -v", None),
            ("/usr/bin/env -S runner --profile --bogus", None),
            ("/usr/bin/env -S runner --bogus=1", Some("--bogus")),
            ("/usr/bin/runner --debug -Q x", Some("-Q")),
            ("/usr/bin/env -S cargo -Zscript --bogus", None),
        ] {
            let told = unknown_option(line);
            let name = told.as_deref().and_then(|text| text.split('`').nth(3));
            assert_eq!(name, expected, "{line}");
        }
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
