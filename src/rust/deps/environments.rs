//! The record of a dependency environment: its key, its place in the cache, and whether it is still true.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::digest::{Digest, Fields};
use crate::base::environment::{Environment, TRACED};
use crate::base::error::Result;
use crate::base::fs::remove;
use crate::build::observing::Observing;
use crate::report::lock_notice::patiently;
use crate::report::reporter::Reporter;
use crate::rust::deps::artifacts::{self, State};
use crate::rust::deps::call::{Call, split_variable};
use crate::rust::deps::script_lock::{self, Insistence};
use crate::rust::deps::seed;
use crate::rust::recipe::RustRecipe;
use crate::store::cache::Cache;
use crate::store::lock::Lock;
use crate::store::sealed_record::Record;
use crate::store::trace::fact::Check;

/// One manifest with one toolchain, profile and lock.
pub(crate) struct Environments<'a> {
    pub(crate) recipe: &'a RustRecipe<'a>,
    pub(crate) cache: &'a Cache,
    pub(crate) environment: &'a Environment,
    pub(crate) reporter: &'a Reporter,
    pub(crate) key: Digest,
    pub(crate) directory: PathBuf,
    /// The lock of this manifest, whatever the profile, if there is no `SCRIPT.lock`.
    pub(crate) resolved: PathBuf,
    /// The text of `SCRIPT.lock`, if there is one.
    pub(crate) lock: Option<String>,
    pub(crate) lock_check: Vec<Check<'static>>,
}

/// The package's `Cargo.toml`.
fn manifest_text(recipe: &RustRecipe<'_>) -> String {
    recipe.manifest.to_cargo(recipe.metadata_base(), &recipe.edition, "src/main.rs")
}

/// Names the environment: everything that changes what cargo makes of the manifest.
fn key(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    manifest: &str,
    lock: Option<&str>,
) -> Digest {
    let mut fields = Fields::new("dependency environment 6");
    // The call names artifacts by their paths: in a cache that was moved it would name what is where they were.
    fields.push("cache", cache.directory().as_os_str().as_encoded_bytes());
    fields.push("manifest", manifest.as_bytes());
    fields.push_optional("lock", lock.map(str::as_bytes));
    fields.push("toolchain", recipe.toolchain.id.as_bytes());
    fields.push("profile", recipe.profile.as_bytes());
    for flag in recipe.settings.rust_flags.iter().flatten() {
        fields.push("flag", flag.as_bytes());
    }
    for argument in recipe.options.selection.feature_arguments() {
        fields.push("features", argument.as_encoded_bytes());
    }
    fields.push("harness", &[u8::from(recipe.options.harness.is_some())]);
    fields.push("observed", &[u8::from(Observing::of(recipe.layers).is_in_force())]);
    fields.push("trimmed", &[u8::from(recipe.is_trimmed())]);
    fields.push_optional("target", recipe.target.as_ref().map(|target| target.name.as_bytes()));
    fields.push_optional("linker", recipe.linker.named().map(str::as_bytes));
    let of_machines = recipe.variables_of_machines();
    for name in TRACED.iter().copied().chain(of_machines.iter().map(String::as_str)) {
        let value = environment.variable(name);
        fields.push_optional(name, value.as_ref().map(|value| value.as_encoded_bytes()));
    }
    if let Some(policy) = recipe.request.policy {
        fields.push("policy", policy.hex().as_bytes());
    }
    for check in &recipe.config.checks {
        let mut text = Vec::new();
        check.render_without_stamp(&mut text);
        fields.push("config", &text);
    }
    fields.finish()
}

impl<'a> Environments<'a> {
    /// The environment of a recipe, recorded or not, and the manifest that cargo is given.
    pub(crate) fn find(
        recipe: &'a RustRecipe<'a>,
        cache: &'a Cache,
        environment: &'a Environment,
        reporter: &'a Reporter,
    ) -> Result<(Environments<'a>, String)> {
        Environments::find_with(recipe, cache, environment, reporter, Insistence::AsAsked)
    }

    /// The same; whether `SCRIPT.lock` has to be there is said by `insistence`.
    pub(crate) fn find_with(
        recipe: &'a RustRecipe<'a>,
        cache: &'a Cache,
        environment: &'a Environment,
        reporter: &'a Reporter,
        insistence: Insistence,
    ) -> Result<(Environments<'a>, String)> {
        let (lock, lock_check) = script_lock::read(recipe, insistence)?;
        let manifest = manifest_text(recipe);
        let key = key(recipe, cache, environment, &manifest, lock.as_deref());
        let place = cache.join("deps").join(&recipe.toolchain.id);
        let directory = place.join("environments").join(key.short(32));
        let resolved = place.join("locks").join(Digest::of(manifest.as_bytes()).short(32));
        let environments =
            Environments { recipe, cache, environment, reporter, key, directory, resolved, lock, lock_check };
        Ok((environments, manifest))
    }

    /// Which versions a manifest without `SCRIPT.lock` is resolved to: the same in all profiles.
    pub(crate) fn resolution(&self) -> String {
        match &self.lock {
            Some(_) => "script".to_owned(),
            None => {
                fs::read(&self.resolved).map_or_else(|_| "none".to_owned(), |lock| Digest::of(&lock).hex())
            }
        }
    }

    pub(crate) fn record_path(&self) -> PathBuf {
        self.directory.join("record")
    }

    /// The call that was recorded, if it is still true and all it needs is still there.
    pub(crate) fn recorded(&self) -> Option<Call> {
        let mut record = Record::parse(&self.key, &fs::read(self.record_path()).ok()?)?;
        if record.first("resolved").is_none_or(|resolved| resolved != *self.resolution()) {
            return None;
        }
        let is_changed = record.holds_after_restamp(self.environment)?;
        match artifacts::state(self.cache.directory(), &record.all("artifact")) {
            State::Changed => return None,
            State::Restored(now) => {
                record.replace_all("artifact", &now);
                // Best effort: without it the next miss reads them again.
                let _ = self.cache.write_whole(&self.record_path(), &record.render(&self.key));
            }
            State::Unchanged if is_changed => {
                let _ = self.cache.write_whole(&self.record_path(), &record.render(&self.key));
            }
            // An environment lives as long as it is used.
            State::Unchanged => self.cache.mark_used(&self.record_path()),
        }
        Some(self.call(&record))
    }

    /// Makes the directory and takes its lock. Trim may remove both at any moment before that.
    pub(crate) fn enter(&self) -> std::io::Result<Lock> {
        loop {
            for directory in [self.directory.parent(), Some(&self.directory)].into_iter().flatten() {
                self.cache.make_directory(directory)?;
            }
            match Lock::acquire(&self.directory.join("lock"), patiently(self.reporter, self.recipe.script)) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                other => return other,
            }
        }
    }

    /// Empties the directory of what an unfinished build left, and of what was damaged; keeps the versions that were chosen.
    pub(crate) fn clear(&self) -> std::io::Result<()> {
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

    pub(crate) fn call(&self, record: &Record) -> Call {
        let variables = record.all("variable").into_iter().filter_map(|text| split_variable(&text)).collect();
        let mut checks = record.checks.clone();
        checks.extend(self.lock_check.iter().cloned());
        Call {
            arguments: record.all("argument"),
            variables,
            checks,
            packages: record.all("package"),
            lock: record.first("lock").and_then(|lock| lock.into_string().ok()),
            misfit: record.first("misfit").and_then(|names| names.into_string().ok()),
            artifacts: record.all("artifact"),
        }
    }

    /// The crates in whose place the manifest or cargo's configuration puts others: which version of them is here says nothing.
    fn replaced(&self) -> Vec<String> {
        let mut names = self.recipe.manifest.replaced_names();
        names.extend(self.recipe.config.replaced.iter().cloned());
        names
    }

    /// The lock that cargo starts from.
    pub(crate) fn write_lock(&self, path: &Path) -> std::io::Result<()> {
        match &self.lock {
            Some(lock) => fs::write(path, lock),
            None => match seed::read_whole(&self.resolved) {
                Some(lock) => fs::write(path, lock),
                None => seed::write(self.cache, &self.recipe.toolchain.id, path, &self.replaced()),
            },
        }
    }
}
