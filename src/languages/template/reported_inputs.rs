//! The inputs of a compiler of the table where it is not observed: what it reports, or that nobody knows.

use std::path::PathBuf;

use crate::base::error::{Error, Result, Step};
use crate::build::depfile;
use crate::languages::driver::{Build, Call};
use crate::languages::inputs::{Input, Inputs, is_system};
use crate::languages::language::{Report, Template};
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
    let mut inputs = Inputs::default();
    let flags = &compilation.flags;
    if let Some(flag) = flags.iter().find(|flag| may_read(flag)) {
        inputs
            .checks
            .push(Check::never(&format!("without observation nobody knows what `{flag}` makes it read")));
    }
    let files: Vec<PathBuf> = match &template.report {
        Report::Depfile => {
            let unread = |error: std::io::Error| {
                let what = "the compiler did not report what it read; nothing was cached";
                Error::new(Step::Compile, anyhow::Error::new(error).context(what))
            };
            let read = depfile::parse(&std::fs::read(build.report()).map_err(unread)?);
            read.iter().filter_map(|path| call.source.own_path(compilation, path)).collect()
        }
        Report::Words(words, harmless) => {
            let mut text = String::from_utf8_lossy(compilation.script.bytes()).into_owned();
            harmless.iter().for_each(|known| text = text.replace(known, ""));
            if words.iter().any(|word| text.contains(word)) {
                let name = compilation.compiler.name();
                inputs.checks.push(Check::never(&format!("`{name}` does not report what it reads")));
            }
            Vec::new()
        }
    };
    let since = Moment::now();
    for path in files.into_iter().filter(|path| path.is_file() && !path.starts_with(build.staging)) {
        let is_tool = is_system(&path, base);
        // A name that appears beside it, or beside the script, may be chosen instead.
        let directory = path.parent().filter(|_| !is_tool);
        inputs.checks.extend(directory.and_then(|path| Check::directory(path, Names::Sources, since).ok()));
        inputs.files.push(Input { path, is_tool });
    }
    if matches!(template.report, Report::Depfile) {
        inputs.checks.extend(Check::directory(base, Names::Sources, since).ok());
    }
    Ok(inputs)
}

/// Whether a flag may make a compiler read something that it does not report: a file, or a directory to search.
fn may_read(flag: &str) -> bool {
    !flag.starts_with('-')
        || flag.contains(['/', '@', '.'])
        || flag.starts_with("-I")
        || flag.starts_with("-J")
}
