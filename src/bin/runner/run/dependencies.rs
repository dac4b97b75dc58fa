//! `runner lock`, `tree`, `outdated` and `update`.

use std::ffi::OsString;
use std::path::Path;

use runner::command_line::{LockResult, OutdatedDependency, Renewal, VersionChange, printable, usage_error};
use runner::{Options, Result, Runner, Script, Verbosity};
use serde_json::{Value, json};

use crate::action::{Action, Call};
use crate::parse::typed::Typed;
use crate::print::{print, print_json, shown, tell_one_of_several};
use crate::run::execution::{Behind, behind_options};
use crate::run::many::{self, told};
use crate::run::script::read;
use crate::run::trust;

/// `lock`
pub(crate) fn parse_lock(mut typed: Typed<'_>) -> Result<Action> {
    let (check, all) = (typed.has("--check"), typed.has("--upgrade"));
    let packages = typed.texts("--upgrade-package")?;
    let renewal = match (all, packages.is_empty()) {
        (true, true) => Renewal::All,
        (false, true) => Renewal::Keep,
        (false, false) => Renewal::Packages(packages),
        (true, false) => {
            return Err(usage_error("`--upgrade` and `--upgrade-package` cannot be used together")
                .with_hint("`--upgrade` renews every package"));
        }
    };
    let (options, scripts) = typed.options_and_scripts()?;
    Ok(Box::new(move |call| lock(&call.runner, &scripts, &renewal, check, &options, call.json)))
}

/// `tree SCRIPT …`: what follows the script is for cargo.
pub(crate) fn parse_tree(options: Vec<OsString>, script: Vec<OsString>) -> Result<Action> {
    let behind = match behind_options("tree", options, script, |_| Ok(()))? {
        Ok((behind, ())) => behind,
        Err(help) => return Ok(help),
    };
    Ok(Box::new(move |call| tree(call, behind)))
}

/// The lines of `cargo tree`, each with its depth, its name and version, and what else cargo says of it.
const TREE_AS_DATA: &str = "--prefix depth --format \t{p} --charset ascii";

/// Prints what `cargo tree` does of a script; its exit code.
fn tree(call: &Call, behind: Behind) -> Result<u8> {
    let Behind { script, mut arguments, options } = behind;
    if call.json {
        arguments.extend(TREE_AS_DATA.split(' ').map(OsString::from));
    }
    let script = read(&call.runner, &script, &options)?;
    let (text, code) = call.runner.tree(&script, &options, &arguments)?;
    match call.json && code == 0 {
        true => print_json(Value::Array(text.lines().filter_map(node).collect())),
        false => print(format_args!("{text}")),
    }
    Ok(code)
}

/// A package of a tree; the script itself is none.
fn node(line: &str) -> Option<Value> {
    let (depth, package) = line.split_once('\t')?;
    let depth: u32 = depth.parse().ok()?;
    let (name, rest) = package.split_once(" v")?;
    let version = rest.split(' ').next();
    (depth > 0).then(|| json!({"depth": depth, "name": name, "version": version}))
}

/// `outdated`; no scripts are all of them.
pub(crate) fn parse_outdated(mut typed: Typed<'_>) -> Result<Action> {
    let (all, transitive) = (typed.has("--all"), typed.has("--transitive"));
    let (options, scripts) = typed.options_and_words()?;
    match (all, scripts.is_empty()) {
        (true, false) => {
            Err(usage_error("`--all` and scripts cannot be used together").with_hint("give one of them"))
        }
        (false, true) => Err(usage_error("`outdated` needs a script")
            .with_hint("`runner outdated SCRIPT`, or `runner outdated --all`")),
        _ => Ok(Box::new(move |call| outdated(&call.runner, &scripts, transitive, &options, call.json))),
    }
}

/// `update`
pub(crate) fn parse_update(mut typed: Typed<'_>) -> Result<Action> {
    let (write_lock, is_dry_run) = (typed.has("--lock"), typed.has("--dry-run"));
    let (mut options, scripts) = typed.options_and_scripts()?;
    options.debug.is_dry_run |= is_dry_run;
    Ok(Box::new(move |call| update(&call.runner, &scripts, write_lock, &options, call.json)))
}

fn update(
    runner: &Runner,
    scripts: &[OsString],
    write_lock: bool,
    options: &Options,
    json: bool,
) -> Result<u8> {
    // Of several, a line says whose dependency it is.
    let is_one = scripts.len() == 1;
    for script in scripts {
        trust::renew(runner, script, options)?;
    }
    many::each(runner, scripts, Some("updated"), options, &|script| {
        let updated = runner.update(script, options, write_lock)?;
        if json {
            return told(script, json!({"changes": changes(&updated)}));
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
    })
}

/// Locks each script; the first error's code, else 1 if a lock that is only checked would change.
fn lock(
    runner: &Runner,
    scripts: &[OsString],
    renewal: &Renewal,
    check: bool,
    options: &Options,
    json: bool,
) -> Result<u8> {
    let (mut code, mut differs) = (0, false);
    let mut objects = Vec::new();
    for script in &many::expand(runner, scripts, true)? {
        let locked = read(runner, script, options)
            .and_then(|script| runner.lock(&script, options, renewal.clone(), check));
        match locked {
            Err(error) => tell_one_of_several(&error, &mut code),
            Ok(lock) => {
                differs |= lock.is_changed;
                match json {
                    true => objects.push(as_json(&lock)),
                    false if options.verbosity > Verbosity::Quiet => show(&lock, check),
                    false => {}
                }
            }
        }
    }
    if json {
        print_json(Value::Array(objects));
    }
    Ok(if code == 0 { u8::from(check && differs) } else { code })
}

fn show(lock: &LockResult, check: bool) {
    for change in &lock.changes {
        print(format_args!("{change}\n"));
    }
    let path = shown(&lock.path);
    let what = match (lock.is_changed, lock.is_needed, check) {
        (true, _, true) => "would change",
        (true, true, false) => "written",
        (true, false, false) => "removed",
        (false, true, _) => "up to date",
        (false, false, _) => "not needed: the script has no dependencies",
    };
    print(format_args!("{path}: {what}\n"));
}

fn changes(versions: &[VersionChange]) -> Value {
    versions.iter().map(|one| json!({"name": one.name, "old": one.old, "new": one.new})).collect()
}

fn as_json(lock: &LockResult) -> Value {
    json!({
        "path": lock.path.to_string_lossy(),
        "changed": lock.is_changed,
        "needed": lock.is_needed,
        "changes": changes(&lock.changes),
    })
}

/// Lists what is outdated; the first error's code, else 1 if something newer fits.
fn outdated(
    runner: &Runner,
    scripts: &[OsString],
    transitive: bool,
    options: &Options,
    json: bool,
) -> Result<u8> {
    let scripts = if scripts.is_empty() { known_scripts(runner)? } else { scripts.to_vec() };
    let (mut code, mut is_any) = (0, false);
    let mut rows = Vec::new();
    for script in &scripts {
        let found =
            read(runner, script, options).and_then(|script| runner.outdated(&script, options, transitive));
        match found {
            Err(error) => tell_one_of_several(&error, &mut code),
            Ok(found) => {
                is_any |= found.iter().any(|one| one.fits.is_some());
                rows.extend(found.into_iter().map(|one| (script.to_string_lossy().into_owned(), one)));
            }
        }
    }
    match json {
        true => {
            let objects = rows.iter().map(|(script, one)| {
                json!({"script": script, "name": one.name, "old": one.now, "new": one.fits,
                    "newest": one.newest, "requirement": one.requirement})
            });
            print_json(Value::Array(objects.collect()));
        }
        // What could not be asked is not up to date.
        false if rows.is_empty() && code != 0 => {}
        false if options.verbosity > Verbosity::Quiet => table(&rows, scripts.len() > 1),
        false => {}
    }
    Ok(if code == 0 { u8::from(is_any) } else { code })
}

fn table(rows: &[(String, OutdatedDependency)], has_scripts: bool) {
    if rows.is_empty() {
        return print(format_args!("everything is up to date\n"));
    }
    let dash = || "-".to_owned();
    let mut cells = vec![["crate", "now", "fits", "newest", "wanted by"].map(str::to_owned)];
    for (script, one) in rows {
        let wanted = one.requirement.clone().unwrap_or_else(dash);
        cells.push([
            one.name.clone(),
            one.now.clone(),
            one.fits.clone().unwrap_or_else(dash),
            one.newest.clone().or_else(|| one.fits.clone()).unwrap_or_else(dash),
            if has_scripts { format!("{wanted}  {}", printable(script)) } else { wanted },
        ]);
    }
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    for [name, now, fits, newest, wanted] in &cells {
        let [one, two, three, four] = widths;
        print(format_args!("{name:one$}  {now:two$}  {fits:three$}  {newest:four$}  {wanted}\n"));
    }
}

/// The packages and scripts that were promoted, and those of the cache that are still there.
fn known_scripts(runner: &Runner) -> Result<Vec<OsString>> {
    let mut known: Vec<OsString> = Vec::new();
    let is_trusted = |script: &Path| {
        let word = script.as_os_str();
        runner::command_line::ScriptUrl::parse(word).is_some()
            && Script::find(word, &runner.settings()).is_ok()
    };
    let promoted = runner.installed()?;
    for one in promoted.iter().filter(|one| one.package.is_some()) {
        let source = one.source.clone().into_os_string();
        if !known.contains(&source) {
            known.push(source);
        }
    }
    let promoted = promoted.into_iter().filter(|one| one.package.is_none());
    let cached = runner.cache_list()?.into_iter().map(|build| build.script);
    for script in promoted.map(|one| one.source).chain(cached) {
        let is_rust = script.extension().is_none_or(|extension| extension == "rs");
        let is_there = is_rust && script.is_absolute() && script.is_file();
        if (is_there || is_trusted(&script)) && !known.iter().any(|one| *one == *script) {
            known.push(script.into_os_string());
        }
    }
    Ok(known)
}
