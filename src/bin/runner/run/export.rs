//! `runner export` and `import`: what was made, what is not the same in it, and what to do next.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use runner::command_line::{ExportMode, ImportMode, printable, usage_error};
use runner::{Options, Result, Runner, Verbosity};
use serde_json::json;

use crate::action::{Action, action};
use crate::parse::positional::no_more;
use crate::parse::typed::Typed;
use crate::print::{print, print_json, shown};
use crate::run::script::read;

/// What follows the word `export`.
pub(crate) fn parse_export(mut typed: Typed<'_>) -> Result<Action> {
    let mode = ExportMode { dry_run: typed.has("--dry-run"), moves: typed.has("--move") };
    let (options, list) = typed.options_and_words()?;
    let mut list = list.into_iter();
    let (Some(script), Some(directory)) = (list.next(), list.next()) else {
        return Err(
            usage_error("`export` needs a script and a directory").with_hint("`runner export SCRIPT DIR`")
        );
    };
    no_more(list, "export")?;
    let directory = PathBuf::from(directory);
    Ok(action(move |call| export(&call.runner, &script, &directory, mode, &options, call.json)))
}

/// What follows the word `import`.
pub(crate) fn parse_import(mut typed: Typed<'_>) -> Result<Action> {
    let output = typed.path("--output")?;
    let mode = ImportMode { output, force: typed.has("--force"), dry_run: typed.has("--dry-run") };
    let quiet = typed.is_quiet();
    let mut list = typed.words(None)?.into_iter();
    let from = list.next().map(PathBuf::from).ok_or_else(|| {
        usage_error("`import` needs a package or a file")
            .with_hint("`runner import DIR`, or `runner import main.rs`")
    })?;
    no_more(list, "import")?;
    Ok(action(move |call| import(&call.runner, &from, &mode, call.json, quiet)))
}

fn export(
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

fn import(runner: &Runner, from: &Path, mode: &ImportMode, json: bool, quiet: bool) -> Result<()> {
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
