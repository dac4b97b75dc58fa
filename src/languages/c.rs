//! C and C++: any compiler that takes the usual arguments (gcc, clang, tcc and their kin).
//!
//! As `make` does, it honors `CC` or `CXX`, `CPPFLAGS`, `CFLAGS` or `CXXFLAGS`, `LDFLAGS` and `LDLIBS`. The compiler
//! itself honors others, which its row in the table of languages names. Where it is not observed it reports what it read (`-MD`),
//! and so does the linker (`--dependency-file`).
//!
//! A file without a `#!` line is compiled in its place. One with such a line is read from standard input, under its own name by
//! a line marker, in its own directory: so `#include "x.h"`, `__FILE__` and `__LINE__` are those of the script.

mod reported_inputs;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitStatus;

use crate::base::error::Result;
use crate::base::shell_words;
use crate::build::tree_roots::is_binary;
use crate::languages::c::reported_inputs::linker_report;
use crate::languages::compilation::Profile;
use crate::languages::compile_call::SCRIPT;
use crate::languages::compiler::{self, Compiler, Search};
use crate::languages::driver::{Build, Call, Driver};
use crate::languages::inputs::Inputs;
use crate::languages::language::CFamily;
use crate::languages::metadata::Head;
use crate::languages::source::{self, Source};
use crate::process::observe::policy::Links;
use crate::process::running::Running;
use crate::store::trace::fact::Check;

const INSTALL_C: &str = "install a C compiler, for example `apt-get install gcc libc6-dev`";
const INSTALL_CPP: &str = "install a C++ compiler, for example `apt-get install g++`";

impl CFamily {
    /// The variable of the compiler, its default, the variable of its flags, and the language for `-x`.
    fn names(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            CFamily::C => ("CC", "cc", "CFLAGS", "c"),
            CFamily::Cpp => ("CXX", "c++", "CXXFLAGS", "c++"),
        }
    }
}

/// A C or C++ compiler.
#[derive(Debug)]
pub(super) struct CDriver {
    kind: CFamily,
    /// Whether it is tcc, which accepts only some of the usual arguments.
    is_tiny: bool,
    /// Whether the linker reports what it read; not asked where that is observed.
    linker_reports: bool,
    is_gcc: bool,
    /// Arguments from variables: before the source, and after it.
    before: Vec<String>,
    libraries: Vec<String>,
}

/// Finds the compiler.
pub(super) fn find(
    kind: CFamily,
    head: &Head,
    wanted: Option<&str>,
    search: Search<'_>,
    notes: &mut Vec<String>,
) -> Result<(Compiler, CDriver)> {
    let (variable, default, flags, _) = kind.names();
    let install = if kind == CFamily::C { INSTALL_C } else { INSTALL_CPP };
    let mut checks: Vec<Check<'static>> = Vec::new();
    let text_of = |name: &str| {
        let value = search.environment.set(name);
        value.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let split = |name: &str| shell_words::split(&text_of(name));
    let before = [flags, "CPPFLAGS", "LDFLAGS"].into_iter().flat_map(split).collect();
    let libraries = split("LDLIBS");
    let mut arguments = Vec::new();
    let mut found = None;
    if let Some(wanted) = wanted {
        found = Some(search.find(wanted, &mut checks)?.ok_or_else(|| compiler::missing(wanted, install))?);
    } else if let Some(call) = &head.call {
        // Its path first, if that is one; then its name.
        let program = call.program.replacen("//", "/", 1);
        for name in [program.as_str(), call.base_name()] {
            if found.is_none() && (!name.contains('/') || name.starts_with('/')) {
                if name.starts_with('/') && !is_of_system(name) {
                    search.environment.check_named_program(name)?;
                }
                found = search.find(name, &mut checks)?;
            }
        }
        if found.is_none() {
            notes.push(format!("`{}` is not on PATH; using `{default}`", call.base_name()));
        }
    }
    if found.is_none() {
        let words = compiler::words_of(&text_of(variable));
        let name = words.first().map_or(default, String::as_str);
        found = search.find(name, &mut checks)?;
        arguments = words.iter().skip(1).map(OsString::from).collect();
        if found.is_none() {
            return Err(compiler::missing(name, install));
        }
    }
    let path = found.unwrap_or_default();
    let version = search.version(&path, &["--version"])?;
    let is_tiny = version.starts_with("tcc ");
    let is_gcc = is_gcc(&version);
    let mut linker_reports = false;
    if !is_tiny && !search.is_observed {
        for part in [if kind == CFamily::C { "cc1" } else { "cc1plus" }, "as", "ld", "collect2"] {
            let answer = search.ask(&path, &[&format!("-print-prog-name={part}")])?;
            let answer = answer.trim();
            if answer.starts_with('/') && Path::new(answer).is_file() {
                checks.extend(search.stamped(Path::new(answer))?);
            } else if answer == part && matches!(part, "as" | "ld") {
                search.find(part, &mut checks)?;
            }
        }
        linker_reports = search.ask(&path, &["-Wl,--help"])?.contains("--dependency-file");
    }
    let compiler = Compiler { path, arguments, version, checks };
    Ok((compiler, CDriver { kind, is_tiny, linker_reports, is_gcc, before, libraries }))
}

/// Whether the first line that a compiler says of itself is GCC's: how it was called, in parentheses who made it, and its number.
fn is_gcc(version: &str) -> bool {
    let Some((name, (maker, number))) =
        version.split_once(" (").and_then(|(name, rest)| Some((name, rest.rsplit_once(") ")?)))
    else {
        return false;
    };
    let is_name = ["cc", "c++", "g++"].iter().any(|end| {
        name.split_once(end).is_some_and(|(_, rest)| {
            rest.bytes().all(|byte| byte == b'-' || byte == b'.' || byte.is_ascii_digit())
        })
    });
    is_name && !name.contains(' ') && maker != "ICC" && number.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a compiler lies where only root puts any.
fn is_of_system(path: &str) -> bool {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    matches!(directory, "/bin" | "/usr/bin" | "/usr/local/bin")
}

/// The flags in a script's own call of a compiler: neither sources nor the output.
fn flags(words: Vec<String>) -> Vec<String> {
    let mut flags = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-o" | "-x" | "-MF" | "-MT" | "-MQ" | "-bt" => drop(words.next()),
            // The words after it are the script's arguments.
            "--" => break,
            SCRIPT | "-run" | "-c" | "-S" | "-E" | "-M" | "-MM" | "-MD" | "-MMD" | "-MP" | "-b"
            | "-bench" | "-" => {}
            _ if word.starts_with("-o") || word.starts_with("-x") || word.starts_with("-save-temps") => {}
            _ => flags.push(word),
        }
    }
    flags
}

impl Driver for CDriver {
    fn flags(&self, _head: &Head, words: Vec<String>) -> Vec<String> {
        flags(words)
    }

    fn call(&self, build: Build<'_>) -> Result<Call> {
        let compilation = build.compilation;
        let (.., language) = self.kind.names();
        let output = build.staging.join("program");
        let path = compilation.script.path().filter(|_| !compilation.head.has_shebang || self.is_tiny);
        let mut command = build.command(&compilation.compiler.path);
        command
            .args(&compilation.compiler.arguments)
            .args(profile_flags(compilation.profile))
            .args(&self.before);
        if compilation.is_static() {
            command.arg("-static");
        }
        if compilation.options.strip {
            command.arg("-s");
        }
        // The assembler runs beside the compiler, not after it. Gcc warns if there is a file to be kept between them.
        let mut flags = self.before.iter().chain(&compilation.flags);
        if self.is_gcc && !flags.any(|flag| flag.starts_with("-save-temps")) {
            command.arg("-pipe");
        }
        if !self.is_tiny {
            command.arg(if build.host.reporter.look().is_colored {
                "-fdiagnostics-color=always"
            } else {
                "-fno-diagnostics-color"
            });
            if compilation.options.portable {
                for end in ["=", "/="] {
                    let mut map = OsString::from("-ffile-prefix-map=");
                    map.push(compilation.base());
                    map.push(end);
                    command.arg(map);
                }
                // For the assembler.
                let mut map = OsString::from("-fdebug-prefix-map=");
                map.push(compilation.base());
                map.push("=.");
                command.arg(map);
            }
        }
        let (source, input) = match path {
            Some(path) => (path.as_os_str(), None),
            None => {
                let piped = build.staging.join("source");
                std::fs::write(&piped, marked(build)).map_err(|error| build.unusable(error))?;
                (OsStr::new("-"), Some(piped))
            }
        };
        match self.is_tiny {
            true => command.arg(source),
            false => command.arg("-x").arg(language).arg(source).arg("-x").arg("none"),
        };
        command.args(&compilation.flags).args(&self.libraries).arg("-o").arg(&output);
        if !build.is_observed {
            command.arg("-MD").arg("-MF").arg(build.report());
            command.args(if self.is_tiny { &[][..] } else { &["-MT", "program"] });
        } else if self.is_gcc {
            // Else it looks up the real path of each header, which is half of what it looks at.
            command.arg("-fno-canonical-system-headers");
        }
        if cfg!(target_os = "linux") && self.kind == CFamily::C && !self.is_tiny {
            // What C programmers expect to be there, without its costing those who do not use it.
            command.arg("-Wl,--as-needed");
        }
        if self.kind == CFamily::C {
            command.arg("-lm");
        }
        if self.linker_reports {
            let mut report = OsString::from("-Wl,--dependency-file=");
            report.push(linker_report(build.staging));
            command.arg(report);
        }
        let query = (!self.is_tiny && !build.is_observed)
            .then(|| reported_inputs::query(build, &self.before, language));
        let own = compilation.script.path().map(Path::to_owned).unwrap_or_default();
        Ok(Call {
            command,
            input,
            source: Source { path: own, mirror: None },
            output,
            query,
            renames: Vec::new(),
        })
    }

    fn reported_inputs(&self, build: Build<'_>, _call: &Call, query: Option<Running>) -> Result<Inputs> {
        let words = self.before.iter().chain(&build.compilation.flags).chain(&self.libraries);
        reported_inputs::read(build, &words.map(String::as_str).collect::<Vec<_>>(), query)
    }

    // A compiler looks at each file as its path is spelled, too. What a script in its place does nobody knows.
    fn links(&self, build: Build<'_>) -> Links {
        match is_binary(&build.compilation.compiler.path) {
            true => Links::Followed,
            false => Links::Seen,
        }
    }

    fn for_check(&self, call: &mut Call) {
        // Warnings of clang's about words for the linker are not about the script.
        call.command.args(["-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-command-line-argument"]);
    }

    fn hint(&self, build: Build<'_>, _call: &Call, messages: &str, _status: ExitStatus) -> Option<String> {
        let comment = build.compilation.head.language.line_comment;
        if messages.contains("undefined reference to `main'") {
            Some("a script is a program: it needs `main`".to_owned())
        } else if messages.contains("undefined reference to") {
            Some(format!(
                "libraries are named in the script: `{comment} /// runner`, `{comment} flags = [\"-lNAME\"]`, `{comment} ///`"
            ))
        } else {
            None
        }
    }
}

fn profile_flags(profile: Profile) -> &'static [&'static str] {
    match profile {
        Profile::Release => &["-O2"],
        Profile::Dev => &["-g", "-O0"],
        Profile::Quick => &["-O0"],
    }
}

/// The script's text with a line marker in place of its `#!` line.
fn marked(build: Build<'_>) -> Vec<u8> {
    let script = build.compilation.script;
    let name = script.path().map_or_else(|| script.typed().as_bytes(), |path| path.as_os_str().as_bytes());
    let name = if name == b"-" { b"<stdin>" } else { name };
    // As the standard has it, which knows neither this nor `//` in its first edition.
    let mut marker = b"#line 1 \"".to_vec();
    for byte in name {
        match byte {
            b'"' | b'\\' => marker.extend([b'\\', *byte]),
            b'\n' => marker.extend(b"\\n"),
            _ => marker.push(*byte),
        }
    }
    marker.extend(b"\"\n");
    [&marker, source::without_first_line(build.compilation)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gcc_is_told_by_what_it_says_of_itself() {
        for version in [
            "cc (Debian 12.2.0-14+deb12u1) 12.2.0",
            "gcc-13 (Homebrew GCC 13.2.0) 13.2.0",
            "x86_64-w64-mingw32-gcc (GCC) 12-win32",
            "c++ (Ubuntu 9.4.0-1ubuntu1~20.04.2) 9.4.0",
        ] {
            assert!(is_gcc(version), "{version}");
        }
        for version in [
            "Debian clang version 14.0.6",
            "Apple clang version 15.0.0 (clang-1500.3.9.4)",
            "tcc version 0.9.27 (x86_64 Linux)",
            "icc (ICC) 2021.10.0 20230609",
            "Intel(R) oneAPI DPC++/C++ Compiler 2024.0.0 (2024.0.0.20231017)",
            "cc",
        ] {
            assert!(!is_gcc(version), "{version}");
        }
    }

    #[test]
    fn of_a_call_only_how_to_compile_is_taken() {
        for (words, expected) in [
            ("-run -lm", "-lm"),
            ("-O2 \0script -o x -lm -pthread -std=c++20", "-O2 -lm -pthread -std=c++20"),
            ("-xc -x c++ -ox -MD -MF d -I. helper.c", "-I. helper.c"),
            ("-DX -- a b", "-DX"),
        ] {
            let words = words.split(' ').map(str::to_owned).collect();
            assert_eq!(flags(words).join(" "), expected);
        }
    }
}
