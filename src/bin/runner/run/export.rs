//! What `runner export` and `import` print: what was made, what is not the same in it, and what to do next.

use std::ffi::OsStr;
use std::path::Path;

use runner::{ExportMode, ImportMode, Options, Result, Runner, Verbosity, printable};
use serde_json::json;

use crate::print::{print, print_json, shown};
use crate::run::script::read;

pub(crate) fn export(
    runner: &Runner,
    script: &OsStr,
    directory: &Path,
    mode: ExportMode,
    options: &Options,
    json: bool,
) -> Result<()> {
    let made = runner.export_package(&read(runner, script, options)?, options, directory, mode)?;
    if json {
        let files: Vec<_> = made.files.iter().map(|file| file.to_string_lossy()).collect();
        print_json(json!({"path": made.directory.to_string_lossy(), "files": files, "notes": made.notes}));
    } else if options.verbosity > Verbosity::Quiet {
        let what = if mode.dry_run { "would write" } else { "wrote" };
        for file in &made.files {
            print(format_args!("{what} {}\n", shown(&directory.join(file))));
        }
        if mode.moves {
            let what = if mode.dry_run { "would remove" } else { "removed" };
            print(format_args!("{what} {}\n", printable(&script.to_string_lossy())));
        }
        notes(&made.notes);
    }
    Ok(())
}

pub(crate) fn import(runner: &Runner, from: &Path, mode: &ImportMode, json: bool, quiet: bool) -> Result<()> {
    let made = runner.import_package(from, mode)?;
    if json {
        let lock = made.lock.as_ref().map(|lock| lock.to_string_lossy());
        print_json(json!({"path": made.path.to_string_lossy(), "lock": lock, "notes": made.notes}));
    } else if !quiet {
        let what = if mode.dry_run { "would write" } else { "wrote" };
        for path in std::iter::once(&made.path).chain(&made.lock) {
            print(format_args!("{what} {}\n", shown(path)));
        }
        notes(&made.notes);
    }
    Ok(())
}

fn notes(notes: &[String]) {
    for note in notes {
        print(format_args!("note: {}\n", printable(note)));
    }
}
