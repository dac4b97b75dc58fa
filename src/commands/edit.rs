//! `runner edit`: opens a script in an editor, waits, and checks it if it has changed.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::base::error::{Error, Result, Step};
use crate::base::shell_words;
use crate::base::supervision::Supervision;
use crate::commands::check::{self, Lint};
use crate::engine::context::Context;
use crate::process::task::{Output, Task};
use crate::request::options::Options;
use crate::script::script_file::Script;

/// Editors that are looked for on PATH if no variable names one.
const EDITORS: &[&str] = &["code", "hx", "nvim", "vim", "nano"];

/// Options by which an editor that opens a window of its own waits until the file is closed.
const WAITING: &[(&str, &str)] =
    &[("code", "--wait"), ("codium", "--wait"), ("zed", "--wait"), ("subl", "--wait"), ("gedit", "--wait")];

/// Opens a script in an editor: that of `open`, else of `VISUAL` or `EDITOR`, else the first that is there. Returns the
/// editor's exit code if it failed.
///
/// # Errors
/// [`Step::Execute`] if there is no editor; those of a check if the script has changed.
pub(crate) fn edit(context: &Context, script: &Script, options: &Options, open: Option<&str>) -> Result<u8> {
    let Some(path) = script.told_path() else {
        return Err(Error::message(Step::Script, "there is no file to edit"));
    };
    let words = editor(context, open)?;
    let (program, arguments) = words.split_first().ok_or_else(none)?;
    let mut command = Command::new(program);
    let environment = context.environment();
    command.args(arguments).arg(path).env_clear().envs(environment.all());
    // It has the terminal, and the keys that reach us.
    let supervision = Supervision { shares_group: true, ..environment.supervision().clone() };
    let task = Task::new(&command, &supervision).input(Stdio::inherit());
    let finished = task.stdout(Output::Inherit).stderr(Output::Inherit).output().map_err(|error| {
        let what = format!("cannot run the editor `{program}`");
        let error = Error::new(Step::Execute, anyhow::Error::new(error).context(what));
        error.not_found().hint("`VISUAL` or `EDITOR` names another, and so does `--open`")
    })?;
    if !finished.status.success() {
        return Ok(crate::process::signals::exit_code(finished.status));
    }
    let after = script.read_again()?;
    if after.bytes() != script.bytes() {
        check::check(context, &after, options, Lint::Check, &[])?;
    }
    Ok(0)
}

/// The words of the editor's command.
fn editor(context: &Context, open: Option<&str>) -> Result<Vec<String>> {
    if let Some(open) = open {
        return Ok(waiting(shell_words::split(open)));
    }
    let environment = context.environment();
    for name in ["VISUAL", "EDITOR"] {
        let words = environment.set(name).map(|text| shell_words::split(&text.to_string_lossy()));
        if let Some(words) = words.filter(|words| !words.is_empty()) {
            return Ok(words);
        }
    }
    let found = EDITORS.iter().find(|name| environment.find_command(OsStr::new(name)).is_some());
    found.map(|name| waiting(vec![(*name).to_owned()])).ok_or_else(none)
}

/// One word alone may be an editor that does not wait.
fn waiting(mut words: Vec<String>) -> Vec<String> {
    if let [program] = words.as_slice() {
        let name = program.rsplit('/').next().unwrap_or_default();
        let option = WAITING.iter().find(|(known, _)| *known == name).map(|(_, option)| *option);
        words.extend(option.map(str::to_owned));
    }
    words
}

#[cold]
fn none() -> Error {
    Error::message(Step::Execute, "no editor found: neither `VISUAL` nor `EDITOR` is set")
        .not_found()
        .hint("`runner edit --open EDITOR SCRIPT`, or `export EDITOR=vi`")
}
