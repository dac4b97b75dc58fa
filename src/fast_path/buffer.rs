//! Text without a heap: bytes in a buffer of fixed size.

use std::ffi::CStr;

/// Bytes in a buffer of fixed size; what does not fit is declined.
pub(super) struct Text<'a> {
    pub(super) buffer: &'a mut [u8],
    pub(super) length: usize,
}

impl<'a> Text<'a> {
    pub(super) fn new(buffer: &'a mut [u8]) -> Text<'a> {
        Text { buffer, length: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        let room = self.buffer.get_mut(self.length..end)?;
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.length = end;
        Some(())
    }

    /// Adds a text of a trace: see [`crate::store::trace::fact`].
    pub(super) fn push_unescaped(&mut self, text: &[u8]) -> Option<()> {
        let mut parts = text.split(|byte| *byte == b'\\');
        self.push(parts.next()?)?;
        for part in parts {
            self.push(match part.first()? {
                b'n' => b"\n",
                b'r' => b"\r",
                b's' => b" ",
                b'e' => b"=",
                // An escaped backslash would have to look at the next part too.
                _ => return None,
            })?;
            self.push(part.get(1..)?)?;
        }
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
