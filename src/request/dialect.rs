//! Dialects: whose rules a script follows where it says nothing itself.
//!
//! | dialect | is a script's that | edition | version | told at run time |
//! | --- | --- | --- | --- | --- |
//! | runner | says nothing of others | latest | 0.0.0 | |
//! | cargo | has frontmatter, or names `cargo` on its first line | latest | 0.0.0 | `CARGO_MANIFEST_DIR`, `CARGO_MANIFEST_PATH` |
//! | rust-script | has one of its forms of manifest, or names it on its first line, or was called by that name | 2021; 2015 if it names cargo-script and has `extern crate` or `try!` | 0.1.0 | `RUST_SCRIPT_*` |
//! | rustc | is compiled by a line of shell in it | 2015 | 0.0.0 | |
//! | scriptisto | has its header | that of its `Cargo.toml` (2015) | 0.0.0 | |
//!
//! To `file!()` and in panics a script with cargo's rules is its name alone, because cargo calls the compiler in the script's
//! directory; any other is its whole path.
//!
//! The profile is not part of it: what says nothing runs in release, although cargo and rustc alone would not optimize.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::script::header::{Form, Header};
use crate::script::script_file::Script;
use crate::script::shebang::Tool;

/// Whose rules a script follows where it says nothing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// Those of this crate.
    Runner,
    /// `cargo -Zscript`.
    Cargo,
    /// rust-script, and its ancestors.
    RustScript,
    /// The compiler alone.
    Rustc,
    /// scriptisto.
    Scriptisto,
}

impl Dialect {
    /// The manifest's form says it best, then the name runner was called by, then the first line.
    pub(crate) fn of(form: Option<Form>, asked: Option<Dialect>, tool: Option<&Tool>) -> Dialect {
        let of_tool = match tool {
            Some(Tool::Cargo) => Dialect::Cargo,
            Some(Tool::RustScript) => Dialect::RustScript,
            Some(Tool::Rustc) => Dialect::Rustc,
            Some(Tool::Runner | Tool::Other(_)) | None => Dialect::Runner,
        };
        match form {
            Some(Form::Frontmatter) => Dialect::Cargo,
            Some(Form::Block | Form::Short) => Dialect::RustScript,
            Some(Form::Scriptisto) => Dialect::Scriptisto,
            None => asked.unwrap_or(of_tool),
        }
    }

    /// The edition of a script that names none, given the compiler's latest.
    pub(crate) fn edition(self, latest: &'static str) -> &'static str {
        match self {
            Dialect::Runner | Dialect::Cargo => latest,
            Dialect::RustScript => "2021",
            Dialect::Rustc | Dialect::Scriptisto => "2015",
        }
    }

    /// The version of a package that names none.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Dialect::RustScript => "0.1.0",
            Dialect::Runner | Dialect::Cargo | Dialect::Rustc | Dialect::Scriptisto => "0.0.0",
        }
    }

    /// A name for a launch id.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Dialect::Runner => "runner",
            Dialect::Cargo => "cargo",
            Dialect::RustScript => "rust-script",
            Dialect::Rustc => "rustc",
            Dialect::Scriptisto => "scriptisto",
        }
    }

    /// The dialect of a name.
    pub fn named(name: &str) -> Option<Dialect> {
        let all = [Dialect::Runner, Dialect::Cargo, Dialect::RustScript, Dialect::Rustc, Dialect::Scriptisto];
        all.into_iter().find(|dialect| dialect.as_str() == name)
    }

    /// The variables that tell the program of its script when it runs.
    pub(crate) fn variables_at_run(self, script: &Script, base: &Path) -> Vec<(OsString, OsString)> {
        match self {
            Dialect::Cargo => {
                let mut variables = vec![("CARGO_MANIFEST_DIR".into(), base.into())];
                variables.extend(script.path().map(|path| ("CARGO_MANIFEST_PATH".into(), path.into())));
                variables
            }
            Dialect::RustScript => rust_script_variables(script, base),
            Dialect::Runner | Dialect::Rustc | Dialect::Scriptisto => Vec::new(),
        }
    }

    /// The variables that tell the compiler of its script, besides cargo's.
    pub(crate) fn variables_at_build(self, script: &Script, base: &Path) -> Vec<(OsString, OsString)> {
        match self {
            Dialect::RustScript => rust_script_variables(script, base),
            _ => Vec::new(),
        }
    }
}

/// Whether a script was written for cargo-script, which knew one edition only, and says so by what later ones do not need.
/// Many that name it were written since, for what has taken its name over.
pub(crate) fn is_old(header: &Header<'_>, text: &str) -> bool {
    let names_it = |line: &str| ["cargo-script", "cargo script"].iter().any(|name| line.contains(name));
    header.shebang.is_some_and(names_it) && (text.contains("extern crate ") || text.contains("try!("))
}

/// Whether a variable is one of [`Dialect::variables_at_build`].
pub(crate) fn is_variable(name: &str) -> bool {
    matches!(
        name,
        "RUST_SCRIPT_PATH" | "RUST_SCRIPT_SAFE_NAME" | "RUST_SCRIPT_PKG_NAME" | "RUST_SCRIPT_BASE_PATH"
    )
}

/// As rust-script 0.36 sets them; a script that is no file has no path.
fn rust_script_variables(script: &Script, base: &Path) -> Vec<(OsString, OsString)> {
    let stem = script.stem();
    let package = rust_script_package(&String::from_utf8_lossy(stem.as_bytes()));
    vec![
        ("RUST_SCRIPT_PATH".into(), script.path().map(Into::into).unwrap_or_default()),
        ("RUST_SCRIPT_SAFE_NAME".into(), stem),
        ("RUST_SCRIPT_PKG_NAME".into(), package.into()),
        ("RUST_SCRIPT_BASE_PATH".into(), base.into()),
    ]
}

/// The package's name as rust-script has it: lower case, `_` before a digit at its head and for what is not
/// `[a-z0-9_-]`.
fn rust_script_package(stem: &str) -> String {
    let mut name = String::new();
    for character in stem.chars().flat_map(char::to_lowercase) {
        match character {
            '0'..='9' if name.is_empty() => name.extend(['_', character]),
            'a'..='z' | '0'..='9' | '_' | '-' => name.push(character),
            _ => name.push('_'),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_most_then_the_name_then_the_first_line() {
        let (cargo, rustc) = (Some(Tool::Cargo), Some(Tool::Rustc));
        for (form, asked, tool, expected) in [
            (None, None, None, Dialect::Runner),
            (None, None, Some(Tool::Other("sh".to_owned())), Dialect::Runner),
            (None, None, rustc.clone(), Dialect::Rustc),
            (None, Some(Dialect::RustScript), rustc, Dialect::RustScript),
            (Some(Form::Block), None, cargo.clone(), Dialect::RustScript),
            (Some(Form::Frontmatter), Some(Dialect::RustScript), None, Dialect::Cargo),
            (None, None, cargo, Dialect::Cargo),
        ] {
            assert_eq!(Dialect::of(form, asked, tool.as_ref()), expected, "{form:?} {asked:?} {tool:?}");
        }
    }

    #[test]
    fn rust_scripts_names_are_its_own() {
        for (stem, expected) in [("Hello", "hello"), ("9x", "_9x"), ("a.b c", "a_b_c"), ("é-_", "_-_")] {
            assert_eq!(rust_script_package(stem), expected);
        }
    }
}
