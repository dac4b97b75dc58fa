//! The [`Backend`] of every language but Rust.

use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::build::backend::{Backend, Host, ResolvedRecipe};
use crate::build::outcome::Outcome;
use crate::languages::build;
use crate::languages::language_script::LanguageScript;
use crate::languages::recipe::LanguageRecipe;
use crate::request::program_args::ProgramArgs;
use crate::settings::build_request::BuildRequest;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::trace::fact::Check;

impl Backend for LanguageScript {
    fn request(&self) -> &BuildRequest {
        &self.request
    }

    fn resolve<'a>(
        &'a self,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<Box<dyn ResolvedRecipe<'a> + 'a>> {
        Ok(Box::new(LanguageRecipe::resolve(self, environment, cache)?))
    }
}

impl<'a> ResolvedRecipe<'a> for LanguageRecipe<'a> {
    fn request(&self) -> &'a BuildRequest {
        self.request
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn checks(&self) -> &[Check<'static>] {
        &self.checks
    }

    fn key(&self) -> Key {
        self.request.key_without_compiler()
    }

    fn target(&self) -> Option<&str> {
        None
    }

    fn toolchain_id(&self) -> &str {
        &self.compilation.compiler.version
    }

    fn told(&self) -> ProgramArgs {
        LanguageRecipe::told(self)
    }

    fn anew(self: Box<Self>) -> Box<dyn ResolvedRecipe<'a> + 'a> {
        self
    }

    // Their compilers are fast, or have no faster mode.
    fn provisional(self: Box<Self>, _: &Environment, _: &Cache) -> Box<dyn ResolvedRecipe<'a> + 'a> {
        self
    }

    fn build(&self, staging: &Path, host: Host<'_>) -> Result<Outcome> {
        build::compile(self, staging, host)
    }

    fn dry_run(&self, staging: &Path, host: Host<'_>) -> Result<Option<PathBuf>> {
        host.reporter.work(staging, host.environment)?;
        build::dry_run(self, staging, host).map(Some)
    }
}
