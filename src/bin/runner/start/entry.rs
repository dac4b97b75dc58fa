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

#[cfg(all(target_os = "linux", not(runner_start)))]
use std::cell::UnsafeCell;
use std::ffi::{CStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStringExt;

#[cfg(all(target_os = "linux", not(runner_start)))]
use runner::fast_path::MEMORY_BYTES;
#[cfg(target_os = "linux")]
use runner::fast_path::Terminated;

/// What the one look for a hit writes to, where no memory of the stack is taken.
#[cfg(all(target_os = "linux", not(runner_start)))]
static MEMORY: OnlyOnce = OnlyOnce(UnsafeCell::new([0; MEMORY_BYTES]));

#[cfg(all(target_os = "linux", not(runner_start)))]
struct OnlyOnce(UnsafeCell<[u8; MEMORY_BYTES]>);

// SAFETY: `main` alone takes what is in it, and C calls that once.
#[cfg(all(target_os = "linux", not(runner_start)))]
unsafe impl Sync for OnlyOnce {}

/// C's `main`.
#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, argv: *const *const c_char, envp: *const *const c_char) -> c_int {
    let count = usize::try_from(argc).unwrap_or(0);
    #[cfg(all(target_os = "linux", not(runner_start)))]
    // SAFETY: C passes `argc` arguments and null-terminated arrays, and calls this once: nobody else has the memory.
    unsafe {
        linux::become_hit(count, argv, envp, &mut *MEMORY.0.get());
    }
    let _ = envp;
    // SAFETY: as above.
    let arguments = (0..count).map(|index| unsafe { CStr::from_ptr(*argv.add(index)) });
    let arguments = arguments.map(|text| OsString::from_vec(text.to_bytes().to_vec())).collect();
    c_int::from(crate::run(arguments))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::Cell;
    use std::ffi::{CStr, c_char};
    #[cfg(target_arch = "x86_64")]
    use std::mem::MaybeUninit;
    use std::ptr;

    use runner::fast_path::{self as hit, Buffers, LARGE_MEMORY_BYTES, Mark, NameMarks, PAGE_BYTES, System};
    #[cfg(target_arch = "x86_64")]
    use runner::fast_path::{Status, Terminated};
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    #[cfg(target_arch = "x86_64")]
    use rustix::{fs::Stat, io::Errno};

    /// The environment as the kernel laid it out.
    struct Kernel {
        variables: &'static [*const c_char],
        /// Most of what a hit asks for is not set, and shows by this.
        marks: NameMarks,
        /// The first variable of each of so many kinds of marks, which nearly always is the one that is asked for.
        first: [u8; FIRST],
        /// Whether any is called as ours are.
        has_ours: bool,
        lacks_memory: Cell<bool>,
    }

    const FIRST: usize = 128;
    const OURS: &[u8] = b"RUNNER_";
    /// As [`start_of`] has it, but for the highest byte.
    const OURS_START: u64 = u64::from_le_bytes(*b"RUNNER_\0");

    impl Kernel {
        /// Without any variables.
        const fn new() -> Kernel {
            Kernel {
                variables: &[],
                marks: NameMarks::NONE,
                first: [u8::MAX; FIRST],
                has_ours: false,
                lacks_memory: Cell::new(false),
            }
        }

        /// Takes all variables, once.
        ///
        /// # Safety
        /// `envp` is a null-terminated array of C strings, as long as the process lives.
        unsafe fn read(&mut self, envp: *const *const c_char) {
            let mut count = 0;
            // SAFETY: it goes no further than to the null.
            unsafe {
                while !(*envp.add(count)).is_null() {
                    let text = (*envp.add(count)).cast::<u8>();
                    let start = start_of(text);
                    self.has_ours |= start << 8 == OURS_START << 8;
                    let mark = Mark::of_start(start);
                    self.marks.add(mark);
                    let first = &mut self.first[mark.index() % FIRST];
                    if *first == u8::MAX && count < usize::from(u8::MAX) {
                        *first = count as u8;
                    }
                    count += 1;
                }
                self.variables = std::slice::from_raw_parts(envp, count);
            }
        }
    }

    impl System for Kernel {
        fn variable(&self, name: &[u8]) -> Option<&[u8]> {
            let mark = Mark::of(name);
            if !self.marks.may_have(mark) {
                return None;
            }
            // SAFETY: what follows is in the same C string.
            let is_it = |text: &&*const c_char| unsafe {
                after(**text, name).is_some_and(|rest| *rest.cast::<u8>() == b'=')
            };
            let place = Some(self.first[mark.index() % FIRST]).filter(|place| *place != u8::MAX);
            let first = place.and_then(|place| self.variables.get(usize::from(place))).filter(is_it);
            let text = first.or_else(|| self.variables.iter().find(is_it))?;
            // SAFETY: it begins with the name and an equals sign.
            Some(unsafe { CStr::from_ptr(text.add(name.len() + 1)) }.to_bytes())
        }

        fn may_have(&self, mark: Mark) -> bool {
            self.marks.may_have(mark)
        }

        fn has_variable_like(&self, prefix: &[u8], known: &[&[u8]]) -> bool {
            if prefix == OURS && !self.has_ours {
                return false;
            }
            let is_known = |rest: &[u8]| {
                let known = known.iter().filter_map(|known| rest.strip_prefix(known.strip_prefix(prefix)?));
                known.into_iter().any(|rest| rest.first() == Some(&b'='))
            };
            self.variables.iter().any(|text| {
                // SAFETY: what follows is in the same C string.
                unsafe { after(*text, prefix).is_some_and(|rest| !is_known(CStr::from_ptr(rest).to_bytes())) }
            })
        }

        #[cfg(target_arch = "x86_64")]
        fn status(&self, path: Terminated<'_>, follows: bool) -> Result<Status, Errno> {
            let mut stat = MaybeUninit::<Stat>::uninit();
            let (path, to) = (path.as_ptr().expose_provenance(), stat.as_mut_ptr().expose_provenance());
            // SAFETY: the kernel reads a text that ends, and writes the whole structure if it succeeds; 4 is stat, and 6 lstat.
            unsafe {
                match super::call(if follows { 4 } else { 6 }, path, to, 0) {
                    0 => Ok(Status::of(stat.assume_init_ref())),
                    error => Err(Errno::from_raw_os_error(-(error as i32))),
                }
            }
        }

        /// The kernel says so behind the environment, which is there as it left it: a call of it is saved.
        #[cfg(runner_start)]
        fn user(&self) -> u32 {
            const AT_NULL: usize = 0;
            const AT_EUID: usize = 12;
            // SAFETY: after the null come pairs of a tag and a value (System V ABI, x86-64, 3.4.3), of which the last has the tag 0.
            unsafe {
                let mut entry = self.variables.as_ptr().add(self.variables.len() + 1).cast::<[usize; 2]>();
                loop {
                    match *entry {
                        [AT_NULL, _] => return rustix::process::geteuid().as_raw(),
                        [AT_EUID, user] => return user as u32,
                        _ => entry = entry.add(1),
                    }
                }
            }
        }

        fn lacks_memory(&self) {
            self.lacks_memory.set(true);
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
        if text.addr() % PAGE_BYTES <= PAGE_BYTES - size_of::<u64>() {
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
    pub(super) unsafe fn become_hit(
        argc: usize,
        argv: *const *const c_char,
        envp: *const *const c_char,
        memory: &mut [u8],
    ) {
        // SAFETY: by the caller's promise.
        unsafe {
            if argc < 2 || !is_own_name(CStr::from_ptr(*argv).to_bytes()) {
                return;
            }
            let mut kernel = Kernel::new();
            kernel.read(envp);
            let typed = CStr::from_ptr(*argv.add(1));
            let found = hit::find(typed, &kernel, Buffers::of(memory));
            let more = || {
                let (read_write, private) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
                let more = mmap_anonymous(ptr::null_mut(), LARGE_MEMORY_BYTES, read_write, private).ok()?;
                let more = std::slice::from_raw_parts_mut(more.cast(), LARGE_MEMORY_BYTES);
                hit::find(typed, &kernel, Buffers::of(more))
            };
            let Some(hit) = found.or_else(|| kernel.lacks_memory.get().then(more)?) else { return };
            let own = || own_variables(hit.variables);
            let is_own = |text| own().any(|own| after(text, name_of(own)).is_some());
            // In a run that no other run began there are none of these.
            let has_own = own().any(|own| kernel.may_have(Mark::of(own)));
            // Where the trace was, with which it is done.
            let (_, environment, _) = hit.spare.align_to_mut::<*const c_char>();
            let mut places = environment.iter_mut();
            let others = kernel.variables.iter().filter(|variable| !(has_own && is_own(**variable)));
            others.zip(places.by_ref()).for_each(|(variable, place)| *place = *variable);
            for (variable, place) in own().zip(places.by_ref()) {
                *place = variable.as_ptr().cast();
            }
            let Some(end) = places.next() else { return };
            *end = ptr::null();
            let typed = *argv.add(1);
            if hit.is_package {
                // The kernel laid it out for this process to change.
                *argv.add(1).cast_mut() = file_name(hit.binary.with_end()).as_ptr().cast();
            }
            super::execve(hit.binary, argv.add(1), environment.as_ptr());
            *argv.add(1).cast_mut() = typed;
        }
    }

    /// What comes after the last slash.
    fn file_name(path: &[u8]) -> &[u8] {
        path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
    }

    /// The variables of a hit, each with the zero byte at its end.
    fn own_variables(text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text.split_inclusive(|byte| *byte == 0)
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

/// A system call, which touches no `errno`: that may not be there yet.
///
/// # Safety
/// It is the kernel's business what the call does.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn call(number: isize, one: usize, two: usize, three: usize) -> isize {
    let result;
    // SAFETY: by the caller's promise.
    unsafe {
        std::arch::asm!("syscall", inlateout("rax") number => result, in("rdi") one, in("rsi") two, in("rdx") three,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// Executes; returns only if that failed.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn execve(path: Terminated<'_>, argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: three pointers the kernel only reads; 59 is execve.
    unsafe {
        call(59, path.as_ptr().expose_provenance(), argv.expose_provenance(), envp.expose_provenance())
    };
}

/// The length of what was written, NUL included.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn getcwd(buffer: &mut [u8]) -> Option<usize> {
    // SAFETY: the kernel writes at most `len` bytes; 79 is getcwd.
    usize::try_from(unsafe { call(79, buffer.as_mut_ptr().expose_provenance(), buffer.len(), 0) }).ok()
}

#[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
unsafe fn execve(path: Terminated<'_>, argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: C strings and null-terminated arrays.
    unsafe { libc::execve(path.as_ptr().cast(), argv, envp) };
}

#[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
unsafe fn getcwd(buffer: &mut [u8]) -> Option<usize> {
    // SAFETY: libc writes at most `len` bytes.
    let written = unsafe { libc::getcwd(buffer.as_mut_ptr().cast(), buffer.len()) };
    (!written.is_null()).then(|| buffer.iter().position(|byte| *byte == 0).map(|length| length + 1))?
}

/// The ELF entry point: asks for a hit on the kernel's own stack, then lets libc start as if nothing had been.
///
/// `scripts/segment.ld` makes the program one segment, which nobody may write to: a hit pays for each segment, and for each page of
/// static memory. So a hit has its memory on the stack, and only where there is none are the static variables made writable.
#[cfg(all(runner_start, target_os = "linux", target_arch = "x86_64"))]
mod start {
    use std::ffi::c_char;

    use runner::EXIT_FAILED;
    use runner::fast_path::{MEMORY_BYTES, MEMORY_OFFSET, PAGE_BYTES};

    // At entry `rsp` points to argc, argv…, NULL, envp…, NULL, auxv; `rdx` is libc's business. All of the stack below `rsp` is
    // zero, and 64 KiB of it need nobody's permission. The functions of a hit have theirs on the page that memory begins on.
    std::arch::global_asm!(
        ".pushsection .text.runner_start,\"ax\",@progbits",
        ".globl runner_start",
        ".type runner_start,@function",
        // Where no script of the linker says so, there is nothing to be done.
        ".weak runner_data",
        ".weak runner_data_end",
        "runner_start:",
        "xor ebp, ebp",
        "mov rbx, rsp",
        "mov r12, rdx",
        "mov rdi, rsp",
        "lea rsi, [rsp - {memory}]",
        "and rsi, -{page}",
        "add rsi, {offset} - {page}",
        "mov rsp, rsi",
        "call {early}",
        "mov rsp, rbx",
        "and rsp, -16",
        "mov edi, offset runner_data",
        "mov esi, offset runner_data_end",
        "call {late}",
        "mov rsp, rbx",
        "mov rdx, r12",
        "jmp _start",
        ".popsection",
        early = sym early,
        late = sym late,
        memory = const MEMORY_BYTES,
        page = const PAGE_BYTES,
        offset = const MEMORY_OFFSET,
    );

    const _: () = assert!(MEMORY_BYTES + 3 * PAGE_BYTES < 64 * 1024);

    unsafe extern "C" fn early(stack: *const usize, memory: *mut u8) {
        // SAFETY: the layout above is the kernel's promise (System V ABI, x86-64, 3.4.1); and nobody else knows of the memory.
        unsafe {
            let argc = *stack;
            let argv = stack.add(1).cast::<*const c_char>();
            let memory = std::slice::from_raw_parts_mut(memory, MEMORY_BYTES);
            super::linux::become_hit(argc, argv, argv.add(argc + 1), memory);
        }
    }

    /// Makes the static variables writable, which are whole pages; ends the process if the kernel refuses.
    unsafe extern "C" fn late(data: usize, end: usize) {
        const MESSAGE: &str = "runner: the kernel does not let this program write to its static variables\n  \
                               hint: a runner that `cargo install` links needs no permission for that\n";
        // SAFETY: these are pages of the program that hold nothing but static variables; 10 is mprotect, 3 reading and writing, 1
        // write, and 60 exit.
        unsafe {
            if super::call(10, data, end - data, 3) != 0 {
                super::call(1, 2, MESSAGE.as_ptr().expose_provenance(), MESSAGE.len());
                super::call(60, EXIT_FAILED.into(), 0, 0);
            }
        }
    }
}
