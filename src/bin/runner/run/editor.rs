//! Diagnostics, projects and settings for editors, printed.

use std::ffi::OsString;
use std::io::Read;

use runner::{EXIT_FAILED, Error, Lint, Options, Result, Runner, Script, usage_error};
use serde_json::Value;

use crate::parse::command::Project;
use crate::print::{self, print};
use crate::run::script::read;

/// Exit code of a check that has found errors.
const HAS_ERRORS: u8 = 1;

/// Prints the diagnostics of a script, one object a line.
pub(crate) fn check(
    runner: &Runner,
    scripts: &[OsString],
    lint: Lint,
    arguments: &[OsString],
    is_buffer: bool,
    options: &Options,
) -> Result<u8> {
    let Some(typed) = scripts.first() else { return Ok(EXIT_FAILED) };
    let script = match is_buffer {
        false => read(runner, typed, &Options::default())?,
        true => {
            let mut text = Vec::new();
            let read = print::input().lock().read_to_end(&mut text);
            read.map_err(|error| usage_error(format!("cannot read standard input: {error}")))?;
            Script::of_buffer(typed.as_ref(), text)
        }
    };
    let is_fine = runner.check_as_json(&script, options, lint, arguments, &line)?;
    Ok(if is_fine { 0 } else { HAS_ERRORS })
}

/// Prints projects of scripts.
pub(crate) fn discover(runner: &Runner, words: &[OsString], form: Project) -> Result<u8> {
    let question = || {
        let word = words.first().and_then(|word| word.to_str());
        word.ok_or_else(|| usage_error("the argument of `discover` is not UTF-8"))
    };
    match form {
        Project::Lines => runner.discover(question()?, &line)?,
        Project::Whole => print(format_args!("{:#}\n", runner.rust_project(question()?)?)),
        Project::CompileCommands => {
            let scripts = words
                .iter()
                .map(|word| read(runner, word, &Options::default()))
                .collect::<Result<Vec<_>>>()?;
            print(format_args!("{:#}\n", runner.compile_commands(&scripts)?));
        }
    }
    Ok(0)
}

fn line(value: &Value) {
    print(format_args!("{value}\n"));
}

/// The settings of an editor.
pub(crate) fn config(name: &str) -> std::result::Result<&'static str, Error> {
    const CONFIGS: &[(&str, &str)] = &[
        ("vscode", include_str!("editor/vscode.jsonc")),
        ("neovim", include_str!("editor/neovim.lua")),
        ("helix", include_str!("editor/helix.toml")),
        ("zed", include_str!("editor/zed.jsonc")),
        ("emacs", include_str!("editor/emacs.el")),
        ("sublime", include_str!("editor/sublime.jsonc")),
        ("kakoune", include_str!("editor/kakoune.kak")),
    ];
    let found = CONFIGS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    found.ok_or_else(|| {
        let names: Vec<String> = CONFIGS.iter().map(|(name, _)| format!("`{name}`")).collect();
        usage_error(format!("unknown editor `{}`", name.escape_debug()))
            .with_hint(format!("known: {}", names.join(", ")))
    })
}
