//! `runner promote --from FILE`: installs what `runner list --export` wrote down on another machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use runner::command_line::{Installed, MovedCommand, Placement, printable};
use runner::{Result, Runner, Script};
use serde_json::json;

use crate::action::Action;
use crate::parse::positional::no_more;
use crate::parse::typed::Typed;
use crate::print::{err, print, print_json, shown, tell_one_of_several};

/// How what another machine had is installed.
#[derive(Debug)]
struct Moving {
    file: PathBuf,
    force: bool,
    dry_run: bool,
    quiet: bool,
}

/// What follows `promote --from FILE`. What is built, and how, the file says.
pub(crate) fn parse(file: PathBuf, mut typed: Typed<'_>) -> Result<Action> {
    let (force, dry_run) = (typed.has("--force"), typed.has("--dry-run"));
    let how = Moving { file, force, dry_run, quiet: typed.is_quiet() };
    no_more(typed.words(None)?, "promote --from")?;
    Ok(Box::new(move |call| promote(&call.runner, &how, call.json)))
}

/// Installs each; one that cannot be does not stop the others, and the first error's code is the result.
fn promote(runner: &Runner, how: &Moving, json: bool) -> Result<u8> {
    let mut code = 0;
    for one in runner.moved_commands(&how.file)? {
        let name = printable(&one.name);
        match install(runner, &one, how) {
            Err(error) => tell_one_of_several(&error.about(name), &mut code),
            Ok(installed) if json => {
                let path = installed.map(|one| one.path.to_string_lossy().into_owned());
                print_json(json!({"name": one.name, "path": path, "source": one.source.to_string_lossy()}));
            }
            Ok(_) if how.quiet => {}
            Ok(Some(installed)) => print(format_args!("installed {}\n", shown(&installed.path))),
            Ok(None) => {
                print(format_args!("{name}: would be installed from {}\n", shown(Path::new(&one.source))));
            }
        }
    }
    Ok(code)
}

/// `None` if it is only to be told.
fn install(runner: &Runner, one: &MovedCommand, how: &Moving) -> Result<Option<Installed>> {
    if how.dry_run {
        return Ok(None);
    }
    let find = || match one.is_package {
        true => Script::of_package(&one.source),
        false => Script::find(&one.source, &runner.settings()),
    };
    if let Some(url) = &one.url {
        // The file says yes to the text that ran there, and to no other one.
        let is_there = find().is_ok_and(|script| !one.differs(&script));
        if !is_there {
            let mut fetched = runner.fetch(url, &one.options)?;
            fetched.url = url.without_pin();
            runner.trust(&fetched)?;
        }
    }
    let script = find()?;
    if one.differs(&script) {
        let source = printable(&script.display_name()).into_owned();
        tell_note(&format!("{}: `{source}` has another text than it had there", one.name));
    }
    let placement =
        Placement { name: Some(one.name.clone().into()), directory: one.directory.clone(), force: how.force };
    runner.promote(&script, &one.options, &placement).map(Some)
}

fn tell_note(text: &str) {
    let _ = writeln!(err(), "runner: {}", printable(text));
}
