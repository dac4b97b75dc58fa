//! Digests a file, or the names in a directory, with the stamp it had while it was read.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::base::digest::{Digest, Fields};
use crate::base::order;
use crate::store::stamp::Stamp;

/// A compiler larger than this is compared by samples: one of 150 MB would cost a fifth of a second, and no two builds of it
/// agree in sixteen places.
const SAMPLED_BYTES: u64 = 16 << 20;

/// Whether a file is a compiler itself: a program, or the library that is rustc. An archive or a library that is linked is
/// not: one member of it may change.
fn is_compiler(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.starts_with(b"librustc_driver") || !name.contains(&b'.')
}

/// Which names in a directory matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Names {
    /// Every one.
    All,
    /// Not what tools put beside sources: `target`, and names with a dot first.
    Sources,
    /// Not what is the version control's, and `target`: of a package that cargo watches as a whole.
    Package,
    /// The same in a directory below it, where a `target` is as good as any.
    Below,
}

impl Names {
    pub(crate) fn matters(self, name: &OsStr) -> bool {
        let is_of_version_control = || [".git", ".hg", ".jj", ".svn"].iter().any(|own| name == *own);
        match self {
            Names::All => true,
            Names::Sources => name != "target" && !name.as_bytes().starts_with(b"."),
            Names::Package => name != "target" && !is_of_version_control(),
            Names::Below => !is_of_version_control(),
        }
    }
}

/// Whether an error says that nothing is there, or a link that leads to nothing.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENAMETOOLONG))
}

/// Whether an error of asking for a file (not of opening it) says that nothing can be there for us: it is absent, or a directory
/// above it may not be searched.
pub(crate) fn is_out_of_reach(error: &io::Error) -> bool {
    is_absence(error) || error.kind() == io::ErrorKind::PermissionDenied
}

/// Of a file's digest, as [`read_stamped`] has it, that of its bytes, as `b3sum` has it.
pub(crate) fn of_bytes(path: &Path, digest: Digest) -> Digest {
    match std::fs::metadata(path).is_ok_and(|metadata| is_executable(&metadata)) {
        true => digest.executable(),
        false => digest,
    }
}

fn is_executable(metadata: &std::fs::Metadata) -> bool {
    metadata.permissions().mode() & 0o100 != 0
}

/// A file's digest with the stamp it had while it was read: reads again if that moved. A file that its owner may execute has
/// another than one with the same bytes that may not.
pub(crate) fn read_stamped(path: &Path, tool: bool) -> io::Result<(Digest, Stamp)> {
    // A FIFO has nobody at its other end, and a device no end: neither has content that could change.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut file = std::fs::File::options().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    let mut stamp = Stamp::of(&metadata);
    if !metadata.is_file() && !metadata.is_dir() {
        return Ok((Digest::of(b"no regular file"), stamp));
    }
    for _ in 0..8 {
        let digest = match tool && stamp.size > SAMPLED_BYTES && is_compiler(path) {
            true => sample(&file, stamp.size)?,
            false => Digest::of_reader(&mut file)?,
        };
        let after = file.metadata()?;
        if Stamp::of(&after) == stamp {
            return Ok((if is_executable(&after) { digest.executable() } else { digest }, stamp));
        }
        stamp = Stamp::of(&after);
        io::Seek::rewind(&mut file)?;
    }
    Err(io::Error::other("it keeps changing while it is read"))
}

/// The size of a file and sixteen stretches of it.
fn sample(file: &std::fs::File, size: u64) -> io::Result<Digest> {
    let mut fields = Fields::new("sample");
    fields.push("size", &size.to_le_bytes());
    let mut buffer = vec![0; 64 * 1024];
    for part in 0..16 {
        let offset = (size - buffer.len() as u64) / 15 * part;
        std::os::unix::fs::FileExt::read_exact_at(file, &mut buffer, offset)?;
        fields.push("part", &buffer);
    }
    Ok(fields.finish())
}

/// The digest of the sorted names in a directory, each with its kind.
pub(crate) fn names_in(path: &Path, which: Names) -> io::Result<Digest> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if which.matters(&name) {
            let kind = match entry.file_type()? {
                kind if kind.is_dir() => "directory",
                kind if kind.is_symlink() => "link",
                _ => "file",
            };
            names.push((name, kind));
        }
    }
    order::sort(&mut names);
    let mut fields = Fields::new("directory");
    for (name, kind) in names {
        fields.push(kind, name.as_bytes());
    }
    Ok(fields.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_archive_and_a_library_every_byte_counts_and_of_a_compiler_samples_do() {
        let directory = tempfile::tempdir().unwrap();
        for (name, is_sampled) in [
            ("libx.a", false),
            ("libx.so", false),
            ("libx.so.1.2", false),
            ("x.o", false),
            ("cc1", true),
            ("librustc_driver-12ab.so", true),
        ] {
            let path = directory.path().join(name);
            let file = std::fs::File::create(&path).unwrap();
            file.set_len(SAMPLED_BYTES + 1_000_000).unwrap();
            let before = read_stamped(&path, true).unwrap().0;
            std::os::unix::fs::FileExt::write_all_at(&file, b"changed", 200_000).unwrap();
            assert_eq!(read_stamped(&path, true).unwrap().0 == before, is_sampled, "{name}");
        }
    }
}
