//! `runner promote`, `list`, `upgrade`, `rollback` and `demote`.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use runner::command_line::{InstalledCommand, Placement, State, usage_error};
use runner::{DebugOptions, Options, Result, Runner, Verbosity};
use serde_json::{Map, Value, json};

use crate::action::{Action, action};
use crate::parse::typed::Typed;
use crate::print::{err, has_reader, human, print, print_json, shown, tell_one_of_several};
use crate::run::script::{read, with_release};
use crate::run::{moving, trust};

/// What follows the word `promote`.
pub(crate) fn parse(mut typed: Typed<'_>) -> Result<Action> {
    if let Some(file) = typed.path("--from")? {
        return moving::parse(file, typed);
    }
    if typed.has("--dry-run") {
        return Err(usage_error("`--dry-run` of `promote` needs `--from FILE`")
            .with_hint("`runner build -n SCRIPT` shows how a script would be built"));
    }
    let placement = Placement {
        name: typed.path("--name")?.map(PathBuf::into_os_string),
        directory: typed.path("--to")?,
        force: typed.has("--force"),
    };
    let (options, scripts) = typed.options_and_scripts()?;
    Ok(action(move |call| promote(&call.runner, &scripts, &placement, options, call.json)))
}

/// What follows the word `list`.
pub(crate) fn parse_list(mut typed: Typed<'_>) -> Result<Action> {
    let export = typed.path("--export")?;
    typed.end()?;
    Ok(action(move |call| {
        let Some(file) = export else { return list(&call.runner, call.json) };
        let count = call.runner.export_installed(&file)?;
        print(format_args!("wrote {count} commands to {}\n", shown(&file)));
        Ok(())
    }))
}

/// What follows the word `upgrade`. What is built, and how, its receipt says; so only these options are left.
pub(crate) fn parse_upgrade(mut typed: Typed<'_>) -> Result<Action> {
    let all = typed.has("--all");
    let options = Options {
        debug: DebugOptions { is_dry_run: typed.has("--dry-run"), ..DebugOptions::default() },
        force: typed.has("--force"),
        offline: typed.has("--offline"),
        verbosity: typed.verbosity(),
        ..Options::default()
    };
    let names = typed.words(None)?;
    if all && !names.is_empty() {
        return Err(usage_error("`--all` and names cannot be used together").with_hint("give one of them"));
    }
    Ok(Box::new(move |call| upgrade(&call.runner, &names, &options, call.json)))
}

/// What follows the word `rollback`.
pub(crate) fn parse_rollback(mut typed: Typed<'_>) -> Result<Action> {
    let (force, dry_run, quiet) = (typed.has("--force"), typed.has("--dry-run"), typed.is_quiet());
    let names = names(typed)?;
    Ok(Box::new(move |call| Ok(rollback(&call.runner, &names, force, dry_run, quiet, call.json))))
}

/// What follows the word `demote`.
pub(crate) fn parse_demote(mut typed: Typed<'_>) -> Result<Action> {
    let (force, quiet, dry_run) = (typed.has("--force"), typed.is_quiet(), typed.has("--dry-run"));
    let names = names(typed)?;
    Ok(action(move |call| match dry_run {
        true => {
            for path in call.runner.promoted(&names)? {
                print(format_args!("would remove {}\n", shown(&path)));
            }
            Ok(())
        }
        false => demote(&call.runner, &names, force, quiet, call.json),
    }))
}

/// Names of installed commands, of which there must be some.
fn names(typed: Typed<'_>) -> Result<Vec<OsString>> {
    let name = typed.name.to_owned();
    let names = typed.words(None)?;
    match names.is_empty() {
        true => Err(usage_error(format!("`{name}` needs the name of an installed command"))
            .with_hint("`runner list` lists them")),
        false => Ok(names),
    }
}

fn promote(
    runner: &Runner,
    scripts: &[OsString],
    placement: &Placement,
    options: Options,
    json: bool,
) -> Result<()> {
    let quiet = options.verbosity == Verbosity::Quiet;
    let scripts = scripts.iter().map(|script| read(runner, script, &options)).collect::<Result<Vec<_>>>()?;
    let installed = runner.promote_all(&scripts, &with_release(options), placement)?;
    if json {
        let lossy = |path: &Path| path.to_string_lossy().into_owned();
        let all = installed.iter().map(|one| {
            let shadowed_by = one.shadowed_by.as_deref().map(lossy);
            json!({"path": lossy(&one.path), "version": one.version, "target": one.target,
                "on_path": one.on_path, "shadowed_by": shadowed_by})
        });
        print_json(Value::Array(all.collect()));
        return Ok(());
    }
    if quiet {
        return Ok(());
    }
    for one in &installed {
        let version = one.version.as_ref().map(|version| format!(" ({version})")).unwrap_or_default();
        print(format_args!("installed {}{version}\n", one.path.display()));
        if let Some(other) = one.shadowed_by.as_ref().filter(|_| one.on_path) {
            print(format_args!("  `{}` comes first on PATH\n", other.display()));
        }
    }
    // All are in one directory.
    let unreachable = installed.last().filter(|one| !one.on_path && one.target.is_none());
    if let Some(directory) = unreachable.and_then(|one| one.path.parent()) {
        let directory = directory.display();
        print(format_args!(
            "  `{directory}` is not on PATH; for example: export PATH=\"{directory}:$PATH\"\n"
        ));
    }
    Ok(())
}

fn list(runner: &Runner, json: bool) -> Result<()> {
    let listed = runner.installed()?;
    if json {
        let all: Vec<Value> = listed.iter().map(receipt).collect();
        print_json(Value::Array(all));
        return Ok(());
    }
    if listed.is_empty() {
        let _ = writeln!(err(), "runner: no commands are installed");
    }
    let width = listed.iter().map(|one| one.name.to_string_lossy().chars().count()).max().unwrap_or(0);
    let width = width.max(if has_reader() { "NAME".len() } else { 0 });
    let states = listed.iter().map(|one| one.state.as_str().len()).max().unwrap_or(0).max(14);
    let row = |name: &str, state: &str, path: &str| {
        print(format_args!("{name:width$}  {state:states$}  {path}\n"));
    };
    if has_reader() && !listed.is_empty() {
        row("NAME", "STATE", "PATH AND SOURCE");
    }
    let mut bytes = 0;
    for one in &listed {
        let version = one.version.as_ref().map(|version| format!(" ({version})")).unwrap_or_default();
        let path = format!("{}  from {}{version}", shown(&one.path), shown(&one.source));
        row(&one.name.to_string_lossy(), one.state.as_str(), &path);
        bytes += std::fs::metadata(&one.path).map_or(0, |metadata| metadata.len());
    }
    if has_reader() && !listed.is_empty() {
        let old = listed.iter().filter(|one| one.state != State::Current).count();
        print(format_args!("{} commands, {}; {old} not up to date\n", listed.len(), human(bytes)));
    }
    Ok(())
}

/// All that a receipt says, and what became of the executable.
fn receipt(one: &InstalledCommand) -> Value {
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    let mut object = Map::new();
    for (name, value) in one.facts.iter().filter(|(name, _)| !name.ends_with("-digest")) {
        let number = if name == "installed" { value.parse::<i64>().ok() } else { None };
        object.insert(name.replace('-', "_"), number.map_or_else(|| json!(value), |number| json!(number)));
    }
    let own = json!({
        "name": text(&one.name),
        "path": text(one.path.as_os_str()),
        "kind": if one.package.is_some() { "package" } else { "script" },
        "source": text(one.source.as_os_str()),
        "source_b3": one.source_digest,
        "b3": one.digest,
        "version": one.version,
        "state": one.state.as_str(),
        "options": one.options.iter().map(|option| text(option)).collect::<Vec<_>>(),
    });
    if let Value::Object(own) = own {
        object.extend(own);
    }
    Value::Object(object)
}

/// Upgrades what is named, or everything; the first error's code.
fn upgrade(runner: &Runner, names: &[OsString], options: &Options, json: bool) -> Result<u8> {
    let paths: Vec<PathBuf> = match names {
        [] => runner.installed()?.into_iter().map(|one| one.path).collect(),
        names => runner.promoted(names)?,
    };
    let mut code = 0;
    let listed = if options.offline { Vec::new() } else { runner.installed()? };
    for path in paths {
        // A script by URL has changed if what it says there now is another text, and the user says yes to it.
        let source = listed.iter().find(|one| one.path == path).map(|one| one.source.as_os_str());
        let renewed = source.map_or(Ok(false), |source| trust::renew(runner, source, options));
        let upgraded = renewed.and_then(|is_renewed| {
            let mut upgraded = runner.upgrade(path.as_os_str(), options)?;
            let reason = is_renewed.then_some(runner::command_line::Reason::SourceChanged);
            upgraded.reason = upgraded.reason.or(reason);
            Ok(upgraded)
        });
        match upgraded {
            Ok(one) if json => print_json(json!({
                "name": one.name.to_string_lossy(), "version": one.version,
                "reason": one.reason.map(|reason| reason.to_string()),
            })),
            Ok(_) if options.verbosity == Verbosity::Quiet => {}
            Ok(one) => {
                let version = one.version.map(|version| format!(" ({version})")).unwrap_or_default();
                let name = one.name.to_string_lossy();
                match one.reason {
                    Some(reason @ runner::command_line::Reason::Version(..)) => {
                        print(format_args!("{name}: {reason}\n"))
                    }
                    Some(reason) => {
                        let done =
                            if options.debug.is_dry_run { "would be built again" } else { "built again" };
                        print(format_args!("{name}: {reason}; {done}{version}\n"));
                    }
                    None => print(format_args!("{name}: up to date{version}\n")),
                }
            }
            Err(error) => tell_one_of_several(&error, &mut code),
        }
    }
    Ok(code)
}

fn demote(runner: &Runner, names: &[OsString], force: bool, quiet: bool, json: bool) -> Result<()> {
    for path in runner.demote_all(names, force)? {
        if json {
            print_json(json!({"path": path.to_string_lossy()}));
            continue;
        }
        if !quiet {
            print(format_args!("removed {}\n", path.display()));
        }
    }
    Ok(())
}

/// Puts back what can be put back; the first error's code.
fn rollback(runner: &Runner, names: &[OsString], force: bool, dry_run: bool, quiet: bool, json: bool) -> u8 {
    let mut code = 0;
    for name in names {
        match runner.rollback(name, force, dry_run) {
            Ok(one) if json => print_json(json!({
                "name": one.name.to_string_lossy(), "old": one.before, "new": one.now,
            })),
            Ok(_) if quiet => {}
            Ok(one) => {
                let what = if dry_run { "would be put back" } else { "put back" };
                let name = one.name.to_string_lossy();
                print(format_args!("{name}: {} -> {}, {what}\n", one.before, one.now));
            }
            Err(error) => tell_one_of_several(&error, &mut code),
        }
    }
    code
}
