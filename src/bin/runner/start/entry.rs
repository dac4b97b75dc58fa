//! Process start: from the kernel to [`crate::run`], unless the fast path finds a cached program to become.
//!
//! In every build C's `main` is ours, and asks [`runner::fast_path`] first. In the build that `install.sh` makes on x86-64 Linux
//! (static with musl, not relocated, `--cfg runner_start` and `-e runner_start`) the question is asked even earlier: at the
//! ELF entry point, before libc exists. On anything but a hit the registers and the stack are as the kernel left them, and
//! libc's own `_start` goes on.
//!
//! Before libc there are no thread-locals (so no `errno`) and no heap. Musl's `memcpy` and its like are plain functions, and
//! work already; glibc chooses them at start-up, so a program that is linked with glibc asks in `main`.
//!
//! There is `unsafe` here: its symbols are fixed by C and ELF, and `argv`, `envp` and `execve`
//! are raw pointers. What they point to was put there by the kernel and lives as long as the process.
#![allow(unsafe_code)]

use std::ffi::{CStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStringExt;

/// C's `main`.
#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, argv: *const *const c_char, envp: *const *const c_char) -> c_int {
    let count = usize::try_from(argc).unwrap_or(0);
    #[cfg(all(target_os = "linux", not(runner_start)))]
    // SAFETY: C passes `argc` arguments and null-terminated arrays.
    unsafe {
        linux::become_hit(count, argv, envp);
    }
    let _ = envp;
    // SAFETY: as above.
    let arguments = (0..count).map(|index| unsafe { CStr::from_ptr(*argv.add(index)) });
    let arguments = arguments.map(|text| OsString::from_vec(text.to_bytes().to_vec())).collect();
    c_int::from(crate::run(arguments))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::UnsafeCell;
    use std::ffi::{CStr, c_char};
    use std::ptr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use runner::fast_path::{self as hit, Buffers, Mark, NameMarks, System};

    /// What the one look for a hit writes to. Static, so that its pages cost nothing until they are touched, which costs as
    /// much as several files to ask about: two are, unless there is much to write.
    #[repr(C, align(1024))]
    struct Memory {
        /// How often it was asked for.
        taken: AtomicUsize,
        buffers: UnsafeCell<Buffers>,
    }

    // SAFETY: what is in the cell is reached through `take_memory` alone, which gives it to one caller only.
    unsafe impl Sync for Memory {}

    /// `scripts/static.ld` puts it on the page that a hit touches anyway, a quarter into it.
    static MEMORY: Memory = Memory { taken: AtomicUsize::new(0), buffers: UnsafeCell::new(Buffers::new()) };

    /// The memory, for the first who asks.
    fn take_memory() -> Option<&'static mut Buffers> {
        if MEMORY.taken.fetch_add(1, Ordering::Relaxed) > 0 {
            return None;
        }
        // SAFETY: nobody else was given, or will be given, what is in the cell.
        Some(unsafe { &mut *MEMORY.buffers.get() })
    }

    /// The environment as the kernel laid it out.
    struct Kernel {
        variables: &'static [*const c_char],
        /// Most of what a hit asks for is not set, and shows by this.
        marks: NameMarks,
    }

    impl Kernel {
        /// # Safety
        /// `envp` is a null-terminated array of C strings, as long as the process lives.
        unsafe fn new(envp: *const *const c_char) -> Kernel {
            let (mut marks, mut count) = (NameMarks::NONE, 0);
            // SAFETY: it goes no further than to the null.
            let variables = unsafe {
                while !(*envp.add(count)).is_null() {
                    let text = (*envp.add(count)).cast::<u8>();
                    marks.add(Mark::of_start(start_of(text)));
                    count += 1;
                }
                std::slice::from_raw_parts(envp, count)
            };
            Kernel { variables, marks }
        }
    }

    impl System for Kernel {
        fn variable(&self, name: &[u8]) -> Option<&[u8]> {
            if !self.marks.may_have(Mark::of(name)) {
                return None;
            }
            for text in self.variables {
                // SAFETY: what follows is in the same C string.
                unsafe {
                    if let Some(rest) = after(*text, name)
                        && *rest.cast::<u8>() == b'='
                    {
                        return Some(CStr::from_ptr(rest.add(1)).to_bytes());
                    }
                }
            }
            None
        }

        fn may_have(&self, mark: Mark) -> bool {
            self.marks.may_have(mark)
        }

        fn has_variable_like(&self, prefix: &[u8], known: &[&[u8]]) -> bool {
            let is_known = |rest: &[u8]| {
                let known = known.iter().filter_map(|known| rest.strip_prefix(known.strip_prefix(prefix)?));
                known.into_iter().any(|rest| rest.first() == Some(&b'='))
            };
            self.variables.iter().any(|text| {
                // SAFETY: what follows is in the same C string.
                unsafe { after(*text, prefix).is_some_and(|rest| !is_known(CStr::from_ptr(rest).to_bytes())) }
            })
        }

        fn current_directory(&self, buffer: &mut [u8]) -> Option<usize> {
            // SAFETY: the kernel writes at most the buffer's length, and returns what it wrote with the NUL.
            let written = unsafe { super::getcwd(buffer) };
            written?.checked_sub(1).filter(|length| *length > 0 && buffer.first() == Some(&b'/'))
        }
    }

    /// The first eight bytes of a C string, the first of them lowest, and anything after its end.
    ///
    /// # Safety
    /// `text` is a C string.
    #[inline(always)]
    unsafe fn start_of(text: *const u8) -> u64 {
        const LEAST_PAGE_BYTES: usize = 4096;
        if text.addr() % LEAST_PAGE_BYTES <= LEAST_PAGE_BYTES - size_of::<u64>() {
            // SAFETY: all of it is on the page that the string begins on.
            return u64::from_le(unsafe { text.cast::<u64>().read_unaligned() });
        }
        let mut start = 0;
        for place in 0..size_of::<u64>() {
            // SAFETY: no byte before this one is the string's last.
            match unsafe { *text.add(place) } {
                0 => break,
                byte => start |= u64::from(byte) << (8 * place),
            }
        }
        start
    }

    /// What follows `prefix` in a C string that begins so. The environment is searched two dozen times in a hit, and nearly
    /// every variable is left at its first byte.
    ///
    /// # Safety
    /// `text` is a C string, and `prefix` holds no NUL.
    #[inline(always)]
    unsafe fn after(text: *const c_char, prefix: &[u8]) -> Option<*const c_char> {
        let mut next = text;
        for byte in prefix {
            // SAFETY: every byte before this one equalled one that is not NUL.
            unsafe {
                if *next.cast::<u8>() != *byte {
                    return None;
                }
                next = next.add(1);
            }
        }
        Some(next)
    }

    /// Becomes the script's binary if it is a hit; returns if it is not, having changed nothing.
    ///
    /// # Safety
    /// `argv` holds `argc` C strings and a null; `envp` is null-terminated; there is one thread.
    pub(super) unsafe fn become_hit(argc: usize, argv: *const *const c_char, envp: *const *const c_char) {
        // SAFETY: by the caller's promise.
        unsafe {
            if argc < 2 || !is_own_name(CStr::from_ptr(*argv).to_bytes()) {
                return;
            }
            let Some(buffers) = take_memory() else { return };
            let kernel = Kernel::new(envp);
            let Some(hit) = hit::find(CStr::from_ptr(*argv.add(1)), &kernel, buffers) else { return };
            let own = || own_variables(hit.variables);
            let is_own = |text| own().any(|own| after(text, name_of(own.to_bytes())).is_some());
            // In a run that no other run began there are none.
            let has_own = own().any(|own| kernel.may_have(Mark::of(name_of(own.to_bytes()))));
            // Where the trace was, with which it is done.
            let (_, environment, _) = hit.spare.align_to_mut::<*const c_char>();
            let mut places = environment.iter_mut();
            for variable in kernel.variables {
                if !(has_own && is_own(*variable))
                    && let Some(place) = places.next()
                {
                    *place = *variable;
                }
            }
            for (variable, place) in own().zip(places.by_ref()) {
                *place = variable.as_ptr();
            }
            let Some(end) = places.next() else { return };
            *end = ptr::null();
            let typed = *argv.add(1);
            if hit.is_package {
                // The kernel laid it out for this process to change.
                *argv.add(1).cast_mut() = file_name(hit.binary).as_ptr();
            }
            super::execve(hit.binary, argv.add(1), environment.as_ptr());
            *argv.add(1).cast_mut() = typed;
        }
    }

    /// What comes after the last slash.
    fn file_name(path: &CStr) -> &CStr {
        let bytes = path.to_bytes_with_nul();
        let name = bytes.rsplit(|byte| *byte == b'/').next();
        name.and_then(|name| CStr::from_bytes_with_nul(name).ok()).unwrap_or(path)
    }

    /// The variables of a hit.
    fn own_variables(text: &[u8]) -> impl Iterator<Item = &CStr> {
        text.split_inclusive(|byte| *byte == 0).map_while(|text| CStr::from_bytes_with_nul(text).ok())
    }

    /// A variable's name, its equals sign included.
    fn name_of(variable: &[u8]) -> &[u8] {
        variable.split_inclusive(|byte| *byte == b'=').next().unwrap_or_default()
    }

    /// Under another name it is another program's stand-in.
    fn is_own_name(name: &[u8]) -> bool {
        // As a literal it would lie far from the code of a hit.
        matches!(name.rsplit(|byte| *byte == b'/').next(), Some([b'r', b'u', b'n', b'n', b'e', b'r']))
    }
}

/// Executes; returns only if that failed, without touching `errno`, which may not be there yet.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn execve(path: &CStr, argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: three pointers the kernel only reads; 59 is execve.
    unsafe {
        std::arch::asm!("syscall", inlateout("rax") 59isize => _, in("rdi") path.as_ptr(), in("rsi") argv, in("rdx") envp,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
}

/// The length of what was written, NUL included.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn getcwd(buffer: &mut [u8]) -> Option<usize> {
    let written: isize;
    // SAFETY: the kernel writes at most `len` bytes; 79 is getcwd.
    unsafe {
        std::arch::asm!("syscall", inlateout("rax") 79isize => written, in("rdi") buffer.as_mut_ptr(),
            in("rsi") buffer.len(), lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    usize::try_from(written).ok()
}

#[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
unsafe fn execve(path: &CStr, argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: C strings and null-terminated arrays.
    unsafe { libc::execve(path.as_ptr(), argv, envp) };
}

#[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
unsafe fn getcwd(buffer: &mut [u8]) -> Option<usize> {
    // SAFETY: libc writes at most `len` bytes.
    let written = unsafe { libc::getcwd(buffer.as_mut_ptr().cast(), buffer.len()) };
    (!written.is_null()).then(|| buffer.iter().position(|byte| *byte == 0).map(|length| length + 1))?
}

/// The ELF entry point: asks for a hit on the kernel's own stack, then lets libc start as if nothing had been.
#[cfg(all(runner_start, target_os = "linux", target_arch = "x86_64"))]
mod start {
    use std::ffi::c_char;

    // At entry `rsp` points to argc, argv…, NULL, envp…, NULL, auxv; `rdx` is libc's business.
    std::arch::global_asm!(
        ".pushsection .text.runner_start,\"ax\",@progbits",
        ".globl runner_start",
        ".type runner_start,@function",
        "runner_start:",
        "xor ebp, ebp",
        "mov rbx, rsp",
        "mov r12, rdx",
        "mov rdi, rsp",
        "and rsp, -16",
        "call {early}",
        "mov rsp, rbx",
        "mov rdx, r12",
        "jmp _start",
        ".popsection",
        early = sym early,
    );

    unsafe extern "C" fn early(stack: *const usize) {
        // SAFETY: the layout above is the kernel's promise (System V ABI, x86-64, 3.4.1).
        unsafe {
            let argc = *stack;
            let argv = stack.add(1).cast::<*const c_char>();
            super::linux::become_hit(argc, argv, argv.add(argc + 1));
        }
    }
}
