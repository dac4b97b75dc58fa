//! Where memory comes from in a build with musl: small pieces from dlmalloc, large ones from musl.
//!
//! Musl's own allocator gives the pages of small pieces back as soon as none is in use, and asks for them again at once: a build
//! in C makes two hundred calls of the kernel for that. Large pieces it maps one by one, so that nothing of them stays; dlmalloc
//! would keep them, which a language server would notice with each text it is given.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dlmalloc::Dlmalloc;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator { small: Mutex::new(Dlmalloc::new()) };

/// The lock that dlmalloc brings is musl's, which takes as long as all the rest.
struct Allocator {
    small: Mutex<Dlmalloc>,
}

impl Allocator {
    fn small(&self) -> MutexGuard<'_, Dlmalloc> {
        self.small.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From this size on musl maps a piece by itself.
const LARGE_BYTES: usize = 128 * 1024;

// SAFETY: a piece comes from, and goes back to, the allocator that its size names; a layout tells it at both ends.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that both want.
        unsafe {
            match layout.size() < LARGE_BYTES {
                true => self.small().malloc(layout.size(), layout.align()),
                false => System.alloc(layout),
            }
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe {
            match layout.size() < LARGE_BYTES {
                true => self.small().free(piece, layout.size(), layout.align()),
                false => System.dealloc(piece, layout),
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            match layout.size() < LARGE_BYTES {
                true => self.small().calloc(layout.size(), layout.align()),
                false => System.alloc_zeroed(layout),
            }
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; a piece that changes hands is copied as far as both reach.
        unsafe {
            match (layout.size() < LARGE_BYTES, size < LARGE_BYTES) {
                (true, true) => self.small().realloc(piece, layout.size(), layout.align(), size),
                (false, false) => System.realloc(piece, layout, size),
                _ => {
                    let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                    if !new.is_null() {
                        ptr::copy_nonoverlapping(piece, new, layout.size().min(size));
                        self.dealloc(piece, layout);
                    }
                    new
                }
            }
        }
    }
}
