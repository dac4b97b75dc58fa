//! The inputs of a C program: the reports of compiler and linker, and files that they would have read instead if they
//! existed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::error::Result;
use crate::build::depfile;
use crate::languages::driver::Build;
use crate::languages::includes::{self, Directories};
use crate::languages::inputs::{Inputs, is_system};
use crate::process::running::Running;
use crate::store::trace::fact::Check;

/// The linker's report of what it read.
pub(super) fn linker_report(staging: &Path) -> PathBuf {
    staging.join("linked")
}

/// Asks which directories the compiler searches for headers.
pub(super) fn query(build: Build<'_>, before: &[String], language: &str) -> Command {
    let compilation = build.compilation;
    let mut command = build.command(&compilation.compiler.path);
    command.args(&compilation.compiler.arguments).args(before).args(&compilation.flags);
    command.args(["-E", "-v", "-x", language, "-"]).env("LC_ALL", "C");
    command
}

/// Reads the reports of the compiler and the linker, and the answer to [`query`]; `words` are all flags of the call.
///
/// # Errors
/// [`crate::Step::Cache`] if the compiler's report cannot be read.
pub(super) fn read(build: Build<'_>, words: &[&str], query: Option<Running>) -> Result<Inputs> {
    let compilation = build.compilation;
    let base = compilation.base();
    let answer = query.and_then(|mut child| child.finish(build.host.environment.supervision()).ok());
    let answer =
        answer.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let directories = Directories::parse(&answer, base, |path| is_system(path, base));
    let mut inputs = Inputs::default();
    let mut own = Vec::new();
    let mut system = Vec::new();
    let report = std::fs::read(build.report()).map_err(|error| build.unusable(error))?;
    let more = others(&compilation.flags).map(|name| base.join(name));
    for path in depfile::parse(&report).into_iter().map(|path| base.join(path)).chain(more) {
        let is_script = Some(path.as_path()) == compilation.script.path();
        if path.starts_with(build.staging) || is_script || !path.exists() {
            continue;
        }
        match is_system(&path, base) {
            true => system.push(path.clone()),
            false => own.push(path.clone()),
        }
        inputs.add(path, base);
    }
    let linked = std::fs::read(linker_report(build.staging)).unwrap_or_default();
    let linked: Vec<PathBuf> = depfile::parse(&linked).into_iter().map(|path| base.join(path)).collect();
    // Temporary objects of this build do not exist any more.
    for path in linked.iter().filter(|path| path.is_file() && !path.starts_with(build.staging)) {
        inputs.add(path.clone(), base);
    }
    inputs.checks.extend(missing_libraries(build, words, &linked));
    let text = compilation.script.bytes();
    let scanned = includes::scan(text, compilation.script.path(), base, &own, &system, &directories);
    scanned.files.into_iter().for_each(|path| inputs.add(path, base));
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

/// Libraries that would have been linked instead if they existed.
fn missing_libraries(build: Build<'_>, words: &[&str], linked: &[PathBuf]) -> Vec<Check<'static>> {
    let values = |option: &'static str| {
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
    let variable = build.host.environment.variable("LIBRARY_PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> =
        values("-L").iter().map(|directory| build.compilation.base().join(directory)).collect();
    directories
        .extend(std::env::split_paths(&variable).map(|directory| build.compilation.base().join(directory)));
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
