//! `runner new`: the file it created, and how to run it.

use std::path::{Path, PathBuf};

use runner::command_line::{NewScript, usage_error};
use runner::{Options, Result, Runner, Verbosity};
use serde_json::json;

use crate::action::{Action, action};
use crate::parse::positional::no_more;
use crate::parse::typed::Typed;
use crate::print::{print, print_json, shown};

/// What follows the word `new`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    let template = typed.text("--template")?;
    // `NAME=VERSION`, as for a run, is `NAME@VERSION` to cargo.
    let dependencies = typed.texts("--dep")?.into_iter().map(|name| name.replacen('=', "@", 1)).collect();
    let mut options = Options {
        language: typed.text("--lang")?,
        edition: typed.text("--edition")?,
        offline: typed.has("--offline"),
        verbosity: if typed.is_quiet() { Verbosity::Quiet } else { Verbosity::Normal },
        ..Options::default()
    };
    let script = NewScript { template, dependencies, force: typed.has("--force") };
    let mut list = typed.words(Some(&mut options))?.into_iter();
    let file = list.next().map(PathBuf::from).ok_or_else(|| {
        usage_error("`new` needs the name of a file").with_hint("for example `runner new hello.rs`")
    })?;
    no_more(list, "new")?;
    Ok(action(move |call| new(&call.runner, &file, &script, &options, call.json)))
}

fn new(runner: &Runner, file: &Path, new: &NewScript, options: &Options, json: bool) -> Result<()> {
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
