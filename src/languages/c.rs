//! C and C++: any compiler that takes the usual arguments (gcc, clang, tcc and their kin).
//!
//! As `make` does, a build honors `CC` or `CXX`, `CPPFLAGS`, `CFLAGS` or `CXXFLAGS`, `LDFLAGS` and `LDLIBS`. The compiler
//! itself honors [`TRACED`], and all of them are part of the trace. What was read is asked of the compiler (`-MD`) and of the
//! linker (`--dependency-file`); what would have been read had it been there is worked out in [`crate::languages::includes`].
//!
//! A file that is valid as it stands is compiled in its place. One with a `#!` line is read from standard input, under its
//! own name by a line marker, in its own directory: so `#include "x.h"`, `__FILE__` and `__LINE__` are its own.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::base::error::Result;
use crate::base::shell_words;
use crate::languages::build::{Call, Input, Inputs, Site};
use crate::languages::compiler::{self, Compiler, Search};
use crate::languages::depfile;
use crate::languages::includes::{self, Directories};
use crate::languages::language::is_system;
use crate::languages::metadata::Head;
use crate::languages::recipe::{Level, SCRIPT};
use crate::languages::source::{self, Source};
use crate::store::trace::fact::Check;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    C,
    Cpp,
}

/// Variables that compilers and linkers heed by themselves.
const TRACED: &[&str] = &[
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "LIBRARY_PATH",
    "LD_RUN_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
    "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET",
    "SOURCE_DATE_EPOCH",
    "CCC_OVERRIDE_OPTIONS",
];

/// Variables that would have a compiler report what it read elsewhere.
const UNHEARD: &[&str] = &["DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES"];

const INSTALL_C: &str = "install a C compiler, for example `apt-get install gcc libc6-dev`";
const INSTALL_CPP: &str = "install a C++ compiler, for example `apt-get install g++`";

impl Kind {
    /// Variable of the compiler, its name if that says nothing, variable of its flags, and what `-x` calls the language.
    fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Kind::C => ("CC", "cc", "CFLAGS", "c"),
            Kind::Cpp => ("CXX", "c++", "CXXFLAGS", "c++"),
        }
    }
}

/// What a build needs to know of the compiler.
#[derive(Debug)]
pub(crate) struct Tools {
    kind: Kind,
    /// Whether it is tcc, which knows a part of the usual arguments.
    is_tiny: bool,
    /// Whether the linker says what it read.
    linker_reports: bool,
    /// What the variables hold: before the source, and after it.
    before: Vec<String>,
    libraries: Vec<String>,
}

/// Finds the compiler.
pub(super) fn find(
    kind: Kind,
    head: &Head,
    wanted: Option<&str>,
    search: Search<'_>,
    notes: &mut Vec<String>,
) -> Result<(Compiler, Tools)> {
    let (variable, default, flags, _) = kind.words();
    let install = if kind == Kind::C { INSTALL_C } else { INSTALL_CPP };
    let mut checks: Vec<Check<'static>> =
        TRACED.iter().map(|name| Check::variable(name, search.environment)).collect();
    let text_of = |name: &str| {
        let value = search.environment.set(name);
        value.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
    };
    for name in [flags, "CPPFLAGS", "LDFLAGS", "LDLIBS"] {
        checks.push(Check::variable(name, search.environment));
    }
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
                found = search.find(name, &mut checks)?;
            }
        }
        if found.is_none() {
            notes.push(format!("`{}` is not on PATH; using `{default}`", call.base_name()));
        }
    }
    if found.is_none() {
        checks.push(Check::variable(variable, search.environment));
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
    let mut linker_reports = false;
    if !is_tiny {
        for part in [if kind == Kind::C { "cc1" } else { "cc1plus" }, "as", "ld", "collect2"] {
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
    Ok((compiler, Tools { kind, is_tiny, linker_reports, before, libraries }))
}

/// The flags in a script's own call of a compiler: not what it compiles, and not where to.
pub(super) fn flags(words: Vec<String>) -> Vec<String> {
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

/// How the compiler is called.
pub(super) fn call(site: Site<'_>, tools: &Tools) -> Result<Call> {
    let recipe = site.recipe;
    let (.., language) = tools.kind.words();
    let output = site.staging.join("program");
    let path = recipe.script.path().filter(|_| !recipe.head.has_shebang || tools.is_tiny);
    let mut command = site.command(&recipe.compiler.path);
    for name in UNHEARD {
        command.env_remove(name);
    }
    command.args(&recipe.compiler.arguments).args(level(recipe.level)).args(&tools.before);
    if recipe.settings.is_static == Some(true) {
        command.arg("-static");
    }
    if recipe.options.strip {
        command.arg("-s");
    }
    if !tools.is_tiny {
        command.arg(if site.screen.is_terminal() {
            "-fdiagnostics-color=always"
        } else {
            "-fno-diagnostics-color"
        });
        if recipe.options.portable {
            for to in [
                (recipe.base().as_os_str().to_owned(), "="),
                ([recipe.base().as_os_str(), OsStr::new("/")].join(OsStr::new("")), "="),
            ] {
                let mut map = OsString::from("-ffile-prefix-map=");
                map.push(to.0);
                map.push(to.1);
                command.arg(map);
            }
            // What the assembler says, too.
            let mut map = OsString::from("-fdebug-prefix-map=");
            map.push(recipe.base());
            map.push("=.");
            command.arg(map);
        }
    }
    let (source, input) = match path {
        Some(path) => (path.as_os_str(), None),
        None => {
            let piped = site.staging.join("source");
            std::fs::write(&piped, marked(site)).map_err(|error| site.unusable(error))?;
            (OsStr::new("-"), Some(piped))
        }
    };
    match tools.is_tiny {
        true => command.arg(source),
        false => command.arg("-x").arg(language).arg(source).arg("-x").arg("none"),
    };
    command.args(&recipe.flags).args(&tools.libraries).arg("-o").arg(&output);
    command.arg("-MD").arg("-MF").arg(site.staging.join("read"));
    if !tools.is_tiny {
        command.arg("-MT").arg("program");
        if cfg!(target_os = "linux") && tools.kind == Kind::C {
            // What C programmers expect to be there, without its costing those who do not use it.
            command.arg("-Wl,--as-needed");
        }
    }
    if tools.kind == Kind::C {
        command.arg("-lm");
    }
    if tools.linker_reports {
        let mut report = OsString::from("-Wl,--dependency-file=");
        report.push(site.staging.join("linked"));
        command.arg(report);
    }
    // Where it looks for what is included, at the same time.
    let mut ask = site.command(&recipe.compiler.path);
    ask.args(&recipe.compiler.arguments).args(&tools.before).args(&recipe.flags);
    ask.args(["-E", "-v", "-x", language, "-"]).env("LC_ALL", "C");
    ask.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let aside = if tools.is_tiny { None } else { Some(ask) };
    let own = recipe.script.path().map(Path::to_owned).unwrap_or_default();
    Ok(Call {
        command,
        input,
        source: Source { path: own, mirror: None },
        output,
        aside,
        renames: Vec::new(),
    })
}

fn level(level: Level) -> &'static [&'static str] {
    match level {
        Level::Release => &["-O2"],
        Level::Dev => &["-g", "-O0"],
        Level::Quick => &["-O0"],
    }
}

/// The script's text with a marker of its name in place of a first line for the kernel.
fn marked(site: Site<'_>) -> Vec<u8> {
    let script = site.recipe.script;
    let name = script.path().map_or_else(|| script.typed().as_bytes(), |path| path.as_os_str().as_bytes());
    let name = if name == b"-" { b"<stdin>" } else { name };
    let mut marker = b"# 1 \"".to_vec();
    for byte in name {
        match byte {
            b'"' | b'\\' => marker.extend([b'\\', *byte]),
            b'\n' => marker.extend(b"\\n"),
            _ => marker.push(*byte),
        }
    }
    marker.extend(b"\"\n");
    [marker, source::text(site.recipe)].concat()
}

/// What the compiler and the linker read, and where they would have found something else.
pub(super) fn inputs(site: Site<'_>, tools: &Tools, aside: Option<Child>) -> Result<Inputs> {
    let recipe = site.recipe;
    let base = recipe.base();
    let said = aside.and_then(|child| child.wait_with_output().ok());
    let said = said.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let directories = Directories::parse(&said, base, |path| is_system(path, base));
    let mut inputs = Inputs::default();
    let mut own = Vec::new();
    let mut system = Vec::new();
    let read = std::fs::read(site.staging.join("read")).map_err(|error| site.unusable(error))?;
    let more = others(&recipe.flags).map(|name| base.join(name));
    for path in depfile::parse(&read).into_iter().map(|path| base.join(path)).chain(more) {
        if path.starts_with(site.staging) || Some(path.as_path()) == recipe.script.path() || !path.exists() {
            continue;
        }
        let tool = is_system(&path, base);
        if tool {
            system.push(path.clone())
        } else {
            own.push(path.clone())
        }
        inputs.files.push(Input { path, tool });
    }
    let linked = std::fs::read(site.staging.join("linked")).unwrap_or_default();
    let linked: Vec<PathBuf> = depfile::parse(&linked).into_iter().map(|path| base.join(path)).collect();
    // Objects that were made for this are gone by now.
    for path in linked.iter().filter(|path| path.is_file() && !path.starts_with(site.staging)) {
        inputs.files.push(Input { path: path.clone(), tool: is_system(path, base) });
    }
    inputs.checks.extend(missing_libraries(site, tools, &linked));
    let text = recipe.script.bytes();
    let scanned = includes::scan(text, recipe.script.path(), base, &own, &system, &directories);
    inputs.files.extend(scanned.files.into_iter().map(|path| Input { tool: is_system(&path, base), path }));
    inputs.checks.extend(scanned.checks);
    Ok(inputs)
}

/// Files among the flags: other sources, objects, libraries, files of arguments.
fn others(flags: &[String]) -> impl Iterator<Item = &str> {
    flags.iter().filter_map(|flag| match flag.strip_prefix('@') {
        Some(file) => Some(file),
        None => (!flag.starts_with('-') && flag.contains('.')).then_some(flag.as_str()),
    })
}

/// Libraries that would be linked in place of those that were, had they been there.
fn missing_libraries(site: Site<'_>, tools: &Tools, linked: &[PathBuf]) -> Vec<Check<'static>> {
    let all = || tools.before.iter().chain(&site.recipe.flags).chain(&tools.libraries).map(String::as_str);
    let values = |option: &'static str| {
        let words: Vec<&str> = all().collect();
        let mut found: Vec<String> = Vec::new();
        for (index, word) in words.iter().enumerate() {
            match word.strip_prefix(option) {
                Some("") => found.extend(words.get(index + 1).map(|word| (*word).to_owned())),
                Some(value) => found.push(value.to_owned()),
                None => {}
            }
        }
        found
    };
    let variable = site.environment.variable("LIBRARY_PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> =
        values("-L").iter().map(|directory| site.recipe.base().join(directory)).collect();
    directories.extend(std::env::split_paths(&variable).map(|directory| site.recipe.base().join(directory)));
    let mut checks = Vec::new();
    for name in values("-l") {
        let files = match name.strip_prefix(':') {
            Some(file) => vec![file.to_owned()],
            None => vec![format!("lib{name}.so"), format!("lib{name}.a")],
        };
        for directory in &directories {
            let found = files.iter().map(|file| directory.join(file)).find(|file| {
                let is_there = file.exists();
                if !is_there {
                    checks.push(Check::absent(file));
                }
                is_there
            });
            if found.is_some_and(|file| linked.is_empty() || linked.contains(&file)) {
                break;
            }
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

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
