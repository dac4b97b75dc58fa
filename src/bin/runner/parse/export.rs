//! `runner export` and `import` on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use pico_args::Arguments;
use runner::{ExportMode, ImportMode, Result, usage_error};

use crate::parse::command::Command;
use crate::parse::options::options_and_words;
use crate::parse::positional::{no_more, words};
use crate::parse::values::path;

/// What follows the word `export`.
pub(crate) fn export(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let mode = ExportMode { dry_run: parser.contains("--dry-run"), moves: parser.contains("--move") };
    let json = parser.contains("--json");
    let (options, list) = options_and_words(parser, "export")?;
    let mut list = list.into_iter().chain(plain);
    let (Some(script), Some(directory)) = (list.next(), list.next()) else {
        return Err(
            usage_error("`export` needs a script and a directory").with_hint("`runner export SCRIPT DIR`")
        );
    };
    no_more(list, "export")?;
    Ok(Command::Export { script, directory: PathBuf::from(directory), mode, options, json })
}

/// What follows the word `import`.
pub(crate) fn import(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let output = path(&mut parser, "--output")?;
    let mode =
        ImportMode { output, force: parser.contains("--force"), dry_run: parser.contains("--dry-run") };
    let (json, quiet) = (parser.contains("--json"), parser.contains(["-q", "--quiet"]));
    let mut list = words(parser, "import", None)?.into_iter().chain(plain);
    let from = list.next().ok_or_else(|| {
        usage_error("`import` needs a package or a file")
            .with_hint("`runner import DIR`, or `runner import main.rs`")
    })?;
    no_more(list, "import")?;
    Ok(Command::Import { from: PathBuf::from(from), mode, json, quiet })
}
