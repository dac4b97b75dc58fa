//! The compiler call in a script's own first lines.
//!
//! ```text
//! #!/usr/bin/tcc -run -lm                                     the first line names it
//! //usr/bin/env go run "$0" "$@"; exit "$?"                   a comment here, a path for a shell
//! ///bin/true;exec /usr/bin/env go run "$0" "$@"
//! /*/../bin/true; cc -O2 "$0" -o /tmp/x && exec /tmp/x; */    to the end of the comment
//! #if 0                                                       to the `#endif`
//! cc -O2 -pthread "$0" -lm -o /tmp/x && exec /tmp/x "$@"
//! #endif
//! ```
//!
//! The call is never run: its program and flags are used as if they had been given to runner.

use crate::base::shell_commands::{self, Word};
use crate::languages::language::Language;
use crate::languages::table;
use crate::script::shebang;

/// Stands for the script among the words of a compiler call.
pub(super) const SCRIPT: &str = "\0script";

/// A call of a compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompileCall {
    /// As it was written: a name or a path.
    pub(crate) program: String,
    pub(crate) words: Vec<Word>,
}

impl CompileCall {
    /// The name of the program.
    pub(crate) fn base_name(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or_default()
    }
}

/// The compiler call in the `#!` line of a script or in the shell lines at its head.
pub(super) fn find(text: &str) -> Option<CompileCall> {
    let line = text.strip_prefix("#!");
    let body = line.map_or(text, |rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
    of_first_line(line.and_then(|line| line.lines().next())).or_else(|| of_shell(body))
}

/// What is to be said of the compiler that a script's own first lines call, if it is not used: it is another language's, or
/// none that is known.
pub(super) fn unused(text: &str, language: &Language) -> Option<String> {
    let line = text.strip_prefix("#!");
    let body = line.map_or(text, |rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
    let program = match find(text) {
        Some(call) if is_used(&call, language) => return None,
        Some(call) => call.base_name().to_owned(),
        None => {
            let of_line = line.and_then(|line| shebang::program(line.lines().next()?));
            let of_shell = || {
                let commands = shell_commands::commands(&shell_part(body)?);
                let names_script = |words: &Vec<Word>| words.iter().any(|word| word.text.contains("$0"));
                let words = commands.into_iter().find(names_script)?;
                let known = |word: &&Word| !matches!(word.base_name(), "env" | "exec" | "command");
                words.iter().find(known).map(|word| word.base_name().to_owned())
            };
            let program = match of_line {
                Some((_, program, _)) => program.rsplit('/').next().unwrap_or_default().to_owned(),
                None => of_shell()?,
            };
            let is_shell =
                matches!(program.as_str(), "sh" | "bash" | "dash" | "zsh" | "ksh" | "true" | "test");
            let is_runners = matches!(program.as_str(), "runner" | "scriptisto");
            if is_shell || is_runners {
                return None;
            }
            program
        }
    };
    let name = language.display_name;
    Some(format!(
        "its first lines call `{program}`, which is passed over with its options: it is compiled as {name}"
    ))
}

/// Whether a compiler that is called is the script's: its language's, or one for C of a script in C++, which is told the
/// language.
pub(super) fn is_used(call: &CompileCall, language: &Language) -> bool {
    // It builds what its own file describes, and its options are about that.
    if call.base_name() == "dub" {
        return false;
    }
    let is_for_c = || table::named("c").is_some_and(|c| c.is_started_by(call.base_name()));
    language.is_started_by(call.base_name()) || language.name == "c++" && is_for_c()
}

fn of_first_line(line: Option<&str>) -> Option<CompileCall> {
    let (_, program, words) = shebang::program(line?)?;
    let call = CompileCall {
        program,
        words: words.into_iter().map(|text| Word { text, is_expanded: false }).collect(),
    };
    table::of_program(call.base_name()).is_some().then_some(call)
}

/// The compiler call in the shell lines at the head of `body`.
pub(super) fn of_shell(body: &str) -> Option<CompileCall> {
    /// What may stand before the program of a command.
    const BEFORE: &[&str] = &[
        "exec", "env", "command", "time", "nice", "if", "then", "else", "!", "set", "ccache", "sccache",
        "distcc",
    ];
    let part = shell_part(body)?;
    if !["$0", "${0", "$_", "BASH_SOURCE"].iter().any(|sign| part.contains(sign)) {
        return None;
    }
    shell_commands::commands(&part).into_iter().find_map(|words| {
        let is_before = |word: &Word| {
            let is_assignment = word.text.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            });
            is_assignment || BEFORE.contains(&word.base_name()) || word.text.starts_with('-')
        };
        let mut words = words.into_iter().skip_while(is_before);
        let program = words.next()?;
        let is_known = !program.is_expanded && table::of_program(program.base_name())?.is_compiled();
        is_known.then(|| CompileCall { program: program.text, words: words.collect() })
    })
}

/// The lines that a shell would read before it reaches an `exit`.
fn shell_part(body: &str) -> Option<String> {
    let body = body.trim_start();
    if let Some(rest) = body.strip_prefix("#if 0") {
        let end = ["\n#endif", "\n#else"].iter().filter_map(|end| rest.find(end)).min()?;
        return Some(rest[..end].split_once('\n')?.1.to_owned());
    }
    if let Some(rest) = body.strip_prefix("/*") {
        // A comment for people begins with a space or a star.
        let is_path = rest.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic());
        return is_path.then(|| format!("/{}", rest.split_once("*/").map_or(rest, |(part, _)| part)));
    }
    let rest = body.strip_prefix("//")?.trim_start_matches('/');
    if rest.starts_with(|c: char| c.is_whitespace() || c == '!') || rest.is_empty() {
        return None;
    }
    let mut part = String::from("/");
    for line in rest.lines() {
        part.push_str(line);
        part.push('\n');
        if !line.ends_with('\\') {
            break;
        }
    }
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_of_a_compiler_is_found_where_it_stands() {
        for (text, expected) in [
            ("#!/usr/bin/tcc -run -lm\nint main(){}", Some("/usr/bin/tcc -run -lm")),
            ("#!/usr/bin/env -S gorun\npackage main", Some("gorun")),
            ("#!/usr/bin/env runner\n#include <x>\n", None),
            ("//usr/bin/env go run \"$0\" \"$@\"; exit \"$?\"\npackage main\n", Some("go run $0 $@")),
            ("///bin/true;exec /usr/bin/env go run \"$0\" \"$@\"\n", Some("go run $0 $@")),
            (
                "#!/bin/sh\n//usr/bin/clang-14 -O2 \"$0\" -o x && exec ./x\n",
                Some("/usr/bin/clang-14 -O2 $0 -o x"),
            ),
            ("//usr/bin/cc \\\n -lm $0; exit\n", Some("/usr/bin/cc -lm $0")),
            (
                "/*/../bin/true\nD=1 g++ -std=c++20 $0 -pthread && ./a.out\nexit\n*/\n",
                Some("g++ -std=c++20 $0 -pthread"),
            ),
            (
                "#if 0\nset -e\ngcc \"$0\" -lm -o /tmp/x 2>/dev/null\nexec /tmp/x\n#endif\nint x;",
                Some("gcc $0 -lm -o /tmp/x"),
            ),
            ("// compile with gcc -lm $0; run it\n", None),
            ("/* gcc -lm $0 */\n", None),
            ("/*\n gcc -lm $0 */\n", None),
            ("//usr/bin/env echo gcc $0; exit\n", None),
            ("//usr/bin/gcc x.c; exit\n", None),
            ("int main() {}\n", None),
        ] {
            let found = find(text).map(|call| {
                let words: Vec<&str> = call.words.iter().map(|word| word.text.as_str()).collect();
                [&[call.program.as_str()], &*words].concat().join(" ")
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
