//! Go, compiled by the go command.
//!
//! A script is one file of package `main`, in the module that its directory belongs to; or it embeds its own module, in the
//! syntax of gorun:
//!
//! ```text
//! // go.mod >>>
//! // module example
//! // require github.com/fatih/color v1.15.0
//! // <<< go.mod
//! ```
//!
//! and likewise `go.sum` and `go.env`. Such files, and a script with a `#!` line or with a name that the go command would not
//! accept, are passed by `-overlay` under names in the script's own directory: so `//go:embed`, relative `replace` and packages
//! below that directory work, and a `//line` keeps the script's name in messages and traces.
//!
//! The go command uses the user's own build cache, which is no input; modules in its module cache never change. Where it is not
//! observed `go list` reports what was read.

mod go_directories;
mod hidden_reads;
mod reported_inputs;
mod sections;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::languages::compilation::Profile;
use crate::languages::compile_call::SCRIPT;
use crate::languages::compiler::{self, Compiler, Search};
use crate::languages::driver::{Build, Call, Driver};
use crate::languages::go::sections::section;
use crate::languages::inputs::Inputs;
use crate::languages::metadata::Head;
use crate::languages::source::{self, Source};
use crate::process::observe::observed::Observed;
use crate::process::running::Running;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

const INSTALL: &str = "install Go from https://go.dev/dl, or your system's `golang-go` package";

/// The go command.
#[derive(Debug)]
pub(super) struct GoDriver {
    /// Whether the script calls C.
    calls_c: bool,
}

/// Finds the go command.
pub(super) fn find(head: &Head, wanted: Option<&str>, search: Search<'_>) -> Result<(Compiler, GoDriver)> {
    let environment = search.environment;
    let mut checks: Vec<Check<'static>> = Vec::new();
    let called = head.call.as_ref().map(|call| call.base_name()).filter(|name| name.starts_with("go1."));
    let mut found = None;
    for name in wanted.into_iter().chain(called.filter(|_| wanted.is_none())) {
        found = search.find(name, &mut checks)?;
    }
    if found.is_none() && wanted.is_none() {
        found = search.find("go", &mut checks)?;
    }
    let path = found.ok_or_else(|| compiler::missing(wanted.unwrap_or("go"), INSTALL))?;
    let version = search.version(&path, &["version"])?;
    let version = version.strip_prefix("go version ").map(str::to_owned).unwrap_or(version);
    let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    let root = match environment.set("GOROOT") {
        Some(root) => Some(PathBuf::from(root)),
        None => real.parent().and_then(Path::parent).map(Path::to_owned),
    };
    if let Some(root) = root {
        let tools = std::fs::read_dir(root.join("pkg/tool")).into_iter().flatten().flatten();
        let tools = tools.flat_map(|directory| {
            ["compile", "link", "asm", "cgo"].map(|tool| directory.path().join(tool)).into_iter()
        });
        let mut files: Vec<PathBuf> = tools.filter(|tool| tool.is_file()).collect();
        files.extend([root.join("VERSION"), root.join("go.env")].into_iter().filter(|file| file.is_file()));
        for file in files {
            checks.extend(search.stamped(&file)?);
        }
    }
    // The file that `go env -w` writes.
    let settings = environment.set("GOENV").map(PathBuf::from).or_else(|| {
        let of_user = environment.set("XDG_CONFIG_HOME").map(PathBuf::from);
        Some(of_user.or_else(|| Some(environment.home()?.join(".config")))?.join("go/env"))
    });
    if let Some(settings) = settings.filter(|path| path.is_absolute()) {
        let check = Check::file_or_absent(&settings, search.since);
        checks.push(check.unwrap_or_else(|_| Check::absent(&settings)));
    }
    // Without a C compiler the go command leaves out what needs one.
    let variable = environment.set("CC").map(|value| value.to_string_lossy().into_owned());
    let words = compiler::words_of(variable.as_deref().unwrap_or("gcc"));
    let name = words.first().map_or("gcc", String::as_str);
    match head.calls_c {
        true => drop(search.find(name, &mut checks)?),
        false if !name.contains('/') => checks.push(Check::command(name, environment).tool()),
        false => {}
    }
    Ok((Compiler { path, arguments: Vec::new(), version, checks }, GoDriver { calls_c: head.calls_c }))
}

/// The machine that variables of Go's ask for, where a program is handed on: it is this one.
///
/// # Errors
/// [`Step::Arguments`] if it is another.
pub(super) fn machine_checks(environment: &Environment) -> Result<Vec<Check<'static>>> {
    let own = [
        ("GOOS", if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS }),
        (
            "GOARCH",
            match std::env::consts::ARCH {
                "x86_64" => "amd64",
                "aarch64" => "arm64",
                "x86" => "386",
                other => other,
            },
        ),
    ];
    for (name, own) in own {
        if let Some(value) = environment.set(name).filter(|value| *value != own) {
            let text = format!(
                "cannot build for `{name}={}`: Go scripts are built for this machine",
                value.display()
            );
            return Err(Error::message(Step::Arguments, text).hint("`go build` builds for others"));
        }
    }
    Ok(own.iter().map(|(name, _)| Check::variable(name, environment)).collect())
}

/// The flags in a script's own call of the go command: `go run FLAGS SCRIPT ARGUMENTS`.
fn flags(words: Vec<String>) -> Vec<String> {
    let mut words = words.into_iter();
    if !matches!(words.next().as_deref(), Some("run" | "build")) {
        return Vec::new();
    }
    let mut flags = Vec::new();
    while let Some(word) = words.next() {
        match word.trim_start_matches('-').split('=').next().unwrap_or_default() {
            _ if word == SCRIPT || word == "--" => break,
            "o" | "exec" | "C" | "overlay" if !word.contains('=') => drop(words.next()),
            "o" | "exec" | "C" | "overlay" | "a" | "n" | "x" | "v" | "work" => {}
            _ => flags.push(word),
        }
    }
    flags
}

impl Driver for GoDriver {
    fn flags(&self, _head: &Head, words: Vec<String>) -> Vec<String> {
        flags(words)
    }

    fn call(&self, build: Build<'_>) -> Result<Call> {
        let compilation = build.compilation;
        let unusable = |error| build.unusable(error);
        let base = compilation.base();
        let output = build.staging.join("program");
        let text = String::from_utf8_lossy(compilation.script.bytes()).into_owned();
        let name =
            compilation.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_fine = compilation.script.path().is_some()
            && !compilation.head.has_shebang
            && !self.calls_c
            && name.ends_with(".go")
            && !name.ends_with("_test.go")
            && !name.starts_with(['_', '.', '-', '@'])
            && compilation.file_name().is_some_and(|own| own.to_str().is_some());
        let mut replaced: Vec<(PathBuf, PathBuf)> = Vec::new();
        let file = if is_fine { name.clone() } else { "runner-script.go".to_owned() };
        let shown = compilation.shown_path().to_string_lossy().into_owned();
        if !is_fine {
            let copy = build.staging.join("script.go");
            std::fs::write(&copy, copied(build, &shown)).map_err(unusable)?;
            replaced.push((base.join(&file), copy));
        }
        let mut variables: Vec<(String, String)> = Vec::new();
        let mut arguments: Vec<String> = Vec::new();
        if let Some(module) = section(&text, "go.mod") {
            let directory = build.staging.join("module");
            std::fs::create_dir(&directory).map_err(unusable)?;
            let path = directory.join("go.mod");
            std::fs::write(&path, module.trim_start()).map_err(unusable)?;
            if let Some(sums) = section(&text, "go.sum") {
                std::fs::write(directory.join("go.sum"), sums.trim_start()).map_err(unusable)?;
            }
            arguments.push(format!("-modfile={}", path.display()));
            // The module is the script's directory, whatever lies above it.
            replaced.push((base.join("go.mod"), path));
            variables.push(("GOWORK".to_owned(), "off".to_owned()));
        }
        for line in section(&text, "go.env").unwrap_or_default().lines() {
            if let Some((name, value)) = line.trim().split_once('=').filter(|(name, _)| !name.is_empty()) {
                variables.push((name.to_owned(), value.to_owned()));
            }
        }
        if !replaced.is_empty() {
            let overlay = build.staging.join("overlay.json");
            let mut replace = serde_json::Map::new();
            for (from, to) in &replaced {
                replace.insert(from.to_string_lossy().into_owned(), to.to_string_lossy().into());
            }
            let text = serde_json::json!({ "Replace": replace }).to_string();
            std::fs::write(&overlay, text).map_err(unusable)?;
            arguments.push(format!("-overlay={}", overlay.display()));
        }
        let go = |subcommand: &str| {
            let mut command = build.command(&compilation.compiler.path);
            command.arg(subcommand).args(&arguments);
            // The program is for this machine.
            command.env_remove("GOOS").env_remove("GOARCH");
            if compilation.options.offline {
                command.env("GOPROXY", "off");
            }
            if compilation.is_static() {
                command.env("CGO_ENABLED", "0");
            }
            let has_home = build.host.environment.home().is_some();
            if !has_home || build.host.environment.supervision().confinement.is_some() {
                command.env("GOCACHE", build.host.cache.join("go/build"));
            }
            if !has_home {
                command.env("GOPATH", build.host.cache.join("go/path"));
            }
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            command
        };
        let (flags, linker) = without_linker_flags(&compilation.flags);
        let mut command = go("build");
        match compilation.profile {
            Profile::Dev if !compilation.options.strip => {
                command.arg("-gcflags=all=-N -l");
                if !linker.is_empty() {
                    command.arg(format!("-ldflags={linker}"));
                }
            }
            // As `go run` links, for speed; stack traces of panics stay.
            // The id of a build would tell how often it was built: see `copied`.
            _ if self.calls_c => drop(command.arg(format!("-ldflags=-s -w -buildid= {linker}").trim_end())),
            _ => drop(command.arg(format!("-ldflags=-s -w {linker}").trim_end())),
        }
        if compilation.options.portable {
            command.arg("-trimpath");
        }
        command.args(&flags).arg("-o").arg(&output).arg(&file);
        let query = (!build.is_observed).then(|| reported_inputs::query(go("list"), &flags, &file));
        let source = Source { path: base.join(&file), mirror: None };
        let dot = if is_fine { file } else { shown.rsplit('/').next().unwrap_or_default().to_owned() };
        let renames = vec![(format!("./{dot}:"), format!("{}{dot}:", directory_of(&shown)))];
        Ok(Call { command, input: None, source, output, query, renames })
    }

    fn reported_inputs(&self, build: Build<'_>, call: &Call, query: Option<Running>) -> Result<Inputs> {
        reported_inputs::read(build, &call.source.path, self.calls_c, query)
    }

    fn again(&self, build: Build<'_>, call: &Call, observed: &Observed) -> Result<Option<Command>> {
        hidden_reads::shown(build, call, observed)
    }

    fn complete(&self, build: Build<'_>, call: &mut Call) -> Result<Inputs> {
        // Of another package than `main` the go command makes an archive.
        let mut head = [0; 7];
        let read = std::fs::File::open(&call.output).and_then(|mut file| file.read_exact(&mut head));
        if read.is_ok() && head == *b"!<arch>" {
            let text = String::from_utf8_lossy(build.compilation.script.bytes()).into_owned();
            let name = text.lines().find_map(|line| line.strip_prefix("package ")).unwrap_or("another");
            let text = format!("it is package `{}`; a script must be package `main`", name.trim());
            return Err(Error::message(Step::Compile, text));
        }
        Ok(Inputs::default())
    }

    fn own_directories(&self, build: Build<'_>) -> Vec<PathBuf> {
        go_directories::own(build.host.environment)
    }

    fn constant_directories(&self, build: Build<'_>) -> Vec<PathBuf> {
        go_directories::modules(build.host.environment).into_iter().collect()
    }

    fn for_check(&self, call: &mut Call) {
        // `go vet` reads files by itself, and ignores the overlay for them.
        if call.source.path.is_file() {
            call.command = vet_command(&call.command);
        }
    }

    fn hint(&self, _build: Build<'_>, _call: &Call, messages: &str, _status: ExitStatus) -> Option<String> {
        HINTS.iter().find(|(sign, _)| messages.contains(sign)).map(|(_, hint)| (*hint).to_owned())
    }
}

/// `go build …` as `go vet …`, which writes nothing.
fn vet_command(build: &Command) -> Command {
    let mut command = Command::new(build.get_program());
    let mut words = build.get_args();
    words.next();
    command.arg("vet");
    while let Some(word) = words.next() {
        match word == "-o" {
            true => drop(words.next()),
            false => drop(command.arg(word)),
        }
    }
    command.env_clear();
    command.envs(build.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(build.get_current_dir().unwrap_or(Path::new("/")));
    command
}

/// The directory of a path, with its slash.
fn directory_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// The flags without those for the linker, and those for the linker.
fn without_linker_flags(flags: &[String]) -> (Vec<String>, String) {
    let (mut rest, mut linker) = (Vec::new(), String::new());
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let name = flag.trim_start_matches('-');
        let value = match name.strip_prefix("ldflags") {
            Some("") => flags.next().map(String::as_str),
            Some(value) => value.strip_prefix('='),
            None => None,
        };
        match value {
            Some(value) => linker.push_str(value),
            // One word a flag, so that each can be recognized.
            None if matches!(name, "tags" | "mod" | "gcflags" | "asmflags" | "p" | "buildmode" | "pgo") => {
                rest.push(format!("{flag}={}", flags.next().map_or("", String::as_str)));
            }
            None => rest.push(flag.clone()),
        }
    }
    (rest, linker)
}

/// The text of a script that the go command cannot compile in its place.
fn copied(build: Build<'_>, shown: &str) -> Vec<u8> {
    let mut copy = Vec::new();
    if !shown.contains(['\n', '\r']) {
        copy.extend(format!("//line {shown}:1\n").into_bytes());
    }
    copy.extend(source::text(build.compilation));
    if build.compilation.head.calls_c {
        // The go command does not watch headers of C and libraries, and would take from its cache what it made of others: with
        // this the script is another one each time.
        let moment = Moment::latest().unix_nanoseconds();
        copy.extend(format!("\n// built {moment}\n").into_bytes());
    }
    copy
}

/// Texts in messages of the go command, and advice.
const HINTS: &[(&str, &str)] = &[
    (
        "missing go.sum entry",
        "`go mod tidy` makes a go.sum; it may stand in the script between `// go.sum >>>` and `// <<< go.sum`",
    ),
    (
        "module providing package",
        "name the module and its version in the script, between `// go.mod >>>` and `// <<< go.mod`",
    ),
    (
        "no required module provides package",
        "name the module and its version in the script, between `// go.mod >>>` and `// <<< go.mod`",
    ),
    ("function main is undeclared", "a script is a program: it needs `func main`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_call_only_how_to_build_is_taken() {
        for (words, expected, linker) in [
            ("run \0script a -b", "", ""),
            ("run -race -tags x,y -ldflags=-X\u{a0}main.v=1 \0script", "-race -tags=x,y", "-X\u{a0}main.v=1"),
            ("build -o x -v -exec y \0script", "", ""),
            ("\0script", "", ""),
        ] {
            let words = words.split(' ').map(str::to_owned).collect();
            let (rest, found) = without_linker_flags(&flags(words));
            assert_eq!((rest.join(" ").as_str(), found.as_str()), (expected, linker));
        }
    }
}
