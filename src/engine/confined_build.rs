//! `--sandbox-build`: a build whose compilers, build scripts and procedural macros have no network, write only to the cache, and
//! read of the user's files only compilers, downloaded packages, the script's directory and its path dependencies.
//!
//! Packages are downloaded before (`cargo fetch`), by which no code of theirs is run. [`Policy::refusing`](crate::Policy::refusing)
//! asks for the same, and leaves compilers less of the system's configuration.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::base::order;
use crate::base::supervision::{Confinement, Supervision};
use crate::languages::table::LANGUAGES;
use crate::process::sandbox::enter::supported_abi;
use crate::process::sandbox::rules::own_directory;
use crate::request::options::Options;
use crate::settings::build_request::BuildRequest;
use crate::store::cache::Cache;
use crate::store::staging::{Staging, kept_directory};

/// What cargo reads of its home besides programs, and without what one has to prove to a registry.
const OF_CARGO: &[&str] =
    &["registry", "git", "config", "config.toml", ".package-cache", ".package-cache-mutate"];

/// The environment of confined builds, and their temporary directory.
#[derive(Debug)]
pub(crate) struct Confined {
    pub(crate) environment: Environment,
    /// None where it is kept (`--work`).
    _temporary: Option<Staging>,
}

impl Confined {
    /// What a build is confined to, if it is to be.
    ///
    /// # Errors
    /// [`Step::Sandbox`] if this kernel cannot do all of it.
    pub(crate) fn of(
        environment: &Environment,
        cache: &Cache,
        request: &BuildRequest,
        options: &Options,
    ) -> Result<Option<Confined>> {
        let policy = environment.policy().filter(|policy| policy.confined);
        let is_wanted = policy.is_some()
            || options.sandbox.sandbox
            || request.options.sandbox.sandbox
            || match request.layers.is_on("sandbox-build") {
                Some(is_on) => is_on,
                // Of a script by URL where that can be had, if nobody says otherwise.
                None => request.script.is_fetched() && supported_abi().is_ok(),
            };
        if !is_wanted || environment.supervision().confinement.is_some() {
            return Ok(None);
        }
        supported_abi().map_err(|refused| {
            let error = Error::message(Step::Sandbox, refused.to_string());
            match refused.hint() {
                _ if policy.is_some() => error.hint("`Policy::confined` of the host can do without"),
                Some(hint) => error.hint(hint),
                None => error,
            }
        })?;
        let temporary = match request.options.debug.keeps_work {
            true => None,
            false => Some(Staging::create(&cache.join("staging")).at(Step::Cache)?),
        };
        let directory = match &temporary {
            Some(temporary) => temporary.path().to_owned(),
            None => kept_directory(&environment.temporary_directory()).at(Step::Cache)?,
        };
        let mut reads = of_compilers(environment);
        let script = &request.script;
        let place = script.path().map_or_else(|| script.base().join("script"), Path::to_owned);
        reads.push(own_directory(&place, environment.home().as_deref()));
        reads.extend(path_dependencies(script.bytes(), script.base()));
        reads.extend(policy.iter().flat_map(|policy| policy.readable.iter().flatten().cloned()));
        let writes = vec![cache.root().to_owned(), directory.clone()];
        let confinement = Confinement { reads, writes, is_narrow: policy.is_some() };
        let environment = environment.with("TMPDIR", directory);
        let supervision =
            Supervision { confinement: Some(Arc::new(confinement)), ..environment.supervision().clone() };
        Ok(Some(Confined { environment: environment.supervised(supervision), _temporary: temporary }))
    }
}

/// Where compilers and packages of this user are.
pub(crate) fn of_compilers(environment: &Environment) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = environment.rustup_home().into_iter().collect();
    if let Some(home) = environment.cargo_home() {
        found.extend(OF_CARGO.iter().map(|name| home.join(name)));
    }
    let home = environment.home();
    let path = environment.variable("PATH").unwrap_or_default();
    let is_small =
        |path: &PathBuf| path.is_absolute() && !home.as_ref().is_some_and(|home| home.starts_with(path));
    found.extend(std::env::split_paths(&path).filter(is_small));
    // A compiler that is not on PATH.
    let named = environment.set("RUSTC").map(PathBuf::from).filter(|rustc| rustc.is_absolute());
    found.extend(named.and_then(|rustc| Some(rustc.parent()?.parent()?.to_owned())).filter(is_small));
    // Where links on PATH lead: a compiler's library is beside it.
    let programs = LANGUAGES.iter().flat_map(|language| language.programs);
    let real = programs.filter_map(|name| environment.find_command(OsStr::new(name))?.canonicalize().ok());
    let places = real.filter_map(|program| {
        let place = program.parent()?;
        Some(if place.ends_with("bin") { place.parent()? } else { place }.to_owned())
    });
    found.extend(places.filter(is_small));
    order::sort(&mut found);
    found.dedup();
    found
}

/// The directories that a manifest names: `path = "DIR"`.
fn path_dependencies(script: &[u8], base: &Path) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(script);
    let named = text.split("path").skip(1).filter_map(|rest| {
        let value = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        value[1..].split(quote).next()
    });
    named.map(|path| base.join(path)).filter(|path| path.is_dir()).collect()
}
