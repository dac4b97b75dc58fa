//! Exec wrappers: another program runs the script's, because of `--exec 'gdb --args'` or because the program
//! is for another kind of machine.
//!
//! For another machine the program that runs it is looked for at each run, in cargo's order: `CARGO_TARGET_<T>_RUNNER`,
//! `target.<T>.runner` in cargo's configuration, `qemu-<arch>` on PATH; else it is executed as it is, for a kernel that was
//! told what to do with it (`binfmt_misc`). The emulator is given the name the script goes by, and the libraries of the
//! cross compiler if the program needs any.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::rust::architecture::{gnu_architecture, is_own_architecture};
use crate::rust::cargo_config::CargoConfig;
use crate::rust::target;
use crate::store::stamp::Moment;

/// What a program is run by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExecWrapper {
    /// A file.
    pub(crate) program: PathBuf,
    /// From `argv[0]`, without the program's path.
    pub(crate) words: Vec<OsString>,
}

/// What `--exec` asks for.
///
/// # Errors
/// [`Step::Arguments`] if it is empty, [`Step::Execute`], 127, if the program is not there.
pub(crate) fn asked(words: &[String], environment: &Environment) -> Result<ExecWrapper> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let Some(first) = words.first().filter(|first| !first.is_empty()) else {
        return Err(Error::message(Step::Arguments, "the program to run it under has no name"));
    };
    Ok(ExecWrapper { program: find(first, "cannot run it under", environment)?, words })
}

/// What runs programs for `target`; `None` if this machine may do it itself. `file` is the program, `typed` what the
/// script is called.
///
/// # Errors
/// [`Step::Execute`]: 127 if what is configured is not there, 126 if the program's libraries are not.
pub(crate) fn for_target(
    target: &str,
    file: &Path,
    typed: &OsStr,
    environment: &Environment,
) -> Result<Option<ExecWrapper>> {
    let variable = target::variable(target, "RUNNER");
    if let Some(text) = environment.set(&variable) {
        let words: Vec<String> = text.to_string_lossy().split_whitespace().map(str::to_owned).collect();
        return named(words, &format!("`{variable}` names"), environment).map(Some);
    }
    if let Some(words) = CargoConfig::read(environment, Moment::now())?.runner(target) {
        return named(words, &format!("`target.{target}.runner` names"), environment).map(Some);
    }
    if is_native(target) {
        return Ok(None);
    }
    let emulator = emulator(target);
    let names = [emulator.clone(), format!("{emulator}-static")];
    let found = names.iter().find_map(|name| environment.find_command(OsStr::new(name)));
    let Some(program) = found.filter(|_| target.contains("-linux-")) else { return Ok(None) };
    let mut words: Vec<OsString> = vec![program.clone().into(), "-0".into(), typed.to_owned()];
    let libraries = Path::new("/usr").join(system_of(target));
    let loader = match loader(file) {
        // Of a program that is not built yet it is not known.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            words.extend(
                libraries.is_dir().then(|| ["-L".into(), libraries.clone().into()]).into_iter().flatten(),
            );
            None
        }
        loader => loader.map_err(|error| unreadable(file, error))?,
    };
    if environment.set("QEMU_LD_PREFIX").is_none()
        && let Some(loader) = loader
        && !loader.exists()
    {
        if !libraries.join(loader.strip_prefix("/").unwrap_or(&loader)).exists() {
            let text = format!("`{}` is not here, and the program needs it", loader.display());
            return Err(Error::message(Step::Execute, text)
                .cannot_execute()
                .hint("install the C library for its target, or name the directory that holds it in `QEMU_LD_PREFIX`"));
        }
        words.extend(["-L".into(), libraries.into()]);
    }
    Ok(Some(ExecWrapper { program, words }))
}

/// Why nothing here runs programs for `target`.
pub(crate) fn missing(target: &str, error: io::Error) -> Error {
    let what = format!("nothing here runs programs for `{target}`");
    let variable = target::variable(target, "RUNNER");
    let hint = match target.contains("-linux-") {
        true => format!(
            "`{}` is not on PATH: `apt-get install qemu-user` or the like, or name a program in `{variable}`",
            emulator(target)
        ),
        false => format!("name a program that does in `{variable}`"),
    };
    Error::new(Step::Execute, anyhow::Error::new(error).context(what)).cannot_execute().hint(hint)
}

fn named(words: Vec<String>, who: &str, environment: &Environment) -> Result<ExecWrapper> {
    let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
    let first = words.first().cloned().unwrap_or_default();
    Ok(ExecWrapper { program: find(&first, who, environment)?, words })
}

/// A program by its path, or on PATH.
fn find(name: &OsStr, who: &str, environment: &Environment) -> Result<PathBuf> {
    let is_path = name.as_bytes().contains(&b'/');
    let found = match is_path {
        true => Some(PathBuf::from(name)).filter(|path| path.exists()),
        false => environment.find_command(name),
    };
    found.ok_or_else(|| {
        let what = if is_path { "which is not there" } else { "which is not on PATH" };
        let text = format!("{who} `{}`, {what}", name.to_string_lossy());
        Error::message(Step::Execute, text).not_found()
    })
}

#[cold]
fn unreadable(file: &Path, error: io::Error) -> Error {
    let what = format!("cannot read `{}`", file.display());
    Error::new(Step::Execute, anyhow::Error::new(error).context(what)).cannot_execute()
}

/// Whether this kind of machine runs programs of that kind.
fn is_native(target: &str) -> bool {
    let architecture = target.split('-').next().unwrap_or_default();
    let is_known = is_own_architecture(target)
        || std::env::consts::ARCH == "x86_64" && gnu_architecture(architecture) == "i686";
    let system = if std::env::consts::OS == "macos" { "-darwin" } else { std::env::consts::OS };
    is_known && target.contains(system)
}

/// The name of the emulator of QEMU's for a target.
fn emulator(target: &str) -> String {
    let architecture = target.split('-').next().unwrap_or_default();
    let name = match architecture {
        _ if gnu_architecture(architecture) == "i686" => "i386",
        "powerpc" => "ppc",
        "powerpc64" => "ppc64",
        "powerpc64le" => "ppc64le",
        "armeb" | "armebv7r" => "armeb",
        other => gnu_architecture(other),
    };
    format!("qemu-{name}")
}

/// The system's name as Debian's cross compilers have it: `aarch64-linux-gnu`.
fn system_of(target: &str) -> String {
    let architecture = target.split('-').next().unwrap_or_default();
    let environment = target.split_once("-linux-").map_or("gnu", |(_, environment)| environment);
    format!("{}-linux-{environment}", gnu_architecture(architecture))
}

/// The dynamic loader that an ELF program asks for; `None` if it is static, or no such program.
fn loader(file: &Path) -> io::Result<Option<PathBuf>> {
    // Its headers come first.
    let mut head = Vec::new();
    std::fs::File::open(file)?.take(1 << 16).read_to_end(&mut head)?;
    Ok(loader_in(&head))
}

/// The path in the first program header of the type PT_INTERP (System V ABI, chapter 5).
fn loader_in(head: &[u8]) -> Option<PathBuf> {
    const PT_INTERP: u64 = 3;
    let is_64 = match head.get(..6)? {
        [0x7f, b'E', b'L', b'F', 1, _] => false,
        [0x7f, b'E', b'L', b'F', 2, _] => true,
        _ => return None,
    };
    let is_little = head.get(5) == Some(&1);
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let bytes = head.get(at..at.checked_add(bytes)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if is_little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    };
    let at = |narrow: (usize, usize), wide: (usize, usize)| if is_64 { wide } else { narrow };
    let field = |base: u64, (offset, bytes): (usize, usize)| -> Option<u64> {
        number(usize::try_from(base).ok()?.checked_add(offset)?, bytes)
    };
    let headers = field(0, at((28, 4), (32, 8)))?;
    let size = field(0, at((42, 2), (54, 2)))?;
    let count = field(0, at((44, 2), (56, 2)))?;
    for index in 0..count {
        let header = headers.checked_add(index.checked_mul(size)?)?;
        if field(header, (0, 4))? == PT_INTERP {
            let start = usize::try_from(field(header, at((4, 4), (8, 8)))?).ok()?;
            let length = usize::try_from(field(header, at((16, 4), (32, 8)))?).ok()?;
            let text = head.get(start..start.checked_add(length)?)?;
            return Some(PathBuf::from(OsStr::from_bytes(text.split(|byte| *byte == 0).next()?)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulators_and_systems_go_by_their_conventional_names() {
        for (target, qemu, system) in [
            ("aarch64-unknown-linux-gnu", "qemu-aarch64", "aarch64-linux-gnu"),
            ("armv7-unknown-linux-gnueabihf", "qemu-arm", "arm-linux-gnueabihf"),
            ("i686-unknown-linux-gnu", "qemu-i386", "i686-linux-gnu"),
            ("powerpc64le-unknown-linux-gnu", "qemu-ppc64le", "powerpc64le-linux-gnu"),
            ("riscv64gc-unknown-linux-musl", "qemu-riscv64", "riscv64-linux-musl"),
            ("s390x-unknown-linux-gnu", "qemu-s390x", "s390x-linux-gnu"),
        ] {
            assert_eq!((emulator(target).as_str(), system_of(target).as_str()), (qemu, system));
        }
    }

    #[test]
    fn the_loader_of_a_program_is_read_from_its_headers() {
        let own = std::fs::read("/proc/self/exe").unwrap_or_default();
        if own.starts_with(b"\x7fELF") {
            let loader = loader_in(&own[..own.len().min(1 << 16)]);
            assert!(loader.is_none_or(|path| path.is_absolute() && path.exists()));
        }
        // One program header at byte 52 of a big-endian 32-bit file; its text at byte 84.
        let mut small = vec![0u8; 84];
        small[..6].copy_from_slice(b"\x7fELF\x01\x02");
        (small[31], small[43], small[45]) = (52, 32, 1);
        (small[55], small[59], small[71]) = (3, 84, 7);
        small.extend_from_slice(b"/lib/x\0");
        assert_eq!(loader_in(&small), Some(PathBuf::from("/lib/x")));
    }

    #[test]
    fn damaged_headers_have_no_loader() {
        let mut head = std::fs::read("/proc/self/exe").unwrap_or_default();
        head.truncate(1 << 12);
        for at in 0..head.len().min(64) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = head.clone();
                damaged[at] = value;
                loader_in(&damaged);
                loader_in(&damaged[..at]);
            }
        }
    }
}
