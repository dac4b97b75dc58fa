//! The scripts in a directory and below it, for `runner check DIR` and its like.
//!
//! A file is a script as it is for an editor ([`crate::editor::script_text`]): its first line calls a tool for scripts, it has
//! metadata, or it is a `.rs` file in no package and no module of another. Hidden directories, `node_modules` and what a
//! `CACHEDIR.TAG` says can be made again are not looked into; links are not followed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::editor::lsp::projects::{Kind, Language};
use crate::editor::script_text::{calls_a_tool, kind};
use crate::engine::context::Context;

/// What is larger is no script.
const LARGEST_BYTES: u64 = 1 << 20;

/// The scripts in a directory and below it, sorted; of Rust only, if asked for.
///
/// # Errors
/// [`Step::Script`] if a directory cannot be read, or there is no script.
pub(crate) fn scripts_below(context: &Context, directory: &Path, only_rust: bool) -> Result<Vec<PathBuf>> {
    let (mut found, mut left) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = left.pop() {
        let unreadable = |error: std::io::Error| {
            let what = format!("cannot read directory `{}`", directory.display());
            Error::new(Step::Script, anyhow::Error::new(error).context(what))
        };
        for entry in
            fs::read_dir(context.environment().absolute_of_other(directory.clone())).map_err(unreadable)?
        {
            let entry = entry.map_err(unreadable)?;
            let (path, name) = (directory.join(entry.file_name()), entry.file_name());
            let Ok(metadata) = entry.metadata() else { continue };
            let is_hidden = name.as_encoded_bytes().starts_with(b".") || name == "node_modules";
            if metadata.is_dir() && !is_hidden && !entry.path().join("CACHEDIR.TAG").is_file() {
                left.push(path);
            } else if metadata.is_file()
                && metadata.len() <= LARGEST_BYTES
                && is_script(context, &entry.path(), only_rust)
            {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let text = format!("there is no script in directory `{}`", directory.display());
        return Err(Error::message(Step::Script, text)
            .hint("a script has a `#!` line, metadata, or is a `.rs` file that belongs to no package"));
    }
    order::sort(&mut found);
    Ok(found)
}

fn is_script(context: &Context, path: &Path, only_rust: bool) -> bool {
    let Ok(text) = fs::read_to_string(path) else { return false };
    match kind(context, path, "plaintext", &text) {
        Kind::Script(language) => language == Language::Rust || !only_rust,
        // Of a language that no language server is for.
        Kind::Other => calls_a_tool(&text) && !only_rust,
        Kind::Module { .. } => false,
    }
}
