//! Settings of a runner: everything that is ambient elsewhere, said once and never read again.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use crate::base::environment::Environment;
use crate::base::policy::Policy;
use crate::engine::context::Context;
use crate::report::event::{Event, EventSink, Flow};
use crate::request::options::Verbosity;

/// What a [`crate::Runner`] sees of the world, and what it may do besides building.
///
/// [`Settings::new`] knows a cache and nothing else, so that a host cannot leak by omission; [`Settings::of_process`] is what
/// the command line sees.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    pub(super) context: Context,
}

/// Whether the cache is trimmed after a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trim {
    /// Only when [`crate::Runner::cache_trim`] is called.
    Never,
    /// Once a day, to the limits that the configuration and the variables say.
    Daily,
}

impl Settings {
    /// A cache, and nothing else: no variable (no `HOME`, no `PATH`), no configuration file, no terminal, no trimming.
    pub fn new(cache: impl Into<PathBuf>) -> Settings {
        Settings { context: Context::new(Environment::fixed([]).with_cache(cache.into())) }
    }

    /// What the process sees: its variables, its working directory, its configuration, the kind of its standard error.
    /// The cache is trimmed daily.
    pub fn of_process() -> Settings {
        Settings { context: Context::new(Environment::process()) }.trim(Trim::Daily)
    }

    /// The variables that runner and compilers see, in place of all others.
    pub fn variables(
        self,
        all: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Settings {
        let all = all.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.change(|environment| environment.with_variables(all))
    }

    /// One variable, or `None` to unset it.
    pub fn variable(self, name: impl Into<OsString>, value: Option<impl Into<OsString>>) -> Settings {
        let name = name.into();
        let mut all = self.context.environment().all();
        all.retain(|(other, _)| *other != name);
        all.extend(value.map(|value| (name, value.into())));
        self.variables(all)
    }

    /// The value of a variable, if it is set.
    pub fn value(&self, name: impl AsRef<std::ffi::OsStr>) -> Option<OsString> {
        self.context.environment().variable(name)
    }

    /// The directory that relative paths are taken from, in place of the process's own.
    pub fn directory(self, path: impl Into<PathBuf>) -> Settings {
        let path = path.into();
        self.change(|environment| environment.within(path))
    }

    /// The cache, whatever the variables say.
    pub fn cache(self, path: impl Into<PathBuf>) -> Settings {
        let path = path.into();
        self.change(|environment| environment.with_cache(path))
    }

    /// Whether the cache is trimmed after a build.
    pub fn trim(mut self, trim: Trim) -> Settings {
        self.context.trims_daily = trim == Trim::Daily;
        self
    }

    /// Whether a person looks at what is shown: compilers then use colors and the width of the terminal.
    pub fn terminal(self, is_terminal: bool) -> Settings {
        self.change(|environment| environment.with_terminal(is_terminal))
    }

    /// Whether compilers color what they say, whatever the terminal and the variables are.
    pub fn color(self, is_colored: bool) -> Settings {
        self.change(|environment| environment.with_color(is_colored))
    }

    /// Refuses to run what a script names by its path: a compiler, or a tool that tells flags. A build still runs what belongs to
    /// its dependencies: build scripts and macros.
    pub fn without_named_programs(self) -> Settings {
        self.change(Environment::without_named_programs)
    }

    /// What scripts may ask of their builds, in place of [`Policy::trusting`].
    pub fn policy(self, policy: Policy) -> Settings {
        self.change(|environment| environment.with_policy(policy))
    }

    /// Who is told of each [`Event`], with how much was asked for, from any thread, and may stop the operation. Without it
    /// nobody hears anything.
    pub fn events(
        mut self,
        listener: impl Fn(&Event<'_>, Verbosity) -> Flow + Send + Sync + 'static,
    ) -> Settings {
        self.context.sink = EventSink::new(listener);
        self
    }

    /// Lets second runs of provisional builds start `command build --cache --background SCRIPT`, which must end in
    /// [`crate::Runner::finish`]. Without it provisional builds are not made.
    pub fn background(mut self, command: fn() -> io::Result<PathBuf>) -> Settings {
        self.context.background = Some(command);
        self
    }

    /// Leaves compilers in the process group of this process, so that the keys of a terminal reach them too, and does not
    /// stop what they have started. Without it each has a session of its own.
    pub fn foreground(mut self) -> Settings {
        self.context.shares_group = true;
        self
    }

    pub(super) fn environment(&self) -> &Environment {
        self.context.environment()
    }

    fn change(self, change: impl FnOnce(Environment) -> Environment) -> Settings {
        let environment = change(self.context.environment().clone());
        Settings { context: self.context.with_environment(environment) }
    }
}

/// As [`Settings::of_process`].
impl Default for Settings {
    fn default() -> Settings {
        Settings::of_process()
    }
}
