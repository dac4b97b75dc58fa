//! Prints what a build rests on.

use runner::{BuildInput, InputReader, Options, Runner, Script, Verbosity, printable};
use serde_json::{Value, json};

use crate::print::json_line;
use crate::run::many::Outcome;

/// A paragraph each reader; with `--json` one object. Variables that are unset and what is behind a tree are counted, and listed
/// with `-v`.
pub(crate) fn inputs(runner: &Runner, script: &Script, options: &Options, json: bool) -> Outcome {
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
    let BuildInput { reader, program, kind, name, value, stand_ins, behind } = input;
    let mut fields = json!({
        "reader": reader.name(), "kind": kind, "name": name, "value": value, "program": program,
    });
    if *kind == "tree" {
        fields["stand_ins"] = json!(stand_ins);
        fields["behind"] = behind.iter().map(described).collect();
    }
    fields
}
