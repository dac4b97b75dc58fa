//! A byte buffer of fixed size, where a heap would allow a `Vec`.

use crate::base::digest::Sink;
use crate::base::terminated::Terminated;

/// Bytes in a buffer of fixed size; what does not fit is declined.
pub(super) struct Buffer<'a> {
    pub(super) buffer: &'a mut [u8],
    pub(super) length: usize,
}

impl Sink for Buffer<'_> {
    /// If it does not fit there is no room for anything any more.
    fn take(&mut self, bytes: &[u8]) {
        if self.push(bytes).is_none() {
            self.length = usize::MAX;
        }
    }
}

impl<'a> Buffer<'a> {
    pub(super) fn new(buffer: &'a mut [u8]) -> Buffer<'a> {
        Buffer { buffer, length: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// What nothing is in yet.
    pub(super) fn spare(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.length..).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        self.buffer.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }

    pub(super) fn terminated(&mut self) -> Option<Terminated<'_>> {
        *self.buffer.get_mut(self.length)? = 0;
        Terminated::new(self.buffer.get(..=self.length)?)
    }

    /// All that was taken, and `more` bytes after it; `None` if something did not fit.
    pub(super) fn with(&self, more: usize) -> Option<&[u8]> {
        self.buffer.get(..self.length.checked_add(more)?)
    }

    pub(super) fn into_bytes(self) -> &'a [u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    pub(super) fn into_terminated(self) -> Option<Terminated<'a>> {
        *self.buffer.get_mut(self.length)? = 0;
        Terminated::new(self.buffer.get(..=self.length)?)
    }
}
