//! `runner doctor`: a line a finding, and below it what mends it.

use std::ffi::OsStr;

use runner::command_line::{Grade, printable};
use runner::{Options, Result, Runner};
use serde_json::{Value, json};

use crate::action::Action;
use crate::parse::positional::no_more;
use crate::parse::typed::Typed;
use crate::print::{print, print_json};

/// What follows the word `doctor`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    let name = typed.name;
    let (strict, quiet) = (typed.has("--strict"), typed.is_quiet());
    let mut options = Options::default();
    let mut list = typed.words(Some(&mut options))?.into_iter();
    let script = list.next();
    no_more(list, name)?;
    Ok(Box::new(move |call| doctor(&call.runner, script.as_deref(), &options, strict, call.json, quiet)))
}

fn doctor(
    runner: &Runner,
    script: Option<&OsStr>,
    options: &Options,
    strict: bool,
    json: bool,
    quiet: bool,
) -> Result<u8> {
    let findings = runner.doctor(script, options)?;
    if json {
        let list = findings.iter().map(|one| {
            let grade = one.grade.as_str().to_lowercase();
            json!({"grade": grade, "name": one.what, "found": one.found, "hint": one.cure})
        });
        print_json(Value::Array(list.collect()));
    } else {
        for one in findings.iter().filter(|one| !quiet || one.grade > Grade::Ok) {
            print(format_args!("{}\n", printable(&one.to_string())));
            if let Some(cure) = one.cure.as_ref().filter(|cure| !cure.is_empty()) {
                print(format_args!("      hint: {}\n", printable(cure)));
            }
        }
    }
    let worst = findings.iter().map(|one| one.grade).max().unwrap_or(Grade::Ok);
    let least = if strict { Grade::Warn } else { Grade::Fail };
    Ok(u8::from(worst >= least))
}
