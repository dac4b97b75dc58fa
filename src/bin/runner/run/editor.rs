//! `runner discover`, `edit` and `lsp`: projects, settings and a server for editors.

use std::ffi::OsString;

use runner::command_line::usage_error;
use runner::{Error, Options, Result, Runner};
use serde_json::Value;

use crate::action::{Action, action};
use crate::end::survive_broken_pipes;
use crate::parse::positional::no_more;
use crate::parse::typed::{Typed, some_scripts};
use crate::print::{self, print};
use crate::run::script::read;

/// How projects of scripts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Project {
    /// Lines of rust-analyzer's protocol.
    Lines,
    /// `rust-project.json`.
    Whole,
    /// `compile_commands.json`.
    CompileCommands,
}

/// `discover`
pub(crate) fn parse_discover(mut typed: Typed<'_>) -> Result<Action> {
    let name = typed.name;
    let form = match (typed.has("--project"), typed.has("--compile-commands")) {
        (false, false) => Project::Lines,
        (true, false) => Project::Whole,
        (false, true) => Project::CompileCommands,
        (true, true) => {
            return Err(usage_error("`--project` and `--compile-commands` cannot be used together"));
        }
    };
    let words = some_scripts(typed.words(None)?, name)?;
    if form != Project::CompileCommands {
        no_more(words.iter().skip(1).cloned(), name)?;
    }
    Ok(action(move |call| discover(&call.runner, &words, form)))
}

/// `edit`
pub(crate) fn parse_edit(mut typed: Typed<'_>) -> Result<Action> {
    if let Some(editor) = typed.text("--print-config")? {
        typed.end()?;
        return Ok(action(move |_| {
            print(format_args!("{}", config(&editor)?));
            Ok(())
        }));
    }
    let open = typed.text("--open")?;
    let (options, script) = typed.options_and_script()?;
    Ok(Box::new(move |call| {
        call.runner.edit(&read(&call.runner, &script, &options)?, &options, open.as_deref())
    }))
}

/// `lsp`
pub(crate) fn parse_lsp(mut typed: Typed<'_>) -> Result<Action> {
    let (server, language) = (typed.path("--server")?, typed.text("--lang")?);
    // Some editors say how they speak, and there is one way only.
    let _ = typed.has("--stdio");
    typed.end()?;
    Ok(Box::new(move |call| {
        // Servers come and go.
        survive_broken_pipes();
        call.runner.serve_editor(print::input(), print::out(), server, language.as_deref())
    }))
}

/// Prints projects of scripts.
fn discover(runner: &Runner, words: &[OsString], form: Project) -> Result<()> {
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
    Ok(())
}

fn line(value: &Value) {
    print(format_args!("{value}\n"));
}

/// The settings of an editor.
fn config(name: &str) -> std::result::Result<&'static str, Error> {
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
