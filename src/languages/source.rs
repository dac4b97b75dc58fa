//! The source file that a compiler reads: the script in its place, or a copy.
//!
//! In its place every path and line is the script's own. But a `#!` line is not valid in most languages, and some compilers
//! need an extension: they get a copy in which that line is a comment. The copy lies in a directory in staging with a link to
//! every neighbour of the script, so that relative imports work. Paths in that directory are replaced by the script's own
//! in messages and reports.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::languages::compilation::Compilation;

/// More neighbours than this are not linked: such a directory is no place for imports.
const MOST_NEIGHBOURS: usize = 2000;

/// The source file of a compilation.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path in the compiler's arguments.
    pub(crate) path: PathBuf,
    /// The directory in staging that stands for the script's.
    pub(crate) mirror: Option<PathBuf>,
}

impl Source {
    /// The script in its place if `is_fine` there, else a copy among links to its neighbours.
    pub(crate) fn place(
        compilation: &Compilation<'_>,
        is_fine: bool,
        needs_identifier: bool,
        extension: &str,
        staging: &Path,
    ) -> io::Result<Source> {
        if let Some(path) = compilation.script.path().filter(|_| is_fine && !compilation.script.is_overlay())
        {
            return Ok(Source { path: path.to_owned(), mirror: None });
        }
        let mirror = staging.join("source");
        fs::create_dir(&mirror)?;
        let own = compilation.file_name().unwrap_or_default();
        let mut name = compilation.file_name().map_or_else(|| OsString::from("script"), OsString::from);
        if !own.as_bytes().ends_with(extension.as_bytes()) {
            name.push(extension);
        }
        if needs_identifier {
            let stem = name.as_bytes().strip_suffix(extension.as_bytes()).unwrap_or(name.as_bytes());
            name = format!("{}{extension}", identifier(&String::from_utf8_lossy(stem))).into();
        }
        let path = mirror.join(&name);
        if compilation.script.path().is_some() {
            for entry in
                fs::read_dir(compilation.base()).into_iter().flatten().flatten().take(MOST_NEIGHBOURS)
            {
                if entry.file_name() != own && entry.file_name() != name {
                    symlink(entry.path(), mirror.join(entry.file_name()))?;
                }
            }
        }
        fs::write(&path, text(compilation))?;
        Ok(Source { path, mirror: Some(mirror) })
    }

    /// The script's own path for a path that a compiler reported; `None` if that is the script itself.
    pub(crate) fn own_path(&self, compilation: &Compilation<'_>, read: &Path) -> Option<PathBuf> {
        let read = compilation.base().join(read);
        if read == self.path || compilation.script.path() == Some(&read) {
            return None;
        }
        match &self.mirror {
            Some(mirror) => Some(match read.strip_prefix(mirror) {
                Ok(relative) => compilation.base().join(relative),
                Err(_) => read,
            }),
            None => Some(read),
        }
    }
}

/// Whether a name can be that of a module: a letter, then letters, digits and `_`.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A name of a module for a name that need not be one.
fn identifier(name: &str) -> String {
    match is_identifier(name) {
        true => name.to_owned(),
        // Nim has no `_` at the end of a name, and no two of them side by side.
        false => {
            name.split(|c: char| !c.is_ascii_alphanumeric()).fold("m".to_owned(), |all, word| match word {
                "" => all,
                word => format!("{all}_{word}"),
            })
        }
    }
}

/// The script's text, with nothing in the place of a `#!` line.
pub(crate) fn without_first_line<'a>(compilation: &'a Compilation<'_>) -> &'a [u8] {
    let bytes = compilation.script.bytes();
    match compilation.head.has_shebang {
        true => bytes.iter().position(|byte| *byte == b'\n').map_or(b"", |end| &bytes[end..]),
        false => bytes,
    }
}

/// The script's text, with a `#!` line turned into a comment.
pub(crate) fn text(compilation: &Compilation<'_>) -> Vec<u8> {
    let bytes = compilation.script.bytes();
    if !compilation.head.has_shebang {
        return bytes.to_vec();
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let comment = compilation.head.language.line_comment.as_bytes();
    // Without a comment for it, the line is empty.
    match comment.is_empty() {
        true => bytes[end..].to_vec(),
        // With a space: three slashes are documentation in some languages.
        false => [comment, b" ", &bytes["#!".len()..]].concat(),
    }
}
