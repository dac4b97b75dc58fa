//! The Rust backend, as the spine asks for it.

use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::{At, Result, Step};
use crate::build::backend::{Backend, Host, ResolvedRecipe};
use crate::build::outcome::Outcome;
use crate::request::options::Options;
use crate::request::program_args::ProgramArgs;
use crate::rust::invocation::{self, Purpose};
use crate::rust::recipe::RustRecipe;
use crate::rust::rust_script::RustScript;
use crate::rust::source::Source;
use crate::rust::{compile, deps, profile};
use crate::settings::build_request::BuildRequest;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::trace::fact::Check;

impl Backend for RustScript {
    fn request(&self) -> &BuildRequest {
        &self.request
    }

    fn resolve<'a>(
        &'a self,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<Box<dyn ResolvedRecipe<'a> + 'a>> {
        Ok(Box::new(RustScript::resolve(self, environment, cache)?))
    }
}

impl<'a> ResolvedRecipe<'a> for RustRecipe<'a> {
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
        RustRecipe::key(self)
    }

    fn target(&self) -> Option<&str> {
        self.target.as_ref().map(|target| target.name.as_str())
    }

    fn toolchain_id(&self) -> &str {
        &self.toolchain.id
    }

    fn resolution(&self, environment: &Environment, cache: &Cache) -> Option<String> {
        self.needs_cargo().then(|| deps::resolution(self, cache, environment)).flatten()
    }

    fn told(&self) -> ProgramArgs {
        RustRecipe::told(self)
    }

    fn anew(self: Box<Self>) -> Box<dyn ResolvedRecipe<'a> + 'a> {
        Box::new(RustRecipe::anew(*self))
    }

    fn provisional(
        self: Box<Self>,
        environment: &Environment,
        cache: &Cache,
    ) -> Box<dyn ResolvedRecipe<'a> + 'a> {
        Box::new(provisional(*self, environment, cache))
    }

    fn build(&self, staging: &Path, host: Host<'_>) -> Result<Outcome> {
        compile::compile(self, host.cache, staging, host.environment, host.reporter)
    }

    fn dry_run(&self, staging: &Path, host: Host<'_>) -> Result<Option<PathBuf>> {
        let Host { environment, cache, reporter } = host;
        reporter.work(staging, environment)?;
        let Some(mut call) = invocation::known_call(self, cache, environment)? else {
            return deps::rehearse(self, cache, environment, reporter, staging).map(|()| None);
        };
        let source = Source::place(self, staging).at(Step::Cache)?;
        compile::add_record(self, &mut call, staging, environment, reporter).at(Step::Cache)?;
        let (output, dep_info) = (staging.join("program"), staging.join("program.d"));
        let purpose = Purpose::Program { output: &output, dep_info: &dep_info };
        let command = invocation::command(self, &call, &source, purpose, environment, reporter);
        if let Some(command_log) = reporter.command_log() {
            command_log.command(&command, source.text().at(Step::Cache)?.as_deref());
        }
        Ok(Some(output))
    }
}

/// The recipe of a provisional build, if the script asks for no profile and is large or has dependencies.
pub(crate) fn provisional<'a>(
    recipe: RustRecipe<'a>,
    environment: &Environment,
    cache: &Cache,
) -> RustRecipe<'a> {
    let Options { profile, portable, optimal, .. } = recipe.options;
    if profile.is_some() || *portable || *optimal || !recipe.is_large() {
        return recipe;
    }
    // With its dependencies built, only the script itself is quick: nearly all of its speed is theirs.
    let is_linked_with_release = recipe.needs_cargo()
        && !profile::optimizes_at_link_time(recipe.manifest, &recipe.profile)
        && deps::recorded(&recipe, cache, environment).is_some();
    if is_linked_with_release { recipe.quick_alone() } else { recipe.quick() }
}
