//! `runner env`: what runner sees, and where it comes from.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use runner::command_line::{EnvEntry, Origin, printable, usage_error};
use runner::{Error, Options, Result, Runner};
use serde_json::{Value, json};

use crate::action::{Action, action};
use crate::parse::typed::Typed;
use crate::print::{self, print, print_json, tell};
use crate::run::script::read;

/// What follows the word `env`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    let script = typed.path("--script")?;
    let (options, list) = typed.options_and_words()?;
    let names: Vec<String> = list.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    Ok(action(move |call| {
        show(&call.runner, &names, script.as_deref().map(Path::as_os_str), &options, call.json)
    }))
}

/// With names their values, one a line; else everything.
fn show(
    runner: &Runner,
    names: &[String],
    script: Option<&OsStr>,
    options: &Options,
    json: bool,
) -> Result<()> {
    let script = script.map(|script| read(runner, script, options)).transpose()?;
    let (seen, no_compiler) = runner.seen(script.as_ref(), options)?;
    let mut chosen = Vec::new();
    for name in names {
        match seen.iter().find(|seen| seen.name == name) {
            Some(seen) => chosen.push(seen),
            None => return Err(unknown(name, &seen, no_compiler)),
        }
    }
    if names.is_empty() {
        chosen.extend(&seen);
    }
    if json {
        let list: Vec<Value> = chosen.iter().map(|seen| described(seen)).collect();
        print_json(Value::Array(list));
    } else if names.is_empty() {
        let width = chosen.iter().map(|seen| seen.name.len()).max().unwrap_or(0);
        for EnvEntry { name, value, source, .. } in chosen {
            let value = value.to_string_lossy();
            let value = if value.is_empty() { "-".into() } else { printable(&value) };
            let source = source.to_string();
            match Some(printable(&source)).filter(|source| source != "default") {
                Some(source) => print(format_args!("{name:width$}  {value}  ({source})\n")),
                None => print(format_args!("{name:width$}  {value}\n")),
            }
        }
    } else {
        let mut out = print::out().lock();
        for EnvEntry { value, .. } in chosen {
            // A path is bytes.
            let _ = out.write_all(value.as_bytes()).and_then(|()| out.write_all(b"\n"));
        }
        return Ok(());
    }
    for (name, meant) in runner.misspelt_variables() {
        tell(
            &usage_error(format!("unknown variable `{name}`; it has no effect"))
                .with_hint(format!("did you mean `{meant}`?")),
        );
    }
    if let Some(error) = no_compiler {
        tell(&error);
    }
    Ok(())
}

fn described(seen: &EnvEntry) -> Value {
    let EnvEntry { name, value, source, .. } = seen;
    let (kind, place) = match source {
        Origin::CommandLine => ("command line", None),
        Origin::FirstLine => ("first line", None),
        Origin::Metadata => ("metadata", None),
        Origin::Variable(name) => ("variable", Some(name.clone())),
        Origin::File(..) => ("file", Some(source.to_string())),
        _ => ("default", None),
    };
    json!({"name": name, "value": value.to_string_lossy(), "source": kind, "place": place})
}

fn unknown(name: &str, seen: &[EnvEntry], no_compiler: Option<Error>) -> Error {
    const OF_COMPILER: &[&str] = &["rustc", "rustc-version", "host", "cargo"];
    match no_compiler {
        Some(error) if OF_COMPILER.contains(&name) => error,
        _ => {
            let error = usage_error(format!("there is no setting `{name}`"));
            let similar = |seen: &&EnvEntry| {
                seen.name == name.to_ascii_lowercase().replace('_', "-")
                    || runner::command_line::is_similar(seen.name, name)
            };
            match seen.iter().find(similar) {
                Some(seen) => error.with_hint(format!("did you mean `{}`?", seen.name)),
                None => error.with_hint("`runner env` lists the settings"),
            }
        }
    }
}
