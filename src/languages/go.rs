//! Go: by the go command, which knows what a program is made of.
//!
//! A script is one file of package `main`, in the module that its directory belongs to; or it brings its own along, as
//! gorun has it:
//!
//! ```text
//! // go.mod >>>
//! // module example
//! // require github.com/fatih/color v1.15.0
//! // <<< go.mod
//! ```
//!
//! and likewise `go.sum` and `go.env`. Such files, and a script whose first line is for the kernel or whose name the go
//! command would not take, are given by `-overlay` under names in the script's own directory: so `//go:embed`, relative
//! `replace` and packages below it lead where they should, and a `//line` keeps the script's name in messages and traces.
//!
//! What was read is asked of `go list`: packages of the standard library belong to the toolchain, those in the module cache
//! never change, and of all others every file counts. The go command's own build cache is used, which is the user's.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::base::digest::Fields;
use crate::base::error::{Error, Result, Step};
use crate::build::declared_inputs::directories_of;
use crate::languages::build::{Call, Input, Inputs, Site};
use crate::languages::compiler::{self, Compiler, Search};
use crate::languages::includes;
use crate::languages::metadata::Head;
use crate::languages::recipe::{Level, SCRIPT};
use crate::languages::source::{self, Source};
use crate::script::script_file::resolve_links;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

const INSTALL: &str = "install Go from https://go.dev/dl, or your system's `golang-go` package";

/// Variables that change what the go command makes of the same files.
const TRACED: &[&str] = &[
    "GOFLAGS",
    "GOROOT",
    "GOPATH",
    "GOENV",
    "GO111MODULE",
    "GOWORK",
    "GOTOOLCHAIN",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GO386",
    "GOPPC64",
    "GORISCV64",
    "GOMODCACHE",
    "CGO_ENABLED",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_LDFLAGS",
    "CC",
    "CXX",
    "PKG_CONFIG",
    "PKG_CONFIG_PATH",
    "CPATH",
    "LIBRARY_PATH",
    "HOME",
    "XDG_CONFIG_HOME",
];

/// What is asked of `go list`, one fact a line.
const QUESTION: &str = "{{if not .Standard}}package {{.Dir}}\nname {{.Name}}\n\
{{range .GoFiles}}file {{.}}\n{{end}}{{range .CgoFiles}}cgo {{.}}\n{{end}}{{range .CFiles}}file {{.}}\n{{end}}\
{{range .CXXFiles}}file {{.}}\n{{end}}{{range .MFiles}}file {{.}}\n{{end}}{{range .HFiles}}file {{.}}\n{{end}}\
{{range .FFiles}}file {{.}}\n{{end}}{{range .SFiles}}file {{.}}\n{{end}}{{range .SwigFiles}}file {{.}}\n{{end}}\
{{range .SwigCXXFiles}}file {{.}}\n{{end}}{{range .SysoFiles}}file {{.}}\n{{end}}{{range .IgnoredGoFiles}}file {{.}}\n{{end}}\
{{range .EmbedFiles}}file {{.}}\n{{end}}{{range .EmbedPatterns}}pattern {{.}}\n{{end}}\
{{with .Module}}{{with .Replace}}module {{.GoMod}}\n{{end}}{{end}}{{end}}";

/// What a build needs to know of the go command.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Whether the script calls C.
    calls_c: bool,
}

/// Finds the go command.
pub(super) fn find(head: &Head, wanted: Option<&str>, search: Search<'_>) -> Result<(Compiler, Tools)> {
    let environment = search.environment;
    let mut checks: Vec<Check<'static>> =
        TRACED.iter().map(|name| Check::variable(name, environment)).collect();
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
    let real = resolve_links(&path).unwrap_or_else(|_| path.clone());
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
    // What `go env -w` wrote.
    let settings = environment.set("GOENV").map(PathBuf::from).or_else(|| {
        let of_user = environment.set("XDG_CONFIG_HOME").map(PathBuf::from);
        Some(of_user.or_else(|| Some(environment.home()?.join(".config")))?.join("go/env"))
    });
    if let Some(settings) = settings.filter(|path| path.is_absolute()) {
        let check = Check::file_or_absent(&settings, search.since);
        checks.push(check.unwrap_or_else(|_| Check::absent(&settings)));
    }
    // Without a C compiler it leaves out what needs one.
    let variable = environment.set("CC").map(|value| value.to_string_lossy().into_owned());
    let words = compiler::words_of(variable.as_deref().unwrap_or("gcc"));
    let name = words.first().map_or("gcc", String::as_str);
    match head.calls_c {
        true => drop(search.find(name, &mut checks)?),
        false if !name.contains('/') => checks.push(Check::command(name, environment).tool()),
        false => {}
    }
    Ok((Compiler { path, arguments: Vec::new(), version, checks }, Tools { calls_c: head.calls_c }))
}

/// The flags in a script's own call of the go command: `go run FLAGS SCRIPT ARGUMENTS`.
pub(super) fn flags(words: Vec<String>) -> Vec<String> {
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

/// The text between `// NAME >>>` and `// <<< NAME`, without its comment marks.
fn section(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("// {name} >>>"))?;
    let (body, _) = rest.split_once(&format!("// <<< {name}"))?;
    Some(body.replace("\n// ", "\n").replace("\n//", "\n"))
}

/// How the go command is called.
pub(super) fn call(site: Site<'_>, tools: &Tools) -> Result<Call> {
    let recipe = site.recipe;
    let unusable = |error| site.unusable(error);
    let base = recipe.base();
    let output = site.staging.join("program");
    let text = String::from_utf8_lossy(recipe.script.bytes()).into_owned();
    let name = recipe.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_fine = recipe.script.path().is_some()
        && !recipe.head.has_shebang
        && !tools.calls_c
        && name.ends_with(".go")
        && !name.ends_with("_test.go")
        && !name.starts_with(['_', '.', '-', '@'])
        && recipe.file_name().is_some_and(|own| own.to_str().is_some());
    let mut replaced: Vec<(PathBuf, PathBuf)> = Vec::new();
    let file = if is_fine { name.clone() } else { "runner-script.go".to_owned() };
    let shown =
        recipe.script.path().unwrap_or(Path::new(recipe.script.typed())).to_string_lossy().into_owned();
    if !is_fine {
        let copy = site.staging.join("script.go");
        std::fs::write(&copy, copied(site, &shown)).map_err(unusable)?;
        replaced.push((base.join(&file), copy));
    }
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut arguments: Vec<String> = Vec::new();
    if let Some(module) = section(&text, "go.mod") {
        let directory = site.staging.join("module");
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
        let overlay = site.staging.join("overlay.json");
        let pairs = replaced.iter().map(|(from, to)| {
            (from.to_string_lossy().into_owned(), serde_json::Value::from(to.to_string_lossy().into_owned()))
        });
        let replace: serde_json::Map<String, serde_json::Value> = pairs.collect();
        let text = serde_json::json!({ "Replace": replace }).to_string();
        std::fs::write(&overlay, text).map_err(unusable)?;
        arguments.push(format!("-overlay={}", overlay.display()));
    }
    let go = |subcommand: &str| {
        let mut command = site.command(&recipe.compiler.path);
        command.arg(subcommand).args(&arguments);
        // What runs here is built for here.
        command.env_remove("GOOS").env_remove("GOARCH");
        if recipe.options.offline {
            command.env("GOPROXY", "off");
        }
        if recipe.settings.is_static == Some(true) {
            command.env("CGO_ENABLED", "0");
        }
        if site.environment.home().is_none() {
            command.env("GOCACHE", site.cache.join("go/build")).env("GOPATH", site.cache.join("go/path"));
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command
    };
    let (flags, linker) = without_linker_flags(&recipe.flags);
    let mut command = go("build");
    match recipe.level {
        Level::Dev if !recipe.options.strip => {
            command.arg("-gcflags=all=-N -l");
            if !linker.is_empty() {
                command.arg(format!("-ldflags={linker}"));
            }
        }
        // As `go run` links, for speed: traces of panics stay.
        _ => drop(command.arg(format!("-ldflags=-s -w {linker}").trim_end())),
    }
    if recipe.options.portable {
        command.arg("-trimpath");
    }
    command.args(&flags).arg("-o").arg(&output).arg(&file);
    let mut list = go("list");
    list.args(flags.iter().filter(|flag| shapes_lists(flag)))
        .args(["-deps", "-e", "-f", QUESTION])
        .arg(&file);
    list.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let aside = Some(list);
    let source = Source { path: base.join(&file), mirror: None };
    let dot = if is_fine { file } else { shown.rsplit('/').next().unwrap_or_default().to_owned() };
    let renames = vec![(format!("./{dot}:"), format!("{}{dot}:", directory_of(&shown)))];
    Ok(Call { command, input: None, source, output, aside, renames })
}

/// The directory of a path, with its slash.
fn directory_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// Whether a flag decides which files belong to a program.
fn shapes_lists(flag: &str) -> bool {
    let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
    flag.contains('=')
        && matches!(name, "tags" | "mod" | "modfile" | "compiler" | "installsuffix" | "buildvcs")
        || matches!(name, "race" | "msan" | "asan")
}

/// The flags without those of the linker, and those.
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
            // One word a flag, so that each can be told.
            None if matches!(name, "tags" | "mod" | "gcflags" | "asmflags" | "p" | "buildmode" | "pgo") => {
                rest.push(format!("{flag}={}", flags.next().map_or("", String::as_str)));
            }
            None => rest.push(flag.clone()),
        }
    }
    (rest, linker)
}

/// The text of a script that the go command cannot take as it is.
fn copied(site: Site<'_>, shown: &str) -> Vec<u8> {
    let mut copy = Vec::new();
    if !shown.contains(['\n', '\r']) {
        copy.extend(format!("//line {shown}:1\n").into_bytes());
    }
    copy.extend(source::text(site.recipe));
    if site.recipe.head.calls_c {
        // The go command does not look at headers of C: what is in them is made a part of the script.
        let mut fields = Fields::new("headers");
        for path in includes::beside(&preamble(site.recipe.script.bytes()), site.recipe.base()) {
            fields.push("path", path.as_os_str().as_encoded_bytes());
            fields.push("content", &std::fs::read(&path).unwrap_or_default());
        }
        copy.extend(format!("\n// headers {}\n", fields.finish().short(32)).into_bytes());
    }
    copy
}

/// A script whose C, which stands in comments, stands for itself.
fn preamble(script: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(script);
    let lines: Vec<&str> =
        text.lines().map(|line| line.trim_start().strip_prefix("//").unwrap_or(line)).collect();
    lines.join("\n").into_bytes()
}

/// What a program is made of.
pub(super) fn inputs(site: Site<'_>, tools: &Tools, call: &Call, aside: Option<Child>) -> Result<Inputs> {
    let recipe = site.recipe;
    let base = recipe.base();
    let unclear = || Error::message(Step::Compile, "`go list` did not say what was read; nothing was cached");
    let said = aside.and_then(|child| child.wait_with_output().ok()).ok_or_else(unclear)?;
    let said = String::from_utf8_lossy(&said.stdout);
    let since = Moment::now();
    let mut inputs = Inputs::default();
    let (mut directory, mut is_kept, mut has_script) = (base.to_owned(), false, false);
    for line in said.lines() {
        let Some((kind, value)) = line.split_once(' ') else { continue };
        match kind {
            "package" => {
                directory = base.join(value);
                // The module cache names versions, and what is in it is never changed.
                is_kept = value.contains('@');
                has_script |= directory == base;
                if !is_kept && directory != base {
                    inputs.checks.extend(Check::directory(&directory, Names::Sources, since).ok());
                }
            }
            "name" if directory == base && value != "main" && !value.is_empty() => {
                let text = format!("it is package `{value}`, and a program is package `main`");
                return Err(Error::message(Step::Compile, text));
            }
            "file" | "cgo" if !is_kept => {
                let path = directory.join(value);
                if path != call.source.path {
                    inputs.files.push(Input { path, tool: false });
                }
            }
            "pattern" if !is_kept => inputs.checks.extend(embedded_directories(&directory, value, since)),
            "module" if !is_kept && !value.is_empty() => {
                inputs.files.push(Input { path: base.join(value), tool: false });
            }
            _ => {}
        }
    }
    if !has_script {
        return Err(unclear());
    }
    module_files(site, &mut inputs);
    if tools.calls_c {
        let text = preamble(recipe.script.bytes());
        let own = includes::beside(&text, base);
        let scanned = includes::scan(&text, recipe.script.path(), base, &own, &[], &Default::default());
        inputs.files.extend(own.into_iter().chain(scanned.files).map(|path| Input { path, tool: false }));
        inputs.checks.extend(scanned.checks);
    }
    Ok(inputs)
}

/// The directories that a pattern of `//go:embed` looks into: what appears there is embedded too.
fn embedded_directories(directory: &Path, pattern: &str, since: Moment) -> Vec<Check<'static>> {
    let pattern = pattern.strip_prefix("all:").unwrap_or(pattern);
    let whole = directory.join(pattern).to_string_lossy().into_owned();
    let mut found = if pattern.contains(['*', '?', '[']) { directories_of(&whole) } else { Vec::new() };
    let mut pending: Vec<PathBuf> = glob::glob(&whole).into_iter().flatten().flatten().collect();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            pending.extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()));
            found.push(path);
        }
    }
    found.iter().filter_map(|path| Check::directory(path, Names::All, since).ok()).collect()
}

/// The files that say which versions of other modules there are, and those that would say it if they were there.
fn module_files(site: Site<'_>, inputs: &mut Inputs) {
    let base = site.recipe.base();
    let text = String::from_utf8_lossy(site.recipe.script.bytes());
    let mut add = |path: PathBuf| {
        let is_there = path.is_file();
        match is_there {
            true => inputs.files.push(Input { path, tool: false }),
            false => inputs.checks.push(Check::absent(&path)),
        }
        is_there
    };
    if section(&text, "go.mod").is_some() {
        add(base.join("vendor/modules.txt"));
        return;
    }
    for directory in base.ancestors() {
        if add(directory.join("go.mod")) {
            add(directory.join("go.sum"));
            add(directory.join("vendor/modules.txt"));
            break;
        }
    }
    let workspace = site.environment.set("GOWORK");
    match workspace.as_deref().and_then(|workspace| workspace.to_str()) {
        Some("off") => {}
        Some(path) => {
            add(base.join(path));
            add(base.join(path).with_extension("work.sum"));
        }
        None => {
            for directory in base.ancestors() {
                if add(directory.join("go.work")) {
                    add(directory.join("go.work.sum"));
                    break;
                }
            }
        }
    }
}

/// What to do about what the go command complains of.
pub(super) fn hint(said: &str) -> Option<String> {
    let hints = [
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
    hints.iter().find(|(sign, _)| said.contains(sign)).map(|(_, hint)| (*hint).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_those_of_gorun() {
        let text = "package main\n// go.mod >>>\n// module x\n//\n// require a v1\n// <<< go.mod\n";
        assert_eq!(section(text, "go.mod").as_deref(), Some("\nmodule x\n\nrequire a v1\n"));
        assert_eq!(section(text, "go.sum"), None);
        assert_eq!(section("// go.mod >>>\n", "go.mod"), None);
    }

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
