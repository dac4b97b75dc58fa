//! Languages: which one a script is in, as far as it must be known that it is not Rust.
//!
//! A script is Rust unless its extension, its first line, a header for another tool or its first lines of code say
//! otherwise. What they say is told instead of a hundred syntax errors.

use std::path::Path;

use crate::error::{Error, Result, Step};
use crate::script::Script;
use crate::shebang::{self, Tool};

/// A language by its file extensions, the programs that a first line starts it with, and how it begins.
struct Language {
    name: &'static str,
    extensions: &'static [&'static str],
    programs: &'static [&'static str],
    /// Beginnings of the first line of code.
    beginnings: &'static [&'static str],
    /// What runs it.
    runs: &'static str,
}

const LANGUAGES: &[Language] = &[
    Language {
        name: "C",
        extensions: &["c", "h"],
        programs: &["tcc", "gcc", "cc", "clang", "c", "crun"],
        beginnings: &["#include", "#define", "#ifdef", "#ifndef", "#pragma", "int main(", "typedef "],
        runs: "cc",
    },
    Language {
        name: "C++",
        extensions: &["cc", "cpp", "cxx", "hpp", "C"],
        programs: &["g++", "c++", "clang++", "cling"],
        beginnings: &["using namespace ", "import std;"],
        runs: "c++",
    },
    Language {
        name: "Go",
        extensions: &["go"],
        programs: &["gorun", "go", "yaegi", "gosh"],
        beginnings: &["package "],
        runs: "go run",
    },
    Language {
        name: "Zig",
        extensions: &["zig"],
        programs: &["zig"],
        beginnings: &["const std = @"],
        runs: "zig run",
    },
    Language { name: "Nim", extensions: &["nim"], programs: &["nim"], beginnings: &[], runs: "nim r" },
    Language {
        name: "D",
        extensions: &["d"],
        programs: &["rdmd", "dmd"],
        beginnings: &["import std."],
        runs: "rdmd",
    },
    Language {
        name: "Python",
        extensions: &["py"],
        programs: &["python", "python3"],
        beginnings: &[],
        runs: "python3",
    },
    Language { name: "shell", extensions: &["sh", "bash"], programs: &[], beginnings: &[], runs: "sh" },
    Language {
        name: "JavaScript",
        extensions: &["js", "mjs"],
        programs: &["node", "deno"],
        beginnings: &[],
        runs: "node",
    },
    Language { name: "TypeScript", extensions: &["ts"], programs: &[], beginnings: &[], runs: "deno run" },
    Language { name: "Ruby", extensions: &["rb"], programs: &["ruby"], beginnings: &[], runs: "ruby" },
    Language { name: "Perl", extensions: &["pl"], programs: &["perl"], beginnings: &[], runs: "perl" },
];

/// Extensions of Rust: its own, and those of its script tools.
const RUST: &[&str] = &["rs", "ers", "crs", "rscript"];

/// The extensions of what can be run.
pub(crate) fn extensions() -> impl Iterator<Item = &'static str> {
    RUST.iter().copied()
}

/// Refuses a script that says it is in another language.
///
/// # Errors
/// [`Step::Script`].
pub(crate) fn check(script: &Script, text: &str) -> Result<()> {
    let Some(language) = of(script.path(), text) else { return Ok(()) };
    let typed = script.typed().to_string_lossy();
    let article = if language.name.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    let text = format!("it is {article} {} script, and runner does not support {0} yet", language.name);
    Err(Error::message(Step::Script, text).hint(format!("`{} {typed}` may run it", language.runs)))
}

fn of(path: Option<&Path>, text: &str) -> Option<&'static Language> {
    let by_extension =
        |extension: &str| LANGUAGES.iter().find(|language| language.extensions.contains(&extension));
    let extension =
        path.and_then(Path::extension).and_then(|extension| extension.to_str()).unwrap_or_default();
    if RUST.contains(&extension) {
        return None;
    }
    if let Some(language) = by_extension(extension) {
        return Some(language);
    }
    // The header of scriptisto names its source by what it is.
    if text.contains("scriptisto-begin")
        && let Some(source) = text.lines().find_map(|line| line.split_once("script_src:"))
        && let Some((_, extension)) = source.1.trim().rsplit_once('.')
    {
        return by_extension(extension);
    }
    let body =
        text.strip_prefix("#!").map_or(text, |rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
    let program = text.strip_prefix("#!").and_then(|line| shebang::read(line.lines().next()?));
    match program.map(|line| line.tool) {
        Some(Tool::Other(program)) => {
            if let Some(language) =
                LANGUAGES.iter().find(|language| language.programs.contains(&program.as_str()))
            {
                return Some(language);
            }
            // A shell may be there to start a compiler.
            let is_shell = matches!(program.as_str(), "sh" | "bash" | "dash" | "zsh" | "ksh");
            if is_shell && !["fn ", "let ", "!(", "use ", "//"].iter().any(|sign| body.contains(sign)) {
                return by_extension("sh");
            }
        }
        Some(_) => return None,
        None => {}
    }
    let code = first_code(body);
    // gorun's sections, and what the tricks with `//` call.
    let is_go = body.contains("\n// go.mod >>>") || is_called(body, &["go run", "gorun"]);
    if is_go {
        return by_extension("go");
    }
    if is_called(body, &["gcc ", "cc ", "clang ", "tcc "]) {
        return by_extension("c");
    }
    LANGUAGES.iter().find(|language| language.beginnings.iter().any(|text| code.starts_with(text)))
}

/// Whether the first line is one for a shell that calls one of these.
fn is_called(body: &str, commands: &[&str]) -> bool {
    let line = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let Some(command) = line.strip_prefix("//") else { return false };
    let is_command = command.contains(';') || command.contains("&&") || command.contains("$0");
    let calls = |name: &&str| command.contains(&format!("/{name}")) || command.contains(&format!(" {name}"));
    is_command && commands.iter().any(calls)
}

/// What follows the comments at the head.
fn first_code(body: &str) -> &str {
    let mut rest = body.trim_start();
    loop {
        rest = match rest.get(..2) {
            Some("//") => rest.split_once('\n').map_or("", |(_, rest)| rest),
            Some("/*") => rest.split_once("*/").map_or("", |(_, rest)| rest),
            _ => return rest,
        }
        .trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_rust_unless_something_says_otherwise() {
        for (path, text, expected) in [
            ("/x.rs", "#include <stdio.h>", None),
            ("/x", "fn main() {}", None),
            ("/x", "// package\nfn main() {}", None),
            ("/x.v2", "fn main() {}", None),
            ("/x.c", "", Some("C")),
            ("/x.go", "fn main() {}", Some("Go")),
            ("/x", "#!/usr/bin/env gorun\npackage main\n", Some("Go")),
            ("/x", "#!/usr/bin/env -S tcc -run\nint main(){}", Some("C")),
            ("/x", "/* hi */\n// there\n#include <stdio.h>\n", Some("C")),
            ("/x", "//usr/bin/env go run \"$0\" \"$@\"; exit\npackage main\n", Some("Go")),
            ("/x", "//usr/bin/gcc \"$0\" -o /tmp/a && exec /tmp/a; exit\nint main(){}\n", Some("C")),
            ("/x", "#!/bin/sh\n//usr/bin/env rustc \"$0\" && ./x; exit\nfn main() {}", None),
            ("/x", "#!/bin/bash\necho hi\n", Some("shell")),
            ("/x", "#!/bin/bash\n#![allow(x)] /*\nrustc $0; exit #*/\nfn main() {}\n", None),
            ("/x", "#!/usr/bin/env python3\nprint(1)\n", Some("Python")),
            ("/x", "#!/usr/bin/env scriptisto\n// scriptisto-begin\n// script_src: main.cpp\n", Some("C++")),
            ("/x", "#!/usr/bin/env scriptisto\n// scriptisto-begin\n// script_src: src/main.rs\n", None),
        ] {
            assert_eq!(of(Some(Path::new(path)), text).map(|language| language.name), expected, "{text}");
        }
    }
}
