//! How a program is run, apart from what it is: the exec wrapper, the sandbox of the caller, the command log.

use std::sync::Arc;

use crate::base::error::Result;
use crate::engine::context::Context;
use crate::report::command_log::{CommandLog, timed};
use crate::report::reporter::Reporter;
use crate::request::options::{Options, Verbosity};
use crate::request::sandbox_permissions::Permissions;
use crate::store::entry::Found;

/// How a program is run, apart from what it is.
#[derive(Debug, Clone)]
pub(crate) struct LaunchOptions {
    /// The program it is to be run under.
    pub(super) exec: Vec<String>,
    pub(super) context: Context,
    /// What the caller allows in a sandbox.
    pub(super) sandbox: Permissions,
    pub(super) verbosity: Verbosity,
    pub(super) command_log: Option<Arc<CommandLog>>,
}

impl LaunchOptions {
    pub(crate) fn of(options: &Options, context: &Context) -> LaunchOptions {
        LaunchOptions {
            exec: options.debug.exec.clone(),
            context: context.clone(),
            sandbox: options.sandbox.clone(),
            verbosity: options.verbosity,
            command_log: CommandLog::open(&options.debug, context.environment(), &context.sink),
        }
    }

    /// A reporter on which the build is shown.
    pub(crate) fn reporter(&self, verbosity: Verbosity) -> Reporter {
        self.context.reporter(verbosity).with(self.command_log.clone())
    }

    /// Does something, and notes how long it takes if somebody wants to know.
    pub(crate) fn timed<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        timed(self.command_log.as_ref(), what, work)
    }

    /// Keeps what was built.
    pub(crate) fn kept(&self, keep: impl FnOnce() -> Result<Found>) -> Result<Found> {
        let found = self.timed("keeping it", keep)?;
        if let Some(command_log) = &self.command_log {
            command_log.kept(&found.path);
        }
        Ok(found)
    }
}
