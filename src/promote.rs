//! Promotion: a script becomes an installed executable, and stays known.
//!
//! [`Runner::promote`] builds release with paths of this machine kept out, installs by rename, and keeps a receipt.
//! [`Runner::installed`] tells what became of each; [`Runner::demote`] removes only what was put there. A file runner did
//! not put there is never overwritten or removed without `force`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::check::{Check, Fact, Holds};
use crate::digest::Digest;
use crate::environment::{Environment, absolute};
use crate::error::{Error, Result, Step};
use crate::install::{cannot, check_name, put, refuse_script_itself};
use crate::launch::LaunchId;
use crate::options::Options;
use crate::receipt::{self, Receipt};
use crate::runner::Runner;
use crate::script::Script;
use crate::stamp::Moment;
use crate::trace::{Tools, Trace};

/// Where an executable goes.
#[derive(Debug, Clone, Default)]
pub struct Placement {
    /// Its name; the script's file stem if `None`.
    pub name: Option<OsString>,
    /// Its directory; the user's directory for executables if `None`.
    pub directory: Option<PathBuf>,
    /// Replace what runner did not put there.
    pub force: bool,
}

/// An executable that has been installed.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Where it is.
    pub path: PathBuf,
    /// Whether its directory is on PATH.
    pub on_path: bool,
    /// Whether another command of its name comes first on PATH.
    pub shadowed_by: Option<PathBuf>,
}

/// What became of an installed executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it was installed, and so are its inputs.
    Current,
    /// An input has changed since.
    SourceChanged,
    /// The script is not there any more.
    SourceGone,
    /// Somebody changed or replaced the executable.
    Modified,
    /// Somebody removed it.
    Missing,
}

impl State {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Current => "current",
            State::SourceChanged => "source changed",
            State::SourceGone => "source gone",
            State::Modified => "modified",
            State::Missing => "missing",
        }
    }
}

/// An entry of `runner list`.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its name.
    pub name: OsString,
    /// Where it was put.
    pub path: PathBuf,
    /// The script it was made from.
    pub source: PathBuf,
    /// What became of it.
    pub state: State,
    /// The blake3 digest of the executable as it was installed, in hexadecimal.
    pub digest: String,
}

impl Runner {
    /// Installs a script as an executable.
    ///
    /// # Errors
    /// Those of [`Runner::prepare`], and [`Step::Install`]: nothing has changed then.
    pub fn promote(&self, script: &Script, options: &Options, placement: &Placement) -> Result<Installed> {
        self.promote_inner(script, options, placement)
            .map_err(|error| error.about(script.typed().to_string_lossy()))
    }

    fn promote_inner(&self, script: &Script, options: &Options, placement: &Placement) -> Result<Installed> {
        let environment = self.environment();
        let source = script.path().ok_or_else(|| {
            Error::message(Step::Install, "a script that came through a pipe has no file to keep track of")
                .hint("save it first")
        })?;
        let name = placement.name.clone().unwrap_or_else(|| script.stem());
        check_name(&name)?;
        let directory = match &placement.directory {
            Some(directory) => absolute(directory.clone()),
            None => self.executable_directory()?.ok_or_else(|| {
                Error::message(Step::Install, "there is no directory for executables")
                    .hint("`--to DIR`, or set `HOME`")
            })?,
        };
        let path = directory.join(&name);
        let receipts = receipt::directory(environment)?;
        refuse_script_itself(script, &path)?;
        let replaces = check_place(&receipts, &path, placement.force)?;
        let options = Options { portable: true, ..options.clone() };
        let program = self.prepare(script, &options)?;
        // As it was compiled: one that was edited meanwhile has been read again.
        let script = program.script();
        let (checks, mut about) = self.build_record(script, &options);
        about.push(("runner".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
        about.push(("installed".to_owned(), Moment::now().unix_seconds().to_string()));
        fs::create_dir_all(&directory).map_err(|error| cannot("create the directory", &directory, error))?;
        let content = program.open().and_then(|mut file| Digest::of_reader(&mut file));
        let receipt = Receipt {
            name: name.clone(),
            path: path.clone(),
            source: source.to_owned(),
            source_digest: Digest::of(script.bytes()),
            binary_digest: content.map_err(|error| cannot("read the program of", source, error))?,
            replaces,
            about,
            checks,
        };
        receipt.write(&receipts)?;
        put(&program, &path).map_err(|error| cannot("write", &path, error))?;
        Ok(Installed {
            on_path: is_on_path(environment, &directory),
            shadowed_by: shadow(environment, &name, &path),
            path,
        })
    }

    /// What the build rested on, as far as a later look can tell whether the source has changed; and what is told of it.
    fn build_record(
        &self,
        script: &Script,
        options: &Options,
    ) -> (Vec<Check<'static>>, Vec<(String, String)>) {
        let nothing = (Vec::new(), Vec::new());
        let Ok(cache) = self.cache() else { return nothing };
        let id = LaunchId::of(script, options, self.environment());
        let Some(bytes) = cache.read_trace(&id) else { return nothing };
        let Some(trace) = Trace::parse(id.digest(), &bytes) else { return nothing };
        let Some(current) = trace.current(cache.directory(), self.environment(), Tools::Forgiven) else {
            return nothing;
        };
        let variant = &trace.variants[current.variant];
        let is_source = |check: &&Check<'_>| {
            !check.tool
                && !check.choice
                && !matches!(check.fact, Fact::Variable { .. } | Fact::Command { .. })
        };
        let checks =
            variant.checks.iter().filter(is_source).map(|check| check.clone().into_owned()).collect();
        let about = ["profile", "edition", "toolchain", "target"];
        (checks, about.iter().filter_map(|name| Some(((*name).to_owned(), variant.about(name)?))).collect())
    }

    /// Every executable that was promoted, by name, and what became of it.
    ///
    /// # Errors
    /// [`Step::Install`] if there is nowhere to keep receipts.
    pub fn installed(&self) -> Result<Vec<Listed>> {
        let receipts = Receipt::all(&receipt::directory(self.environment())?);
        let state = |receipt: &Receipt| state(receipt, self.environment());
        Ok(receipts
            .iter()
            .map(|receipt| Listed {
                name: receipt.name.clone(),
                path: receipt.path.clone(),
                source: receipt.source.clone(),
                state: state(receipt),
                digest: receipt.binary_digest.hex(),
            })
            .collect())
    }

    /// Removes an executable that was promoted: by its name, or by its path if there are several of that name. Returns
    /// where it was.
    ///
    /// # Errors
    /// [`Step::Install`] if there is none, if several have the name, or if it was modified and `force` is not given.
    pub fn demote(&self, name: &OsStr, force: bool) -> Result<PathBuf> {
        let receipts = receipt::directory(self.environment())?;
        let path = name.as_bytes().contains(&b'/').then(|| absolute(PathBuf::from(name)));
        let mut matching: Vec<Receipt> = Receipt::all(&receipts)
            .into_iter()
            .filter(|receipt| receipt.name == name || Some(&receipt.path) == path.as_ref())
            .collect();
        let shown = name.to_string_lossy();
        let receipt = match (matching.pop(), matching.first()) {
            (None, _) => {
                return Err(Error::message(Step::Install, format!("`{shown}` was not promoted"))
                    .hint("`runner list` tells what was"));
            }
            (Some(one), Some(other)) => {
                let text = format!(
                    "`{shown}` was promoted to `{}` and to `{}`",
                    other.path.display(),
                    one.path.display()
                );
                return Err(Error::message(Step::Install, text).hint("give the path of the one to remove"));
            }
            (Some(receipt), None) => receipt,
        };
        match Digest::of_file(&receipt.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(content) if force || receipt.is_ours(content) => {
                fs::remove_file(&receipt.path).map_err(|error| cannot("remove", &receipt.path, error))?;
            }
            Ok(_) => {
                let text = format!("`{}` is not what runner put there", receipt.path.display());
                return Err(Error::message(Step::Install, text).hint("`--force` removes it all the same"));
            }
            Err(error) => return Err(cannot("read", &receipt.path, error)),
        }
        receipt.remove(&receipts)?;
        Ok(receipt.path)
    }
}

/// Whether something may be put at `path`; returns the digest of what is there, if that is ours.
fn check_place(receipts: &Path, path: &Path, force: bool) -> Result<Option<Digest>> {
    let there = match fs::symlink_metadata(path) {
        Err(_) => return Ok(None),
        Ok(metadata) => metadata,
    };
    if there.is_dir() {
        let text = format!("`{}` is a directory", path.display());
        return Err(
            Error::message(Step::Install, text).hint("`--name NAME` gives the executable another name")
        );
    }
    let content = if there.is_file() { Digest::of_file(path).ok() } else { None };
    let ours =
        Receipt::find(receipts, path).zip(content).filter(|(receipt, content)| receipt.is_ours(*content));
    match ours {
        Some((_, content)) => Ok(Some(content)),
        None if force => Ok(None),
        None => {
            let text = format!("`{}` exists and runner did not put it there", path.display());
            Err(Error::message(Step::Install, text).hint("`--force` replaces it"))
        }
    }
}

fn state(receipt: &Receipt, environment: &Environment) -> State {
    match Digest::of_file(&receipt.path) {
        Err(_) => return State::Missing,
        Ok(content) if content != receipt.binary_digest => return State::Modified,
        Ok(_) => {}
    }
    match fs::read(&receipt.source) {
        Err(_) => State::SourceGone,
        Ok(bytes) if Digest::of(&bytes) != receipt.source_digest => State::SourceChanged,
        Ok(_) if receipt.checks.iter().any(|check| check.holds(environment) == Holds::No) => {
            State::SourceChanged
        }
        Ok(_) => State::Current,
    }
}

fn is_on_path(environment: &Environment, directory: &Path) -> bool {
    let path = environment.variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|entry| entry.components().eq(directory.components()))
}

/// Another command that a search of PATH finds first.
fn shadow(environment: &Environment, name: &OsStr, path: &Path) -> Option<PathBuf> {
    environment
        .find_command(name)
        .filter(|found| found != path && is_on_path(environment, path.parent().unwrap_or(path)))
}
