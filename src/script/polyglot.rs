//! Reads polyglot scripts: a shell runs their first lines, which call a tool for Rust with the script itself.
//!
//! ```text
//! //usr/bin/env rustc $0 -o a && ./a "$@"; exit       a comment for Rust, and a path for the shell
//!
//! #!/bin/sh
//! #![allow(x)] /*                                     a comment for the shell, and an attribute for Rust
//! rustc "$0" -o a && exec ./a "$@" #*/
//!
//! #!/bin/bash
//! //! 2>/dev/null; exec rust-script "$0" "$@"         any comment will do, if a shell is sure to read it
//! ```
//!
//! Of the shell's commands only the call of the tool counts, and what it gives the program besides `"$@"`.

use crate::script::tool_call::{Tool, ToolCall, simple_commands};

/// Reads what follows the `#!` line, if there is one; `is_shell` says whether that names a shell.
pub(crate) fn read(body: &str, is_shell: bool) -> Option<ToolCall> {
    let head = body.trim_start();
    if head.starts_with("//") {
        let lines = head.lines().take_while(|line| line.starts_with("//"));
        // Without a shell of its own it is one only if its very first line is a command.
        return lines.take(if is_shell { usize::MAX } else { 1 }).find_map(|line| of_line(line, is_shell));
    }
    if !is_shell {
        return None;
    }
    let mut rest = head;
    while rest.starts_with("#![") {
        rest = rest.split_once(']')?.1.trim_start();
    }
    let comment = rest.strip_prefix("/*")?.split("*/").next()?;
    of_commands(comment)
}

fn of_line(line: &str, is_shell: bool) -> Option<ToolCall> {
    let command = line.trim_start_matches('/');
    let names_itself = command.contains("$0") || command.contains("$@");
    // Comments may mention a compiler; a command is a path, and comes to an end or is given the script.
    let is_command = match command.starts_with(|c: char| c.is_whitespace() || c == '!') {
        true => is_shell && names_itself,
        false => names_itself || command.contains(';') || command.contains("&&"),
    };
    if is_command { of_commands(command) } else { None }
}

fn of_commands(text: &str) -> Option<ToolCall> {
    let mut commands = simple_commands(text).into_iter();
    let mut call = commands.find_map(|words| ToolCall::in_words(&words))?;
    if call.tool == Tool::Rustc {
        call.arguments = commands.find_map(program_arguments).unwrap_or_default();
    }
    Some(call)
}

/// What a call of the compiled program gives it, if this is one.
fn program_arguments(command: Vec<String>) -> Option<Vec<String>> {
    let mut words = command.into_iter().skip_while(|word| word == "exec").peekable();
    words.next_if(|word| word.contains('/') || word.starts_with('$'))?;
    Some(words.filter(|word| !word.contains('$')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::options::Harness;
    use crate::script::tool_call::tests::asks;

    #[test]
    fn a_line_of_shell_may_call_the_compiler() {
        let cases = [
            ("//usr/bin/env rustc $0 -o a && ./a \"$@\"; exit", Some((Tool::Rustc, "- - -"))),
            ("\n//usr/bin/env rustc --edition 2021 \"$0\"; exit", Some((Tool::Rustc, "- - 2021"))),
            ("//bin/true; rustc --edition=2018 \"$0\" && exec ./x; exit", Some((Tool::Rustc, "- - 2018"))),
            ("///usr/bin/env rust-script \"$0\" \"$@\"; exit $?", Some((Tool::RustScript, "- - -"))),
            ("//usr/bin/env cargo +nightly -Zscript \"$0\" \"$@\"; exit", Some((Tool::Cargo, "- nightly -"))),
            (
                "//bin/bash -ec 'rustc \"$0\" -o /tmp/a && exec /tmp/a \"$@\"' \"$0\" \"$@\"; exit $?",
                Some((Tool::Rustc, "- - -")),
            ),
            ("// compile it with rustc\n", None),
            ("// compile it with rustc; then run it\n", None),
            ("//! rustc; cargo\n", None),
            ("// rustc \"$0\"\n", None),
            ("// A program.\n//usr/bin/env rustc $0; exit\n", None),
            ("/*\nrustc \"$0\" && ./a #*/", None),
            ("fn main() {}", None),
        ];
        for (body, expected) in cases {
            let read = read(body, false);
            let found = read.as_ref().map(|line| (line.tool.clone(), asks(line)));
            let expected = expected.map(|(tool, asks)| (tool, asks.to_owned()));
            assert_eq!(found, expected, "{body}");
        }
    }

    #[test]
    fn a_comment_is_a_shells_if_the_script_is() {
        let cases = [
            (
                "#![allow(x)] /*\n  OUT=/tmp/a && rustc \"$0\" -o ${OUT} && exec ${OUT} $@ || exit $? #*/\n",
                Tool::Rustc,
            ),
            ("#![allow()]\n#![allow(y)]\n/*\nrustc \"$0\" && ./a #*/", Tool::Rustc),
            ("/*\nexec cargo -Zscript \"$0\" \"$@\"\n*/", Tool::Cargo),
            (
                "//! 2>/dev/null; command -v rust-script || exit 1; exec rust-script \"$0\" \"$@\"\n",
                Tool::RustScript,
            ),
            ("// What it does.\n//usr/bin/env rustc $0; exit\n", Tool::Rustc),
        ];
        for (body, tool) in cases {
            assert_eq!(read(body, true).map(|line| line.tool), Some(tool), "{body}");
        }
        for body in ["// rustc is good\nfn main() {}", "#![a", "#![a]", "/*", "/* nothing */", "fn main() {}"]
        {
            assert_eq!(read(body, true), None, "{body}");
        }
    }

    #[test]
    fn a_shell_may_compile_tests_and_give_them_arguments() {
        let line =
            read("//usr/bin/env rustc --test $0 -o ${0}x && ./${0}x --nocapture; rm -f ${0}x ; exit\n", true)
                .unwrap();
        assert_eq!(
            (line.options.harness, line.arguments),
            (Some(Harness::Test), vec!["--nocapture".to_owned()])
        );
        let arguments = |body: &str| read(body, false).unwrap().arguments;
        assert_eq!(arguments("//bin/rustc $0 -o a && ./a -x \"$@\" 2>&1; rm a; exit"), ["-x"]);
        assert_eq!(arguments("//bin/rustc $0 && exec \"${0%.rs}\" 'a b' || exit 1"), ["a b"]);
        assert!(arguments("//bin/rustc $0; exit").is_empty());
    }
}
