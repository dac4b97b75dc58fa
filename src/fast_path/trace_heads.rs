//! Reads the heads of a trace, one after the other, and no more of it: most of a trace is for the long way.

use rustix::fd::OwnedFd;

use crate::base::digest::Digest;
use crate::base::hit_text::hit_text;
use crate::fast_path::facts::System;
use crate::fast_path::{PAGE_BYTES, read_at};
use crate::store::trace::line::TRACE;
use crate::store::trace::questions::{Head, LINE_BYTES, Questions};

/// The heads of an open trace, newest first.
pub(super) struct TraceHeads<'a> {
    file: &'a OwnedFd,
    buffer: &'a mut [u8],
    /// How many bytes are read.
    length: usize,
    /// Where the next head begins.
    next: usize,
}

impl<'a> TraceHeads<'a> {
    /// Those of a trace, of which a page is read: most heads are on it, and only one page is touched for that.
    pub(super) fn of(file: &'a OwnedFd, buffer: &'a mut [u8]) -> Option<TraceHeads<'a>> {
        let length = read_at(file, 0, buffer.get_mut(..PAGE_BYTES)?)?;
        buffer.get(..length)?.strip_prefix(TRACE)?.strip_prefix(hit_text!(b"\n"))?;
        Some(TraceHeads { file, buffer, length, next: TRACE.len() + 1 })
    }

    /// The questions of the next variant of the trace of `key`.
    pub(super) fn next(&mut self, key: &Digest, system: &impl System) -> Option<Questions<'_>> {
        let start = self.next;
        self.read_up_to(start + LINE_BYTES, system);
        let head = Head::begin(self.buffer.get(start..self.length)?)?;
        self.next = start.checked_add(head.end)?;
        self.read_up_to(self.next, system);
        head.questions(key, self.buffer.get(start..self.length)?)
    }

    /// Reads until there are so many bytes, or all that the file has.
    fn read_up_to(&mut self, end: usize, system: &impl System) {
        if end <= self.length {
            return;
        }
        match self.buffer.get_mut(self.length..end) {
            None => system.lacks_memory(),
            Some(more) => self.length += read_at(self.file, self.length, more).unwrap_or_default(),
        }
    }
}
