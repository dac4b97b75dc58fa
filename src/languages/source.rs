//! Sources: how a compiler is given a script that is not in Rust.
//!
//! In its place, if it can read it there: then every path and line is the script's own. A first line for the kernel is not
//! valid in most languages, and a file without the right extension is nothing to some compilers: such a script they are given
//! as a copy in which that line is a comment. The copy lies in a directory of ours in which every neighbour of the script has
//! a link, so that relative imports lead where they should; what compilers then say and report about that directory is said
//! of the script's own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::languages::recipe::LanguageRecipe;

/// More neighbours than this are not linked: such a directory is no place for imports.
const MOST_NEIGHBOURS: usize = 2000;

/// Where a compiler finds a script.
pub(crate) struct Source {
    /// What it is told to read.
    pub(crate) path: PathBuf,
    /// The directory of ours that stands for the script's.
    pub(crate) mirror: Option<PathBuf>,
}

impl Source {
    /// The script in its place if `is_fine` there, else a copy among links to its neighbours.
    pub(crate) fn place(
        recipe: &LanguageRecipe<'_>,
        is_fine: bool,
        extension: &str,
        staging: &Path,
    ) -> io::Result<Source> {
        if let Some(path) = recipe.script.path().filter(|_| is_fine) {
            return Ok(Source { path: path.to_owned(), mirror: None });
        }
        let mirror = staging.join("source");
        fs::create_dir(&mirror)?;
        let own = recipe.file_name().unwrap_or_default();
        let mut name = recipe.file_name().map_or_else(|| OsString::from("script"), OsString::from);
        if !own.as_bytes().ends_with(extension.as_bytes()) {
            name.push(extension);
        }
        let path = mirror.join(&name);
        if recipe.script.path().is_some() {
            for entry in fs::read_dir(recipe.base()).into_iter().flatten().flatten().take(MOST_NEIGHBOURS) {
                if entry.file_name() != own && entry.file_name() != name {
                    symlink(entry.path(), mirror.join(entry.file_name()))?;
                }
            }
        }
        fs::write(&path, text(recipe))?;
        Ok(Source { path, mirror: Some(mirror) })
    }

    /// The script's own path for what a compiler says it read; `None` if that is the script.
    pub(crate) fn own_path(&self, recipe: &LanguageRecipe<'_>, read: &Path) -> Option<PathBuf> {
        let read = recipe.base().join(read);
        if read == self.path || recipe.script.path() == Some(&read) {
            return None;
        }
        match &self.mirror {
            Some(mirror) => Some(match read.strip_prefix(mirror) {
                Ok(relative) => recipe.base().join(relative),
                Err(_) => read,
            }),
            None => Some(read),
        }
    }
}

/// The script's text, its first line a comment if that is for the kernel.
pub(crate) fn text(recipe: &LanguageRecipe<'_>) -> Vec<u8> {
    let bytes = recipe.script.bytes();
    if !recipe.head.has_shebang {
        return bytes.to_vec();
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let comment = recipe.head.language.comment.as_bytes();
    // Without a comment for it, the line is empty.
    match comment.is_empty() {
        true => bytes[end..].to_vec(),
        // With a space: three slashes are documentation in some languages.
        false => [comment, b" ", &bytes["#!".len()..]].concat(),
    }
}
