//! What every operation is given: the environment, the cache in it, and how background builds are started.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use crate::base::cancel::Cancel;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::resource_limits::ResourceLimits;
use crate::base::supervision::Supervision;
use crate::report::event::EventSink;
use crate::report::reporter::Reporter;
use crate::request::options::{Options, Verbosity};
use crate::store::cache::Cache;

/// The environment of an operation, who listens to its events, and what may be started in the background.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    environment: Environment,
    pub(crate) sink: EventSink,
    /// The program that makes background builds: see [`crate::engine::background`].
    pub(crate) background: Option<fn() -> io::Result<PathBuf>>,
    /// Whether children stay in the process group of this process.
    pub(crate) shares_group: bool,
    /// Whether the cache is trimmed once a day, after a build.
    pub(crate) trims_daily: bool,
}

impl Context {
    /// A context without background builds.
    pub(crate) fn new(environment: Environment) -> Context {
        Context {
            environment,
            sink: EventSink::default(),
            background: None,
            shares_group: false,
            trims_daily: false,
        }
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The same context with another environment.
    pub(crate) fn with_environment(&self, environment: Environment) -> Context {
        Context { environment, ..self.clone() }
    }

    /// A context of the same listener that sees another environment, and starts nothing in the background.
    pub(crate) fn within(&self, environment: Environment) -> Context {
        Context { environment, background: None, ..self.clone() }
    }

    /// Does one operation, which the caller's token, a listener or the deadline may stop.
    pub(crate) fn operate<T>(
        &self,
        options: &Options,
        work: impl FnOnce(&Context) -> Result<T>,
    ) -> Result<T> {
        let supervision = Supervision {
            cancel: options.cancel.clone(),
            own: Some(Cancel::new()),
            deadline: options.deadline.and_then(|time| Instant::now().checked_add(time)),
            limits: self.environment.policy().map_or(ResourceLimits::none(), |policy| policy.limits),
            shares_group: self.shares_group,
            confinement: None,
        };
        let environment = self.environment.clone().supervised(supervision.clone());
        let result = work(&self.with_environment(environment));
        // Whatever failed did so because everything was stopped.
        result.map_err(|error| match supervision.stopped() {
            Some(stop) => error.stopped(stop),
            None => error,
        })
    }

    /// The same with a home for cargo in the cache, if it needs one: see [`Environment::with_usable_cargo_home`].
    pub(crate) fn with_cargo_home(&self, cache: &Cache) -> Option<Context> {
        Some(self.within(self.environment.with_usable_cargo_home(cache.root())?))
    }

    /// The same for an operation that promises to run nothing: no program that a script names is asked anything.
    pub(crate) fn without_named_programs(&self) -> Context {
        Context { environment: self.environment.clone().without_named_programs(), ..self.clone() }
    }

    /// A context of the same environment with another listener.
    pub(crate) fn heard_by(&self, sink: EventSink) -> Context {
        Context { sink, ..self.clone() }
    }

    /// A reporter of one operation.
    pub(crate) fn reporter(&self, verbosity: Verbosity) -> Reporter {
        Reporter::new(self.sink.clone(), &self.environment, verbosity)
    }

    pub(crate) fn has_background(&self) -> bool {
        self.background.is_some()
    }

    /// The user's cache, which need not be there yet.
    ///
    /// # Errors
    /// [`Step::Cache`] if there is no place for one.
    pub(crate) fn cache(&self) -> Result<Cache> {
        match self.environment.cache_directory() {
            Some(root) => Ok(Cache::at(root)),
            None => Err(Error::message(Step::Cache, "there is no home directory to keep a cache in")
                .hint("set `HOME` or `RUNNER_CACHE`")),
        }
    }

    /// The user's cache, if it is there.
    ///
    /// # Errors
    /// [`Step::Cache`] if it is not ours to use.
    pub(crate) fn existing_cache(&self) -> Result<Option<Cache>> {
        let cache = self.cache()?;
        if !cache.exists()? {
            return Ok(None);
        }
        cache.check_own()?;
        Ok(Some(cache))
    }
}
