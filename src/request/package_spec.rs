//! Packages of a registry in the place of a script: `ripgrep@14.1.0`, `ripgrep@14`, `ripgrep@latest`.
//!
//! A word is a package if it has an `@`, before it the name of a package, and after it a version, a requirement or the word
//! `latest`; and if there is no file of that name in the working directory (`./ripgrep@14` is always a file). The program of
//! the package is compiled once, kept under the same launch ids, traces, locks and entries as a script's, and executed; it
//! knows no project, working directory or `Cargo.toml` of the caller's.
//!
//! | asked for | which version | how long |
//! | --- | --- | --- |
//! | `1.2.3` | that one, or an error | for good |
//! | `1`, `~1.2`, `>=1, <3` | the newest that fits, when it is first run | until `runner update`, or an upgrade |
//! | `latest` | the newest that is no pre-release, when it is first run | likewise |
//!
//! What a requirement was resolved to is a small record in the cache, and a check of every trace that rests on it. The rest
//! is cargo's: `cargo install` compiles, so registries, mirrors, vendored sources and credentials are as its configuration
//! has them. As there, a package's own `Cargo.lock` counts only with `--locked`, and its lints are capped.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use semver::{Version, VersionReq};

use crate::base::digest::{Fields, Sink};
use crate::base::error::{Error, Result, Step};

/// The package cargo sees. No crate may be called this, so nothing a script depends on can clash with it.
pub(crate) const PACKAGE_NAME: &str = "runner-script";

/// The longest name a registry takes.
const LONGEST_NAME_BYTES: usize = 64;

/// A package of a registry, and which of its versions is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    name: String,
    wanted: Wanted,
    /// What is wanted, as it was written.
    text: String,
}

/// Which version of a package is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// This one.
    Exact(Version),
    /// The newest that fits.
    Requirement(VersionReq),
    /// The newest that is no pre-release.
    Latest,
}

/// Which program of a package, and how the package is configured. Of a script nothing of it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The program; the one named as the package, or the only one, if `None`.
    pub bin: Option<String>,
    /// Features, besides the default ones.
    pub features: Vec<String>,
    /// Without the default features.
    pub no_default_features: bool,
    /// With all features.
    pub all_features: bool,
    /// Cargo's name of the registry; crates.io if `None`.
    pub registry: Option<String>,
}

impl Package {
    /// Reads `NAME@VERSION`; `None` if a word is nothing of the kind.
    pub fn parse(word: &OsStr) -> Option<Package> {
        let (name, text) = split(word.as_bytes())?;
        let (name, text) = (str::from_utf8(name).ok()?, str::from_utf8(text).ok()?);
        let wanted = match text {
            "latest" => Wanted::Latest,
            _ => match Version::parse(text) {
                Ok(version) => Wanted::Exact(version),
                Err(_) => Wanted::Requirement(VersionReq::parse(text).ok()?),
            },
        };
        Some(Package { name: name.to_owned(), wanted, text: text.to_owned() })
    }

    /// The package's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which version is wanted.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Which version is wanted, as it was written.
    pub(crate) fn wanted_text(&self) -> &str {
        &self.text
    }

    /// The version, if only one will do.
    pub fn version(&self) -> Option<&Version> {
        match &self.wanted {
            Wanted::Exact(version) => Some(version),
            Wanted::Requirement(_) | Wanted::Latest => None,
        }
    }

    /// As cargo's manifests ask for it.
    pub(crate) fn requirement(&self) -> String {
        match &self.wanted {
            Wanted::Exact(version) => format!("={version}"),
            Wanted::Requirement(requirement) => requirement.to_string(),
            Wanted::Latest => "*".to_owned(),
        }
    }

    pub(crate) fn add_to(&self, fields: &mut Fields) {
        fields.push("package", self.name.as_bytes());
        fields.push("wanted", self.text.as_bytes());
    }
}

impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.name, self.text)
    }
}

impl Selection {
    /// What may change the result, in a launch id.
    pub(crate) fn add_to<S: Sink>(&self, fields: &mut Fields<S>) {
        let Selection { bin, features, no_default_features, all_features, registry } = self;
        fields.push_optional("bin", bin.as_deref().map(str::as_bytes));
        for feature in features {
            fields.push("feature", feature.as_bytes());
        }
        for (tag, is_so) in [("no default features", no_default_features), ("all features", all_features)] {
            fields.push_optional(tag, is_so.then_some(b""));
        }
        fields.push_optional("registry", registry.as_deref().map(str::as_bytes));
    }

    /// As cargo's options.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let Selection { bin, features, no_default_features, all_features, registry } = self;
        let mut out: Vec<OsString> = Vec::new();
        let mut valued = |name: &str, value: &str| out.extend([name.into(), value.into()]);
        bin.iter().for_each(|bin| valued("--bin", bin));
        features.iter().for_each(|feature| valued("--features", feature));
        registry.iter().for_each(|registry| valued("--registry", registry));
        out.extend(no_default_features.then(|| "--no-default-features".into()));
        out.extend(all_features.then(|| "--all-features".into()));
        out
    }

    /// The options that choose features, as cargo's.
    pub(crate) fn feature_arguments(&self) -> Vec<OsString> {
        Selection { bin: None, registry: None, ..self.clone() }.arguments()
    }

    /// Refuses what only a package of a registry has.
    pub(crate) fn refuse_for_script(&self) -> Result<()> {
        let Selection { bin, registry, .. } = self;
        let of_package = Selection { bin: bin.clone(), registry: registry.clone(), ..Selection::default() };
        match of_package.arguments().first() {
            None => Ok(()),
            Some(option) => {
                let option = option.to_string_lossy();
                Err(Error::message(Step::Arguments, format!("`{option}` is for packages of a registry"))
                    .hint("a script is one program, and has no registry"))
            }
        }
    }

    /// Refuses features, which a script in another language than Rust has none of.
    pub(crate) fn refuse_features(&self) -> Result<()> {
        match self.feature_arguments().first() {
            None => Ok(()),
            Some(option) => {
                let option = option.to_string_lossy();
                let text = format!("`{option}` is for Rust scripts and packages of a registry");
                Err(Error::message(Step::Arguments, text))
            }
        }
    }

    /// These, and where they say nothing those of `weaker`; features are added to one another.
    pub(crate) fn or(&self, weaker: &Selection) -> Selection {
        let more = weaker.features.iter().filter(|feature| !self.features.contains(feature));
        Selection {
            bin: self.bin.clone().or_else(|| weaker.bin.clone()),
            features: self.features.iter().chain(more).cloned().collect(),
            no_default_features: self.no_default_features || weaker.no_default_features,
            all_features: self.all_features || weaker.all_features,
            registry: self.registry.clone().or_else(|| weaker.registry.clone()),
        }
    }
}

/// A package where only a script will do.
#[cold]
pub(crate) fn no_script(package: &Package) -> Error {
    Error::message(Step::Script, "it is a package of a registry, and this is done with scripts only")
        .not_found()
        .hint(format!("`runner {package}` runs it; `./{package}` is a file"))
}

/// The name of a package, and what is wanted of it, if that is what a word may be. Without a heap, for [`crate::fast_path`].
pub(crate) fn split(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = word.iter().position(|byte| *byte == b'@')?;
    let name = word.get(..at)?;
    let is_begun = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_one = is_begun && name.len() <= LONGEST_NAME_BYTES && name.iter().all(is_name);
    is_one.then_some((name, word.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_told_from_a_script() {
        let parse = |word: &str| Package::parse(OsStr::new(word));
        for (word, wanted) in [
            ("ripgrep@14.1.0", "=14.1.0"),
            ("ripgrep@14", "^14"),
            ("a_b-c@~1.2", "~1.2"),
            ("x@>=1, <3", ">=1, <3"),
            ("x@*", "*"),
            ("x@latest", "*"),
            ("x@1.0.0-rc.1+b", "=1.0.0-rc.1+b"),
        ] {
            assert_eq!(parse(word).map(|package| package.requirement()).as_deref(), Some(wanted), "{word}");
        }
        let long = format!("{}@1", "x".repeat(65));
        for word in [
            "x", "x@", "@1", "x@newest", "x@1.x.y", "a b@1", "1x@1", "./x@1", "x.rs@1", "é@1", "x@1@2", &long,
        ] {
            assert_eq!(parse(word), None, "{word}");
        }
    }

    #[test]
    fn what_is_wanted_is_said_as_it_was() {
        for word in ["x@latest", "x@1.2.3", "x@1", "x@^1.2", "x@>1,<3"] {
            let package = Package::parse(OsStr::new(word)).unwrap();
            assert_eq!(package.to_string(), word);
            assert_eq!(Package::parse(OsStr::new(&package.to_string())), Some(package));
        }
    }
}
