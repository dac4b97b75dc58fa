//! What `runner new` prints: the file it created, and how to run it.

use std::path::Path;

use runner::{NewScript, Options, Result, Runner, Verbosity, usage_error};
use serde_json::json;

use crate::print::{print, print_json, shown};

pub(crate) fn new(
    runner: &Runner,
    file: &Path,
    new: &NewScript,
    options: &Options,
    json: bool,
) -> Result<()> {
    if file == Path::new("-") {
        if !new.dependencies.is_empty() {
            return Err(usage_error("`--dep` needs a file").with_hint("`runner new FILE --dep NAME`"));
        }
        print(format_args!("{}", runner.new_text(Path::new("script"), options, new)?));
        return Ok(());
    }
    runner.create(file, options, new)?;
    if json {
        print_json(json!({"path": file.to_string_lossy()}));
    } else if options.verbosity > Verbosity::Quiet {
        let file = shown(file);
        print(format_args!("created {file}\nrunner {file}\n"));
    }
    Ok(())
}
