//! Detection of the language of a script.
//!
//! A script is Rust unless `--lang`, its metadata, its extension, its `#!` line, a header of scriptisto or its first lines of
//! code say otherwise.

use std::path::Path;

use crate::base::error::{Error, Result, Step};
use crate::languages::language::{Compilers, Language};
use crate::languages::{compile_call, metadata, scriptisto_spec, table};
use crate::script::script_file::Script;
use crate::script::shebang;
use crate::script::tool_call::Tool;

/// Extensions of Rust: its own, and those of its script tools.
const RUST: &[&str] = &["rs", "ers", "crs", "rscript"];

/// The extensions of scripts that runner can run.
pub(crate) fn extensions() -> impl Iterator<Item = &'static str> {
    let others = table::LANGUAGES.iter().filter(|language| language.is_compiled());
    let others = others.flat_map(|language| language.extensions.iter().copied());
    RUST.iter().copied().chain(others.filter(|extension| !matches!(*extension, "h" | "hpp")))
}

/// Compilers that a `//` line may call in another place than that of the program.
const TRICKS: &[(&str, &[&str])] = &[
    ("go", &["go run", "gorun"]),
    ("c++", &["g++ ", "c++ ", "clang++ "]),
    ("c", &["gcc ", "cc ", "clang ", "tcc "]),
];

/// The built-in language of a script, if that is not Rust; `asked` is the value of `--lang`.
///
/// # Errors
/// [`Step::Arguments`] if the language is unknown, [`Step::Script`] if it is not compiled.
pub(crate) fn of(script: &Script, text: &str, asked: Option<&str>) -> Result<Option<&'static Language>> {
    let block = metadata::metadata_language(text);
    let found = match asked.or(block.as_deref()) {
        Some(name) => table::requested(name)?,
        None => detected(script.path(), text),
    };
    let Some(language) = found else {
        return match foreign(script.path(), text, asked.or(block.as_deref())) {
            Some((name, tool)) => {
                let typed = script.display_name();
                let text = format!("it is {name}, which runner does not know how to compile");
                Err(Error::message(Step::Script, text).hint(match tool {
                    "" => "`runner help config` shows how to define a language".to_owned(),
                    tool => {
                        format!("run it with `{tool} {typed}`, or define a language: `runner help config`")
                    }
                }))
            }
            None => Ok(None),
        };
    };
    if language.is_compiled() {
        return Ok(Some(language));
    }
    // Its header has a build command.
    if scriptisto_spec::is_in(text) {
        return Ok(Some(language));
    }
    let typed = script.display_name();
    let text = format!("it is {}; runner only runs compiled languages", language.with_article());
    let Compilers::Interpreter(runs) = language.compilers else { return Ok(Some(language)) };
    Err(Error::message(Step::Script, text).hint(format!("run it with `{runs} {typed}`")))
}

/// Languages that are not built in: the extension of their sources, the name, and what runs such a file, if something does.
const FOREIGN: &str = "\
R|R|Rscript
adb|Ada|
asm|assembly|
awk|AWK|awk -f
clj|Clojure|clojure -M
cob|COBOL|cobc -x -j
cr|Crystal|crystal run
cs|C#|dotnet run
cu|CUDA|
dart|Dart|dart run
erl|Erlang|escript
ex|Elixir|elixir
exs|Elixir|elixir
fs|F#|dotnet fsi
fsx|F#|dotnet fsi
groovy|Groovy|groovy
hx|Haxe|
java|Java|java
jl|Julia|julia
kt|Kotlin|
kts|Kotlin|kotlin
lisp|Common Lisp|sbcl --script
lua|Lua|lua
m|Objective-C|
mm|Objective-C++|
pas|Pascal|instantfpc
php|PHP|php
ps1|PowerShell|pwsh
rkt|Racket|racket
raku|Raku|raku
s|assembly|
S|assembly|
scala|Scala|scala-cli
tcl|Tcl|tclsh
v|V|v run
vala|Vala|vala
vb|Visual Basic|";

/// How code of such a language begins, in a file whose name does not tell.
const FOREIGN_CODE: &[(&str, &str)] = &[
    ("import java.", "java"),
    ("public class ", "java"),
    ("using System", "cs"),
    ("#import <Foundation/", "m"),
];

/// The name of a language that is not built in, and what runs a file of it. Who names a language, or starts runner or a tool
/// for Rust with a `#!` line, means another.
fn foreign(path: Option<&Path>, text: &str, asked: Option<&str>) -> Option<(&'static str, &'static str)> {
    let extension =
        path.and_then(Path::extension).and_then(|extension| extension.to_str()).unwrap_or_default();
    let line = text.strip_prefix("#!").and_then(|line| shebang::read(line.lines().next()?));
    let program = match line.map(|line| line.tool) {
        Some(Tool::Other(program)) => Some(program),
        Some(_) => return None,
        None => None,
    };
    if asked.is_some() || RUST.contains(&extension) {
        return None;
    }
    let code = first_code(text);
    let of_code = FOREIGN_CODE.iter().find(|(begin, _)| code.starts_with(begin));
    let extension = of_code.map_or(extension, |(_, extension)| *extension);
    FOREIGN.lines().find_map(|line| {
        let (known, rest) = line.split_once('|')?;
        let (name, tool) = rest.split_once('|')?;
        let is_it = match program.as_deref() {
            Some(program) => tool.split(' ').next() == Some(program),
            None => known == extension,
        };
        is_it.then_some((name, tool))
    })
}

/// The language by extension, `#!` line, header or first lines of code.
fn detected(path: Option<&Path>, text: &str) -> Option<&'static Language> {
    let extension =
        path.and_then(Path::extension).and_then(|extension| extension.to_str()).unwrap_or_default();
    // The header of scriptisto names its source, with the extension of the language.
    if scriptisto_spec::is_in(text) {
        return scriptisto_spec::language(text);
    }
    if RUST.contains(&extension) {
        return None;
    }
    if let Some(language) = table::of_extension(extension) {
        return Some(language);
    }
    let body =
        text.strip_prefix("#!").map_or(text, |rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
    let first = text.strip_prefix("#!").and_then(|line| shebang::read(line.lines().next()?));
    match first.map(|line| line.tool) {
        Some(Tool::Other(program)) => {
            if let Some(language) = table::of_program(&program) {
                return Some(language);
            }
            // A shell that may start a compiler.
            let is_shell = matches!(program.as_str(), "sh" | "bash" | "dash" | "zsh" | "ksh");
            let signs = ["fn ", "let ", "!(", "use ", "//", "#include", "#if 0"];
            if is_shell && !signs.iter().any(|sign| body.contains(sign)) {
                return table::named("shell");
            }
        }
        // A `#!` line of runner does not name the language; those of other tools for Rust do.
        Some(Tool::Runner) | None => {}
        Some(_) => return None,
    }
    if let Some(language) = compile_call::of_shell(body).and_then(|call| table::of_program(call.base_name()))
    {
        return Some(language);
    }
    // Sections of gorun, then compilers that a `//` line calls.
    if body.contains("\n// go.mod >>>") {
        return table::named("go");
    }
    if let Some((name, _)) = TRICKS.iter().find(|(_, calls)| is_called(body, calls)) {
        return table::named(name);
    }
    let code = first_code(body);
    table::LANGUAGES
        .iter()
        .find(|language| language.code_prefixes.iter().any(|text| code.starts_with(text)))
        .map(|language| if language.name == "c" && is_plus_plus(code) { cpp(language) } else { language })
}

fn cpp(c: &'static Language) -> &'static Language {
    table::named("c++").unwrap_or(c)
}

/// Whether code that begins like C is C++.
fn is_plus_plus(code: &str) -> bool {
    /// Headers that C does not have.
    const HEADERS: &[&str] =
        &["iostream", "string", "vector", "map", "algorithm", "memory", "cstdio", "cstdlib", "print"];
    code.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("using namespace ")
            || line.starts_with("template <")
            || line.starts_with("template<")
            || line
                .strip_prefix("#include")
                .and_then(|rest| rest.trim_start().strip_prefix('<')?.split_once('>'))
                .is_some_and(|(header, _)| HEADERS.contains(&header.trim()))
    })
}

/// Whether the first line is a shell command that calls one of these.
fn is_called(body: &str, commands: &[&str]) -> bool {
    let line = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let Some(command) = line.strip_prefix("//") else { return false };
    let is_command = command.contains(';') || command.contains("&&") || command.contains("$0");
    let calls = |name: &&str| command.contains(&format!("/{name}")) || command.contains(&format!(" {name}"));
    is_command && commands.iter().any(calls)
}

/// The code after the comments at the head.
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
            ("/x", "#include <iostream>\nint main() {}\n", Some("C++")),
            ("/x", "#!/usr/bin/env runner\n#include <stdio.h>\n", Some("C")),
            ("/x", "#!/usr/bin/env runner\nfn main() {}\n", None),
            ("/x", "//usr/bin/env go run \"$0\" \"$@\"; exit\npackage main\n", Some("Go")),
            ("/x", "///bin/true;exec /usr/bin/env go run \"$0\" \"$@\"\npackage main\n", Some("Go")),
            ("/x", "//usr/bin/gcc \"$0\" -o /tmp/a && exec /tmp/a; exit\nint main(){}\n", Some("C")),
            ("/x", "//usr/bin/env g++-12 \"$0\" && ./a.out; exit\nint main(){}\n", Some("C++")),
            ("/x", "//usr/bin/env zig run \"$0\"; exit\npub fn main() void {}\n", Some("Zig")),
            ("/x", "#if 0\ncc -lm \"$0\" -o /tmp/x && exec /tmp/x\n#endif\nint main(){}\n", Some("C")),
            ("/x", "#!/bin/sh\n//usr/bin/env rustc \"$0\" && ./x; exit\nfn main() {}", None),
            ("/x", "#!/bin/bash\necho hi\n", Some("shell")),
            ("/x", "#!/bin/bash\n#![allow(x)] /*\nrustc $0; exit #*/\nfn main() {}\n", None),
            ("/x", "#!/usr/bin/env python3\nprint(1)\n", Some("Python")),
            (
                "/x",
                "#!/usr/bin/env scriptisto\n// scriptisto-begin\n// script_src: main.cpp\n// scriptisto-end\n",
                Some("C++"),
            ),
            (
                "/x",
                "#!/usr/bin/env scriptisto\n// scriptisto-begin\n// script_src: src/main.rs\n// scriptisto-end\n",
                None,
            ),
        ] {
            assert_eq!(
                detected(Some(Path::new(path)), text).map(|language| language.display_name),
                expected,
                "{text}"
            );
        }
    }
}
