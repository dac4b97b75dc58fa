//! A sealed build: a program is built a second time, where it can only read what is recorded of the first build, and must have
//! the same bytes.
//!
//! The second build has another directory, another home, another cache and another user's name, no network, and of the user's
//! files it sees the compiler, downloaded packages and the recorded inputs. So a build that reads a clock, the network or a
//! file nobody knows of is found out. A program that holds its script's directory is built in that directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::base::supervision::{Confinement, Supervision};
use crate::engine::confined_build::of_compilers;
use crate::engine::context::Context;
use crate::engine::prepare::build;
use crate::engine::remote::entry::recorded;
use crate::engine::remote::key::OF_USER;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::settings::config_file::Config;
use crate::store::cache::Cache;
use crate::store::staging::Staging;
use crate::store::trace::Variant;
use crate::store::trace::fact::{Check, Input, path_of};

/// A build that was made once, and is to be made a second time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First<'a> {
    pub(crate) script: &'a Script,
    pub(crate) options: &'a Options,
    pub(crate) config: &'a Config,
    pub(crate) variant: &'a Variant<'a>,
    /// Whether the program is only right in the directory of its script.
    pub(crate) is_bound: bool,
    /// The lock that its dependencies were resolved to.
    pub(crate) lock: Option<&'a str>,
}

/// Builds it a second time.
///
/// # Errors
/// [`Step::Compile`] and others, if that fails; [`Step::Cache`] if the bytes are others.
pub(crate) fn verify(context: &Context, cache: &Cache, first: First<'_>) -> Result<()> {
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let root = staging.path();
    for directory in ["home", "tmp", "script"] {
        std::fs::create_dir(root.join(directory)).at(Step::Cache)?;
    }
    let environment = context.environment();
    let facts = recorded(first.variant, environment);
    let mut reads: Vec<PathBuf> = facts.iter().filter_map(Check::stated_path).map(Path::to_owned).collect();
    // What the recipe rests on is read too: compilers.
    reads.extend(first.variant.checks.iter().filter_map(Check::stated_path).map(Path::to_owned));
    reads.extend(of_compilers(environment));
    let script = match first.is_bound {
        true => {
            reads.extend(first.script.path().map(Path::to_owned));
            first.script.clone()
        }
        false => copied(first, &facts, &root.join("script"), environment)?,
    };
    let confinement = Confinement { reads, writes: vec![root.to_owned()], is_narrow: false };
    let supervision =
        Supervision { confinement: Some(Arc::new(confinement)), ..environment.supervision().clone() };
    let second = context.within(another_user(environment, first.config, root).supervised(supervision));
    let options = Options { force: true, optimal: true, offline: true, ..first.options.clone() };
    let program = build(&second, &script, &options)?;
    let same =
        program.path().map(Digest::of_file).transpose().at(Step::Cache)? == Some(first.variant.binary.digest);
    match same {
        true => Ok(()),
        false => Err(Error::message(
            Step::Cache,
            "a second build, in another directory and with its recorded inputs only, gave another program",
        )
        .hint("`runner why` and `runner build -x` show what a build reads and runs")),
    }
}

/// The environment of somebody else.
fn another_user(environment: &Environment, config: &Config, root: &Path) -> Environment {
    let homes = [("CARGO_HOME", environment.cargo_home()), ("RUSTUP_HOME", environment.rustup_home())];
    let config = config.path.as_ref().filter(|_| config.exists);
    let variables =
        environment.all().into_iter().filter(|(name, _)| OF_USER.iter().all(|known| name != known));
    let mut other = environment.clone().with_variables(variables.collect());
    for (name, home) in homes {
        if let Some(home) = home {
            other = other.with(name, home);
        }
    }
    other
        .with("HOME", root.join("home"))
        .with("TMPDIR", root.join("tmp"))
        .with("USER", "sealed")
        .with("LOGNAME", "sealed")
        .with("RUNNER_CONFIG", config.map_or_else(|| "/dev/null".into(), |path| path.clone()))
        .with("RUNNER_CACHE", root.join("cache"))
        .with("RUNNER_CACHE_SYSTEM", "")
        .with("RUNNER_OBSERVE", "0")
        .with_cache(root.join("cache"))
}

/// A copy of the script with its recorded inputs.
fn copied(
    first: First<'_>,
    facts: &[Check<'static>],
    directory: &Path,
    environment: &Environment,
) -> Result<Script> {
    let base = first.script.base();
    let copy = |from: &Path, to: &Path| -> std::io::Result<()> {
        to.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::copy(from, to).map(drop)
    };
    for fact in facts {
        let Some(path) = fact.content_path().or(fact.stated_path()) else { continue };
        let Ok(relative) = path.strip_prefix(base) else { continue };
        let to = directory.join(relative);
        match (&fact.input, path.is_dir()) {
            (Input::Content { .. } | Input::Present { .. }, true) => {
                std::fs::create_dir_all(to).at(Step::Cache)?
            }
            (Input::Content { .. } | Input::Present { .. }, false) => copy(path, &to).at(Step::Cache)?,
            (Input::Link { target, .. }, _) => {
                to.parent().map_or(Ok(()), std::fs::create_dir_all).at(Step::Cache)?;
                std::os::unix::fs::symlink(path_of(target), to).at(Step::Cache)?;
            }
            _ => {}
        }
    }
    let path = first.script.path().unwrap_or(Path::new(first.script.typed()));
    let name = path.file_name().unwrap_or_default();
    let to = directory.join(name);
    copy(path, &to).at(Step::Cache)?;
    if let Some(lock) = first.lock {
        let mut name = name.to_owned();
        name.push(".lock");
        std::fs::write(directory.join(name), lock).at(Step::Cache)?;
    }
    Script::read_path(&to, environment)
}
