//! The package backend, as the spine asks for it.

use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::build::backend::{Backend, Host, ResolvedRecipe};
use crate::build::outcome::Outcome;
use crate::packages::cargo_install;
use crate::packages::recipe::{PackageRecipe, PackageRequest};
use crate::packages::resolve::Resolved;
use crate::request::program_args::ProgramArgs;
use crate::settings::build_request::BuildRequest;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::trace::fact::Check;

impl Backend for PackageRequest {
    fn request(&self) -> &BuildRequest {
        &self.request
    }

    fn resolve<'a>(
        &'a self,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<Box<dyn ResolvedRecipe<'a> + 'a>> {
        Ok(Box::new(PackageRecipe::resolve(self, environment, cache)?))
    }
}

impl<'a> ResolvedRecipe<'a> for PackageRecipe<'a> {
    fn request(&self) -> &'a BuildRequest {
        self.request
    }

    fn notes(&self) -> &[String] {
        &[]
    }

    fn checks(&self) -> &[Check<'static>] {
        &self.checks
    }

    fn key(&self) -> Key {
        PackageRecipe::key(self)
    }

    fn target(&self) -> Option<&str> {
        self.target.as_ref().map(|target| target.name.as_str())
    }

    fn toolchain_id(&self) -> &str {
        &self.toolchain.id
    }

    fn told(&self) -> ProgramArgs {
        PackageRecipe::told(self)
    }

    // What cargo keeps of a package is cargo's to judge.
    fn anew(self: Box<Self>) -> Box<dyn ResolvedRecipe<'a> + 'a> {
        self
    }

    // Its profile is its own business.
    fn provisional(self: Box<Self>, _: &Environment, _: &Cache) -> Box<dyn ResolvedRecipe<'a> + 'a> {
        self
    }

    fn build(&self, staging: &Path, host: Host<'_>) -> Result<Outcome> {
        let Host { environment, cache, reporter } = host;
        let resolved = Resolved::find(self, cache, environment, reporter)?;
        cargo_install::install(self, &resolved, cache, staging, environment, reporter).map(Outcome::Built)
    }

    fn dry_run(&self, _: &Path, _: Host<'_>) -> Result<Option<PathBuf>> {
        Err(Error::message(Step::Arguments, "how a package is built only cargo knows, when it has done so")
            .hint("`-x` shows its commands as they are run"))
    }
}
