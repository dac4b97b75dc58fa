//! Cancellation of work that goes on: a flag, and a descriptor that wakes whoever polls.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// A token that stops the builds and runs it was given to. Clones are the same token, and a token that was cancelled stays so.
///
/// [`Cancel::cancel`] may be called from any thread and from a signal handler: it is one store and one `write(2)`.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_cancelled: AtomicBool,
    /// Made by the first who polls, so that a token that nobody waits on costs no descriptor.
    wake: OnceLock<Option<Wake>>,
}

/// Readable from the moment of the cancellation, for good.
struct Wake {
    reader: OwnedFd,
    /// The other end, where one descriptor cannot be both.
    #[cfg(not(target_os = "linux"))]
    writer: OwnedFd,
}

impl Wake {
    #[cfg(target_os = "linux")]
    fn new() -> Option<Wake> {
        use rustix::event::{EventfdFlags, eventfd};
        let reader = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()?;
        Some(Wake { reader })
    }

    #[cfg(not(target_os = "linux"))]
    fn new() -> Option<Wake> {
        let (reader, writer) = std::io::pipe().ok()?;
        Some(Wake { reader: reader.into(), writer: writer.into() })
    }

    fn wake(&self) {
        #[cfg(target_os = "linux")]
        let writer = &self.reader;
        #[cfg(not(target_os = "linux"))]
        let writer = &self.writer;
        // Nobody who polls finds it full: it is written to once or twice.
        let _ = rustix::io::write(writer, &1_u64.to_ne_bytes());
    }
}

impl Cancel {
    /// A token that is not cancelled.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Stops the work. From any thread, and from a signal handler.
    pub fn cancel(&self) {
        // The flag first: who makes the descriptor looks at the flag afterwards.
        self.0.is_cancelled.store(true, Ordering::SeqCst);
        if let Some(Some(wake)) = self.0.wake.get() {
            wake.wake();
        }
    }

    /// Whether the work was told to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    /// A descriptor that becomes readable with the cancellation; `None` if the process has no descriptor left, or if the
    /// token is cancelled already.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        let wake = self.0.wake.get_or_init(Wake::new).as_ref()?;
        (!self.is_cancelled()).then(|| wake.reader.as_fd())
    }
}

/// The same token.
impl PartialEq for Cancel {
    fn eq(&self, other: &Cancel) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Cancel {}

impl fmt::Debug for Cancel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cancel({})", self.is_cancelled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_the_same_token_and_wakes_who_polls() {
        let token = Cancel::new();
        let clone = token.clone();
        assert!(clone.descriptor().is_some() && !token.is_cancelled());
        token.cancel();
        assert!(clone.is_cancelled() && clone.descriptor().is_none());
        assert_eq!(token, clone);
        assert_ne!(token, Cancel::new());
    }
}
