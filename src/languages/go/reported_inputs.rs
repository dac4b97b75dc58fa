//! The inputs of a Go program: its files by `go list`, and the module files that the go command looks for.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::error::{Error, Result, Step};
use crate::build::declared_inputs::directories_of;
use crate::languages::driver::Build;
use crate::languages::go::go_directories;
use crate::languages::go::sections::section;
use crate::languages::inputs::Inputs;
use crate::process::running::Running;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// The template for `go list`, one fact a line.
const QUESTION: &str = "{{if not .Standard}}package {{.Dir}}\n\
{{range .GoFiles}}file {{.}}\n{{end}}{{range .CgoFiles}}cgo {{.}}\n{{end}}{{range .CFiles}}file {{.}}\n{{end}}\
{{range .CXXFiles}}file {{.}}\n{{end}}{{range .MFiles}}file {{.}}\n{{end}}{{range .HFiles}}file {{.}}\n{{end}}\
{{range .FFiles}}file {{.}}\n{{end}}{{range .SFiles}}file {{.}}\n{{end}}{{range .SwigFiles}}file {{.}}\n{{end}}\
{{range .SwigCXXFiles}}file {{.}}\n{{end}}{{range .SysoFiles}}file {{.}}\n{{end}}{{range .IgnoredGoFiles}}file {{.}}\n{{end}}\
{{range .EmbedFiles}}file {{.}}\n{{end}}{{range .EmbedPatterns}}pattern {{.}}\n{{end}}\
{{with .Module}}{{with .Replace}}module {{.GoMod}}\n{{end}}{{end}}{{end}}";

/// Asks which files belong to the program of `file`; `list` is `go list` with the arguments of the build.
pub(super) fn query(mut list: Command, flags: &[String], file: &str) -> Command {
    list.args(flags.iter().filter(|flag| shapes_lists(flag)));
    list.args(["-deps", "-e", "-f", QUESTION]).arg(file);
    list
}

/// Whether a flag decides which files belong to a program.
fn shapes_lists(flag: &str) -> bool {
    let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
    flag.contains('=')
        && matches!(name, "tags" | "mod" | "modfile" | "compiler" | "installsuffix" | "buildvcs")
        || matches!(name, "race" | "msan" | "asan")
}

/// Reads the answer of `go list` to [`query`], for a script that the go command knows as `source`.
///
/// # Errors
/// [`Step::Compile`] if there is no answer, or the script is not in it.
pub(super) fn read(build: Build<'_>, source: &Path, calls_c: bool, query: Option<Running>) -> Result<Inputs> {
    let compilation = build.compilation;
    let base = compilation.base();
    let unclear =
        || Error::message(Step::Compile, "`go list` did not report what was read; nothing was cached");
    let said = query
        .and_then(|mut child| child.finish(build.host.environment.supervision()).ok())
        .ok_or_else(unclear)?;
    let said = String::from_utf8_lossy(&said.stdout);
    let since = Moment::now();
    let modules = go_directories::modules(build.host.environment);
    let mut inputs = Inputs::default();
    if compilation.flags.iter().any(|flag| flag.contains("modfile") || flag.contains("overlay")) {
        inputs.checks.push(Check::never("without observation nobody knows what its flags make it read"));
    }
    let (mut directory, mut is_kept, mut has_script) = (base.to_owned(), false, false);
    for line in said.lines() {
        let Some((kind, value)) = line.split_once(' ') else { continue };
        match kind {
            "package" => {
                directory = base.join(value);
                // The module cache names versions, and what is in it is never changed.
                is_kept = modules.as_ref().is_some_and(|modules| directory.starts_with(modules));
                has_script |= directory == base;
                if !is_kept && directory != base {
                    inputs.checks.extend(Check::directory(&directory, Names::Sources, since).ok());
                }
            }
            "file" | "cgo" if !is_kept => {
                let path = directory.join(value);
                if path != source {
                    inputs.add_own(path);
                }
            }
            "pattern" if !is_kept => inputs.checks.extend(embedded_directories(&directory, value, since)),
            "module" if !is_kept && !value.is_empty() => {
                inputs.add_own(base.join(value));
            }
            _ => {}
        }
    }
    if !has_script {
        return Err(unclear());
    }
    module_files(build, &mut inputs);
    if calls_c {
        inputs.checks.push(Check::never("without observation nobody knows what its C reads"));
    }
    Ok(inputs)
}

/// The directories that a pattern of `//go:embed` searches: files that appear there are embedded too.
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

/// The files that pin the versions of other modules, and those that would if they existed.
fn module_files(build: Build<'_>, inputs: &mut Inputs) {
    let base = build.compilation.base();
    let text = String::from_utf8_lossy(build.compilation.script.bytes());
    let mut add = |path: PathBuf| inputs.add_wanted(path);
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
    let workspace = build.host.environment.set("GOWORK");
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
