//! What the spine asks of a backend: Rust, another language, or a package of a registry.
//!
//! A backend reads a script ([`Backend`]), finds its compiler ([`ResolvedRecipe`]) and builds. Everything else, looking in
//! the cache, locking, committing, executing, is the spine's and is the same for all of them.

use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::build::outcome::Outcome;
use crate::report::reporter::Reporter;
use crate::request::program_args::ProgramArgs;
use crate::settings::build_request::BuildRequest;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::trace::fact::Check;

/// What a build needs besides its recipe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) cache: &'a Cache,
    pub(crate) reporter: &'a Reporter,
}

/// A script as one backend has read it: its metadata and settings, but no compiler yet.
pub(crate) trait Backend {
    /// The script and the settings that won.
    fn request(&self) -> &BuildRequest;

    /// Finds the compiler and decides how to call it.
    ///
    /// # Errors
    /// [`crate::Step::Toolchain`] if there is none, [`crate::Step::Arguments`] and [`crate::Step::Metadata`] if it cannot do
    /// what was asked for.
    fn resolve<'a>(
        &'a self,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<Box<dyn ResolvedRecipe<'a> + 'a>>;
}

/// A recipe whose compiler was found: everything decided before a build.
pub(crate) trait ResolvedRecipe<'a> {
    /// The script and the settings that won.
    fn request(&self) -> &'a BuildRequest;

    /// What the author should know about these decisions.
    fn notes(&self) -> &[String];

    /// What these decisions rest on.
    fn checks(&self) -> &[Check<'static>];

    /// The key under which the build is kept.
    fn key(&self) -> Key;

    /// The kind of machine it is for, if that is not this one.
    fn target(&self) -> Option<&str>;

    /// What tells its compiler from others.
    fn toolchain_id(&self) -> &str;

    /// The lock that its dependencies are resolved to now, as far as that is known; `None` without dependencies.
    fn resolution(&self, environment: &Environment, cache: &Cache) -> Option<String> {
        let _ = (environment, cache);
        None
    }

    /// What the program is told when it runs.
    fn told(&self) -> ProgramArgs;

    /// The same from nothing: no earlier build of the script is used.
    fn anew(self: Box<Self>) -> Box<dyn ResolvedRecipe<'a> + 'a>;

    /// The recipe of a provisional build, where one is made so much faster that it is worth it; else the same.
    fn provisional(
        self: Box<Self>,
        environment: &Environment,
        cache: &Cache,
    ) -> Box<dyn ResolvedRecipe<'a> + 'a>;

    /// Compiles into `staging`.
    ///
    /// # Errors
    /// [`crate::Step::Dependencies`] and [`crate::Step::Compile`], after the compiler's own words have been shown.
    fn build(&self, staging: &Path, host: Host<'_>) -> Result<Outcome>;

    /// Shows the commands of a build and runs none; where the program would be, if that can be told.
    ///
    /// # Errors
    /// As [`ResolvedRecipe::build`], if something that a command needs is not built yet.
    fn dry_run(&self, staging: &Path, host: Host<'_>) -> Result<Option<PathBuf>>;
}
