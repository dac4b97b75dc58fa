//! A limit on what servers have said and nobody has read: a server that says more waits, and so takes its own memory.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Bytes of messages that wait to be handled, for each server.
const LIMIT: usize = 4 << 20;

/// Counts the bytes that wait.
#[derive(Debug, Default)]
pub(super) struct Gate {
    waiting: Mutex<usize>,
    is_less: Condvar,
}

/// The right to have so many bytes wait; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Arc<Gate>,
    bytes: usize,
}

impl Gate {
    /// Waits until there is room. One message always has room, whatever its length.
    pub(super) fn enter(self: &Arc<Gate>, bytes: usize) -> Permit {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |waiting: &mut usize| *waiting > 0 && *waiting + bytes > LIMIT;
        let mut waiting = self.is_less.wait_while(waiting, is_full).unwrap_or_else(PoisonError::into_inner);
        *waiting += bytes;
        Permit { gate: Arc::clone(self), bytes }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.gate.waiting.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.gate.is_less.notify_all();
    }
}
