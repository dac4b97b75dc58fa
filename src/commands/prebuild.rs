//! Ahead of a run: the cache filled for a set of scripts, and their dependencies renewed.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::error::{Error, Result, Step};
use crate::base::small_sort;
use crate::engine::runner::Runner;
use crate::engine::{recipe, trim};
use crate::packages::recipe::{PackageRecipe, PackageRequest};
use crate::packages::resolve::Resolved;
use crate::process::exec;
use crate::report::reporter::Screen;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::rust::deps::{self, Updated};
use crate::script::script_file::Script;

impl Runner {
    /// Builds scripts into the cache, as many at once as there are processors, so that their first run is a hit. One result
    /// a script, in order.
    pub fn build_ahead(&self, scripts: &[Script], options: &Options) -> Vec<Result<()>> {
        let options = Options { optimal: true, ..options.clone() };
        self.at_once(scripts, |script| self.prepare(script, &options).map(drop))
    }

    /// Does one thing with each script, with as many at once as there are processors. One result a script, in order.
    pub(crate) fn at_once<T: Send>(&self, scripts: &[Script], work: impl Fn(&Script) -> T + Sync) -> Vec<T> {
        let _waitable = exec::waitable();
        let next = AtomicUsize::new(0);
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(scripts.len());
        let work_on = || {
            let mut done = Vec::new();
            while let index = next.fetch_add(1, Ordering::Relaxed)
                && let Some(script) = scripts.get(index)
            {
                done.push((index, work(script)));
            }
            done
        };
        let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work_on)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        });
        small_sort::sort_by_key(&mut done, |(index, _)| *index);
        done.into_iter().map(|(_, result)| result).collect()
    }

    /// Resolves the dependencies of a script to the newest versions that fit, and tells what changed. They are kept in
    /// `SCRIPT.lock` if that is there or `write_lock` asks for it; else in the cache, for this manifest.
    ///
    /// # Errors
    /// As [`Runner::prepare`]; [`Step::Install`] if `SCRIPT.lock` cannot be written.
    pub fn update(&self, script: &Script, options: &Options, write_lock: bool) -> Result<Vec<Updated>> {
        if let Some(package) = script.package() {
            return self.update_package(script, package, options).map_err(|error| error.about_script(script));
        }
        self.update_inner(script, options, write_lock).map_err(|error| error.about_script(script))
    }

    fn update_inner(&self, script: &Script, options: &Options, write_lock: bool) -> Result<Vec<Updated>> {
        let _waitable = exec::waitable();
        let cache = self.cache()?;
        cache.create()?;
        let screen = Screen::new(self.environment().is_terminal(), options.verbosity);
        let read = recipe::read_rust(script, options, self.environment())?;
        let rust = read.resolve(self.environment(), &cache)?;
        if !rust.needs_cargo() {
            return Ok(Vec::new());
        }
        if write_lock && script.path().is_none() {
            return Err(Error::message(
                Step::Install,
                "a script that came through a pipe has no place for a lock",
            ));
        }
        let updated = deps::update(&rust, &cache, self.environment(), &screen, write_lock)?;
        if let Some(path) = rust.script.path().filter(|_| !updated.is_empty()) {
            // Its builds rest on the versions of before, and no check knows of them.
            trim::clean(&cache, Some(path))?;
        }
        Ok(updated)
    }

    /// Resolves a package anew; what changed.
    fn update_package(&self, script: &Script, package: &Package, options: &Options) -> Result<Vec<Updated>> {
        let cache = self.cache()?;
        cache.create()?;
        if let Some(environment) = self.environment().without_foreign_cargo_home(cache.root()) {
            return Runner::new(environment).update_package(script, package, options);
        }
        let request = PackageRequest::read(script, package, options, self.environment())?;
        let recipe = PackageRecipe::resolve(&request, self.environment(), &cache)?;
        let screen = Screen::new(self.environment().is_terminal(), recipe.options.verbosity);
        if let Some(version) = package.version() {
            return Err(Error::message(
                Step::Arguments,
                format!("version {version} is asked for, and no other"),
            )
            .hint(format!("`runner update {}@latest`", package.name())));
        }
        let old = Resolved::recorded(&recipe, &cache, self.environment());
        let new = Resolved::renew(&recipe, &cache, self.environment(), &screen)?;
        let updated = Updated {
            name: package.name().to_owned(),
            old: old.map(|old| old.version.to_string()).unwrap_or_default(),
            new: new.version.to_string(),
        };
        Ok(if updated.old == updated.new { Vec::new() } else { vec![updated] })
    }
}
