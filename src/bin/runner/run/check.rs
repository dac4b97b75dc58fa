//! `runner check`, `clippy`, `doc`, `fmt` and `migrate`. What follows `--` is for the tool.

use std::ffi::OsString;
use std::io::Read;

use runner::command_line::{Style, printable, usage_error};
use runner::{EXIT_FAILED, Lint, Options, Result, Runner, Script};
use serde_json::{Value, json};

use crate::action::Action;
use crate::parse::options::common;
use crate::parse::positional::words;
use crate::parse::typed::{Typed, some_scripts};
use crate::print::{self, print};
use crate::run::many::{self, told};
use crate::run::script::read;

/// Exit code of a check that has found errors.
const HAS_ERRORS: u8 = 1;

/// What stands behind the name: scripts, and what is for the tool.
struct ForTool {
    options: Options,
    scripts: Vec<OsString>,
    arguments: Vec<OsString>,
}

/// What follows `--` is for the tool, unless the script comes only there.
fn for_tool(mut typed: Typed<'_>) -> Result<ForTool> {
    let mut options = common(&mut typed.parser, typed.name)?;
    let mut scripts = words(typed.parser, typed.name, Some(&mut options))?;
    let mut plain = typed.plain.into_iter();
    if scripts.is_empty() {
        scripts.extend(plain.next());
    }
    let scripts = some_scripts(scripts, typed.name)?;
    Ok(ForTool { options, scripts, arguments: plain.collect() })
}

/// `check` and `clippy`.
pub(crate) fn parse(lint: Lint, mut typed: Typed<'_>) -> Result<Action> {
    let (json, is_buffer) = (typed.json, typed.has("--stdin-text"));
    if is_buffer && !json {
        return Err(usage_error("`--stdin-text` needs `--json`"));
    }
    let ForTool { options, scripts, arguments } = for_tool(typed)?;
    if scripts.len() > 1 && json {
        return Err(
            usage_error("`--json` needs exactly one script").with_hint("check the scripts one by one")
        );
    }
    if json {
        return Ok(Box::new(move |call| {
            diagnose(&call.runner, &scripts, lint, &arguments, is_buffer, &options)
        }));
    }
    Ok(Box::new(move |call| {
        many::each(&call.runner, &scripts, Some("checked"), &options, &|script| {
            call.runner.check(script, &options, lint, &arguments).map(|()| (0, String::new()))
        })
    }))
}

/// Prints the diagnostics of a script, one object a line.
fn diagnose(
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
    let show = |value: &Value| print(format_args!("{value}\n"));
    let is_fine = runner.check_as_json(&script, options, lint, arguments, &show)?;
    Ok(if is_fine { 0 } else { HAS_ERRORS })
}

/// `doc`
pub(crate) fn parse_doc(mut typed: Typed<'_>) -> Result<Action> {
    let directory = typed.path("--output")?;
    let ForTool { options, scripts, arguments } = for_tool(typed)?;
    Ok(Box::new(move |call| {
        many::each(&call.runner, &scripts, Some("documented"), &options, &|script| {
            let page = call.runner.document(script, &options, directory.as_deref(), &arguments)?;
            if call.json {
                return told(script, json!({"path": page.to_string_lossy()}));
            }
            Ok((0, format!("{}\n", page.display())))
        })
    }))
}

/// `fmt`
pub(crate) fn parse_fmt(mut typed: Typed<'_>) -> Result<Action> {
    let shows_only = typed.has("--check");
    let ForTool { options, scripts, mut arguments } = for_tool(typed)?;
    arguments.extend(shows_only.then(|| "--check".into()));
    Ok(Box::new(move |call| {
        let done = if arguments.iter().any(|word| word == "--check") { "checked" } else { "formatted" };
        many::each(&call.runner, &scripts, Some(done), &options, &|script| {
            let code = call.runner.format(script, &options, &arguments)?;
            match call.json {
                true => told(script, json!({"exit_code": code})).map(|(_, text)| (code, text)),
                false => Ok((code, String::new())),
            }
        })
    }))
}

/// `migrate`
pub(crate) fn parse_migrate(mut typed: Typed<'_>) -> Result<Action> {
    let style = match typed.text("--to")?.as_deref() {
        None | Some("frontmatter") => Style::Frontmatter,
        Some("block") => Style::Block,
        Some(other) => {
            return Err(usage_error(format!("there is no form `{other}`"))
                .with_hint("`--to frontmatter` or `--to block`"));
        }
    };
    let dry_run = typed.has("--dry-run");
    let (_, scripts) = typed.options_and_scripts()?;
    Ok(Box::new(move |call| {
        many::each(&call.runner, &scripts, Some("looked at"), &Options::default(), &|script| {
            let is_changed = call.runner.migrate(script, style, dry_run)?;
            if call.json {
                return told(script, json!({"changed": is_changed}));
            }
            let what = match (is_changed, dry_run) {
                (false, _) => "already in that form",
                (true, false) => "rewritten",
                (true, true) => "would be rewritten",
            };
            Ok((0, format!("{}: {what}\n", printable(&script.display_name()))))
        })
    }))
}
