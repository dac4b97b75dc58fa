//! Making a dependency environment: cargo builds the dependencies, and its rustc call for the script is captured.

use std::fs;
use std::path::Path;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::build::observing::Observing;
use crate::report::reporter::Reporter;
use crate::rust::deps::call::Call;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::script_lock::Insistence;
use crate::rust::deps::{
    capture, cargo_messages, dependency_list, path_trimming, script_lock, seed, target_dir,
};
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;
use crate::store::sealed_record::Record;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// How often a build of dependencies is begun again because a source changed under it.
const MOST_DISTURBANCES: usize = 8;

/// The environment of a script's dependencies: recorded, or made now.
///
/// # Errors
/// [`Step::Dependencies`], after cargo's own words have been shown.
pub(crate) fn environment(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
) -> Result<Call> {
    let (environments, manifest) = Environments::find(recipe, cache, environment, reporter)?;
    environments.check_lock()?;
    let recorded = || environments.recorded().filter(|_| !recipe.options.force);
    let call = match recorded() {
        Some(call) => call,
        None => {
            let _lock = environments.enter().map_err(|error| cache.unusable("cannot write to", error))?;
            match recorded() {
                Some(call) => call,
                None => environments.build(&manifest)?,
            }
        }
    };
    environments.settle_lock(call.misfit.as_deref(), reporter)?;
    Ok(call)
}

/// The environment of a script's dependencies if it is recorded, so that cargo need not be asked.
pub(crate) fn recorded(recipe: &RustRecipe<'_>, cache: &Cache, environment: &Environment) -> Option<Call> {
    let reporter = Reporter::silent(environment);
    let (environments, _) = Environments::find(recipe, cache, environment, &reporter).ok()?;
    environments.recorded().filter(|call| call.misfit.is_none() || !recipe.options.locked)
}

/// The lock that dependencies are resolved to now: `SCRIPT.lock`, else what the cache knows.
pub(crate) fn resolution(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
) -> Option<String> {
    let reporter = Reporter::silent(environment);
    let (environments, _) =
        Environments::find_with(recipe, cache, environment, &reporter, Insistence::Never).ok()?;
    environments.lock.clone().or_else(|| seed::read_whole(&environments.resolved))
}

impl Environments<'_> {
    fn build(&self, manifest: &str) -> Result<Call> {
        let unusable = |error| self.cache.unusable("cannot write to", error);
        let cargo = self.recipe.toolchain.cargo(self.environment)?;
        let manifest_path = self.directory.join("Cargo.toml");
        let lock_path = self.directory.join("Cargo.lock");
        self.clear().map_err(unusable)?;
        fs::write(&manifest_path, manifest).map_err(unusable)?;
        self.write_lock(&lock_path).map_err(unusable)?;
        self.check_policy(&cargo, &manifest_path)?;
        self.show(manifest, &lock_path);
        let lane = target_dir::Lane::enter(
            self.cache,
            &self.recipe.toolchain,
            self.recipe.is_trimmed(),
            self.reporter,
            self.recipe.script,
        )
        .map_err(unusable)?;
        lane.heal(self.cache, self.environment);
        let mut before: Option<Vec<Check<'static>>> = None;
        let mut last = None;
        for _ in 0..MOST_DISTURBANCES {
            // What was written before this moment has an older stamp, what is written from now on has not.
            Moment::latest().pass();
            let start = Moment::now();
            let mut record = self.build_once(&cargo, &manifest_path, &lane, start)?;
            let disturbance = cargo_messages::disturbance(&record.checks, start);
            if !self.add_reads(&mut record, &lane) {
                last = Some(self.call(&record));
                continue;
            }
            // A package may write sources of its own: then they are what the last build left, and this one left them so.
            let is_settled = before.is_some_and(|before| {
                before.len() == record.checks.len()
                    && before.iter().zip(&record.checks).all(|(one, two)| one.same_fact(two))
            });
            match disturbance {
                Some(path) if !is_settled => self.reporter.verbose(|| {
                    let script = self.recipe.script.display_name();
                    format!("{script}: `{}` changed while it was compiled; once more", path.display())
                }),
                _ => {
                    // What the record vouches for is on disk before the record is.
                    lane.sync().map_err(unusable)?;
                    let text = record.render(&self.key);
                    self.cache.write_whole(&self.record_path(), &text).map_err(unusable)?;
                    return Ok(self.call(&record));
                }
            }
            last = Some(self.call(&record));
            before = Some(record.checks);
        }
        let mut call = last.ok_or_else(|| {
            Error::message(Step::Dependencies, "its dependencies keep changing while they are compiled")
                .hint("run it again when they have settled")
        })?;
        // A build script that writes a time or a log among its own sources: as cargo has it, and every run looks again.
        call.checks.push(Check::absent(Path::new("/")));
        let script = self.recipe.script.display_name();
        self.reporter.remark(&format!(
            "{script}: a dependency changes its own sources whenever it is compiled; it is compiled at every run"
        ));
        Ok(call)
    }

    /// Adds what was observed of the builds of all that a record names. Whether that is known; what it is not known of is
    /// forgotten, so that it is built again.
    fn add_reads(&self, record: &mut Record, lane: &target_dir::Lane) -> bool {
        if !Observing::of(self.recipe.layers).is_in_force() {
            return true;
        }
        match lane.reads_of(&record.all("artifact"), self.cache) {
            Ok(reads) => {
                let known: Vec<_> = self.recipe.checks.iter().filter_map(Check::stated_path).collect();
                let is_known = |check: &Check<'static>, record: &Record| {
                    let path = check.stated_path();
                    path.is_some_and(|path| known.contains(&path))
                        || record.checks.iter().any(|own| path.is_some() && own.stated_path() == path)
                };
                let fresh: Vec<_> = reads.into_iter().filter(|check| !is_known(check, record)).collect();
                record.checks.extend(fresh);
                true
            }
            Err(unknown) => {
                self.reporter.verbose(|| {
                    let script = self.recipe.script.display_name();
                    let count = unknown.len();
                    format!("{script}: {count} artifacts of dependencies were not observed; once more")
                });
                lane.forget(&unknown);
                false
            }
        }
    }

    /// One run of cargo: the record of what it made and read.
    fn build_once(
        &self,
        cargo: &Path,
        manifest_path: &Path,
        lane: &target_dir::Lane,
        start: Moment,
    ) -> Result<Record> {
        let unusable = |error| self.cache.unusable("cannot write to", error);
        let main = self.directory.join("src/main.rs");
        let lock_path = manifest_path.with_file_name("Cargo.lock");
        if let Some(lock) = seed::read_whole(&lock_path) {
            // With `--locked` cargo insists on its own text.
            fs::write(&lock_path, lock).map_err(unusable)?;
        }
        // A new file, so that cargo calls rustc for it even if it did so before.
        let text = format!("fn main() {{}} // {}\n", start.unix_nanoseconds());
        fs::write(&main, &text).map_err(unusable)?;
        if let Some(command_log) = self.reporter.command_log() {
            command_log.file(&main, &text);
        }
        let variables = &self.recipe.config.variables;
        let capture = capture::Capture::prepare(&self.directory, variables).map_err(unusable)?;
        let local =
            cargo_messages::Local::find(self.recipe.manifest, || self.cargo(cargo), manifest_path, self)?;
        local.forget_in(lane, &self.recipe.profile);
        let trimmed = self.recipe.is_trimmed().then(|| (self.environment.cargo_home(), local.identities()));
        let compiler =
            path_trimming::compiler(lane.path(), &self.recipe.toolchain, trimmed).map_err(unusable)?;
        self.show_compiler(lane.path());
        let output = self.run(cargo, manifest_path, lane, &compiler, &capture, start)?;
        let lock = fs::read_to_string(&lock_path).at(Step::Dependencies)?;
        let lock = seed::unsealed(&lock);
        let sealed = seed::sealed(lock);
        self.cache.write_whole(&lock_path, sealed.as_bytes()).map_err(unusable)?;
        if self.lock.is_none() {
            self.cache.write_whole(&self.resolved, sealed.as_bytes()).map_err(unusable)?;
        }
        let captured = capture.read().at(Step::Dependencies)?;
        let mut record = Record::default();
        record.push("profile", &self.recipe.profile);
        record.push("lane", lane.name());
        record.push("resolved", self.resolution());
        let made = cargo_messages::Made::read(&output);
        for argument in captured.arguments(&main).into_iter().chain(self.run_paths(&made)?) {
            record.push("argument", argument);
        }
        for (name, value) in captured.variables(&self.environment.for_compilers()) {
            let mut text = name;
            text.push("=");
            text.push(value);
            record.push("variable", text);
        }
        record.push("lock", Digest::of(lock.as_bytes()).hex());
        if let Some(lacking) = self.lock.as_deref().and_then(|own| script_lock::misfit(own, lock)) {
            record.push("misfit", lacking);
        }
        for package in dependency_list::of(made.packages(), lock) {
            record.push("package", package.text());
        }
        for artifact in made.artifacts(self.cache.directory()) {
            record.push("artifact", artifact);
        }
        for library in made.proc_macros(self.cache.directory()) {
            record.push("proc-macro", library);
        }
        for output in made.build_outputs(self.cache.directory()) {
            record.push("build-output", output);
        }
        record.checks = cargo_messages::checks(&local, &made, lane, self.environment, start)?;
        Ok(record)
    }
}
