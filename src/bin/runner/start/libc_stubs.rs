//! Substitutes: functions of C libraries that the static binary brings itself, because theirs are large and of no use in it.
//!
//! **The unwinder.** A panic of runner's is a bug, and ends the process (`panic = "abort"`). Std would print a backtrace if
//! asked, of a binary that has no symbols: bare addresses. For that, every program carries an unwinder and a reader of
//! debug information. Here the walk over the stack is at its end before it has begun; the optimizer then sees that nothing
//! of the reader is ever called, and drops it: 210 KB. That leaves the tables of the unwinder without a reader, another
//! 200 KB, which `src/bin/runner/start/static.ld` tells the linker to discard.
//!
//! **`getpwuid_r`**, which `dirs` calls when `HOME` is not set. That of a static glibc loads shared libraries, of the very
//! version it was linked with, which is what a static binary is made to do without, and takes 100 KB for it. This one reads
//! `/etc/passwd` and nothing else. Musl's does too, by way of C's files and a daemon that nobody runs: 8 KB.
//!
//! **`pthread_setname_np`** of musl, which brings all of `printf`: 9 KB. Nobody looks at what a thread of runner's is called.
//!
//! Only in a static release build: elsewhere the libraries' own are shared or wanted. Its `unsafe` is in names and pointers
//! that are C's.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

/// Calls nothing, and says that the end of the stack is reached.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_each: *const c_void, _argument: *mut c_void) -> c_int {
    const END_OF_STACK: c_int = 5;
    END_OF_STACK
}

/// What only an unwinder at work would call. All of its names are here, so that nothing of the libraries' is linked.
macro_rules! never_called {
    ($($name:ident)*) => { $(
        #[unsafe(no_mangle)]
        extern "C" fn $name() {
            std::process::abort();
        }
    )* };
}

never_called! {
    _Unwind_DeleteException _Unwind_FindEnclosingFunction _Unwind_ForcedUnwind _Unwind_GetCFA _Unwind_GetDataRelBase
    _Unwind_GetIP _Unwind_GetIPInfo _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase
    _Unwind_RaiseException _Unwind_Resume _Unwind_SetGR _Unwind_SetIP __gcc_personality_v0
}

/// Names nothing.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
extern "C" fn pthread_setname_np(_thread: *const c_void, _name: *const c_void) -> c_int {
    0
}

/// The user of that number in `/etc/passwd`: zero, and a null in `result` if there is none.
///
/// # Safety
/// As POSIX has it: `buffer` is writable for `length` bytes, `passwd` and `result` can be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn getpwuid_r(
    user: libc::uid_t,
    passwd: *mut libc::passwd,
    buffer: *mut std::ffi::c_char,
    length: usize,
    result: *mut *mut libc::passwd,
) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe { *result = std::ptr::null_mut() };
    let text = std::fs::read("/etc/passwd").unwrap_or_default();
    let number = |line: &[u8], at: usize| -> Option<u32> {
        std::str::from_utf8(line.split(|byte| *byte == b':').nth(at)?).ok()?.parse().ok()
    };
    let is_the_one =
        |line: &&[u8]| number(line, 2) == Some(user) && line.split(|byte| *byte == b':').count() == 7;
    let Some(line) = text.split(|byte| *byte == b'\n').find(is_the_one) else { return 0 };
    if line.len() >= length {
        return libc::ERANGE;
    }
    // SAFETY: the line and a NUL fit, and the fields lie within them.
    unsafe {
        let mut field = [buffer; 7];
        let mut next = 1;
        for (index, byte) in line.iter().chain([&0]).enumerate() {
            let is_end = *byte == b':';
            *buffer.add(index) = if is_end { 0 } else { *byte as std::ffi::c_char };
            if is_end {
                field[next] = buffer.add(index + 1);
                next += 1;
            }
        }
        let [pw_name, pw_passwd, _, _, pw_gecos, pw_dir, pw_shell] = field;
        let pw_gid = number(line, 3).unwrap_or(user);
        *passwd = libc::passwd { pw_name, pw_passwd, pw_uid: user, pw_gid, pw_gecos, pw_dir, pw_shell };
        *result = passwd;
    }
    0
}
