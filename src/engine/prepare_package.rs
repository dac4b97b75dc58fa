//! The way of a package: that of a script, with cargo's own build in the place of the compiler's call.

use std::path::Path;

use crate::base::error::{At, EXIT_NOT_FOUND, Error, Result, Step};
use crate::engine::program::{Manner, Program};
use crate::engine::runner::{Runner, taken_over};
use crate::engine::trim;
use crate::packages::recipe::PackageRecipe;
use crate::packages::resolve::Resolved;
use crate::report::lock_notice::patiently;
use crate::report::reporter::Screen;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::rust::deps::{self, Updated};
use crate::script::script_file::Script;
use crate::settings::launch_key::{content_key, launch_key};
use crate::store::cache::Cache;
use crate::store::entry::{Built, Entry, Found};
use crate::store::staging::Staging;
use crate::store::trace::Tools;
use crate::store::usage_counts;

impl Runner {
    /// The program of a package whose trace does not hold.
    pub(crate) fn prepare_package(
        &self,
        cache: Cache,
        script: &Script,
        package: &Package,
        options: &Options,
        manner: Manner,
    ) -> Result<Program> {
        let launch = launch_key(script, options, self.environment());
        let recipe = match PackageRecipe::decide(script, package, options, self.environment(), &cache) {
            Ok(recipe) => recipe,
            Err(no_compiler) => {
                let is_absence =
                    no_compiler.step() == Step::Toolchain && no_compiler.exit_code() == EXIT_NOT_FOUND;
                let home = content_key(script, &self.said(options)?.fill_for_package(options));
                let may = is_absence && !options.force && !options.temporary;
                let found = may.then(|| cache.find(&home, self.environment(), Tools::Forgiven)).flatten();
                return found.map(|found| Program::cached(script, found, manner)).ok_or(no_compiler);
            }
        };
        let screen = manner.screen(recipe.options.verbosity);
        recipe.user.complain(&cache, &screen);
        if recipe.options.temporary || cache.is_temporary() {
            let _ = Staging::sweep(&cache.join("staging"));
            let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
            let built = self.build_package(&recipe, &cache, staging.path(), &screen)?;
            return Ok(Program::temporary(script, built, staging, cache, manner));
        }
        let is_wanted = |_: &Found| !options.force;
        let waiting = patiently(&screen, script);
        let home = recipe.home();
        let found = match cache.enter(home, &recipe.checks, self.environment(), is_wanted, waiting)? {
            Entry::Occupied(found) => found,
            Entry::Vacant(vacant) => {
                let built = self.build_package(&recipe, &cache, vacant.staging(), &screen)?;
                usage_counts::count_miss(&cache);
                manner.kept(|| vacant.commit(built, script.trace_name()))?
            }
        };
        cache.alias(&launch, &home, script.trace_name(), self.environment());
        trim::daily(&cache, recipe.said.limits());
        Ok(Program::cached(script, found, manner))
    }

    /// Resolves and compiles in `staging`.
    pub(crate) fn build_package(
        &self,
        recipe: &PackageRecipe<'_>,
        cache: &Cache,
        staging: &Path,
        screen: &Screen,
    ) -> Result<Built> {
        let resolved = Resolved::find(recipe, cache, self.environment(), screen)?;
        let work = screen.work(staging, self.environment())?;
        let built = deps::install(recipe, &resolved, cache, &work, self.environment(), screen)?;
        taken_over(built, &work, staging)
    }

    /// Resolves a package anew; what changed.
    pub(crate) fn update_package(
        &self,
        script: &Script,
        package: &Package,
        options: &Options,
    ) -> Result<Vec<Updated>> {
        let cache = self.cache()?;
        cache.create()?;
        if let Some(environment) = self.environment().without_foreign_cargo_home(cache.root()) {
            return Runner::new(environment).update_package(script, package, options);
        }
        let recipe = PackageRecipe::decide(script, package, options, self.environment(), &cache)?;
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
