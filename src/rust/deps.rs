//! Dependency environments: how cargo would call rustc for a script with this manifest, and what that call needs.
//!
//! Cargo resolves and compiles *dependencies*; the script itself is compiled by one rustc call of ours. A script's
//! manifest becomes a small package with an empty `main`, `cargo build` of it is run once, and its call of rustc for that
//! `main` is captured through `RUSTC_WORKSPACE_WRAPPER`, and not made. The call (arguments and variables), the artifacts
//! it needs, the lock and the checks it rests on are recorded under the digest of manifest, lock, toolchain, profile and
//! flags, and replayed for every script with that manifest: no cargo, no resolution.
//!
//! ```text
//! v1/deps/TOOLCHAIN/
//!   environments/KEY/record       sealed: the call, the artifacts, the checks
//!   environments/KEY/Cargo.toml   the package; Cargo.lock beside it is the lock; src/main.rs is empty
//!   locks/MANIFEST                what a manifest is resolved to, for all profiles; `runner update` renews it
//!   lane-trimmed-0/ …             cargo's target directories (see `lane`), shared by all scripts of the toolchain
//!   lane-0/ …                     the same for profiles with debug information, whose paths are those of this machine
//! ```
//!
//! Cargo runs from `/`, offline as long as what it needs is here, and never learns the script's name or place.

pub(crate) mod capture;
pub(crate) mod cargo;
pub(crate) mod cargo_messages;
pub(crate) mod dependency_list;
pub(crate) mod dry_run;
pub(crate) mod network;
pub(crate) mod path_trimming;
pub(crate) mod seed;
pub(crate) mod target_dir;
pub(crate) mod update;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::digest::{Digest, Fields};
use crate::base::environment::{Environment, TRACED};
use crate::base::error::{At, Error, Result, Step};
use crate::base::fs::remove;
use crate::report::lock_notice::patiently;
use crate::report::reporter::Screen;
use crate::request::options::Verbosity;
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;
use crate::store::lock::Lock;
use crate::store::sealed_record::Record;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

pub(crate) use crate::rust::deps::dry_run::rehearse;
pub(crate) use crate::rust::deps::path_trimming::DATE;
pub(crate) use crate::rust::deps::seed::sealed;
pub(crate) use crate::rust::deps::target_dir::sweep;
pub use crate::rust::deps::update::Updated;
pub(crate) use crate::rust::deps::update::update;

/// How often a build of dependencies is begun again because a source changed under it.
const MOST_DISTURBANCES: usize = 8;

/// How rustc is called for the script, apart from the script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: Vec<(OsString, OsString)>,
    pub(crate) checks: Vec<Check<'static>>,
    /// The packages that were compiled for it: see [`crate::build::record::Dependency`].
    pub(crate) packages: Vec<OsString>,
    /// The digest of the lock.
    pub(crate) lock: Option<String>,
    /// What must be untouched in the cache for the call to work.
    artifacts: Vec<OsString>,
}

impl Call {
    /// A call that needs nothing but the compiler.
    pub(crate) fn plain(arguments: Vec<OsString>, variables: Vec<(OsString, OsString)>) -> Call {
        Call { arguments, variables, ..Call::default() }
    }

    /// Whether what it needs has gone since it was looked up (another process cleaned the cache).
    pub(crate) fn is_broken(&self, cache: &Cache) -> bool {
        !cargo_messages::are_untouched(cache.directory(), &self.artifacts)
    }
}

/// One manifest with one toolchain, profile and lock.
struct Environments<'a> {
    recipe: &'a RustRecipe<'a>,
    cache: &'a Cache,
    environment: &'a Environment,
    screen: &'a Screen,
    key: Digest,
    directory: PathBuf,
    /// The lock of this manifest, whatever the profile, if there is no `SCRIPT.lock`.
    resolved: PathBuf,
    /// The text of `SCRIPT.lock`, if there is one.
    lock: Option<String>,
    lock_check: Vec<Check<'static>>,
}

/// The environment of a script's dependencies: recorded, or made now.
///
/// # Errors
/// [`Step::Dependencies`], after cargo's own words have been shown.
pub(crate) fn environment(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    screen: &Screen,
) -> Result<Call> {
    let (environments, manifest) = Environments::find(recipe, cache, environment, screen)?;
    if let Some(call) = environments.recorded() {
        return Ok(call);
    }
    let _lock = environments.enter().map_err(|error| cache.unusable("cannot write to", error))?;
    match environments.recorded() {
        Some(call) => Ok(call),
        None => environments.build(&manifest),
    }
}

/// The environment of a script's dependencies if it is recorded, so that cargo need not be asked.
pub(crate) fn recorded(recipe: &RustRecipe<'_>, cache: &Cache, environment: &Environment) -> Option<Call> {
    let screen = Screen::new(false, Verbosity::Quiet);
    let (environments, _) = Environments::find(recipe, cache, environment, &screen).ok()?;
    environments.recorded()
}

/// The package's `Cargo.toml`.
fn manifest_text(recipe: &RustRecipe<'_>) -> String {
    recipe.manifest.to_cargo(recipe.metadata_base(), &recipe.edition, "src/main.rs")
}

fn adjacent_lock(recipe: &RustRecipe<'_>) -> Result<(Option<String>, Vec<Check<'static>>)> {
    let Some(path) = recipe.adjacent_lock() else { return Ok((None, Vec::new())) };
    let unreadable = |error: std::io::Error| {
        let what = format!("cannot read `{}`", path.display());
        Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
    };
    let check = Check::file_or_absent(&path, Moment::now()).map_err(unreadable)?;
    let text = match check.file_path() {
        Some(path) => Some(fs::read_to_string(path).map_err(unreadable)?),
        None if recipe.options.locked => {
            let text = format!("`{}` is not there, and `--locked` insists on it", path.display());
            let hint =
                format!("`runner update {} --lock` writes it", recipe.script.typed().to_string_lossy());
            return Err(Error::message(Step::Dependencies, text).hint(hint));
        }
        None => None,
    };
    Ok((text, vec![check]))
}

/// Names the environment: everything that changes what cargo makes of the manifest.
fn key(recipe: &RustRecipe<'_>, environment: &Environment, manifest: &str, lock: Option<&str>) -> Digest {
    let mut fields = Fields::new("dependency environment 3");
    fields.push("manifest", manifest.as_bytes());
    fields.push_optional("lock", lock.map(str::as_bytes));
    fields.push("toolchain", recipe.toolchain.id.as_bytes());
    fields.push("profile", recipe.profile.as_bytes());
    for flag in recipe.settings.rust_flags.iter().flatten() {
        fields.push("flag", flag.as_bytes());
    }
    fields.push("harness", &[u8::from(recipe.options.harness.is_some())]);
    fields.push("trimmed", &[u8::from(recipe.is_trimmed())]);
    fields.push_optional("target", recipe.target.as_ref().map(|target| target.name.as_bytes()));
    fields.push_optional("linker", recipe.linker.named().map(str::as_bytes));
    let of_machines = recipe.variables_of_machines();
    for name in TRACED.iter().copied().chain(of_machines.iter().map(String::as_str)) {
        let value = environment.variable(name);
        fields.push_optional(name, value.as_ref().map(|value| value.as_encoded_bytes()));
    }
    for check in &recipe.config.checks {
        let mut text = Vec::new();
        check.clone().without_stamp().render(&mut text);
        fields.push("config", &text);
    }
    fields.finish()
}

impl<'a> Environments<'a> {
    /// The environment of a recipe, recorded or not, and the manifest that cargo is given.
    fn find(
        recipe: &'a RustRecipe<'a>,
        cache: &'a Cache,
        environment: &'a Environment,
        screen: &'a Screen,
    ) -> Result<(Environments<'a>, String)> {
        let (lock, lock_check) = adjacent_lock(recipe)?;
        let manifest = manifest_text(recipe);
        let key = key(recipe, environment, &manifest, lock.as_deref());
        let place = cache.join("deps").join(&recipe.toolchain.id);
        let directory = place.join("environments").join(key.short(32));
        let resolved = place.join("locks").join(Digest::of(manifest.as_bytes()).short(32));
        let environments =
            Environments { recipe, cache, environment, screen, key, directory, resolved, lock, lock_check };
        Ok((environments, manifest))
    }

    /// Which versions a manifest without `SCRIPT.lock` is resolved to: the same in all profiles.
    fn resolution(&self) -> String {
        match &self.lock {
            Some(_) => "script".to_owned(),
            None => {
                fs::read(&self.resolved).map_or_else(|_| "none".to_owned(), |lock| Digest::of(&lock).hex())
            }
        }
    }

    fn record_path(&self) -> PathBuf {
        self.directory.join("record")
    }

    /// The call that was recorded, if it is still true and all it needs is still there.
    fn recorded(&self) -> Option<Call> {
        let record = Record::parse(&self.key, &fs::read(self.record_path()).ok()?)?;
        if record.first("resolved").is_none_or(|resolved| resolved != *self.resolution())
            || !cargo_messages::are_untouched(self.cache.directory(), &record.all("artifact"))
            || !record.holds(self.environment)
        {
            return None;
        }
        // Seen by trim: an environment lives as long as it is used.
        let _ = File::options()
            .append(true)
            .open(self.record_path())
            .and_then(|file| file.set_modified(SystemTime::now()));
        Some(self.call(&record))
    }

    /// Makes the directory and takes its lock. Trim may remove both at any moment before that.
    fn enter(&self) -> std::io::Result<Lock> {
        loop {
            for directory in [self.directory.parent(), Some(&self.directory)].into_iter().flatten() {
                self.cache.make_directory(directory)?;
            }
            match Lock::acquire(&self.directory.join("lock"), patiently(self.screen, self.recipe.script)) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                other => return other,
            }
        }
    }

    /// Empties the directory of what an unfinished build left, and of what was damaged; keeps the versions that were chosen.
    fn clear(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let is_kept = match entry.file_name().as_encoded_bytes() {
                b"lock" => true,
                // It says what has been damaged since.
                b"record" => entry.path().is_file(),
                b"Cargo.lock" => self.record_path().is_file() && seed::read_whole(&entry.path()).is_some(),
                _ => false,
            };
            if !is_kept {
                remove(&entry.path());
            }
        }
        fs::create_dir(self.directory.join("src"))
    }

    fn call(&self, record: &Record) -> Call {
        let variables = record.all("variable").into_iter().filter_map(|text| split_variable(&text)).collect();
        let mut checks = record.checks.clone();
        checks.extend(self.lock_check.iter().cloned());
        Call {
            arguments: record.all("argument"),
            variables,
            checks,
            packages: record.all("package"),
            lock: record.first("lock").and_then(|lock| lock.into_string().ok()),
            artifacts: record.all("artifact"),
        }
    }

    fn build(&self, manifest: &str) -> Result<Call> {
        let unusable = |error| self.cache.unusable("cannot write to", error);
        let cargo = self.recipe.toolchain.cargo(self.environment)?;
        let manifest_path = self.directory.join("Cargo.toml");
        let lock_path = self.directory.join("Cargo.lock");
        self.clear().map_err(unusable)?;
        fs::write(&manifest_path, manifest).map_err(unusable)?;
        self.write_lock(&lock_path).map_err(unusable)?;
        self.show(manifest, &lock_path);
        let lane = target_dir::Lane::enter(
            self.cache,
            &self.recipe.toolchain,
            self.recipe.is_trimmed(),
            self.screen,
            self.recipe.script,
        )
        .map_err(unusable)?;
        lane.heal(self.cache);
        let mut before: Option<Vec<Check<'static>>> = None;
        for _ in 0..MOST_DISTURBANCES {
            // What was written before this moment has an older stamp, what is written from now on has not.
            Moment::latest().pass();
            let start = Moment::now();
            let record = self.build_once(&cargo, &manifest_path, &lane, start)?;
            let disturbance = cargo_messages::disturbance(&record.checks, start);
            // A package may write sources of its own: then they are what the last build left, and this one left them so.
            let is_settled = before.is_some_and(|before| {
                before.len() == record.checks.len()
                    && before.iter().zip(&record.checks).all(|(one, two)| one.same_fact(two))
            });
            match disturbance {
                Some(path) if !is_settled => self.screen.verbose(|| {
                    let script = self.recipe.script.typed().to_string_lossy();
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
            before = Some(record.checks);
        }
        Err(Error::message(Step::Dependencies, "its dependencies keep changing while they are compiled")
            .hint("run it again when they have settled"))
    }

    /// The lock that cargo starts from.
    fn write_lock(&self, path: &Path) -> std::io::Result<()> {
        match &self.lock {
            Some(lock) => fs::write(path, lock),
            None => match seed::read_whole(&self.resolved) {
                Some(lock) => fs::write(path, lock),
                None => seed::write(self.cache, &self.recipe.toolchain.id, path),
            },
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
        if let Some(journal) = self.screen.journal() {
            journal.file(&main, &text);
        }
        let capture = capture::Capture::prepare(&self.directory).map_err(unusable)?;
        let local =
            cargo_messages::Local::find(self.recipe.manifest, || self.cargo(cargo), manifest_path, self)?;
        local.forget_in(lane, &self.recipe.profile);
        let compiler = match self.recipe.is_trimmed() {
            false => self.recipe.toolchain.rustc.clone(),
            true => {
                let cargo_home = self.environment.cargo_home();
                path_trimming::compiler(lane.path(), &self.recipe.toolchain, cargo_home, local.identities())
                    .map_err(unusable)?
            }
        };
        self.show_compiler(lane.path());
        let output = self.run(cargo, manifest_path, lane, &compiler, &capture)?;
        let lock = fs::read_to_string(&lock_path).at(Step::Dependencies)?;
        let lock = seed::unsealed(&lock);
        let sealed = seed::sealed(lock);
        self.cache.write_whole(&lock_path, sealed.as_bytes()).map_err(unusable)?;
        if self.lock.is_none() {
            self.cache.write_whole(&self.resolved, sealed.as_bytes()).map_err(unusable)?;
        }
        let captured = capture.read().at(Step::Dependencies)?;
        let made = cargo_messages::Made::read(&output);
        let mut record = Record::default();
        record.push("profile", &self.recipe.profile);
        record.push("lane", lane.name());
        record.push("resolved", self.resolution());
        for argument in captured.arguments(&main) {
            record.push("argument", argument);
        }
        for (name, value) in captured.variables(&self.environment.for_compilers()) {
            let mut text = name;
            text.push("=");
            text.push(value);
            record.push("variable", text);
        }
        record.push("lock", Digest::of(lock.as_bytes()).hex());
        for package in dependency_list::of(made.packages(), lock) {
            record.push("package", package.text());
        }
        for artifact in made.artifacts(self.cache.directory()) {
            record.push("artifact", artifact);
        }
        record.checks = cargo_messages::checks(&local, &made, lane, self.environment, start)?;
        Ok(record)
    }
}

/// `NAME=VALUE`, as an environment and a record have it.
fn split_variable(text: &OsString) -> Option<(OsString, OsString)> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bytes = text.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    Some((OsString::from_vec(bytes[..at].to_vec()), OsString::from_vec(bytes[at + 1..].to_vec())))
}
