//! Scripts: what was typed, where it is, and its bytes, read once.
//!
//! A script has a path of its own, or it came through a pipe or a descriptor and has none ([`Place::Nowhere`]). The
//! path is made absolute by text alone; links are resolved on a miss only, and then each one is recorded.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::check::Check;
use crate::environment::{Environment, absolute};
use crate::error::{EXIT_CANNOT_EXECUTE, EXIT_NOT_FOUND, Error, Result, Step};
use crate::stamp::{Moment, Stamp};

/// Larger than any script, smaller than a disk image given by mistake.
const LARGEST_SCRIPT_BYTES: u64 = 64 << 20;

/// A script that has been read.
#[derive(Debug, Clone)]
pub struct Script {
    typed: OsString,
    place: Place,
    bytes: Vec<u8>,
    changed: Option<Moment>,
}

/// Where a script is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file: its absolute path.
    File(PathBuf),
    /// A pipe, a descriptor, standard input: the directory that relative paths are taken from.
    Nowhere(PathBuf),
}

impl Script {
    /// Reads the script that was typed. A name without a slash that is not in the working directory is looked for on
    /// PATH, as `sh NAME` does.
    ///
    /// # Errors
    /// [`Step::Script`]: 127 if it is not there, 126 if it is there and cannot be read or is a directory.
    pub fn read(typed: &OsStr, environment: &Environment) -> Result<Script> {
        if typed.is_empty() {
            return Err(Error::message(Step::Script, "the name of the script is empty")
                .code(EXIT_NOT_FOUND)
                .hint("perhaps it came from a variable that is not set"));
        }
        let mut path = PathBuf::from(typed);
        let mut opened = File::open(&path);
        if let Err(error) = &opened
            && error.kind() == io::ErrorKind::NotFound
            && !typed.as_bytes().contains(&b'/')
            && let Some(found) = environment.find_command(typed)
        {
            opened = File::open(&found);
            path = found;
        }
        let script = opened.and_then(|file| Script::from_file(typed, &path, file));
        script.map_err(|error| refused(&path, error).about(typed.to_string_lossy()))
    }

    fn from_file(typed: &OsStr, path: &Path, mut file: File) -> io::Result<Script> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if metadata.len() > LARGEST_SCRIPT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        (&mut file).take(LARGEST_SCRIPT_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_SCRIPT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let place = match is_descriptor(path) {
            false => Place::File(absolute(path.to_owned())),
            true => named_by_descriptor(path, &metadata)
                .map_or_else(|| Place::Nowhere(absolute(PathBuf::from("."))), Place::File),
        };
        let changed = metadata.is_file().then(|| Stamp::of(&metadata).latest());
        Ok(Script { typed: typed.to_owned(), place, bytes, changed })
    }

    /// A script that is text in memory; relative paths are taken from `base`.
    pub fn from_text(typed: &OsStr, base: &Path, text: impl Into<Vec<u8>>) -> Script {
        let place = Place::Nowhere(absolute(base.to_owned()));
        Script { typed: typed.to_owned(), place, bytes: text.into(), changed: None }
    }

    /// The script as it was typed: what messages call it, and its `argv[0]`.
    pub fn typed(&self) -> &OsStr {
        &self.typed
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The bytes that are hashed and compiled.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// When the file last changed, as far as its stamp tells.
    pub(crate) fn changed(&self) -> Option<Moment> {
        self.changed
    }

    /// The absolute path, if it has one: `RUNNER_SCRIPT`.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Nowhere(_) => None,
        }
    }

    /// The name it is known by: the file's, without its extension; `script` if there is none.
    pub(crate) fn stem(&self) -> OsString {
        self.path().and_then(Path::file_stem).map_or_else(|| OsString::from("script"), OsStr::to_owned)
    }

    /// Whether the file still holds the bytes that were read.
    pub(crate) fn is_unchanged(&self) -> bool {
        match &self.place {
            Place::File(path) => std::fs::read(path).is_ok_and(|bytes| bytes == self.bytes),
            Place::Nowhere(_) => true,
        }
    }

    /// The same script at its real path, and a check for each symbolic link between the two.
    pub(crate) fn resolve(&self) -> io::Result<(Script, Vec<Check<'static>>)> {
        let Place::File(path) = &self.place else { return Ok((self.clone(), Vec::new())) };
        let (real, links) = resolve_links(path)?;
        Ok((Script { place: Place::File(real), ..self.clone() }, links))
    }
}

#[cold]
fn refused(path: &Path, error: io::Error) -> Error {
    use io::ErrorKind::{FileTooLarge, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    match error.kind() {
        NotFound | NotADirectory => {
            let missing = Error::message(Step::Script, "no such script").code(EXIT_NOT_FOUND);
            match similar(path) {
                Some(name) => missing.hint(format!("there is `{name}`")),
                None => missing.hint("give the path of a file, or `runner --help`"),
            }
        }
        IsADirectory => Error::message(Step::Script, "it is a directory, not a script")
            .code(EXIT_CANNOT_EXECUTE)
            .hint("name the file in it that holds `main`"),
        PermissionDenied => {
            Error::new(Step::Script, anyhow::Error::new(error).context("cannot read the script"))
                .code(EXIT_CANNOT_EXECUTE)
                .hint(format!("`chmod +r {}` lets you read it, if it is yours", path.display()))
        }
        FileTooLarge => Error::message(Step::Script, "it is larger than 64 MiB, which no script is")
            .code(EXIT_CANNOT_EXECUTE),
        _ => Error::new(Step::Script, anyhow::Error::new(error).context("cannot read the script"))
            .code(EXIT_CANNOT_EXECUTE),
    }
}

/// A file beside the missing one whose name differs in its extension only, or by a letter or two.
fn similar(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let names = std::fs::read_dir(directory).ok()?.flatten().filter(|entry| entry.path().is_file());
    let mut names: Vec<String> =
        names.filter_map(|entry| entry.file_name().into_string().ok()).take(2000).collect();
    names.sort();
    let found = names
        .iter()
        .find(|name| Path::new(name).file_stem() == Path::new(wanted).file_stem())
        .or_else(|| names.iter().find(|name| wanted.len() > 3 && edit_distance(name, wanted) <= 2))?;
    Some(match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.join(found).display().to_string(),
        _ => found.clone(),
    })
}

/// Whether a word was probably meant to be `known`: one or two letters differ.
pub fn is_similar(known: &str, word: &str) -> bool {
    known != word && edit_distance(known, word) <= if known.len() > 4 { 2 } else { 1 }
}

/// How many letters must be inserted, removed or replaced to make one word of the other (Levenshtein).
fn edit_distance(one: &str, two: &str) -> usize {
    let two: Vec<char> = two.chars().collect();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in two.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[two.len()]
}

/// Whether a path names a descriptor of the process rather than a file: `/dev/fd/N`, `/proc/self/fd/N`, `/dev/stdin`.
fn is_descriptor(path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    path.starts_with(b"/dev/fd/")
        || path == b"/dev/stdin"
        || (path.starts_with(b"/proc/") && path.windows(4).any(|part| part == b"/fd/"))
}

/// The file behind a descriptor, if it still has that name.
fn named_by_descriptor(path: &Path, metadata: &std::fs::Metadata) -> Option<PathBuf> {
    let link = match path.as_os_str().as_bytes() {
        b"/dev/stdin" => PathBuf::from("/proc/self/fd/0"),
        _ => path.to_owned(),
    };
    let named = std::fs::read_link(link).ok().filter(|named| named.is_absolute())?;
    let there = std::fs::metadata(&named).ok()?;
    (there.is_file() && there.ino() == metadata.ino() && there.dev() == metadata.dev()).then_some(named)
}

/// Follows every symbolic link in an absolute path, as the kernel does, and tells which were followed.
pub(crate) fn resolve_links(path: &Path) -> io::Result<(PathBuf, Vec<Check<'static>>)> {
    /// As many as the kernel follows.
    const MOST_LINKS: usize = 40;
    let mut links = Vec::new();
    let mut real = PathBuf::from("/");
    let mut pending: Vec<OsString> =
        path.components().rev().map(|component| component.as_os_str().to_owned()).collect();
    while let Some(next) = pending.pop() {
        match Path::new(&next).components().next() {
            Some(Component::RootDir) => real = PathBuf::from("/"),
            Some(Component::ParentDir) => {
                real.pop();
            }
            Some(Component::Normal(name)) => {
                let step = real.join(name);
                match std::fs::read_link(&step) {
                    Ok(target) => {
                        links.push(Check::link(&step, &target));
                        if links.len() > MOST_LINKS {
                            return Err(io::Error::from_raw_os_error(libc::ELOOP));
                        }
                        pending.extend(
                            target.components().rev().map(|component| component.as_os_str().to_owned()),
                        );
                    }
                    // EINVAL: it is there, and not a link.
                    Err(error) if error.kind() == io::ErrorKind::InvalidInput => real = step,
                    Err(error) => return Err(error),
                }
            }
            _ => {}
        }
    }
    Ok((real, links))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_and_told() {
        let directory = tempfile::tempdir().unwrap();
        let (root, _) = resolve_links(directory.path()).unwrap();
        std::fs::create_dir(root.join("v1")).unwrap();
        std::fs::write(root.join("v1/s.rs"), "").unwrap();
        std::os::unix::fs::symlink("v1", root.join("now")).unwrap();
        std::os::unix::fs::symlink("../now/s.rs", root.join("v1/link")).unwrap();
        let (real, links) = resolve_links(&root.join("now/link")).unwrap();
        assert_eq!(real, root.join("v1/s.rs"));
        assert_eq!(links.len(), 3);
        std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
        assert_eq!(resolve_links(&root.join("loop")).unwrap_err().raw_os_error(), Some(libc::ELOOP));
    }

    #[test]
    fn descriptors_are_told_from_files() {
        for path in ["/dev/fd/63", "/proc/self/fd/5", "/proc/12/fd/0", "/dev/stdin"] {
            assert!(is_descriptor(Path::new(path)), "{path}");
        }
        for path in ["/dev/shm/x", "/proc/version", "fd/3", "/home/fd/x.rs"] {
            assert!(!is_descriptor(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn edit_distance_counts_letters() {
        for (one, two, distance) in
            [("", "", 0), ("promot", "promote", 1), ("lsit", "list", 2), ("a", "xyz", 3)]
        {
            assert_eq!(edit_distance(one, two), distance, "{one} {two}");
        }
    }
}
