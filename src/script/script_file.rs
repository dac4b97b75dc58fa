//! Reads a script once: the name it was typed by, its location and its bytes.
//!
//! A script has a path of its own, or it came through a pipe or a descriptor and has none ([`Location::Nowhere`]), or it is
//! no file at all but a package of a registry ([`Location::Package`]). A file is
//! known by its real path: what it includes lies beside the file itself and not beside a link to it. Linux says while
//! opening a file whether its path holds a link, so that only a path with links in it costs more calls.

mod descriptor;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::environment::{Environment, absolute};
use crate::base::error::{Error, Kind, Result, Step};
use crate::base::order;
use crate::request::package_spec::{self, Package};
use crate::script::script_file::descriptor::{fifo, is_descriptor, named_by_descriptor};
use crate::script::url::ScriptUrl;

/// Larger than any script, smaller than a disk image given by mistake.
const LARGEST_SCRIPT_BYTES: u64 = 64 << 20;

/// A script that has been read.
#[derive(Debug, Clone)]
pub struct Script {
    typed: OsString,
    location: Location,
    /// The path without symbolic links, `.` and `..`, where that is another.
    real: Option<PathBuf>,
    bytes: Vec<u8>,
    /// Whether the bytes are those of a regular file.
    is_of_file: bool,
    inline_source: Option<InlineSource>,
    /// Whether the bytes are given in place of those of the file.
    is_overlay: bool,
    /// Whether it came by a URL, which is what was typed; the file is the kept copy.
    is_fetched: bool,
}

/// A text that is no file: standard input, or an expression from the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InlineSource {
    /// What the compiler and the program call it in their messages.
    pub(crate) name: &'static str,
    /// What the program is called.
    pub(crate) stem: &'static str,
    /// How many bytes of ours stand before its own.
    pub(crate) opening: usize,
    /// Byte offset at which ours begins again, if that is in its last line.
    pub(crate) closing: Option<usize>,
}

/// Standard input.
const STDIN: InlineSource = InlineSource { name: "<stdin>", stem: "stdin", opening: 0, closing: None };

/// Where a script comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file: its absolute path.
    File(PathBuf),
    /// A pipe, a descriptor, standard input: the directory that relative paths are taken from.
    Nowhere(PathBuf),
    /// A registry.
    Package(Package),
}

impl Script {
    /// Reads the script that was typed. A name without a slash that is not in the working directory is looked for on
    /// PATH, as `sh NAME` does; before that, one that names a package (`ripgrep@14.1.0`) is that package.
    ///
    /// # Errors
    /// [`Step::Script`]: 127 if it is not there, 126 if it is there and cannot be read or is a directory.
    pub(crate) fn read(typed: &OsStr, environment: &Environment) -> Result<Script> {
        if typed.is_empty() {
            return Err(Error::message(Step::Script, "the name of the script is empty")
                .not_found()
                .hint("perhaps it came from a variable that is not set"));
        }
        if typed == "-" {
            return Script::read_stdin().map_err(|error| read_error(Path::new("-"), error).about("-"));
        }
        if let Some(url) = ScriptUrl::parse(typed) {
            return Script::read_kept(typed, &url?, environment);
        }
        let mut path = environment.absolute_of_other(PathBuf::from(typed));
        let mut script = Script::read_file(typed, &path);
        if let Err(error) = &script
            && error.kind() == io::ErrorKind::NotFound
            && !typed.as_bytes().contains(&b'/')
        {
            if let Some(package) = Package::parse(typed) {
                return Ok(Script { typed: typed.to_owned(), ..Script::from_package(package) });
            }
            if let Some(found) = environment.find_command(typed) {
                script = Script::read_file(typed, &found);
                path = found;
            }
        }
        script.map_err(|error| {
            let error = read_error(&path, error).about(typed.to_string_lossy());
            // Nearly a package.
            match package_spec::split(typed.as_bytes()).filter(|_| error.kind() == Kind::NotFound) {
                Some((name, _)) => {
                    let name = String::from_utf8_lossy(name);
                    error.hint(format!("of a package it is `{name}@1.2.3`, `{name}@1` or `{name}@latest`"))
                }
                None => error,
            }
        })
    }

    /// Reads the kept copy of the text at a URL.
    fn read_kept(typed: &OsStr, url: &ScriptUrl, environment: &Environment) -> Result<Script> {
        let script = url.kept(environment).and_then(|kept| {
            let script = Script::read_file(typed, &kept.path).ok()?;
            (Digest::of(script.bytes()) == kept.digest).then_some(Script { is_fetched: true, ..script })
        });
        script.ok_or_else(|| url.untrusted())
    }

    /// Whether it came by a URL.
    pub(crate) fn is_fetched(&self) -> bool {
        self.is_fetched
    }

    /// Reads the file at a path.
    ///
    /// # Errors
    /// [`Step::Script`]: 127 if it is not there, 126 if it cannot be read or is a directory.
    pub(crate) fn read_path(typed: &Path, environment: &Environment) -> Result<Script> {
        let path = environment.absolute_of_other(typed.to_owned());
        Script::read_file(typed.as_os_str(), &path)
            .map_err(|error| read_error(&path, error).about(typed.to_string_lossy()))
    }

    /// The same script with other bytes than its file holds.
    pub(crate) fn overlaid(self, bytes: Vec<u8>) -> Script {
        Script { bytes, is_overlay: true, ..self }
    }

    /// Whether its bytes are given in place of those of the file.
    pub(crate) fn is_overlay(&self) -> bool {
        self.is_overlay
    }

    /// The script as it is now, at the same place.
    pub(crate) fn read_again(&self) -> Result<Script> {
        let Some(path) = self.path().filter(|_| !self.is_fetched) else { return Ok(self.clone()) };
        Script::read_file(&self.typed, path)
            .map_err(|error| read_error(path, error).about(self.typed.to_string_lossy()))
    }

    fn read_file(typed: &OsStr, path: &Path) -> io::Result<Script> {
        /// How often a path may lead to another file between opening it and resolving its links.
        const MOST_TRIES: usize = 8;
        for _ in 0..MOST_TRIES {
            let (file, has_links) = open(path)?;
            if let Some(script) = Script::from_file(typed, path, file, has_links)? {
                return Ok(script);
            }
        }
        Err(io::Error::other("it keeps being replaced while it is read"))
    }

    /// `None` if the path leads to another file by now.
    fn from_file(typed: &OsStr, path: &Path, mut file: File, has_links: bool) -> io::Result<Option<Script>> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if metadata.file_type().is_fifo() && !is_descriptor(path) {
            return Err(fifo());
        }
        if metadata.len() > LARGEST_SCRIPT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        (&mut file).take(LARGEST_SCRIPT_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_SCRIPT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let location = match is_descriptor(path) {
            false => Location::File(absolute(path.to_owned())),
            true => named_by_descriptor(path, &metadata)
                .map_or_else(|| Location::Nowhere(absolute(PathBuf::from("."))), Location::File),
        };
        let real = match &location {
            Location::File(path) if has_links && !is_descriptor(typed.as_ref()) => {
                let real = std::fs::canonicalize(path)?;
                let there = std::fs::metadata(&real)?;
                if (there.ino(), there.dev()) != (metadata.ino(), metadata.dev()) {
                    return Ok(None);
                }
                Some(real)
            }
            Location::File(path) => Some(without_dots(path)),
            Location::Nowhere(_) | Location::Package(_) => None,
        };
        let real = real.filter(|real| Location::File(real.clone()) != location);
        Ok(Some(Script {
            typed: typed.to_owned(),
            location,
            real,
            bytes,
            is_of_file: metadata.is_file(),
            inline_source: None,
            is_overlay: false,
            is_fetched: false,
        }))
    }

    /// A package of a registry in the place of a script.
    pub(crate) fn from_package(package: Package) -> Script {
        let typed = package.to_string().into();
        let location = Location::Package(package);
        Script {
            typed,
            location,
            real: None,
            bytes: Vec::new(),
            is_of_file: false,
            inline_source: None,
            is_overlay: false,
            is_fetched: false,
        }
    }

    /// The package, if it is one.
    pub fn package(&self) -> Option<&Package> {
        match &self.location {
            Location::Package(package) => Some(package),
            Location::File(_) | Location::Nowhere(_) => None,
        }
    }

    /// A script that is text in memory; relative paths are taken from `base`.
    pub(crate) fn from_text(typed: &OsStr, base: &Path, text: impl Into<Vec<u8>>) -> Script {
        let location = Location::Nowhere(absolute(base.to_owned()));
        Script {
            typed: typed.to_owned(),
            location,
            real: None,
            bytes: text.into(),
            is_of_file: false,
            inline_source: None,
            is_overlay: false,
            is_fetched: false,
        }
    }

    /// A text that stands for the file at an absolute path, as an editor has it: the file may hold another one, or not be there.
    pub fn of_buffer(path: &Path, text: impl Into<Vec<u8>>) -> Script {
        let real = std::fs::canonicalize(path).ok().filter(|real| real != path);
        let location = Location::File(absolute(path.to_owned()));
        let typed = path.as_os_str().to_owned();
        Script {
            typed,
            location,
            real,
            bytes: text.into(),
            is_of_file: false,
            inline_source: None,
            is_overlay: true,
            is_fetched: false,
        }
    }

    /// Whether the text is not that of a regular file: the compiler cannot read it there.
    pub(crate) fn is_buffer(&self) -> bool {
        !self.is_of_file && self.path().is_some()
    }

    /// The same script with another text.
    pub(crate) fn with_text(&self, text: String) -> Script {
        Script { bytes: text.into_bytes(), ..self.clone() }
    }

    /// As [`Script::from_text`], with the names of an inline source.
    pub(crate) fn from_inline_source(
        source: InlineSource,
        typed: &OsStr,
        base: &Path,
        text: impl Into<Vec<u8>>,
    ) -> Script {
        Script { inline_source: Some(source), ..Script::from_text(typed, base, text) }
    }

    /// All of standard input, which the program will find at its end.
    fn read_stdin() -> io::Result<Script> {
        let mut bytes = Vec::new();
        io::stdin().lock().take(LARGEST_SCRIPT_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_SCRIPT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let script = Script::from_text("-".as_ref(), ".".as_ref(), bytes);
        Ok(Script { inline_source: Some(STDIN), ..script })
    }

    pub(crate) fn inline_source(&self) -> Option<InlineSource> {
        self.inline_source
    }

    /// The script as it was typed: what messages call it, and its `argv[0]`.
    pub fn typed(&self) -> &OsStr {
        &self.typed
    }

    /// Where a search of PATH found it, if that was needed: a name without a slash that is not in the working directory.
    pub(crate) fn found_on_path(&self) -> Option<&Path> {
        let path = self.path()?;
        let is_bare = !self.typed.as_bytes().contains(&b'/');
        let here = absolute(PathBuf::from(&self.typed));
        (is_bare && path != here).then_some(path)
    }

    /// What messages call the script.
    /// What messages call the script.
    pub fn display_name(&self) -> Cow<'_, str> {
        self.typed.to_string_lossy()
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// The bytes that are hashed and compiled.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The absolute path, if it has one.
    pub fn path(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::Nowhere(_) | Location::Package(_) => None,
        }
    }

    /// `RUNNER_SCRIPT`: the absolute path, unless it is that of a copy.
    pub(crate) fn told_path(&self) -> Option<&Path> {
        self.path().filter(|_| !self.is_fetched)
    }

    /// The name it is known by: the file's, without its extension; a package's own; `script` if there is none.
    pub(crate) fn stem(&self) -> OsString {
        if let Some(package) = self.package() {
            return package.name().into();
        }
        let nameless = || OsString::from(self.inline_source.map_or("script", |source| source.stem));
        self.path().and_then(Path::file_stem).map_or_else(nameless, OsStr::to_owned)
    }

    /// The directory that its relative paths are taken from.
    pub(crate) fn base(&self) -> &Path {
        match &self.location {
            Location::File(path) => path.parent().unwrap_or(Path::new("/")),
            Location::Nowhere(base) => base,
            Location::Package(_) => Path::new("/"),
        }
    }

    /// Whether the file still holds the bytes that were read.
    pub(crate) fn is_unchanged(&self) -> bool {
        match &self.location {
            Location::File(_) if self.is_overlay => true,
            Location::File(path) => std::fs::read(path).is_ok_and(|bytes| bytes == self.bytes),
            Location::Nowhere(_) | Location::Package(_) => true,
        }
    }

    /// The path of the file itself, which is what the script is known by.
    pub(crate) fn real_path(&self) -> Option<&Path> {
        self.real.as_deref().or(self.path())
    }

    /// What the trace of this script is known by, for people: a package's name, a path, or `-`.
    pub(crate) fn trace_name(&self) -> &OsStr {
        match (self.package(), self.real_path()) {
            (Some(_), _) => self.typed(),
            _ if self.is_fetched => self.typed(),
            (None, Some(path)) => path.as_os_str(),
            (None, None) => OsStr::new("-"),
        }
    }

    /// The same script at its real path.
    pub(crate) fn resolve(&self) -> Script {
        let location = match self.real_path() {
            Some(real) => Location::File(real.to_owned()),
            None => self.location.clone(),
        };
        Script { location, real: None, ..self.clone() }
    }
}

/// Opens a file, and tells whether its path may hold a symbolic link.
fn open(path: &Path) -> io::Result<(File, bool)> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
        // A FIFO that nobody writes to would be waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            Ok(file) => return Ok((File::from(file), false)),
            Err(error) if error == rustix::io::Errno::NOENT => return Err(error.into()),
            // ELOOP: there is a link. Else a kernel older than 5.6, or something that keeps the call from us.
            Err(_) => {}
        }
    }
    if !is_descriptor(path) && std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo()) {
        return Err(fifo());
    }
    Ok((File::open(path)?, true))
}

/// An absolute path without links, without its `..` too.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            component => plain.push(component),
        }
    }
    plain
}

#[cold]
fn read_error(path: &Path, error: io::Error) -> Error {
    use io::ErrorKind::{
        FileTooLarge, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied,
    };
    match error.kind() {
        NotFound | NotADirectory => {
            let missing = Error::message(Step::Script, "no such script").not_found();
            match similar_file(path) {
                Some(name) => missing.hint(format!("there is `{name}`")),
                None => missing.hint("give the path of a file, or `runner --help`"),
            }
        }
        IsADirectory => Error::message(Step::Script, "it is a directory, not a script")
            .cannot_execute()
            .hint("name the file in it that holds `main`"),
        PermissionDenied => {
            Error::new(Step::Script, anyhow::Error::new(error).context("cannot read the script"))
                .cannot_execute()
                .hint(format!("`chmod +r {}` lets you read it, if it is yours", path.display()))
        }
        InvalidInput => Error::message(Step::Script, "it is a FIFO, not a file")
            .cannot_execute()
            .hint(format!("`runner - <{}` reads a script from it", path.display())),
        FileTooLarge => {
            Error::message(Step::Script, "it is larger than 64 MiB, which no script is").cannot_execute()
        }
        _ => Error::new(Step::Script, anyhow::Error::new(error).context("cannot read the script"))
            .cannot_execute(),
    }
}

/// A file beside the missing one whose name differs in its extension only, or by a letter or two.
fn similar_file(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let names = std::fs::read_dir(directory).ok()?.flatten().filter(|entry| entry.path().is_file());
    let mut names: Vec<String> =
        names.filter_map(|entry| entry.file_name().into_string().ok()).take(2000).collect();
    order::sort(&mut names);
    let found = names
        .iter()
        .find(|name| Path::new(name).file_stem() == Path::new(wanted).file_stem())
        .or_else(|| names.iter().find(|name| wanted.len() > 3 && strsim::levenshtein(name, wanted) <= 2))?;
    Some(match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.join(found).display().to_string(),
        _ => found.clone(),
    })
}

#[cfg(test)]
mod tests;
