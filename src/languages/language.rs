//! Languages: what is known of each, as data, and which one a script is in.
//!
//! A script is Rust unless `--lang`, its metadata, its extension, its first line, a header for another tool or its first
//! lines of code say otherwise ([`detect`]). A language is a value of [`Language`]: what it is called, how it is recognized,
//! and how it is compiled. Most are rows of [`table`]; C and C++ ([`c`]) and Go ([`go`]) know more than a row can say, and a
//! script with a header of scriptisto's says itself how it is built ([`scriptisto`]). Whichever it is, [`build`] runs the
//! compiler in staging and makes checks of what it says it read, so that the rest of runner need not know.
//!
//! Rust is not among them: its recipe is [`crate::engine::recipe::RustRecipe`], as richer than this as cargo is.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::base::error::{Error, Result, Step};

/// A language other than Rust.
///
/// Everything in it lives as long as the process. One that is read from a file is leaked: there are few, and they are needed
/// to the end.
#[derive(Debug)]
pub(crate) struct Language {
    /// What `--lang` and metadata call it.
    pub(crate) name: &'static str,
    /// What messages call it.
    pub(crate) shown: &'static str,
    /// Other names for it.
    pub(crate) aliases: &'static [&'static str],
    /// Extensions of its files.
    pub(crate) extensions: &'static [&'static str],
    /// Programs that a first line starts it with.
    pub(crate) programs: &'static [&'static str],
    /// Beginnings of the first line of code.
    pub(crate) beginnings: &'static [&'static str],
    /// What begins a comment that ends with its line; nothing if there is no such comment.
    pub(crate) comment: &'static str,
    /// What formats it, from standard input to standard output: `{name}` is the name of the file.
    pub(crate) formatter: &'static [&'static str],
    /// How a program is made of it.
    pub(crate) how: How,
}

/// How a program is made of a script.
#[derive(Debug)]
pub(crate) enum How {
    /// By a C compiler, or by one of C++.
    C(crate::languages::c::Kind),
    /// By the go command.
    Go,
    /// By the first of these compilers that is there.
    Compilers(&'static [crate::languages::template::Template]),
    /// Not at all: this runs it.
    Interpreter(&'static str),
}

impl Language {
    /// The language of this name, alias or extension.
    pub(crate) fn named(name: &str) -> Option<&'static Language> {
        let lower = name.to_ascii_lowercase();
        let is_name = |language: &&Language| language.name == lower || language.aliases.contains(&&*lower);
        let mut all = crate::languages::table::LANGUAGES.iter();
        all.clone().find(is_name).or_else(|| all.find(|language| language.extensions.contains(&name)))
    }

    /// The language of files with this extension.
    pub(crate) fn of_extension(extension: &str) -> Option<&'static Language> {
        crate::languages::table::LANGUAGES.iter().find(|language| language.extensions.contains(&extension))
    }

    /// The language that this program compiles or runs, whatever version its name may end in.
    pub(crate) fn of_program(program: &str) -> Option<&'static Language> {
        crate::languages::table::LANGUAGES.iter().find(|language| language.is_started_by(program))
    }

    /// Whether this is a program that first lines start it with: `gcc`, and `gcc-12` too.
    pub(crate) fn is_started_by(&self, program: &str) -> bool {
        let is_version = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
        self.programs.iter().any(|known| {
            program.strip_prefix(known).is_some_and(|rest| match rest.strip_prefix('-') {
                Some(version) => is_version(version),
                None => rest.is_empty() || *known == "go" && is_version(rest),
            })
        })
    }

    /// Whether a program can be made of it.
    pub(crate) fn is_compiled(&self) -> bool {
        !matches!(self.how, How::Interpreter(_))
    }

    /// `a C script`, `an OCaml script`.
    pub(crate) fn with_article(&self) -> String {
        let article = if self.shown.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
        format!("{article} {} script", self.shown)
    }
}

/// Where systems keep what comes with them.
const SYSTEM: &[&str] = &["/usr/", "/lib/", "/lib64/", "/opt/", "/nix/", "/gnu/", "/Library/", "/System/"];

/// Whether a file came with the system or a compiler, and not with the script, which stands in `base`.
pub(crate) fn is_system(path: &Path, base: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    SYSTEM.iter().any(|prefix| bytes.starts_with(prefix.as_bytes())) && !path.starts_with(base)
}

/// What a name that the user gave means: `None` is Rust.
///
/// # Errors
/// [`Step::Arguments`] if there is no such language.
pub(crate) fn asked(name: &str) -> Result<Option<&'static Language>> {
    if matches!(name.to_ascii_lowercase().as_str(), "rust" | "rs") {
        return Ok(None);
    }
    Language::named(name).map(Some).ok_or_else(|| {
        let names: Vec<&str> = crate::languages::table::LANGUAGES
            .iter()
            .filter(|language| language.is_compiled())
            .map(|language| language.name)
            .collect();
        let text = format!("there is no language `{}`", name.escape_debug());
        Error::message(Step::Arguments, text).hint(format!("there are rust, {}", names.join(", ")))
    })
}
