//! Starting a command so that it is observed.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::process::observe::filter::filter;
use crate::process::observe::kernel;
use crate::process::observe::observed::Observed;
use crate::process::observe::policy::{Policy, StartError};
use crate::process::observe::supervisor::Handle;
use crate::process::observe::unavailable::Unavailable;

/// A command that is being observed. Dropped before it is finished, it kills the command and all that it started.
#[derive(Debug)]
pub(crate) struct Observation {
    supervisor: Handle,
    finished: bool,
}

/// Lets the command be used again, observed or not, once this is gone: what is to be done in the child is done no more.
struct Armed(Arc<AtomicBool>);

impl Drop for Armed {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Observation {
    /// Starts `command`, and observes it and everything that it starts until it ends.
    ///
    /// The child is an ordinary one: wait for it, read its output, kill it. Then ask for [`Observation::finish`].
    /// The command has no more rights than we have from then on (`no_new_privs`): set-user-ID programs below it run as we do.
    ///
    /// # Errors
    /// [`StartError::Unavailable`] if it cannot be observed here. `command` can then be started without.
    #[cfg(test)] // A build is started by `process::spawn`.
    #[allow(clippy::disallowed_methods)]
    pub(crate) fn start(
        command: &mut Command,
        policy: Policy,
    ) -> Result<(std::process::Child, Observation), StartError> {
        let (mut child, observation) = Observation::start_by(command, policy, Command::spawn)?;
        // The supervisor could not see the first call, and killed who made it: to us that looks like a start.
        if observation.supervisor.is_blind() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(StartError::Unavailable(
                observation.supervisor.refused().unwrap_or(Unavailable::Memory),
            ));
        }
        Ok((child, observation))
    }

    /// Observes a command that somebody else starts, and everything that it starts, until it ends: `spawn` is given the command, to
    /// which what is to be done in the child was added. It has no more rights than we have from then on (`no_new_privs`).
    ///
    /// # Errors
    /// [`StartError::Unavailable`] if it cannot be observed here. `command` can then be started without.
    pub(crate) fn start_by<T>(
        command: &mut Command,
        policy: Policy,
        spawn: impl FnOnce(&mut Command) -> io::Result<T>,
    ) -> Result<(T, Observation), StartError> {
        let program = command.get_program().as_bytes().to_vec();
        let prepared = Observation::prepare(program, policy);
        let (supervisor, filter, theirs) = prepared.map_err(StartError::Unavailable)?;
        let armed = Armed(Arc::new(AtomicBool::new(true)));
        {
            let (armed, socket) = (Arc::clone(&armed.0), theirs.as_raw_fd());
            kernel::in_child(command, move || {
                if !armed.load(Ordering::SeqCst) {
                    return Ok(());
                }
                kernel::install(&filter, socket)
            });
        }
        let spawned = spawn(command);
        // The child has it, or is gone.
        drop(theirs);
        drop(armed);
        match spawned {
            Ok(child) => Ok((child, Observation { supervisor, finished: false })),
            Err(error) => Err(match supervisor.refused() {
                Some(reason) => StartError::Unavailable(reason),
                None => StartError::Spawn(error),
            }),
        }
    }

    /// Whether commands can be observed here.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn probe() -> Result<(), Unavailable> {
        let (supervisor, filter, theirs) = Observation::prepare(b"probe".to_vec(), Policy::default())?;
        kernel::try_filter(&filter, theirs).map_err(|error| Unavailable::Other(error.to_string()))?;
        match supervisor.refused() {
            Some(reason) => Err(reason),
            None => supervisor.finish().map(drop),
        }
    }

    /// The thread that will observe a child, and what that needs: the filter, and where it sends its listener.
    fn prepare(
        program: Vec<u8>,
        policy: Policy,
    ) -> Result<(Handle, Vec<libc::sock_filter>, OwnedFd), Unavailable> {
        let other = |error: io::Error| Unavailable::Other(error.to_string());
        let filter = filter(policy.links);
        if filter.is_empty() {
            return Err(Unavailable::Machine);
        }
        let (ours, theirs) = kernel::socket_pair().map_err(other)?;
        let supervisor = Handle::start(ours, program, policy.whose).map_err(other)?;
        Ok((supervisor, filter, theirs))
    }

    /// What was observed, once the command was waited for. Not before: what it looks at from now on is left out.
    ///
    /// # Errors
    /// The supervisor failed; nothing is known.
    pub(crate) fn finish(mut self) -> Result<Observed, Unavailable> {
        self.finished = true;
        self.supervisor.finish()
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if !self.finished {
            self.supervisor.kill();
        }
    }
}
