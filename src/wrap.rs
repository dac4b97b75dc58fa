//! Wrappers: running a script's program under another, as `valgrind` or `gdb --args`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::error::{EXIT_CANNOT_EXECUTE, EXIT_NOT_FOUND, Error, Result, Step};
use crate::runner::Program;

impl Program {
    /// Becomes `wrapper` with the program's path and arguments after its own.
    ///
    /// # Errors
    /// [`Step::Execute`]: 127 if the wrapper is not there. It returns only then.
    pub fn execute_under(self, wrapper: &[OsString], arguments: &[OsString]) -> Result<u8> {
        let Some((program, own)) = wrapper.split_first() else {
            return Err(Error::message(Step::Arguments, "the wrapper is empty"));
        };
        let path = self.path().ok_or_else(|| {
            Error::message(Step::Execute, "a temporary binary cannot be run under a wrapper")
                .hint("run it without `--temp`, with a cache that can be used")
        })?;
        let mut command = Command::new(program);
        command.args(own).arg(path).args(&self.told.arguments).args(arguments);
        command.envs(self.told.variables.iter().map(|(name, value)| (name, value)));
        match self.script.path() {
            Some(path) => command.env("RUNNER_SCRIPT", path),
            None => command.env_remove("RUNNER_SCRIPT"),
        };
        let error = command.exec();
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => EXIT_NOT_FOUND,
            _ => EXIT_CANNOT_EXECUTE,
        };
        let what = format!("cannot run the wrapper `{}`", program.to_string_lossy());
        Err(Error::new(Step::Execute, anyhow::Error::new(error).context(what))
            .code(code)
            .about(self.script.typed().to_string_lossy()))
    }
}
