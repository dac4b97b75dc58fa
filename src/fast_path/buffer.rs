//! A byte buffer of fixed size, where a heap would allow a `Vec`.

use std::ffi::CStr;

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

    pub(super) fn c_str(&mut self) -> Option<&CStr> {
        *self.buffer.get_mut(self.length)? = 0;
        CStr::from_bytes_with_nul(self.buffer.get(..=self.length)?).ok()
    }

    pub(super) fn into_bytes(self) -> &'a [u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    pub(super) fn into_c_str(self) -> Option<&'a CStr> {
        *self.buffer.get_mut(self.length)? = 0;
        CStr::from_bytes_with_nul(self.buffer.get(..=self.length)?).ok()
    }
}
