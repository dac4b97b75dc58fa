//! Runs a parsed command and prints its results.

pub(crate) mod add;
pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod dependencies;
pub(crate) mod doctor;
pub(crate) mod editor;
pub(crate) mod env;
pub(crate) mod export;
pub(crate) mod inputs;
pub(crate) mod many;
pub(crate) mod moving;
pub(crate) mod new;
pub(crate) mod promote;
pub(crate) mod script;
pub(crate) mod trust;
pub(crate) mod watch;

use std::ffi::{OsStr, OsString};

use runner::{Flow, Options, Result, Runner, Script, Settings, Verbosity, Why, printable, usage_error};
use serde_json::{Value, json};

use crate::end::{end_as, survive_broken_pipes};
use crate::parse::command::{Command, Data};
use crate::print::{self, json_line, print, tell};
use crate::run::script::{perhaps_anothers_word, read};
use crate::terminal::Terminal;
use crate::{completion, help};

/// Does what was asked; the exit code.
pub(crate) fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Colored { is_colored, command } => {
            dispatch_in(*command, Settings::of_process().color(is_colored))
        }
        command => dispatch_in(command, Settings::of_process()),
    }
}

fn dispatch_in(command: Command, settings: Settings) -> Result<u8> {
    let terminal = Terminal::of_process(&settings);
    let settings = settings.background(std::env::current_exe).foreground().events(move |event, verbosity| {
        terminal.show(event, verbosity);
        Flow::Go
    });
    let runner = Runner::new(settings);
    let (command, json) = match command {
        Command::AsJson(command) => (*command, true),
        command => (command, false),
    };
    match command {
        Command::Run { script, arguments, options } => return run(&runner, &script, &options, &arguments),
        Command::Evaluate { expression, base, arguments, options } => {
            return runner.exec(&expression.script(&base), &options, &arguments).map(end_as);
        }
        Command::Build { scripts, output, saying, options } => {
            return build::build(&runner, &scripts, output.as_deref(), saying, &options);
        }
        Command::Inspect { programs, json } => return Ok(build::inspect(&runner, &programs, json)),
        Command::AddRecord { programs } => build::add_record(&runner, &programs)?,
        Command::Verify { programs, script, options } => {
            return Ok(build::verify(&runner, &programs, script.as_deref(), &options, json));
        }
        Command::BuildCache { scripts, options } => return build_ahead(&runner, &scripts, &options),
        Command::Background { script, options } => {
            // `runner cache stop` ends the session.
            let _ = rustix::process::setsid();
            runner.finish(&Script::find(&script, &runner.settings())?, &options)?;
        }
        Command::Test { scripts, words, arguments, options } => {
            return many::test(&runner, &scripts, &words, &arguments, &options);
        }
        Command::Add { script, addition, options, json } => {
            let changes = runner.add(&read(&runner, &script, &options)?, &options, &addition)?;
            add::show(&changes, &options, json);
        }
        Command::Remove { script, names, cargo, dry_run, options, json } => {
            let changes =
                runner.remove(&read(&runner, &script, &options)?, &options, &names, &cargo, dry_run)?;
            add::show(&changes, &options, json);
        }
        Command::Doctor { script, strict, json, quiet, options } => {
            return doctor::doctor(&runner, script.as_deref(), &options, strict, json, quiet);
        }
        Command::Export { script, directory, mode, options, json } => {
            export::export(&runner, &script, &directory, mode, &options, json)?;
        }
        Command::Import { from, mode, json, quiet } => export::import(&runner, &from, &mode, json, quiet)?,
        Command::New { file, new, options } => new::new(&runner, &file, &new, &options, json)?,
        Command::Rollback { names, force, dry_run, quiet } => {
            return Ok(promote::rollback(&runner, &names, force, dry_run, quiet, json));
        }
        Command::Watch { script, arguments, how, clears, options } => {
            return watch::watch(
                &runner,
                &read(&runner, &script, &options)?,
                &arguments,
                &how,
                clears,
                &options,
            );
        }
        Command::Lock { scripts, renewal, check, options, json } => {
            return dependencies::lock(&runner, &scripts, &renewal, check, &options, json);
        }
        Command::Tree { script, arguments, options } => {
            let (text, code) = runner.tree(&read(&runner, &script, &options)?, &options, &arguments)?;
            print(format_args!("{text}"));
            return Ok(code);
        }
        Command::Outdated { scripts, transitive, options, json } => {
            return dependencies::outdated(&runner, &scripts, transitive, &options, json);
        }
        Command::Update { scripts, write_lock, options } => {
            // Of several, a line says whose dependency it is.
            let is_one = scripts.len() == 1;
            for script in &scripts {
                trust::renew(&runner, script, &options)?;
            }
            return many::each(&runner, &scripts, Some("updated"), &options, &|script| {
                let updated = runner.update(script, &options, write_lock)?;
                if json {
                    let changes =
                        updated.iter().map(|one| json!({"name": one.name, "old": one.old, "new": one.new}));
                    return told(script, json!({"changes": changes.collect::<Vec<_>>()}));
                }
                if options.verbosity == Verbosity::Quiet {
                    return Ok((0, String::new()));
                }
                let script = printable(&script.display_name()).to_string();
                if updated.is_empty() {
                    return Ok((0, format!("{script}: up to date\n")));
                }
                let name = if is_one { String::new() } else { format!("{script}: ") };
                Ok((0, updated.iter().map(|one| format!("{name}{one}\n")).collect()))
            });
        }
        Command::Promote { scripts, placement, options } => {
            promote::promote(&runner, &scripts, &placement, options, json)?;
        }
        Command::Trust { command, quiet } => trust::trust(&runner, &command, quiet, json)?,
        Command::Demote { names, dry_run: true, .. } => {
            for path in runner.promoted(&names)? {
                print(format_args!("would remove {}\n", print::shown(&path)));
            }
        }
        Command::Demote { names, force, quiet, .. } => promote::demote(&runner, &names, force, quiet, json)?,
        Command::PromoteFrom(how) => return moving::promote(&runner, &how, json),
        Command::List { export: Some(file), .. } => {
            let count = runner.export_installed(&file)?;
            print(format_args!("wrote {count} commands to {}\n", print::shown(&file)));
        }
        Command::List { json, .. } => promote::list(&runner, json)?,
        Command::Upgrade { names, options } => return promote::upgrade(&runner, &names, &options, json),
        Command::Check { scripts, lint, arguments, data: Data::Json { is_buffer }, options } => {
            return editor::check(&runner, &scripts, lint, &arguments, is_buffer, &options);
        }
        Command::Check { scripts, lint, arguments, options, .. } => {
            return many::each(&runner, &scripts, Some("checked"), &options, &|script| {
                runner.check(script, &options, lint, &arguments).map(|()| (0, String::new()))
            });
        }
        Command::Document { scripts, directory, arguments, options } => {
            return many::each(&runner, &scripts, Some("documented"), &options, &|script| {
                let page = runner.document(script, &options, directory.as_deref(), &arguments)?;
                if json {
                    return told(script, json!({"path": page.to_string_lossy()}));
                }
                Ok((0, format!("{}\n", page.display())))
            });
        }
        Command::Format { scripts, arguments, options } => {
            let done = if arguments.iter().any(|word| word == "--check") { "checked" } else { "formatted" };
            return many::each(&runner, &scripts, Some(done), &options, &|script| {
                let code = runner.format(script, &options, &arguments)?;
                match json {
                    true => told(script, json!({"exit_code": code})).map(|(_, text)| (code, text)),
                    false => Ok((code, String::new())),
                }
            });
        }
        Command::Migrate { scripts, style } => {
            return many::each(&runner, &scripts, Some("looked at"), &Options::default(), &|script| {
                let is_changed = runner.migrate(script, style)?;
                if json {
                    return told(script, json!({"changed": is_changed}));
                }
                let what = if is_changed { "rewritten" } else { "already in that form" };
                Ok((0, format!("{}: {what}\n", printable(&script.display_name()))))
            });
        }
        Command::Package { script, directory, options } => {
            let place = runner.package(&read(&runner, &script, &options)?, &options, directory.as_deref())?;
            print(format_args!("{}\n", place.display()));
        }
        // Peeled off above.
        Command::Colored { command, .. } | Command::AsJson(command) => {
            return dispatch_in(*command, runner.settings());
        }
        Command::AfterCleaning(command) => {
            runner.cache_clean(None)?;
            return dispatch_in(*command, runner.settings());
        }
        Command::Why { scripts, options, json } => {
            return many::each(&runner, &scripts, None, &options, &|script| {
                why(&runner, script, &options, json)
            });
        }
        Command::Inputs { scripts, options, json } => {
            return many::each(&runner, &scripts, None, &options, &|script| {
                inputs::inputs(&runner, script, &options, json)
            });
        }
        Command::Env { names, script, options, json } => {
            env::show(&runner, &names, script.as_deref(), &options, json)?;
        }
        Command::Cache(command) => cache::run(&runner, command, json)?,
        Command::Discover { words, form } => return editor::discover(&runner, &words, form),
        Command::Edit { script, open, options } => {
            return runner.edit(&read(&runner, &script, &options)?, &options, open.as_deref());
        }
        Command::EditorConfig(name) => print(format_args!("{}", editor::config(&name)?)),
        Command::LanguageServer { server, language } => {
            // Servers come and go.
            survive_broken_pipes();
            return runner.serve_editor(print::input(), print::out(), server, language.as_deref());
        }
        Command::Help(topic) => match help::text(topic.as_deref()) {
            Some(text) => print(format_args!("{text}")),
            None => {
                let topic = topic.unwrap_or_default();
                let hint = match help::similar_topic(&topic) {
                    Some(similar) => format!("did you mean `{similar}`?"),
                    None => "`runner help` lists the topics".to_owned(),
                };
                return Err(usage_error(format!("there is no help on `{topic}`")).with_hint(hint));
            }
        },
        Command::Manual => print(format_args!("{}", help::manual::manual())),
        Command::Completions { shell, words } => match completion::shell_code(&shell) {
            Some(code) if words.is_empty() => print(format_args!("{code}")),
            Some(_) => print(format_args!("{}", completion::candidates(&runner, &words))),
            None if shell.is_empty() => {
                let shells = completion::shells();
                return Err(usage_error(format!("`completions` needs a shell: one of {shells}"))
                    .with_hint("`runner help completions`"));
            }
            None => {
                return Err(usage_error(format!("there are no completions for `{shell}`"))
                    .with_hint(format!("there are for {}", completion::shells())));
            }
        },
        Command::VersionOf(tool) => print(format_args!("{tool}\n")),
        Command::Version => print(format_args!("runner {}\n", env!("CARGO_PKG_VERSION"))),
    }
    Ok(0)
}

fn run(runner: &Runner, script: &OsStr, options: &Options, arguments: &[OsString]) -> Result<u8> {
    let ran = runner.exec(&read(runner, script, options)?, options, arguments);
    ran.map(end_as).map_err(|error| perhaps_anothers_word(error, script))
}

/// Builds what can be built; the first error's code.
fn build_ahead(runner: &Runner, scripts: &[OsString], options: &Options) -> Result<u8> {
    let scripts = scripts.iter().map(|script| read(runner, script, options)).collect::<Result<Vec<_>>>()?;
    let mut code = 0;
    for error in runner.prebuild(&scripts, options).into_iter().filter_map(Result::err) {
        tell(&error);
        code = if code == 0 { error.exit_code() } else { code };
    }
    Ok(code)
}

/// What was done with a script, as JSON.
fn told(script: &Script, mut fields: Value) -> many::Outcome {
    fields["script"] = script.display_name().into();
    Ok((0, json_line(fields)))
}

/// One line: `cached …`, `not built yet`, or what changed. With `--json` one object.
fn why(runner: &Runner, script: &Script, options: &Options, json: bool) -> many::Outcome {
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
