//! Bytes that end with a zero byte, as the kernel takes paths.

// The fast path, which gives it to the command, is for Linux.
#![cfg_attr(not(target_os = "linux"), allow(unreachable_pub, dead_code))]

use std::ffi::CStr;

/// Bytes of which the last is zero. An earlier one may be, too: to the kernel the text ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminated<'a>(&'a [u8]);

impl<'a> Terminated<'a> {
    /// All of `bytes`, if the last one is zero.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Terminated<'a>> {
        (bytes.last() == Some(&0)).then_some(Terminated(bytes))
    }

    /// Without the last byte.
    pub fn bytes(self) -> &'a [u8] {
        self.0.split_last().map_or(self.0, |(_, bytes)| bytes)
    }

    /// With the last byte.
    pub fn with_end(self) -> &'a [u8] {
        self.0
    }

    /// What the kernel reads.
    pub fn as_ptr(self) -> *const u8 {
        self.0.as_ptr()
    }

    /// As others take it, up to the first zero byte. It is searched for.
    pub(crate) fn c_str(self) -> &'a CStr {
        CStr::from_bytes_until_nul(self.0).unwrap_or_default()
    }
}
