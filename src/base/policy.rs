//! The policy of a host: what a script may ask of its build. It is asked before anything of the script's runs.
//!
//! A policy is a value and not a function, so that it can be part of the keys of the cache: what was built under one policy
//! is no answer under another. The files that ask it are `engine::recipe` (languages and packages), `rust::policy_check` (settings,
//! dependencies and source of a Rust script) and `rust::deps::policy_check` (the resolved graph).

use std::fmt;
use std::path::{Path, PathBuf};

use crate::base::digest::{Digest, Fields};
use crate::base::error::{Error, Kind, Step};
use crate::base::resource_limits::ResourceLimits;
use crate::base::rule::Rule;
use crate::base::text_position::TextPosition;

/// What a script may ask of its build.
///
/// [`Policy::trusting`] allows all, as the command line does; [`Policy::refusing`] is for scripts of people one does not know, and its methods
/// open single things. What is refused is an [`Error`] of [`Kind::Refused`], with its [`Rule`] and its place.
///
/// ```
/// let policy = runner::Policy::refusing().crates(["serde", "itoa@1.0.15"]).variables(["API_URL"]);
/// assert_ne!(policy, runner::Policy::refusing());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(crate) languages: Grant,
    pub(crate) packages: bool,
    pub(crate) toolchains: bool,
    pub(crate) flags: bool,
    pub(crate) programs: bool,
    pub(crate) network: bool,
    pub(crate) paths: bool,
    pub(crate) git: bool,
    pub(crate) registries: Grant,
    pub(crate) crates: Grant,
    pub(crate) build_code: Grant,
    pub(crate) readable: Option<Vec<PathBuf>>,
    variables: Grant,
    pub(crate) confined: bool,
    pub(crate) limits: ResourceLimits,
}

/// Names that are allowed; all of them if `None`.
pub(crate) type Grant = Option<Vec<String>>;

/// Variables that compilers need, of those that are given, besides those that are part of every trace.
const USUAL: &[&str] =
    &["PATH", "TMPDIR", "LANG", "LC_ALL", "TERM", "NO_COLOR", "RUSTUP_HOME", "SOURCE_DATE_EPOCH"];

/// Variables that cargo sets for the crate it compiles: what they say is the script's own.
const OF_THE_CRATE: &[&str] = &["CARGO_PKG_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_MANIFEST_"];

/// The error of what a rule refuses.
pub(crate) fn refusal(rule: Rule, text: impl fmt::Display, position: Option<TextPosition>) -> Error {
    Error::message(Step::Metadata, format!("the policy refuses {text}"))
        .of_kind(Kind::Refused(rule))
        .placed(position)
        .hint(format!("`Policy::{}` of the host can allow it", rule.method()))
}

/// Whether a grant names something.
pub(crate) fn allows(grant: &Grant, name: &str) -> bool {
    grant.as_ref().is_none_or(|names| names.iter().any(|one| one == name))
}

impl Policy {
    /// Allows everything: building a script runs whatever it asks for.
    pub fn trusting() -> Policy {
        Policy {
            languages: None,
            packages: true,
            toolchains: true,
            flags: true,
            programs: true,
            network: true,
            paths: true,
            git: true,
            registries: None,
            crates: None,
            build_code: None,
            readable: None,
            variables: None,
            confined: false,
            limits: ResourceLimits::none(),
        }
    }

    /// Refuses everything but a Rust script, crates of crates.io that are here already and run no code when they are built, and files
    /// beside the script. A compiler gets 4 GiB of memory, 60 seconds and files of 256 MiB, and is confined.
    pub fn refusing() -> Policy {
        Policy {
            languages: Some(vec!["rust".to_owned()]),
            packages: false,
            toolchains: false,
            flags: false,
            programs: false,
            network: false,
            paths: false,
            git: false,
            registries: Some(Vec::new()),
            crates: None,
            build_code: Some(Vec::new()),
            readable: Some(Vec::new()),
            variables: Some(Vec::new()),
            confined: true,
            limits: ResourceLimits::none()
                .memory(4 << 30)
                .cpu(std::time::Duration::from_secs(60))
                .file_size(256 << 20),
        }
    }

    /// Allows scripts in these languages, by their names (`rust`, `c`, …), in place of others.
    pub fn languages<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Policy {
        Policy { languages: list(names), ..self }
    }

    /// Whether `crate@version` may be built in place of a script.
    pub fn packages(self, may: bool) -> Policy {
        Policy { packages: may, ..self }
    }

    /// Whether a script may choose its toolchain and its target.
    pub fn toolchains(self, may: bool) -> Policy {
        Policy { toolchains: may, ..self }
    }

    /// Whether a script may give flags to the compiler, and so to the linker.
    pub fn flags(self, may: bool) -> Policy {
        Policy { flags: may, ..self }
    }

    /// Whether a script may name programs that are run to build it.
    pub fn programs(self, may: bool) -> Policy {
        Policy { programs: may, ..self }
    }

    /// Whether anything may be downloaded.
    pub fn network(self, may: bool) -> Policy {
        Policy { network: may, ..self }
    }

    /// Whether dependencies may lie in directories.
    pub fn path_dependencies(self, may: bool) -> Policy {
        Policy { paths: may, ..self }
    }

    /// Whether dependencies may lie in git repositories.
    pub fn git_dependencies(self, may: bool) -> Policy {
        Policy { git: may, ..self }
    }

    /// Allows these registries besides crates.io: their names in a manifest, and the addresses of their indices.
    pub fn registries<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Policy {
        Policy { registries: list(names), ..self }
    }

    /// Allows these crates (`serde`, or `serde@1.0.219`) and no others, anywhere in the resolved graph.
    pub fn crates<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Policy {
        Policy { crates: list(names), ..self }
    }

    /// Allows the build scripts and procedural macros of these crates (`serde_derive`, or with a version).
    pub fn build_code<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Policy {
        Policy { build_code: list(names), ..self }
    }

    /// Allows the compiler to read below these absolute paths besides the script's directory.
    pub fn readable<P: Into<PathBuf>>(self, paths: impl IntoIterator<Item = P>) -> Policy {
        Policy { readable: Some(paths.into_iter().map(Into::into).collect()), ..self }
    }

    /// Allows these variables in the build, besides those that compilers need.
    pub fn variables<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Policy {
        Policy { variables: list(names), ..self }
    }

    /// Whether compilers, whatever their language, and the build code of crates are confined by the kernel: no network, nothing
    /// written outside the cache, nothing read but the system, compilers, downloaded packages, the script's directory and what
    /// is [`Policy::readable`]. Where the kernel cannot, nothing is built.
    pub fn confined(self, is_confined: bool) -> Policy {
        Policy { confined: is_confined, ..self }
    }

    /// What each compiler may use.
    pub fn build_limits(self, limits: ResourceLimits) -> Policy {
        Policy { limits, ..self }
    }

    /// What tells it from others in the key of a build; `None` if it allows everything. The limits change no program.
    pub(crate) fn identity(&self) -> Option<Digest> {
        let trusting = Policy { limits: self.limits, ..Policy::trusting() };
        (*self != trusting).then(|| {
            let mut fields = Fields::new("policy");
            let anonymous = Policy { limits: ResourceLimits::none(), ..self.clone() };
            fields.push("policy", format!("{anonymous:?}").as_bytes());
            fields.finish()
        })
    }

    /// Whether files may be read wherever they are.
    pub(crate) fn reads_everything(&self) -> bool {
        self.readable.is_none()
    }

    /// Whether a file may be read, for a script in a directory. Links are followed: what is read is what they lead to.
    pub(crate) fn may_read(&self, path: &Path, base: &Path) -> bool {
        let Some(readable) = &self.readable else { return true };
        let real = |path: &Path| std::fs::canonicalize(path);
        // What is not there is for the compiler to say, if it would be in a place that it may look at.
        let path = match (real(path), path.parent().map(real)) {
            (Ok(path), _) => path,
            (Err(_), Some(Ok(parent))) => parent.join(path.file_name().unwrap_or_default()),
            _ => return false,
        };
        [base].into_iter().chain(readable.iter().map(PathBuf::as_path)).any(|place| {
            // A script in `/` would open everything.
            place.parent().is_some() && real(place).is_ok_and(|place| path.starts_with(place))
        })
    }

    /// Whether the text of a script may ask for a variable of its build.
    pub(crate) fn may_ask_for(&self, name: &str) -> bool {
        allows(&self.variables, name) || OF_THE_CRATE.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Whether compilers are given a variable.
    pub(crate) fn passes_on(&self, name: &str) -> bool {
        let is_cargos = name.starts_with("CARGO_") && !name.contains("TOKEN") && !name.contains("CREDENTIAL");
        allows(&self.variables, name) || is_cargos || USUAL.contains(&name)
    }
}

/// As [`Policy::trusting`].
impl Default for Policy {
    fn default() -> Policy {
        Policy::trusting()
    }
}

fn list<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Grant {
    Some(names.into_iter().map(Into::into).collect())
}
