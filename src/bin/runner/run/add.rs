//! `runner add` and `remove`: what is said to cargo is handed on; a line a dependency is printed.

use std::ffi::OsString;

use runner::command_line::{Addition, DependencyChange, printable, usage_error};
use runner::{Options, Result, Verbosity};
use serde_json::{Value, json};

use crate::action::{Action, action};
use crate::parse::typed::Typed;
use crate::print::{print, print_json};
use crate::run::script::read;

/// Options of cargo's that take a value.
const VALUES: &[&str] =
    &["--rename", "--path", "--git", "--branch", "--tag", "--rev", "--registry", "--target"];
/// Options of cargo's that take none.
const SWITCHES: &[&str] = &["--no-default-features", "--default-features", "--optional", "--dev"];

/// What follows one of these words.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    let name = typed.name.to_owned();
    let is_add = name == "add";
    let mut cargo: Vec<OsString> = Vec::new();
    if is_add {
        for features in typed.texts("--features")? {
            cargo.extend(["--features".into(), features.into()]);
        }
    }
    let is_taken = |flag: &str| is_add || matches!(flag, "--dev" | "--target");
    for flag in VALUES.iter().filter(|flag| is_taken(flag)) {
        if let Some(value) = typed.text(flag)? {
            cargo.extend([flag.into(), value.into()]);
        }
    }
    cargo.extend(SWITCHES.iter().filter(|flag| is_taken(flag) && typed.has(**flag)).map(OsString::from));
    let exact = is_add && typed.has("--exact");
    let dry_run = typed.has("--dry-run");
    let mut options =
        Options { offline: typed.has("--offline"), verbosity: typed.verbosity(), ..Options::default() };
    let mut list = typed.words(Some(&mut options))?.into_iter();
    let usage = format!("`runner {name} SCRIPT CRATE`");
    let script = list.next().ok_or_else(|| {
        usage_error(format!("`{name}` needs a script and a crate")).with_hint(usage.clone())
    })?;
    let crates: Vec<String> = list.map(|name| name.to_string_lossy().into_owned()).collect();
    let has_source = cargo.iter().any(|word| word == "--path" || word == "--git");
    if crates.is_empty() && !(is_add && has_source) {
        return Err(usage_error(format!("`{name}` needs a crate")).with_hint(usage));
    }
    Ok(action(move |call| {
        let script = read(&call.runner, &script, &options)?;
        let changes = match is_add {
            true => {
                let addition = Addition { crates, cargo, exact, dry_run };
                call.runner.add(&script, &options, &addition)?
            }
            false => call.runner.remove(&script, &options, &crates, &cargo, dry_run)?,
        };
        show(&changes, &options, call.json);
        Ok(())
    }))
}

fn show(changes: &[DependencyChange], options: &Options, json: bool) {
    if json {
        let list = changes.iter().map(|change| {
            json!({"name": change.name, "old": change.old, "new": change.new, "version": change.version})
        });
        print_json(Value::Array(list.collect()));
    } else if options.verbosity > Verbosity::Quiet {
        for change in changes {
            print(format_args!("{}\n", printable(&change.to_string())));
        }
    }
}
