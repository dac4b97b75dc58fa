//! `runner why` and `inputs`: whether the next run is a cache hit, and what a build rests on.

use std::ffi::OsString;

use runner::command_line::{Why, printable};
use runner::{BuildInput, InputReader, Options, Result, Runner, Script, Verbosity};
use serde_json::{Value, json};

use crate::action::Action;
use crate::parse::typed::Typed;
use crate::print::json_line;
use crate::run::many::{self, Outcome, told};

/// What follows the word `why`.
pub(crate) fn parse_why(typed: Typed<'_>) -> Result<Action> {
    let (options, scripts) = typed.options_and_scripts()?;
    Ok(ask_why(scripts, options))
}

/// Explains what a run of each script would do.
pub(crate) fn ask_why(scripts: Vec<OsString>, options: Options) -> Action {
    Box::new(move |call| {
        many::each(&call.runner, &scripts, None, &options, &|script| {
            why(&call.runner, script, &options, call.json)
        })
    })
}

/// What follows the word `inputs`.
pub(crate) fn parse_inputs(typed: Typed<'_>) -> Result<Action> {
    let (options, scripts) = typed.options_and_scripts()?;
    Ok(Box::new(move |call| {
        many::each(&call.runner, &scripts, None, &options, &|script| {
            inputs(&call.runner, script, &options, call.json)
        })
    }))
}

/// One line: `cached …`, `not built yet`, or what changed. With `--json` one object.
fn why(runner: &Runner, script: &Script, options: &Options, json: bool) -> Outcome {
    let why = runner.why(script, options)?;
    if !json {
        let remote = match &why {
            Why::Hit { .. } => None,
            _ => runner.cache_remote_failure()?,
        };
        let remote =
            remote.map_or_else(String::new, |why| format!("; the remote cache failed lately: {why}"));
        return Ok((0, format!("{}\n", printable(&format!("{}: {why}{remote}", script.display_name())))));
    }
    let (state, path, is_provisional, changes) = match &why {
        Why::Hit { path, is_provisional } => {
            ("hit", Some(path.to_string_lossy().into_owned()), *is_provisional, Vec::new())
        }
        Why::Changed(changes) => ("changed", None, false, changes.clone()),
        _ => ("never built", None, false, Vec::new()),
    };
    let changes: Vec<_> = changes
        .iter()
        .map(|change| json!({"kind": change.kind, "name": change.name, "old": change.old, "new": change.new}))
        .collect();
    told(script, json!({"state": state, "path": path, "provisional": is_provisional, "changes": changes}))
}

/// A paragraph each reader; with `--json` one object. Variables that are unset and what is behind a tree are counted, and listed
/// with `-v`.
fn inputs(runner: &Runner, script: &Script, options: &Options, json: bool) -> Outcome {
    let inputs = runner.inputs(script, options)?;
    let name = script.display_name();
    if json {
        let list: Vec<Value> = inputs.iter().map(described).collect();
        return Ok((0, json_line(json!({"script": name, "inputs": list}))));
    }
    let mut text = format!("{}\n", printable(&name));
    let mut reader: Option<InputReader> = None;
    let mut unset = 0;
    for (index, input) in inputs.iter().enumerate() {
        if reader != Some(input.reader) {
            text.push_str(input.reader.name());
            text.push('\n');
            reader = Some(input.reader);
        }
        let is_unset = input.kind == "variable" && input.value.is_none();
        if is_unset && options.verbosity < Verbosity::Verbose {
            unset += 1;
        } else {
            text.push_str(&line(input));
            if options.verbosity >= Verbosity::Verbose {
                let more = input.stand_ins.iter().map(|name| format!("  {:10}{}\n", "", printable(name)));
                text.extend(more);
                text.extend(input.behind.iter().map(|input| format!("    {}", line(input))));
            }
        }
        let is_last = inputs.get(index + 1).is_none_or(|next| next.reader != input.reader);
        if is_last && unset > 0 {
            text.push_str(&format!(
                "  variable  {unset} that {} unset\n",
                if unset == 1 { "is" } else { "are" }
            ));
            unset = 0;
        }
    }
    Ok((0, text))
}

/// `  file      PATH  (PROGRAM)`.
fn line(input: &BuildInput) -> String {
    let BuildInput { program, kind, name, value, stand_ins, behind, .. } = input;
    let mut text = format!("  {kind:9} {}", printable(name));
    match (*kind, value) {
        ("variable", Some(value)) => text.push_str(&format!("={}", printable(value))),
        ("link", Some(value)) => text.push_str(&format!(" -> {}", printable(value))),
        ("command", Some(value)) => text.push_str(&format!(": {}", printable(value))),
        ("command", None) => text.push_str(": not on PATH"),
        ("variable", None) => text.push_str(": unset"),
        ("tree", _) => {
            let more =
                if stand_ins.is_empty() { String::new() } else { format!(" and {} more", stand_ins.len()) };
            text.push_str(&format!("{more}, for {} inputs", behind.len()));
        }
        _ => {}
    }
    let program = program.as_ref().map(|program| format!("  ({})", printable(program)));
    text + &program.unwrap_or_default() + "\n"
}

fn described(input: &BuildInput) -> Value {
    let BuildInput { reader, program, kind, name, value, stand_ins, behind, .. } = input;
    let mut fields = json!({
        "reader": reader.name(), "kind": kind, "name": name, "value": value, "program": program,
    });
    if *kind == "tree" {
        fields["stand_ins"] = json!(stand_ins);
        fields["behind"] = behind.iter().map(described).collect();
    }
    fields
}
