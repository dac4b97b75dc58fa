//! What `lock` and `outdated` print.

use std::ffi::OsString;
use std::path::Path;

use runner::{LockResult, Options, OutdatedDependency, Renewal, Result, Runner, Script, Verbosity};
use serde_json::{Value, json};

use crate::print::{print, print_json, shown, tell};
use crate::run::many;
use crate::run::script::read;

/// Locks each script; the first error's code, else 1 if a lock that is only checked would change.
pub(crate) fn lock(
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
            Err(error) => {
                tell(&error);
                code = if code == 0 { error.exit_code() } else { code };
            }
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

fn as_json(lock: &LockResult) -> Value {
    let changes = lock.changes.iter();
    let changes = changes.map(|one| json!({"name": one.name, "old": one.old, "new": one.new}));
    json!({
        "path": lock.path.to_string_lossy(),
        "changed": lock.is_changed,
        "needed": lock.is_needed,
        "changes": changes.collect::<Vec<_>>(),
    })
}

/// Lists what is outdated; the first error's code, else 1 if something newer fits.
pub(crate) fn outdated(
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
            Err(error) => {
                tell(&error);
                code = if code == 0 { error.exit_code() } else { code };
            }
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
            if has_scripts { format!("{wanted}  {}", runner::printable(script)) } else { wanted },
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
        runner::ScriptUrl::parse(word).is_some() && Script::find(word, &runner.settings()).is_ok()
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
