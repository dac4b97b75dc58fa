//! The inputs of a compiler of the table: its report, the names in its sources, and its configuration files.

use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result, Step};
use crate::build::depfile;
use crate::languages::driver::{Build, Call};
use crate::languages::inputs::{Input, Inputs, is_system};
use crate::languages::language::{Report, Template};
use crate::languages::template::placeholders::fill;
use crate::process::task::{Output, Task};
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Reads what the compiler reported in the way of its template.
///
/// # Errors
/// [`Step::Compile`] if there is no report.
pub(super) fn read(build: Build<'_>, template: &Template, call: &Call) -> Result<Inputs> {
    let compilation = build.compilation;
    let base = compilation.base();
    let own = |read: &[PathBuf]| -> Vec<PathBuf> {
        read.iter().filter_map(|path| call.source.own_path(compilation, path)).collect()
    };
    let unread = |error: std::io::Error| {
        let what = "the compiler did not report what it read; nothing was cached";
        Error::new(Step::Compile, anyhow::Error::new(error).context(what))
    };
    let mut inputs = Inputs::default();
    let files = match &template.report {
        Report::Depfile => own(&depfile::parse(&std::fs::read(build.report()).map_err(unread)?)),
        Report::Command(arguments) => {
            let mut command = build.command(&compilation.compiler.path);
            if !template.runs_in_script_directory {
                command.current_dir(build.staging);
            }
            let filled =
                arguments.iter().map(|argument| fill(argument, build, &call.source.path, &call.output));
            command.args(filled);
            let supervision = build.host.environment.supervision();
            let output = Task::new(&command, supervision).stderr(Output::Null).output();
            let mut said = output.map_err(unread)?.stdout;
            said.extend(std::fs::read(build.report()).unwrap_or_default());
            own(&depfile::parse(&said))
        }
        Report::Nim => own(&nim_files(&build.staging.join("cache")).map_err(unread)?),
        Report::Names(openings) => {
            let (found, absent) = named_files(compilation.script.bytes(), base, openings);
            inputs.checks.extend(absent.iter().map(|path| Check::absent(path)));
            found
        }
        Report::Nothing => Vec::new(),
    };
    let since = Moment::now();
    for path in files.into_iter().filter(|path| path.is_file() && !path.starts_with(build.staging)) {
        let is_tool = is_system(&path, base) || is_beside(&compilation.compiler.path, &path, base);
        match is_tool {
            true => inputs.checks.extend(absent_shadow(base, &path, template.module_parts)),
            false => {
                let directory = path.parent().filter(|directory| *directory != base);
                let check = directory.and_then(|path| Check::directory(path, Names::Sources, since).ok());
                inputs.checks.extend(check);
            }
        }
        inputs.files.push(Input { path, is_tool });
    }
    let stem = compilation.script.stem().to_string_lossy().into_owned();
    for directory in base.ancestors().filter(|_| !template.config_files.is_empty()) {
        for name in template.config_files {
            let path = directory.join(name.replace("{stem}", &stem));
            inputs.add_wanted(path);
        }
    }
    Ok(inputs)
}
/// The absence of a file of the script's that would shadow a module of the library, whose name has so many `parts`.
fn absent_shadow(base: &Path, module: &Path, parts: usize) -> Option<Check<'static>> {
    if parts == 0 {
        return None;
    }
    let all: Vec<_> = module.components().collect();
    let name: PathBuf = all.get(all.len().checked_sub(parts)?..)?.iter().collect();
    base.join(name).ancestors().take_while(|step| !step.exists()).last().map(Check::absent)
}

/// Whether a file belongs to the installation of a compiler, and a script in `base` does not.
fn is_beside(compiler: &Path, path: &Path, base: &Path) -> bool {
    let real = std::fs::canonicalize(compiler).unwrap_or_else(|_| compiler.to_owned());
    let directory = real.parent();
    let root = match directory.and_then(Path::file_name) {
        Some(name) if name == "bin" => directory.and_then(Path::parent),
        _ => directory,
    };
    root.is_some_and(|root| path.starts_with(root) && !base.starts_with(root))
}

/// The files that nim read, from the JSON that it leaves for `--define:nimBetterRun`.
fn nim_files(cache: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(cache)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        let of =
            |key: &str| value.get(key).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        let names = of("depfiles").into_iter().map(|pair| pair.get(0).cloned().unwrap_or(pair));
        found.extend(names.chain(of("configFiles")).filter_map(|name| Some(PathBuf::from(name.as_str()?))));
    }
    match found.is_empty() {
        true => Err(std::io::ErrorKind::NotFound.into()),
        false => Ok(found),
    }
}

/// The files that a source names, those that these name, and so on; and named files that do not exist.
fn named_files(text: &[u8], base: &Path, openings: &[&str]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut absent = Vec::new();
    let mut pending = vec![(String::from_utf8_lossy(text).into_owned(), base.to_owned())];
    while let Some((text, directory)) = pending.pop() {
        for opening in openings {
            for (at, _) in text.match_indices(opening) {
                let Some((name, _)) = text[at + opening.len()..].split_once('"') else { continue };
                let path = directory.join(name);
                if found.contains(&path) {
                    continue;
                }
                match std::fs::read(&path) {
                    Ok(bytes) => {
                        let directory = path.parent().unwrap_or(base).to_owned();
                        found.push(path);
                        pending.push((String::from_utf8_lossy(&bytes).into_owned(), directory));
                    }
                    // A package of that name, or an import that is never compiled.
                    Err(_) if name.contains('.') => absent.push(path),
                    Err(_) => {}
                }
            }
        }
    }
    (found, absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_the_names_in_sources() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir(root.join("d")).unwrap();
        std::fs::write(root.join("d/a.zig"), "@import(\"b.zig\") @embedFile(\"none.txt\")").unwrap();
        std::fs::write(root.join("d/b.zig"), "@import(\"a.zig\")").unwrap();
        let text = b"const a = @import(\"d/a.zig\"); const s = @import(\"std\");";
        let (found, absent) = named_files(text, root, &["@import(\"", "@embedFile(\""]);
        assert_eq!(found, [root.join("d/a.zig"), root.join("d/b.zig")]);
        assert_eq!(absent, [root.join("d/none.txt")]);
    }
}
