//! The tools that Rust scripts are written for, and their defaults.
//!
//! | dialect | is a script's that | edition | version | told at run time |
//! | --- | --- | --- | --- | --- |
//! | runner | says nothing of others | latest | 0.0.0 | |
//! | cargo | has frontmatter, or names `cargo` on its first line | latest | 0.0.0 | `CARGO_MANIFEST_DIR`, `CARGO_MANIFEST_PATH`, `CARGO`, `CARGO_PKG_*` |
//! | rust-script | has one of its forms of manifest, or names it on its first line, or was called by that name | 2021; 2015 if it names cargo-script and has `extern crate` or `try!` | 0.1.0 | `RUST_SCRIPT_*`; `CARGO_SCRIPT_*` and `CARGO_EVAL_*` if it names them |
//! | rustc | is compiled by a line of shell in it | 2015 | 0.0.0 | |
//! | scriptisto | has its header | that of its `Cargo.toml` (2015) | 0.0.0 | |
//!
//! To `file!()` and in panics a script with cargo's rules is its name alone, because cargo calls the compiler in the script's
//! directory; any other is its whole path.
//!
//! The profile is not part of it: what says nothing runs in release, although cargo and rustc alone would not optimize.

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

    /// The authors of a package that names none.
    pub(crate) fn authors(self) -> Option<&'static str> {
        (self == Dialect::RustScript).then_some("Anonymous")
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
}
