//! Installation of packages: `cargo install` into staging, in the target directories that scripts share.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::build::outcome::disk_full;
use crate::packages::recipe::PackageRecipe;
use crate::packages::record::build_record;
use crate::packages::resolve::{self, Resolved};
use crate::report::reporter::{Finished, Reporter};
use crate::rust::deps::cargo::{command, is_network_failure};
use crate::rust::deps::cargo_messages::{self, Local, Made};
use crate::rust::deps::path_trimming::{self, DATE, executable};
use crate::rust::deps::target_dir::Lane;
use crate::rust::target;
use crate::store::cache::Cache;
use crate::store::entry::Built;
use crate::store::readied::Readied;
use crate::store::sealed_record::Record;
use crate::store::stamp::Moment;

/// Compiles one program of a package.
///
/// # Errors
/// [`Step::Dependencies`]: 127 if there is no such package, version or program; [`Step::Compile`], after the compiler's own
/// words have been shown.
pub(crate) fn install(
    recipe: &PackageRecipe<'_>,
    resolved: &Resolved,
    cache: &Cache,
    staging: &Path,
    environment: &Environment,
    reporter: &Reporter,
) -> Result<Built> {
    let began = Instant::now();
    let unusable = |error| cache.unusable("cannot write to", error);
    let cargo = recipe.toolchain.cargo(environment)?;
    let lane = Lane::enter(cache, &recipe.toolchain, recipe.is_trimmed(), reporter, recipe.script)
        .map_err(unusable)?;
    lane.heal(cache, environment);
    Moment::latest().pass();
    let start = Moment::now();
    let trimmed = recipe.is_trimmed().then(|| (environment.cargo_home(), &[][..]));
    let compiler = path_trimming::compiler(lane.path(), &recipe.toolchain, trimmed).map_err(unusable)?;
    let wrapper = match recipe.options.is_static {
        Some(true) => Some(executable(&lane.path().join("static"), STATIC).map_err(unusable)?),
        Some(false) | None => None,
    };
    let installation = Installation {
        recipe,
        resolved,
        cache,
        cargo: &cargo,
        compiler: &compiler,
        wrapper: wrapper.as_deref(),
        lane: &lane,
        staging,
        environment,
        reporter,
    };
    let (bin, finished) = installation.run()?;
    let linked = staging.join("root/bin").join(&bin);
    let mut made = Made::read(&finished.stdout);
    made.add_twin_of(&linked, &lane);
    let mut checks = recipe.checks.clone();
    checks.extend(resolved.check.clone());
    checks.extend(cargo_messages::checks(&Local::default(), &made, &lane, environment, start)?);
    // Cargo's second link to it would stay when its artifacts go.
    made.remove_outermost(&lane);
    remember(recipe, &made, cache);
    let about = vec![
        ("source", resolved.version.to_string()),
        ("options", recipe.options.describe()),
        ("profile", recipe.profile.clone()),
        ("toolchain", recipe.toolchain.short_version()),
        ("target", recipe.machine().to_owned()),
        ("toolchain-id", recipe.toolchain.id.clone()),
        ("package", format!("{} {}", recipe.package.name(), resolved.version)),
        ("built", start.unix_seconds().to_string()),
        ("milliseconds", began.elapsed().as_millis().to_string()),
    ];
    // A file of its own: cargo gives away another link to what it keeps.
    let output = staging.join("program");
    std::fs::copy(&linked, &output).map_err(unusable)?;
    if recipe.options.portable {
        build_record(recipe, &resolved.version, &bin, made.packages(), environment)
            .add_to(&output)
            .map_err(unusable)?;
    }
    std::fs::set_permissions(&output, Permissions::from_mode(0o700)).map_err(unusable)?;
    let target = recipe.target.as_ref().map(|target| target.name.clone());
    let readied = Readied::default();
    Ok(Built {
        output,
        readied,
        name: bin.into(),
        provisional: false,
        target,
        told: recipe.told(),
        checks,
        about,
    })
}

/// Records which artifacts the program was made from, as for a script's dependencies: so that they are not swept while it
/// is built now and then, and cargo is made to forget those that are damaged.
fn remember(recipe: &PackageRecipe<'_>, made: &Made, cache: &Cache) {
    let id = *recipe.key().digest();
    let mut record = Record::default();
    for artifact in made.artifacts(cache.directory()) {
        record.push("artifact", artifact);
    }
    let environments = cache.join("deps").join(&recipe.toolchain.id).join("environments");
    let place = environments.join(id.short(32));
    // Best effort: without it they are compiled again.
    let _ = cache
        .make_directory(&environments)
        .and_then(|()| cache.make_directory(&place))
        .and_then(|()| cache.write_whole(&place.join("record"), &record.render(&id)));
}

struct Installation<'a> {
    recipe: &'a PackageRecipe<'a>,
    resolved: &'a Resolved,
    cache: &'a Cache,
    cargo: &'a Path,
    compiler: &'a Path,
    wrapper: Option<&'a Path>,
    lane: &'a Lane,
    staging: &'a Path,
    environment: &'a Environment,
    reporter: &'a Reporter,
}

impl Installation<'_> {
    /// The program that was built, and what cargo said.
    fn run(&self) -> Result<(String, Finished)> {
        let name = self.recipe.package.name();
        let selected = self.recipe.options.selection.bin.as_deref();
        let bin = selected.unwrap_or(name);
        let finished = self.cargo_install(Some(bin))?;
        if finished.status.success() {
            return Ok((bin.to_owned(), finished));
        }
        let said = String::from_utf8_lossy(&finished.stderr);
        let Some(names) = programs(&said) else { return Err(self.failed(&finished)) };
        if names.is_empty() {
            // Cargo gives no list if there is none, and if it thinks that it knows which is meant.
            return self.run_all();
        }
        match meant(name, &names).filter(|_| selected.is_none()) {
            Some(bin) => {
                let finished = self.cargo_install(Some(bin))?;
                match finished.status.success() {
                    true => Ok((bin.to_owned(), finished)),
                    false => Err(self.failed(&finished)),
                }
            }
            None => Err(self.no_such_program(selected, &names)),
        }
    }

    /// Whatever programs there are.
    fn run_all(&self) -> Result<(String, Finished)> {
        let finished = self.cargo_install(None)?;
        if !finished.status.success() {
            return Err(self.failed(&finished));
        }
        let selected = self.recipe.options.selection.bin.as_deref();
        let entries = std::fs::read_dir(self.staging.join("root/bin")).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        order::sort(&mut names);
        match meant(self.recipe.package.name(), &names).filter(|_| selected.is_none()) {
            Some(bin) => Ok((bin.to_owned(), finished)),
            None => Err(self.no_such_program(selected, &names)),
        }
    }

    fn cargo_install(&self, bin: Option<&str>) -> Result<Finished> {
        let finished = self.cargo_install_once(bin, self.recipe.options.offline)?;
        let is_unreachable = !finished.status.success()
            && !self.recipe.options.offline
            && is_network_failure(&finished.stderr);
        if !is_unreachable {
            return Ok(finished);
        }
        // An unreachable registry is no error while everything needed is here.
        let again = self.cargo_install_once(bin, true)?;
        Ok(if again.status.success() { again } else { finished })
    }

    fn cargo_install_once(&self, bin: Option<&str>, offline: bool) -> Result<Finished> {
        let Installation { recipe, resolved, .. } = self;
        let mut command: Command = command(self.cargo, &recipe.toolchain, self.environment, self.reporter);
        command.arg("install").arg(recipe.package.name());
        command.arg("--version").arg(format!("={}", resolved.version));
        command.args(["--no-track", "--force", "--profile", &recipe.profile]);
        command.args(bin.into_iter().flat_map(|bin| ["--bin", bin]));
        command.arg("--root").arg(self.staging.join("root"));
        command.arg("--target-dir").arg(self.lane.path());
        if recipe.config.has_build_dir {
            command.env("CARGO_BUILD_BUILD_DIR", self.lane.path());
        }
        command.args(["--message-format", "json-render-diagnostics"]);
        let selection =
            crate::request::package_spec::Selection { bin: None, ..recipe.options.selection.clone() };
        command.args(selection.arguments());
        if recipe.profile == "quick" {
            for setting in QUICK {
                command.arg("--config").arg(format!("profile.quick.{setting}"));
            }
        }
        if let Some(target) = &recipe.target {
            command.args(["--target", &target.name]);
        }
        if let Some(linker) = recipe.linker.named() {
            command.env(target::variable(recipe.machine(), "LINKER"), linker);
        }
        command.env("RUSTC", self.compiler);
        if recipe.is_trimmed() {
            command.env("CARGO_INCREMENTAL", "0");
            if self.environment.set(DATE.0).is_none() {
                command.env(DATE.0, DATE.1);
            }
        }
        if recipe.options.strip {
            command.arg("--config").arg(format!("profile.{}.strip=\"symbols\"", recipe.profile));
        }
        if let Some(wrapper) = self.wrapper {
            command.env("RUSTC_WORKSPACE_WRAPPER", wrapper);
        }
        command.args(recipe.options.locked.then_some("--locked"));
        command.args(offline.then_some("--offline"));
        let label = format!("compiling {} {}", recipe.package.name(), resolved.version);
        self.reporter.run(&command, &label, true).map_err(|error| {
            let what = format!("cannot run `{}`", self.cargo.display());
            Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
        })
    }

    #[cold]
    fn no_such_program(&self, selected: Option<&str>, names: &[String]) -> Error {
        let package = self.recipe.package.name();
        let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let text = match selected {
            Some(bin) => format!("`{package}` has no program `{bin}`; it has {list}"),
            None => format!("`{package}` has no program of its own name; it has {list}"),
        };
        let error = Error::message(Step::Dependencies, text).not_found();
        match names.first() {
            Some(first) => error.hint(format!("for example `--bin {first}`")),
            None => error,
        }
    }

    #[cold]
    fn failed(&self, finished: &Finished) -> Error {
        let package = self.recipe.package;
        let (name, version) = (package.name(), &self.resolved.version);
        let said = String::from_utf8_lossy(&finished.stderr);
        if let Some(error) = disk_full(self.lane.path(), &said, "cannot build a package in the cache") {
            return error;
        }
        if said.contains("it has no binaries") {
            let text = format!("`{name}` {version} is a library: there is no program in it");
            return Error::message(Step::Dependencies, text)
                .not_found()
                .hint(format!("a script may depend on it: `--dep {name}={version}`"));
        }
        if let Some(features) = required_features(&said) {
            let text = format!("its program needs the features {features}");
            return Error::message(Step::Dependencies, text).hint(format!("`--features {features}`"));
        }
        let is_about_finding = ["could not find `", "has been yanked", "offline mode"];
        if is_about_finding.iter().any(|sign| said.contains(sign)) || is_network_failure(&finished.stderr) {
            // Asked for the package alone, cargo says which of many reasons it is.
            if let Err(error) = resolve::ask(self.recipe, self.cache, self.environment, self.reporter) {
                return error;
            }
        }
        self.reporter.show(without_places(&said).as_bytes(), true);
        let text =
            format!("cargo could not build `{name}` {version} ({}); nothing was cached", finished.status);
        let error = Error::message(Step::Compile, text);
        let hints = [
            ("--locked was passed", "its `Cargo.lock` does not fit it: do without `--locked`"),
            ("offline mode", "run it once without `--offline` to download what is missing"),
            ("requires rustc", "`+T` before it takes another toolchain; or ask for an older version"),
            ("profile `", "`release`, `dev` or `quick`"),
            ("does not have the feature", "its page on https://crates.io lists those it has"),
        ];
        match hints.iter().find(|(sign, _)| said.contains(sign)) {
            Some((_, hint)) => error.hint(*hint),
            None if said.contains("could not compile") && !self.recipe.options.locked => {
                error.hint("`--locked` takes the versions its author built it with")
            }
            None => error,
        }
    }
}

/// What links a program without shared libraries: cargo calls it for the package itself, and not for what it depends on.
const STATIC: &str = r#"#!/bin/sh
# Written by runner: the compiler, told to make programs that need no shared libraries.
case " $* " in
*" --crate-type bin "*) exec "$@" -C target-feature=+crt-static -C relocation-model=static ;;
esac
exec "$@"
"#;

/// As for scripts: unoptimized, with the semantics of release.
const QUICK: &[&str] = &[
    "inherits=\"release\"",
    "opt-level=0",
    "codegen-units=16",
    "lto=\"off\"",
    "debug-assertions=false",
    "overflow-checks=false",
];

/// Diagnostics without what cargo says of a directory that is none of the user's.
fn without_places(said: &str) -> String {
    let mut out = String::with_capacity(said.len());
    for line in said.split_inclusive('\n').filter(|line| !line.starts_with("To reuse those artifacts")) {
        match line.split_once(", intermediate artifacts can be found at `") {
            Some((before, _)) => out.extend([before, "\n"]),
            None => out.push_str(line),
        }
    }
    out
}

/// The program that is meant if no name is given and none has exactly the package's: the only one, or the one whose name
/// differs in what a registry does not tell apart.
fn meant<'a>(package: &str, names: &'a [String]) -> Option<&'a str> {
    let same = |name: &&String| name.replace('_', "-") == package.replace('_', "-");
    match names {
        [only] => Some(only),
        names => names.iter().find(same).map(String::as_str),
    }
}

/// The programs cargo says there are in place of one there is not.
fn programs(said: &str) -> Option<Vec<String>> {
    let mut lines = said.lines().skip_while(|line| !line.contains("no bin target named `"));
    let first = lines.next()?;
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let mut lines = lines.skip_while(|line| !line.to_ascii_lowercase().contains("available bin targets:"));
    let heading = lines.next().unwrap_or(first);
    let names = lines.take_while(|line| indentation(line) > indentation(heading));
    Some(names.map(|line| line.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

/// What cargo says is missing: ``requires the features: `a`, `b` ``.
fn required_features(said: &str) -> Option<String> {
    let rest = said.split_once("requires the features: ")?.1;
    let list = rest.lines().next()?.split('.').next()?;
    let names = list.split(',').map(|name| name.trim().trim_matches('`').to_owned());
    Some(names.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_words_are_understood() {
        let said = "error: failed to compile `quine v0.1.0`\n\nCaused by:\n  no bin target named `nope` in `r#quine@0.1.0` package\n  \
                    help: available bin targets:\n      one\n      two\n";
        assert_eq!(programs(said), Some(vec!["one".to_owned(), "two".to_owned()]));
        let older = "error: no bin target named `x`.\nAvailable bin targets:\n    one\n\n";
        assert_eq!(programs(older), Some(vec!["one".to_owned()]));
        assert_eq!(programs("error: something else"), None);
        let said =
            "error: target `x` in package `y` requires the features: `cli`, `net`\nConsider enabling them";
        assert_eq!(required_features(said).as_deref(), Some("cli,net"));
    }
}
