//! Finds the cached binary of a script without a heap, for the `runner` command on Linux.
//!
//! This is the question that [`crate::Runner::build`] begins with, answered for the common case only: a script that is
//! a regular file, no options, and a trace of which every stamp is as recorded. Whatever else there is (a stamp that
//! differs and needs a look at the content, a file larger than the buffers, a variable that steers runner, a path that has
//! to be tidied) is left to the long way, which decides everything anew. So nothing here can make a run stale: it can only
//! decline.
//!
//! It allocates nothing, starts no thread, touches no thread-local, calls no libc and does not panic, so that the command
//! can run it before libc has been initialized: that initialization alone costs several times what all of this does, since
//! in a virtual machine each CPUID traps, and glibc's start-up runs dozens. What is left is, in order: the script (`open`,
//! `pread`), the cache (`lstat`, `geteuid`), the trace (`open`, `pread`), its binary (`lstat`), one `stat` a recorded
//! file, and `execve`.
//!
//! The facts of a trace stand at its head as questions, for this alone (see `store::trace::questions`); launch keys and stamps are
//! computed by the code that everybody uses. `tests/it/fast_path` holds the two ways to the same answers.

pub(crate) mod buffer;
pub(crate) mod facts;
#[cfg(test)]
mod tests;
mod trace_heads;

use std::ffi::CStr;

use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, openat2, readlinkat_raw};
use rustix::io::Errno;

use crate::base::digest::{Digest, Fields};
use crate::base::hit_text::hit_text;
pub use crate::base::name_marks::{Mark, NameMarks};
pub use crate::base::terminated::Terminated;
use crate::fast_path::buffer::Buffer;
use crate::fast_path::facts::{Answers, PATH_BYTES};
pub use crate::fast_path::facts::{Status, System};
use crate::fast_path::trace_heads::TraceHeads;
use crate::request::package_spec;
use crate::request::setting_variables::{IGNORED_VARIABLES, KEY_VARIABLES, SLOW_VARIABLES};
use crate::settings::launch_key;
use crate::store::key::Key;
use crate::store::trace::line::has_parents;
use crate::store::trace::questions::{Question, Questions};

const CACHE_BYTES: usize = 256;
/// What must be there of the rest of the page that the first of the buffers ends on.
const PAGE_REST_BYTES: usize = 512;
/// The smallest page that a kernel has.
pub const PAGE_BYTES: usize = 4096;

/// Memory for nearly all hits, without what must be aligned: half of the pages for the stamps of hundreds of files, and half for
/// the script and then its trace.
pub const MEMORY_BYTES: usize = CACHE_BYTES + PATH_BYTES + PAGE_REST_BYTES + 12 * PAGE_BYTES;
/// Memory for scripts of 256 KiB, and eight thousand files.
pub const LARGE_MEMORY_BYTES: usize = MEMORY_BYTES + 118 * PAGE_BYTES;
/// Where memory is to begin on a page, so that it has as few as can be: the first touch of each costs as much as several files to
/// ask about.
pub const MEMORY_OFFSET: usize = PAGE_BYTES - CACHE_BYTES - PATH_BYTES - PAGE_REST_BYTES;

/// What a look for a hit writes to, in which what is always needed comes first.
#[derive(Debug)]
pub struct Buffers<'a> {
    cache: &'a mut [u8],
    path: &'a mut [u8],
    variables: &'a mut [u8],
    /// What is hashed, the script at its end, and then the trace.
    file: &'a mut [u8],
}

impl<'a> Buffers<'a> {
    /// Those in some memory; with too little there is never a hit.
    pub fn of(memory: &'a mut [u8]) -> Buffers<'a> {
        let (cache, rest) = memory.split_at_mut(CACHE_BYTES.min(memory.len()));
        let (path, rest) = rest.split_at_mut(PATH_BYTES.min(rest.len()));
        let pages = rest.len().saturating_sub(PAGE_REST_BYTES) / PAGE_BYTES;
        let (variables, file) = rest.split_at_mut((PAGE_REST_BYTES + pages / 2 * PAGE_BYTES).min(rest.len()));
        Buffers { cache, path, variables, file }
    }
}

/// What to execute.
#[derive(Debug)]
pub struct Hit<'a> {
    /// The path of the binary.
    pub binary: Terminated<'a>,
    /// Whether it is a package's program, which is called by its own name.
    pub is_package: bool,
    /// `RUNNER_SCRIPT=…` and what else the program is told: variables for its environment, a NUL after each.
    pub variables: &'a [u8],
    /// Memory of the buffers that nothing of this is in.
    pub spare: &'a mut [u8],
    /// What was read, which the kernel closes when it executes: to close it first would be two calls more.
    pub files: [Option<OwnedFd>; 2],
}

/// Variables that are no settings: the one that programs are told of, and some of a well-known service's.
const FOREIGN: &[&[u8]] = &[
    b"RUNNER_SCRIPT",
    b"RUNNER_WATCH",
    // <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>
    b"RUNNER_ARCH",
    b"RUNNER_DEBUG",
    b"RUNNER_ENVIRONMENT",
    b"RUNNER_NAME",
    b"RUNNER_OS",
    b"RUNNER_TEMP",
    b"RUNNER_TOOL_CACHE",
    b"RUNNER_TRACKING_ID",
    b"RUNNER_WORKSPACE",
];

/// Variables that mean nothing to a hit; with any other there may be one that does.
const KNOWN: &[&[u8]] = &{
    let mut known: [&[u8]; FOREIGN.len() + IGNORED_VARIABLES.len()] =
        [b""; FOREIGN.len() + IGNORED_VARIABLES.len()];
    let mut at = 0;
    while at < known.len() {
        known[at] = match at.checked_sub(FOREIGN.len()) {
            None => FOREIGN[at],
            Some(rest) => IGNORED_VARIABLES[rest].as_bytes(),
        };
        at += 1;
    }
    known
};

const OWN_VARIABLE: &[u8] = hit_text!(b"RUNNER_SCRIPT=");

/// The binary of the script at `typed`, if that can be told in the shortest way.
pub fn find<'a>(typed: &CStr, system: &impl System, buffers: Buffers<'a>) -> Option<Hit<'a>> {
    let name = typed.to_bytes();
    // A word without any may be a subcommand, or on PATH; a descriptor is not a file, and a URL is no path.
    let package = package_spec::split(name);
    #[expect(clippy::manual_contains, reason = "which is code that nothing else here executes")]
    let holds = |sign| name.iter().any(|byte| *byte == sign);
    let is_path = holds(b'/') || holds(b'.');
    if !is_path && package.is_none()
        || matches!(name.first(), Some(b'-' | b'+'))
        || name.starts_with(hit_text!(b"/dev/"))
        || name.starts_with(hit_text!(b"/proc/"))
        || holds(b':') && name.windows(3).any(|signs| signs == hit_text!(b"://"))
    {
        return None;
    }
    let is_shaped = system.has_variable_like(hit_text!(b"RUNNER_"), KNOWN);
    // What is called as ours are and is none of them means nothing: machines of services have many.
    if is_shaped && SLOW_VARIABLES.iter().any(|name| system.variable(name.as_bytes()).is_some()) {
        return None;
    }
    let Buffers { variables, cache, path, file: bytes } = buffers;
    let shaping = |fields: &mut Fields<Buffer<'_>>| {
        for name in KEY_VARIABLES.iter().filter(|_| is_shaped) {
            if let Some(value) = system.variable(name.as_bytes()) {
                fields.push(name, value);
            }
        }
    };
    let mut variables = Buffer::new(variables);
    // A file of that name wins; and only what runs for a script is told of one.
    if let Some((package, wanted)) = package
        && open_script(typed).is_err_and(|error| error == Errno::NOENT)
    {
        if system.variable(b"RUNNER_SCRIPT").is_some() {
            return None;
        }
        let fields = launch_key::of_package(Buffer::new(bytes), package, wanted, None, shaping);
        let key = Key::new(Digest::of(fields.into_sink().with(0)?));
        let (binary, trace) = find_traced(&key, system, bytes, cache, path, &mut variables)?;
        let variables = variables.into_bytes();
        return Some(Hit { binary, is_package: true, variables, spare: bytes, files: [None, Some(trace)] });
    }
    variables.push(OWN_VARIABLE)?;
    push_absolute(&mut variables, name, system)?;
    let script_path = variables.bytes().get(OWN_VARIABLE.len()..)?;

    let (file, has_links) = open_script(typed).ok()?;
    let script_path = match has_links {
        false => Some(script_path).filter(|_| !has_parents(name))?,
        true => real_path(&file, path)?,
    };
    let fields = launch_key::of_file(Buffer::new(bytes), script_path, None, shaping);
    let mut hashed = fields.into_sink();
    let size = read_whole(&file, hashed.spare(), system)?;
    let key = Key::new(Digest::of(hashed.with(size)?));
    variables.push(hit_text!(b"\0"))?;
    let (binary, trace) = find_traced(&key, system, bytes, cache, path, &mut variables)?;
    let variables = variables.into_bytes();
    Some(Hit { binary, is_package: false, variables, spare: bytes, files: [Some(file), Some(trace)] })
}

/// The binary that the trace of `key` names, if all holds, and the open trace; adds to `variables` what the program is told.
fn find_traced<'a>(
    key: &Key,
    system: &impl System,
    buffer: &mut [u8],
    cache: &mut [u8],
    path: &'a mut [u8],
    variables: &mut Buffer<'_>,
) -> Option<(Terminated<'a>, OwnedFd)> {
    let mut cache = Buffer::new(cache);
    push_cache(&mut cache, system)?;
    let mut root = system.status(cache.terminated()?, false).ok()?;
    let us = system.user();
    // A link of one's own leads where one wants.
    if root.is(FileType::Symlink) && root.owner == us {
        root = system.status(cache.terminated()?, true).ok()?;
    }
    if !(root.is(FileType::Directory) && root.owner == us && root.mode & 0o022 == 0) {
        return None;
    }
    cache.push(hit_text!(b"/v1/"))?;

    let hex = key.digest().hex_bytes();
    let mut path = Buffer::new(path);
    for part in [cache.bytes(), hit_text!(b"traces/"), hex.get(..2)?, hit_text!(b"/"), &hex] {
        path.push(part)?;
    }
    let file = open(path.terminated()?.c_str()).ok()?;
    let mut heads = TraceHeads::of(&file, buffer)?;
    let own = variables.length;
    while let Some(questions) = heads.next(key.digest(), system) {
        variables.length = own;
        let mut answers = Answers::new(&mut path, variables, system);
        if is_current(questions, &mut answers, &cache, us, system)? {
            return Some((path.into_terminated()?, file));
        }
    }
    None
}

/// Whether all that was recorded of a variant holds by its stamp: then the path of the answers is its binary's. `None` if only
/// contents can tell.
fn is_current(
    mut questions: Questions<'_>,
    answers: &mut Answers<'_, '_, '_>,
    cache: &Buffer<'_>,
    owner: u32,
    system: &impl System,
) -> Option<bool> {
    loop {
        match questions.next()? {
            Question::Binary(binary) => {
                answers.binary(binary.bytes(), cache.bytes(), owner, system)?;
                return questions.are_answered_by(answers.take_stamps()).then_some(true);
            }
            question if answers.answer(question, system)? => {}
            _ => return Some(false),
        }
    }
}

/// The cache's directory, as `Environment::cache_directory` has it on Linux.
fn push_cache(text: &mut Buffer<'_>, system: &impl System) -> Option<()> {
    let set = |name: &[u8]| system.variable(name).filter(|value| !value.is_empty());
    if let Some(own) = set(hit_text!(b"RUNNER_CACHE")) {
        return is_tidy(own).then(|| text.push(own))?;
    }
    match set(hit_text!(b"XDG_CACHE_HOME")).filter(|value| value.first() == Some(&b'/')) {
        Some(cache) => text.push(cache)?,
        None => {
            text.push(set(hit_text!(b"HOME")).filter(|home| home.first() == Some(&b'/'))?)?;
            text.push(hit_text!(b"/.cache"))?;
        }
    }
    is_tidy(text.bytes()).then(|| text.push(hit_text!(b"/runner")))?
}

/// The absolute path of a script, as `std::path::absolute` has it, for paths that need no tidying.
fn push_absolute(text: &mut Buffer<'_>, name: &[u8], system: &impl System) -> Option<()> {
    if name.first() == Some(&b'/') {
        return is_tidy(name).then(|| text.push(name))?;
    }
    let name = name.strip_prefix(hit_text!(b"./")).unwrap_or(name);
    has_tidy_components(name).then_some(())?;
    // The kernel's own paths are tidy; but for `/`, which ends in a slash.
    let start = text.length;
    text.length = start.checked_add(system.current_directory(text.spare())?)?;
    if text.length - start > 1 {
        text.push(hit_text!(b"/"))?;
    }
    text.push(name)
}

/// Whether a path is absolute and holds no empty and no `.` components.
fn is_tidy(path: &[u8]) -> bool {
    path.split_first().is_some_and(|(first, rest)| *first == b'/' && has_tidy_components(rest))
}

fn has_tidy_components(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(|component| !matches!(component, [] | [b'.']))
}

/// Opens a script, and tells whether its path holds a symbolic link: see [`crate::Script`].
fn open_script(path: &CStr) -> Result<(OwnedFd, bool), Errno> {
    // A FIFO is not waited for, and left to the rest.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(file) => Ok((file, false)),
        Err(Errno::NOENT) => Err(Errno::NOENT),
        Err(_) => Ok((rustix::fs::open(path, flags, Mode::empty())?, true)),
    }
}

/// The path of an open file, without links, as the kernel has it.
fn real_path<'a>(file: &OwnedFd, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut name = [0; 32];
    let mut text = Buffer::new(&mut name);
    text.push(b"/proc/self/fd/")?;
    let mut digits = [0; 10];
    let mut number = u32::try_from(file.as_raw_fd()).ok()?;
    let mut start = digits.len();
    loop {
        start = start.checked_sub(1)?;
        *digits.get_mut(start)? = b'0' + u8::try_from(number % 10).ok()?;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.push(digits.get(start..)?)?;
    let length = readlinkat_raw(CWD, text.terminated()?.c_str(), &mut *buffer).ok()?;
    // A path that fills the buffer may have been cut; a file that was removed, or lies elsewhere, has no name here.
    let is_whole = length < buffer.len();
    let path = buffer.get(..length)?;
    (is_whole && is_tidy(path) && !path.ends_with(b" (deleted)")).then_some(path)
}

fn open(path: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

/// All of a file, if it is smaller than the buffer: a short read is its end.
fn read_whole(file: &OwnedFd, buffer: &mut [u8], system: &impl System) -> Option<usize> {
    let count = read_at(file, 0, buffer)?;
    if count == buffer.len() {
        system.lacks_memory();
        return None;
    }
    Some(count)
}

/// Reads from a place in a file. Of what has no places, as a FIFO has none, nothing is read, and so nothing is lost.
fn read_at(file: &OwnedFd, start: usize, buffer: &mut [u8]) -> Option<usize> {
    rustix::io::pread(file, buffer, u64::try_from(start).ok()?).ok()
}
