//! The host side of a build: toolchain, linker, target and cargo configuration.

use crate::base::environment::{Environment, TRACED};
use crate::base::error::Result;
use crate::rust::cargo_config::CargoConfig;
use crate::rust::linker::{self, Linker};
use crate::rust::target::{self, Target};
use crate::rust::toolchain::Toolchain;
use crate::settings::layers::Layers;
use crate::settings::schema;
use crate::store::cache::Cache;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Cargo's configuration, the machine that the program is for and the linker.
#[derive(Debug)]
pub(crate) struct HostContext {
    pub(crate) config: CargoConfig,
    /// The kind of machine, if it is not the compiler's own.
    pub(crate) target: Option<Target>,
    pub(crate) linker: Linker,
    /// What all of it rests on, the toolchain included.
    pub(crate) checks: Vec<Check<'static>>,
}

impl HostContext {
    /// Those of a toolchain, for the kind of machine that is `wanted`, because somebody `said` so.
    ///
    /// # Errors
    /// As [`Target::find`]; [`crate::Step::Dependencies`] if cargo's configuration cannot be read.
    pub(crate) fn find(
        toolchain: &Toolchain,
        wanted: Option<&str>,
        layers: &Layers,
        environment: &Environment,
        cache: &Cache,
        since: Moment,
    ) -> Result<HostContext> {
        let mut checks = toolchain.checks.clone();
        checks.extend(TRACED.iter().map(|name| match *name {
            // They choose a compiler; without one they mean nothing.
            "HOME" | "CARGO_HOME" => Check::variable(name, environment).tool(),
            _ => Check::variable(name, environment),
        }));
        let config = CargoConfig::read(environment, since)?;
        checks.extend(config.checks.iter().cloned());
        let target = Target::find(wanted.or(config.target.as_deref()), toolchain, environment, cache)
            .map_err(|error| layers.blame("target", error))?;
        let variables = variables_of_machines(toolchain, target.as_ref());
        checks.extend(variables.iter().map(|name| Check::variable(name, environment)));
        let (linker, linker_checks) =
            linker::choose(target.as_ref(), &toolchain.version.host, &config, environment);
        checks.extend(linker_checks);
        checks.extend(target.iter().flat_map(|target| target.checks.iter().cloned()));
        checks.extend(schema::choices(environment));
        Ok(HostContext { config, target, linker, checks })
    }
}

/// The variables that are named for the compiler's own machine and for the program's, and shape a build.
pub(crate) fn variables_of_machines(toolchain: &Toolchain, target: Option<&Target>) -> Vec<String> {
    let machines = [Some(&toolchain.version.host), target.map(|target| &target.name)];
    let names = |machine: &String| ["RUSTFLAGS", "LINKER"].map(|suffix| target::variable(machine, suffix));
    machines.into_iter().flatten().flat_map(names).collect()
}
