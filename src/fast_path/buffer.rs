//! A byte buffer of fixed size, where a heap would allow a `Vec`.

use std::ffi::CStr;

use crate::store::trace::escape::Escaped;

/// Bytes in a buffer of fixed size; what does not fit is declined.
pub(super) struct Buffer<'a> {
    pub(super) buffer: &'a mut [u8],
    pub(super) length: usize,
}

impl<'a> Buffer<'a> {
    pub(super) fn new(buffer: &'a mut [u8]) -> Buffer<'a> {
        Buffer { buffer, length: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
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

    /// Adds a text of a trace.
    pub(super) fn push_text(&mut self, text: Escaped<'_>) -> Option<()> {
        text.pieces().try_for_each(|piece| self.push(piece?))
    }

    pub(super) fn c_str(&mut self) -> Option<&CStr> {
        *self.buffer.get_mut(self.length)? = 0;
        CStr::from_bytes_with_nul(self.buffer.get(..=self.length)?).ok()
    }

    /// The same, and what is left of the buffer.
    pub(super) fn c_str_and_rest(&mut self) -> Option<(&CStr, &mut [u8])> {
        let end = self.length.checked_add(1)?;
        *self.buffer.get_mut(self.length)? = 0;
        let (text, rest) = self.buffer.split_at_mut_checked(end)?;
        Some((CStr::from_bytes_with_nul(text).ok()?, rest))
    }

    pub(super) fn into_bytes(self) -> &'a [u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    pub(super) fn into_c_str(self) -> Option<&'a CStr> {
        *self.buffer.get_mut(self.length)? = 0;
        CStr::from_bytes_with_nul(self.buffer.get(..=self.length)?).ok()
    }
}
