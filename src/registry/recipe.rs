//! Recipes of packages: the compiler, the version and the checks, decided before anything is built.

use std::path::Path;

use crate::cache::Cache;
use crate::cargo_config::CargoConfig;
use crate::check::Check;
use crate::config::Config;
use crate::environment::{Environment, TRACED};
use crate::error::{Error, Result, Step};
use crate::invocation;
use crate::linker;
use crate::options::Options;
use crate::registry::Package;
use crate::said::{Said, Source};
use crate::script::Script;
use crate::settings;
use crate::stamp::Moment;
use crate::target;
use crate::toolchain::Toolchain;

/// Everything decided before a package is built, but which version of it.
#[derive(Debug)]
pub(crate) struct PackageRecipe<'a> {
    pub(crate) script: &'a Script,
    pub(crate) package: &'a Package,
    /// What was asked for: in the arguments, else in variables, else in the configuration file.
    pub(crate) options: Options,
    pub(crate) said: Said,
    pub(crate) toolchain: Toolchain,
    pub(crate) profile: String,
    pub(crate) config: CargoConfig,
    /// What these decisions rest on.
    pub(crate) checks: Vec<Check<'static>>,
}

impl<'a> PackageRecipe<'a> {
    /// Finds the compiler and what its calls depend on.
    pub(crate) fn decide(
        script: &'a Script,
        package: &'a Package,
        options: &'a Options,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<PackageRecipe<'a>> {
        let refused = |what: &str| Err(Error::message(Step::Arguments, format!("{what} is for scripts")));
        if options.harness.is_some() {
            return refused("a test").map_err(|error| error.hint("`cargo test` in its sources"));
        }
        if options.edition.is_some() || !options.dependencies.is_empty() {
            return refused(if options.edition.is_some() { "`--edition`" } else { "`--dep`" })
                .map_err(|error| error.hint("a package says itself what it is written in and needs"));
        }
        let user = Config::read(environment)?;
        let said = Said::of_options(options, &Source::CommandLine)
            .then(Said::of_variables(environment)?)
            .then(user.said.clone());
        let mut options = options.clone();
        said.fill(&mut options);
        let since = Moment::now();
        let toolchain = Toolchain::find(options.toolchain.as_deref(), environment, cache)?;
        let mut checks = toolchain.checks.clone();
        checks.extend(TRACED.iter().map(|name| Check::variable(name, environment)));
        let of_host = ["RUSTFLAGS", "LINKER"].map(|suffix| target::variable(&toolchain.version.host, suffix));
        checks.extend(of_host.iter().map(|name| Check::variable(name, environment)));
        if let Some(registry) = &options.selection.registry {
            let name = registry.to_uppercase().replace('-', "_");
            checks.push(Check::variable(&format!("CARGO_REGISTRIES_{name}_INDEX"), environment));
        }
        checks.extend(settings::choices(environment));
        checks.extend(user.checks.iter().cloned());
        let config = CargoConfig::read(environment, since)?;
        checks.extend(config.checks.iter().cloned());
        let flags =
            invocation::flags(|suffix| target::variable(&toolchain.version.host, suffix), None, environment);
        match linker::checks_at(Path::new("/"), &flags, environment, cache, since) {
            Ok(linker) => checks.extend(linker),
            // Cargo's configuration may name another; if it does not, rustc will say what is missing.
            Err(_) if config.shapes_builds => {}
            Err(error) => return Err(error),
        }
        let profile = options.profile.clone().unwrap_or_else(|| "release".to_owned());
        Ok(PackageRecipe { script, package, options, said, toolchain, profile, config, checks })
    }

    /// Whether it is compiled without the paths of this machine: see [`crate::recipe::RustRecipe::is_trimmed`].
    pub(crate) fn is_trimmed(&self) -> bool {
        self.options.portable || self.toolchain.has_remap_scope()
    }
}
