//! Recipes of packages: the compiler, the options and the checks, decided before anything is built.

use std::ffi::OsString;
use std::path::Path;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::policy::Policy;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::request::program_args::ProgramArgs;
use crate::rust::cargo_config::CargoConfig;
use crate::rust::host_context::HostContext;
use crate::rust::invocation;
use crate::rust::linker::{self, Linker};
use crate::rust::target::{self, Target};
use crate::rust::toolchain::Toolchain;
use crate::script::script_file::Script;
use crate::settings::build_request::BuildRequest;
use crate::settings::config_file::Config;
use crate::settings::launch_key::content_key;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::settings::policy_check;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// A package and the settings that won, and no compiler looked for.
#[derive(Debug)]
pub(crate) struct PackageRequest {
    pub(crate) request: BuildRequest,
    pub(crate) package: Package,
}

impl PackageRequest {
    /// Merges the settings for a package.
    ///
    /// # Errors
    /// [`Step::Arguments`] if something is asked that only a script has; [`Step::Config`].
    pub(crate) fn read(
        script: &Script,
        package: &Package,
        options: &Options,
        environment: &Environment,
    ) -> Result<PackageRequest> {
        refuse_what_scripts_have(options)?;
        policy_check::package(package, environment)?;
        let config = Config::read(environment)?;
        let mut layers = Layers::of_options(options, &Origin::CommandLine)
            .then(Layers::of_variables(environment)?)
            .then(config.layers.clone());
        let mut notes = config.notes.clone();
        notes.extend(layers.take_foreign(|_| true));
        let options = layers.fill_for_package(options);
        let (script, package) = (script.clone(), package.clone());
        let (settings, variables) = Default::default();
        let offline = options.offline || environment.policy().is_some_and(|policy| !policy.network);
        let options = Options { sandbox: layers.sandbox(&Default::default())?, offline, ..options };
        let policy = environment.policy().and_then(Policy::identity);
        Ok(PackageRequest {
            request: BuildRequest {
                script,
                options,
                layers,
                config,
                settings,
                notes,
                policy,
                variables,
                inherited: String::new(),
            },
            package,
        })
    }
}

/// Everything decided before a package is built, but which version of it.
#[derive(Debug)]
pub(crate) struct PackageRecipe<'a> {
    pub(crate) request: &'a BuildRequest,
    pub(crate) script: &'a Script,
    pub(crate) package: &'a Package,
    pub(crate) options: &'a Options,
    pub(crate) toolchain: Toolchain,
    pub(crate) target: Option<Target>,
    pub(crate) linker: Linker,
    pub(crate) profile: String,
    pub(crate) config: CargoConfig,
    /// What these decisions rest on.
    pub(crate) checks: Vec<Check<'static>>,
}

impl<'a> PackageRecipe<'a> {
    /// Finds the compiler and what its calls depend on.
    ///
    /// # Errors
    /// [`Step::Toolchain`].
    pub(crate) fn resolve(
        request: &'a PackageRequest,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<PackageRecipe<'a>> {
        let PackageRequest { request, package } = request;
        let BuildRequest { script, options, layers, config: user, .. } = request;
        let since = Moment::now();
        let toolchain = Toolchain::find(options.toolchain.as_deref(), environment, cache)
            .map_err(|error| layers.blame("toolchain", error))?;
        let surroundings =
            HostContext::find(&toolchain, options.target.as_deref(), layers, environment, cache, since)?;
        let HostContext { config, target, linker, mut checks } = surroundings;
        checks.extend(user.checks.iter().cloned());
        if let Some(registry) = &options.selection.registry {
            let name = registry.to_ascii_uppercase().replace('-', "_");
            checks.push(Check::variable(&format!("CARGO_REGISTRIES_{name}_INDEX"), environment));
        }
        let profile = options.profile.clone().unwrap_or_else(|| "release".to_owned());
        let mut recipe = PackageRecipe {
            request,
            script,
            package,
            options,
            toolchain,
            target,
            linker,
            profile,
            config,
            checks,
        };
        let linker = recipe.linker_checks(environment, cache, since)?;
        recipe.checks.extend(linker);
        Ok(recipe)
    }

    fn linker_checks(
        &self,
        environment: &Environment,
        cache: &Cache,
        since: Moment,
    ) -> Result<Vec<Check<'static>>> {
        let flags = self.flags(environment);
        let found = linker::checks(
            &self.linker,
            &target::variable(self.machine(), "LINKER"),
            Path::new("/"),
            &flags,
            environment,
            cache,
            since,
        );
        match found {
            // Cargo's configuration may name another; if it does not, rustc will say what is missing.
            Err(_) if self.config.shapes_builds => Ok(Vec::new()),
            found => found,
        }
    }

    /// What variables say to the compiler.
    pub(crate) fn flags(&self, environment: &Environment) -> Vec<OsString> {
        let named = self.linker.named().map(OsString::from);
        invocation::flags(|suffix| target::variable(self.machine(), suffix), named, environment)
    }

    /// What the program is told when it runs: the sandbox that the configuration asks for.
    pub(crate) fn told(&self) -> ProgramArgs {
        ProgramArgs { sandbox: self.options.sandbox.to_arguments(), ..ProgramArgs::default() }
    }

    /// The launch id under which the build is kept: with all that is asked for spelled out.
    pub(crate) fn key(&self) -> Key {
        match &self.target {
            None => {
                let options = Options { target: None, ..self.options.clone() };
                content_key(self.script, &options, "", self.request.policy)
            }
            Some(_) => content_key(self.script, self.options, "", self.request.policy),
        }
    }

    /// The machine that its program is for.
    pub(crate) fn machine(&self) -> &str {
        self.target.as_ref().map_or(&self.toolchain.version.host, |target| &target.name)
    }

    /// Whether it is compiled without the paths of this machine.
    pub(crate) fn is_trimmed(&self) -> bool {
        self.options.portable || self.toolchain.has_remap_scope() && self.profile != "dev"
    }
}

fn refuse_what_scripts_have(options: &Options) -> Result<()> {
    let refuse = |what: &str, hint: &str| {
        Err(Error::message(Step::Arguments, format!("{what} is for scripts")).hint(hint))
    };
    // Cargo takes patterns, too.
    if let Some(bin) = options.selection.bin.as_deref().filter(|bin| !is_program(bin)) {
        let text = format!("`{}` is not the name of a program", bin.escape_debug());
        return Err(Error::message(Step::Arguments, text).hint("for example `--bin NAME`"));
    }
    let hint = "a package says itself what it is written in and needs";
    match options {
        Options { harness: Some(_), .. } => refuse("a test", "`cargo test` in its sources"),
        Options { edition: Some(_), .. } => refuse("`--edition`", hint),
        Options { dependencies, .. } if !dependencies.is_empty() => refuse("`--dep`", hint),
        _ => Ok(()),
    }
}

fn is_program(name: &str) -> bool {
    let is_name = |c: char| !c.is_control() && !c.is_whitespace() && !"*?[]/\\".contains(c);
    !name.is_empty() && !name.starts_with(['-', '.']) && name.chars().all(is_name)
}
