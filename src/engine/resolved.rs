//! Decided: a recipe whose compiler has been found, of a Rust script or of one in another language.

use std::path::Path;

use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::build::outcome::Outcome;
use crate::engine::recipe::RustRecipe;
use crate::languages::build;
use crate::languages::recipe::LanguageRecipe;
use crate::report::reporter::Screen;
use crate::rust::compile;
use crate::rust::target::Target;
use crate::script::script_file::Script;
use crate::settings::launch_key::content_key;
use crate::store::cache::Cache;
use crate::store::key::Key;
use crate::store::trace::fact::Check;

/// A recipe whose compiler has been found.
#[derive(Debug)]
pub(crate) enum Decided<'a> {
    Rust(Box<RustRecipe<'a>>),
    Other(Box<LanguageRecipe<'a>>),
}

impl Decided<'_> {
    pub(crate) fn script(&self) -> &Script {
        match self {
            Decided::Rust(rust) => rust.script,
            Decided::Other(other) => other.script,
        }
    }

    /// What the author should know about these decisions.
    pub(crate) fn notes(&self) -> &[String] {
        match self {
            Decided::Rust(rust) => &rust.notes,
            Decided::Other(other) => &other.notes,
        }
    }

    /// What these decisions rest on.
    pub(crate) fn checks(&self) -> &[Check<'static>] {
        match self {
            Decided::Rust(rust) => &rust.checks,
            Decided::Other(other) => &other.checks,
        }
    }

    /// The id under which the build is kept.
    pub(crate) fn home(&self) -> Key {
        match self {
            Decided::Rust(rust) => rust.home(),
            Decided::Other(other) => content_key(other.script, other.options),
        }
    }

    /// The kind of machine it is for, if that is not this one.
    pub(crate) fn target(self) -> Option<Target> {
        match self {
            Decided::Rust(rust) => rust.target,
            Decided::Other(_) => None,
        }
    }

    /// Compiles the script into `staging`.
    ///
    /// # Errors
    /// [`Step::Dependencies`] and [`Step::Compile`], after the compiler's own messages have been shown.
    ///
    /// [`Step::Dependencies`]: crate::base::error::Step::Dependencies
    /// [`Step::Compile`]: crate::base::error::Step::Compile
    pub(crate) fn compile(
        &self,
        cache: &Cache,
        staging: &Path,
        environment: &Environment,
        screen: &Screen,
    ) -> Result<Outcome> {
        match self {
            Decided::Rust(rust) => compile::compile(rust, cache, staging, environment, screen),
            Decided::Other(other) => build::compile(other, cache, staging, environment, screen),
        }
    }

    /// What tells its compiler from others.
    pub(crate) fn toolchain_id(self) -> String {
        match self {
            Decided::Rust(rust) => rust.toolchain.id,
            Decided::Other(other) => other.compiler.version,
        }
    }

    /// The same, from nothing.
    pub(crate) fn anew(self) -> Self {
        match self {
            Decided::Rust(rust) => Decided::Rust(Box::new(rust.anew())),
            other => other,
        }
    }
}
