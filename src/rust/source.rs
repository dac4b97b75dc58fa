//! Gives the compiler a script, as a file or through standard input.
//!
//! A script that is fine as it is, it reads in its place. A text that is given in place of the file (see
//! [`crate::rust::source::main_wrapper`]), and a script that is no file, it reads from its standard input, with a name for what it reads. That
//! is how rustdoc has documentation tests compiled: `UNSTABLE_RUSTDOC_TEST_PATH` is the path that `file!()`, messages, `mod`
//! and `include_*!` go by, and `UNSTABLE_RUSTDOC_TEST_LINE`, which is
//! added to the lines in messages, must be there too. So nothing has to lie beside
//! the script for it to have its neighbours. Both are read by every compiler since 1.43, and are as stable as the use rustdoc
//! makes of them; `tests/it/script/slow/mainless.rs` would notice.

pub(crate) mod diagnostics;
pub(crate) mod expression;
pub(crate) mod main_wrapper;
pub(crate) mod outline;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::request::dialect::Dialect;
use crate::rust::recipe::RustRecipe;
use crate::rust::source::diagnostics::Inserted;
use crate::script::script_file::Location;

/// The name of a script that has none.
const NAMELESS: &str = "script.rs";

/// Where the compiler finds the script.
pub(crate) struct Source {
    /// The script's path, or what stands for it.
    pub(crate) path: PathBuf,
    /// What the compiler takes for its path. It takes none that is not UTF-8: such a directory it only stands in.
    pub(crate) name: PathBuf,
    /// The text it reads from its standard input, and what of it is ours.
    piped: Option<(PathBuf, Inserted)>,
    /// How messages call it, if not by that name.
    shown: Option<String>,
}

impl Source {
    pub(crate) fn place(recipe: &RustRecipe<'_>, staging: &Path) -> io::Result<Source> {
        Source::place_text(recipe, recipe.code.text.as_deref(), &recipe.code.inserted, staging)
    }

    /// The text that is tried first, if there is one: its macros may make the `main` that is not to be seen in it.
    pub(crate) fn place_plain(recipe: &RustRecipe<'_>, staging: &Path) -> io::Result<Option<Source>> {
        let plain = recipe.code.plain.as_deref();
        plain.map(|text| Source::place_text(recipe, Some(text), &Inserted::default(), staging)).transpose()
    }

    fn place_text(
        recipe: &RustRecipe<'_>,
        text: Option<&str>,
        inserted: &Inserted,
        staging: &Path,
    ) -> io::Result<Source> {
        let file_name = recipe.script.path().and_then(Path::file_name).and_then(OsStr::to_str);
        // Cargo calls the compiler in the script's directory: `file!()` and panics name the file alone.
        let is_alone = recipe.manifest.dialect() == Dialect::Cargo;
        let own_name = match (recipe.script.location(), file_name) {
            (Location::File(path), Some(_)) if path.to_str().is_some() && !is_alone => Some(path.clone()),
            (Location::File(_), Some(name)) => Some(PathBuf::from(name)),
            _ => None,
        };
        let path = recipe.script.path().map_or_else(|| recipe.base().join(NAMELESS), Path::to_owned);
        let text = match (text, own_name) {
            (None, Some(name)) => return Ok(Source { path, name, piped: None, shown: None }),
            (Some(text), _) => text.as_bytes(),
            (None, None) => recipe.script.bytes(),
        };
        let given = recipe.script.inline_source();
        let name = match file_name {
            // Nothing of this machine is to be in what is handed on.
            Some(name) if is_alone || recipe.options.portable => PathBuf::from(name),
            Some(name) => path.to_str().map_or_else(|| PathBuf::from(name), PathBuf::from),
            None => PathBuf::from(given.map_or(NAMELESS, |given| given.name)),
        };
        let piped = staging.join("source");
        std::fs::write(&piped, text)?;
        let directory = match name.is_relative() {
            true => Some(recipe.message_directory()),
            false => recipe.shown_directory(),
        };
        let shown = directory.zip(file_name).map(|(directory, name)| directory + name);
        let inserted = match given.filter(|given| given.opening > 0) {
            Some(given) => {
                let part =
                    |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
                let closing = part(given.closing.and_then(|at| text.get(at..)));
                Inserted {
                    line: 1,
                    column: 0,
                    opening: part(text.get(..given.opening)),
                    closing: closing.lines().next().unwrap_or_default().to_owned(),
                }
            }
            None => inserted.clone(),
        };
        Ok(Source { path, name, piped: Some((piped, inserted)), shown })
    }

    /// What the compiler is told to read.
    pub(crate) fn argument(&self) -> &Path {
        if self.piped.is_some() { Path::new("-") } else { &self.name }
    }

    /// What it reads there, if it does.
    pub(crate) fn text(&self) -> io::Result<Option<Vec<u8>>> {
        self.piped.as_ref().map(|(text, _)| std::fs::read(text)).transpose()
    }

    /// Whether it reads the file itself.
    pub(crate) fn is_file(&self) -> bool {
        self.piped.is_none()
    }

    /// Its standard input.
    pub(crate) fn input(&self) -> io::Result<Stdio> {
        match &self.piped {
            Some((text, _)) => Ok(File::open(text)?.into()),
            None => Ok(Stdio::null()),
        }
    }

    /// Tells the compiler what it reads.
    pub(crate) fn name_to(&self, command: &mut Command) {
        if self.piped.is_some() {
            command.env("UNSTABLE_RUSTDOC_TEST_PATH", &self.name);
            command.env("UNSTABLE_RUSTDOC_TEST_LINE", "0");
        }
    }

    /// What the compiler said, without what is ours, and with the script's name as it was typed: its own ways to call a file
    /// otherwise are for files.
    pub(crate) fn in_its_words(&self, diagnostics: Vec<u8>) -> Vec<u8> {
        let (Some((_, inserted)), Some(name)) = (&self.piped, self.name.to_str()) else { return diagnostics };
        let mut text = String::from_utf8_lossy(&diagnostics).into_owned();
        if !inserted.opening.is_empty() {
            text = inserted.taken_out(&text, name);
        }
        if let Some(shown) = &self.shown {
            // Behind an arrow, which may have a color of its own.
            for before in [" ", "\u{1b}[0m"] {
                text = text.replace(&format!("{before}{name}:"), &format!("{before}{shown}:"));
            }
        }
        text.into_bytes()
    }
}
