//! The subcommands: what each understands of the words behind its name, does and prints.

pub(crate) mod add;
pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod dependencies;
pub(crate) mod doctor;
pub(crate) mod editor;
pub(crate) mod env;
pub(crate) mod execution;
pub(crate) mod export;
pub(crate) mod expression;
pub(crate) mod help;
pub(crate) mod inputs;
pub(crate) mod many;
pub(crate) mod moving;
pub(crate) mod new;
pub(crate) mod promote;
pub(crate) mod script;
pub(crate) mod trust;
pub(crate) mod watch;

use std::ffi::OsString;

use runner::{Flow, Lint, Result, Runner, Settings};

use crate::action::{Asked, Call};
use crate::parse::typed::{Typed, takes_json};
use crate::terminal::Terminal;

/// Does what was asked; the exit code.
pub(crate) fn dispatch(asked: Asked) -> Result<u8> {
    let Asked { action, json, color } = asked;
    let mut settings = Settings::of_process();
    if let Some(is_colored) = color {
        settings = settings.color(is_colored);
    }
    let terminal = Terminal::of_process(&settings);
    let settings = settings.background(std::env::current_exe).foreground().events(move |event, verbosity| {
        terminal.show(event, verbosity);
        Flow::Go
    });
    action(&Call { runner: Runner::new(settings), json })
}

/// Whether what follows the script of a subcommand is not runner's.
pub(crate) fn has_script_arguments(name: &str) -> bool {
    matches!(name, "run" | "test" | "bench" | "watch" | "tree")
}

/// A subcommand whose options stand before the script.
pub(crate) fn before_script(name: &str, mut options: Vec<OsString>, script: Vec<OsString>) -> Result<Asked> {
    let json = takes_json(name).then(|| options.iter().position(|option| option == "--json")).flatten();
    let json = json.map(|at| options.remove(at)).is_some();
    let action = match name {
        "watch" => watch::parse(options, script),
        "tree" => dependencies::parse_tree(options, script),
        _ => execution::parse(name, options, script, json),
    };
    Ok(Asked { json, ..action?.into() })
}

/// Any other subcommand.
pub(crate) fn subcommand(name: &str, arguments: Vec<OsString>) -> Result<Asked> {
    let options = arguments.iter().take_while(|argument| *argument != "--");
    if options.clone().any(|argument| argument == "-h" || argument == "--help") {
        return Ok(help::topic(Some(name.to_owned())).into());
    }
    let typed = Typed::of(name, arguments);
    let json = typed.json;
    let action = match name {
        "add" | "remove" => add::parse(typed),
        "build" => build::parse(typed),
        "inspect" => build::parse_inspect(typed),
        "verify" => build::parse_verify(typed),
        "check" => check::parse(Lint::Check, typed),
        "clippy" => check::parse(Lint::Clippy, typed),
        "doc" => check::parse_doc(typed),
        "fmt" => check::parse_fmt(typed),
        "migrate" => check::parse_migrate(typed),
        "lock" => dependencies::parse_lock(typed),
        "outdated" => dependencies::parse_outdated(typed),
        "update" => dependencies::parse_update(typed),
        "doctor" => doctor::parse(typed),
        "discover" => editor::parse_discover(typed),
        "edit" => editor::parse_edit(typed),
        "lsp" => editor::parse_lsp(typed),
        "env" => env::parse(typed),
        "export" => export::parse_export(typed),
        "import" => export::parse_import(typed),
        "completions" => help::parse_completions(typed),
        "help" => help::parse(typed),
        "inputs" => inputs::parse_inputs(typed),
        "why" => inputs::parse_why(typed),
        "new" => new::parse(typed),
        "promote" => promote::parse(typed),
        "list" => promote::parse_list(typed),
        "upgrade" => promote::parse_upgrade(typed),
        "rollback" => promote::parse_rollback(typed),
        "demote" => promote::parse_demote(typed),
        "trust" => trust::parse(typed),
        _ => cache::parse(typed),
    };
    Ok(Asked { json, ..action?.into() })
}
