//! Subcommands: what each prints.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use runner::{
    Background, EXIT_NOT_FOUND, Environment, Error, Options, Placement, Result, Runner, Script, Step,
    Verbosity, Why, printable, usage_error,
};
use serde_json::json;

use crate::cli::{CacheCommand, Command, SUBCOMMANDS};
use crate::help;

/// Does what was asked; the exit code.
pub(crate) fn dispatch(command: Command) -> Result<u8> {
    let runner = Runner::new(Environment::process()).with_background(std::env::current_exe);
    match command {
        Command::Run { script, arguments, options } => return run(&runner, &script, &options, &arguments),
        Command::Evaluate { expression, base, arguments, options } => {
            return runner.run(&expression.script(&base), &options, &arguments);
        }
        Command::Build { script, output, options } => {
            let script = read(&runner, &script)?;
            let options = with_release(options);
            runner
                .build(&script, &options, output.as_deref())
                .map_err(|error| error.about_script(&script))?;
        }
        Command::BuildCache { scripts, options } => return build_ahead(&runner, &scripts, &options),
        Command::Background { script, options } => runner.finish(&read(&runner, &script)?, &options)?,
        Command::Update { script, write_lock, options } => {
            let updated = runner.update(&read(&runner, &script)?, &options, write_lock)?;
            for one in updated.iter().filter(|_| options.verbosity > Verbosity::Quiet) {
                print(format_args!("{one}\n"));
            }
        }
        Command::Promote { script, placement, options } => promote(&runner, &script, &placement, options)?,
        Command::Demote { names, force } => {
            for name in names {
                print(format_args!("removed {}\n", runner.demote(&name, force)?.display()));
            }
        }
        Command::List => list(&runner)?,
        Command::Check { script, lint, arguments, options } => {
            runner.check(&read(&runner, &script)?, &options, lint, &arguments)?;
        }
        Command::Document { script, directory, arguments, options } => {
            let script = read(&runner, &script)?;
            let page = runner.document(&script, &options, directory.as_deref(), &arguments)?;
            print(format_args!("{}\n", page.display()));
        }
        Command::Format { script, arguments, options } => {
            return runner.format(&read(&runner, &script)?, &options, &arguments);
        }
        Command::Migrate { script, style } => {
            let script = read(&runner, &script)?;
            let what = if runner.migrate(&script, style)? { "rewritten" } else { "already in that form" };
            print(format_args!("{}: {what}\n", script.typed().to_string_lossy()));
        }
        Command::Package { script, directory, options } => {
            let place = runner.package(&read(&runner, &script)?, &options, directory.as_deref())?;
            print(format_args!("{}\n", place.display()));
        }
        Command::AfterCleaning(command) => {
            runner.cache_clean(None)?;
            return dispatch(*command);
        }
        Command::Why { script, options, json } => why(&runner, &script, &options, json)?,
        Command::Cache(command) => cache(&runner, command)?,
        Command::Help(topic) => match help::text(topic.as_deref()) {
            Some(text) => print(format_args!("{text}")),
            None => {
                let topic = topic.unwrap_or_default();
                return Err(usage_error(format!("there is no help on `{topic}`")).with_hint("`runner help`"));
            }
        },
        Command::Version => print(format_args!("runner {}\n", env!("CARGO_PKG_VERSION"))),
    }
    Ok(0)
}

fn run(runner: &Runner, script: &OsStr, options: &Options, arguments: &[OsString]) -> Result<u8> {
    runner.run(&read(runner, script)?, options, arguments)
}

fn read(runner: &Runner, script: &OsStr) -> Result<Script> {
    Script::read(script, runner.environment()).map_err(|error| perhaps_a_subcommand(error, script))
}

/// A missing script whose name is nearly a subcommand's was probably meant as one.
fn perhaps_a_subcommand(error: Error, script: &OsStr) -> Error {
    let name = script.to_string_lossy();
    let similar = SUBCOMMANDS.iter().find(|known| runner::is_similar(known, &name));
    match similar {
        Some(known)
            if error.step() == Step::Script && error.exit_code() == EXIT_NOT_FOUND && !name.contains('/') =>
        {
            error.with_hint(format!("there is a subcommand `{known}`"))
        }
        _ => error,
    }
}

/// What is handed on is release unless told otherwise, whatever the script asks for its own runs.
fn with_release(options: Options) -> Options {
    Options { profile: options.profile.or_else(|| Some("release".to_owned())), ..options }
}

/// Builds what can be built; the first error's code.
fn build_ahead(runner: &Runner, scripts: &[OsString], options: &Options) -> Result<u8> {
    let scripts = scripts.iter().map(|script| read(runner, script)).collect::<Result<Vec<_>>>()?;
    let mut code = 0;
    for error in runner.build_ahead(&scripts, options).into_iter().filter_map(Result::err) {
        crate::tell(&error);
        code = if code == 0 { error.exit_code() } else { code };
    }
    Ok(code)
}

fn promote(runner: &Runner, script: &OsStr, placement: &Placement, options: Options) -> Result<()> {
    let quiet = options.verbosity == Verbosity::Quiet;
    let script = read(runner, script)?;
    let installed = runner.promote(&script, &with_release(options), placement)?;
    if quiet {
        return Ok(());
    }
    print(format_args!("installed {}\n", installed.path.display()));
    let directory = installed.path.parent().unwrap_or(&installed.path).display();
    if !installed.on_path {
        print(format_args!(
            "  `{directory}` is not on PATH; for example: export PATH=\"{directory}:$PATH\"\n"
        ));
    } else if let Some(other) = installed.shadowed_by {
        print(format_args!("  `{}` comes first on PATH\n", other.display()));
    }
    Ok(())
}

fn list(runner: &Runner) -> Result<()> {
    let listed = runner.installed()?;
    let width = listed.iter().map(|one| one.name.to_string_lossy().chars().count()).max().unwrap_or(0);
    for one in &listed {
        let name = one.name.to_string_lossy();
        let state = one.state.as_str();
        print(format_args!("{name:width$}  {state:14}  {}  from {}\n", shown(&one.path), shown(&one.source)));
    }
    Ok(())
}

/// One line: `cached …`, `not built yet`, or what changed. With `--json` one object.
fn why(runner: &Runner, script: &OsStr, options: &Options, json: bool) -> Result<()> {
    let script = read(runner, script)?;
    let why = runner.why(&script, options)?;
    if !json {
        print(format_args!("{}\n", printable(&format!("{}: {why}", script.typed().to_string_lossy()))));
        return Ok(());
    }
    let (state, binary, changes) = match &why {
        Why::Hit(path) => ("hit", Some(path.to_string_lossy().into_owned()), Vec::new()),
        Why::Never => ("never built", None, Vec::new()),
        Why::Changed(changes) => ("changed", None, changes.clone()),
    };
    let changes: Vec<_> = changes
        .iter()
        .map(|change| json!({"kind": change.kind, "name": change.name, "old": change.old, "new": change.new}))
        .collect();
    let script = script.typed().to_string_lossy();
    print(format_args!(
        "{}\n",
        json!({"script": script, "state": state, "binary": binary, "changes": changes})
    ));
    Ok(())
}

fn cache(runner: &Runner, command: CacheCommand) -> Result<()> {
    match command {
        CacheCommand::Path => {
            // A path is bytes, and somebody may paste it.
            let path = runner.cache_path()?;
            let mut out = io::stdout().lock();
            let _ = out.write_all(path.as_os_str().as_bytes()).and_then(|()| out.write_all(b"\n"));
        }
        CacheCommand::Size => print(format_args!("{}\n", runner.cache_size()?)),
        CacheCommand::List => {
            if let Some(background) = runner.background()? {
                let Background { pid, script } = background;
                print(format_args!("process {pid} is building the release binary of {}\n", shown(&script)));
            }
            for build in runner.cache_list()? {
                let used = age(build.last_used);
                print(format_args!(
                    "{used:>9}  {:>10}  {:8}  {}  {}  {}\n",
                    build.bytes,
                    build.profile,
                    build.toolchain,
                    build.target,
                    shown(&build.script)
                ));
            }
        }
        CacheCommand::Stop => match runner.stop_background()? {
            Some(Background { pid, script }) => {
                print(format_args!("stopped process {pid}, which was building {}\n", shown(&script)));
            }
            None => print(format_args!("nothing is being built in the background\n")),
        },
        CacheCommand::Trim(limits) => removed(runner.cache_trim(limits)?),
        CacheCommand::Clean(script) => removed(runner.cache_clean(script.as_deref())?),
    }
    Ok(())
}

fn removed(trimmed: runner::Trimmed) {
    let builds = if trimmed.builds == 1 { "build" } else { "builds" };
    print(format_args!("removed {} {builds}, {} bytes\n", trimmed.builds, trimmed.bytes));
}

/// A path in a list: one line, whatever is in it.
fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

/// How long ago, in the largest unit that fits.
fn age(seconds: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_secs() as i64);
    match now - seconds {
        ..60 => "now".to_owned(),
        age @ 60..3_600 => format!("{}m ago", age / 60),
        age @ 3_600..86_400 => format!("{}h ago", age / 3_600),
        age => format!("{}d ago", age / 86_400),
    }
}

fn print(text: std::fmt::Arguments<'_>) {
    // A reader that has gone is told so by SIGPIPE.
    let _ = io::stdout().lock().write_fmt(text);
}
