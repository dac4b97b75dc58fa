//! What cargo built, and which of it may change: packages in directories, and what build scripts say they read.
//!
//! A crate from a registry or a git revision never changes under its lock. A package in a directory does: every file and
//! directory of it is a check, so is every manifest a workspace above it may have, and what its dep-info names outside.
//! Cargo itself goes by modification times, which `cp -p` and `git checkout` set back; so before every build cargo is made
//! to forget what it knows of such packages. A build that they change under is done again.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::base::environment::{Environment, is_dropped};
use crate::base::error::{Error, Result, Step};
use crate::build::input_mutation::InputMutations;
use crate::rust::dep_info::DepInfo;
use crate::rust::deps::artifacts;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::path_trimming::{self, Identity};
use crate::rust::deps::target_dir::Lane;
use crate::rust::manifest::Manifest;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Packages that lie in directories.
#[derive(Debug, Default)]
pub(crate) struct Local {
    packages: Vec<Package>,
    identities: Vec<Identity>,
}

#[derive(Debug)]
struct Package {
    /// Cargo's own, opaque.
    id: String,
    name: String,
    directory: PathBuf,
}

/// What a build made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    files: Vec<PathBuf>,
    /// Programs, under the names by which cargo keeps them.
    twins: Vec<PathBuf>,
    /// Of each build script that ran: its package's id and its `OUT_DIR`.
    build_outputs: Vec<(String, PathBuf)>,
    /// Shared libraries that are linked to.
    shared_libraries: Vec<PathBuf>,
    /// Of each proc macro: its package's id and its dynamic library.
    proc_macros: Vec<(String, PathBuf)>,
    /// The ids of the packages that were compiled.
    packages: BTreeSet<String>,
}

impl Local {
    /// Asks `cargo metadata`, if the manifest or cargo's configuration names a directory at all.
    pub(super) fn find(
        manifest: &Manifest,
        cargo: impl Fn() -> Command,
        manifest_path: &Path,
        environments: &Environments<'_>,
    ) -> Result<Local> {
        if !manifest.has_path_dependencies() && !environments.recipe.config.names_directories {
            return Ok(Local::default());
        }
        let ask = |offline: bool| {
            let mut command = cargo();
            command.arg("metadata").arg("--manifest-path").arg(manifest_path).args(["--format-version", "1"]);
            if offline {
                command.arg("--offline");
            }
            command.args(environments.recipe.options.locked.then_some("--locked"));
            command.args(environments.recipe.options.selection.feature_arguments());
            environments.reporter.unconfined().run(&command, "resolving dependencies", true)
        };
        let mut finished = ask(true);
        if !environments.recipe.options.offline
            && !finished.as_ref().is_ok_and(|finished| finished.status.success())
        {
            finished = ask(false);
        }
        let mut finished = finished.map_err(|error| Error::new(Step::Dependencies, error))?;
        if environments.forgets_lock(&finished, &manifest_path.with_file_name("Cargo.lock")) {
            finished = ask(environments.recipe.options.offline)
                .map_err(|error| Error::new(Step::Dependencies, error))?;
        }
        if !finished.status.success() {
            return Err(environments.failed(&finished.stderr, finished.status));
        }
        let metadata: Value = serde_json::from_slice(&finished.stdout).map_err(|error| {
            Error::new(Step::Dependencies, anyhow::Error::new(error).context("cannot read what cargo says"))
        })?;
        let identities = path_trimming::identities(&metadata, manifest_path);
        let mut local = Local { packages: Vec::new(), identities };
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let manifest = package["manifest_path"].as_str().map(Path::new);
            let (Some(id), Some(name), Some(directory)) =
                (package["id"].as_str(), package["name"].as_str(), manifest.and_then(Path::parent))
            else {
                continue;
            };
            if package["source"].is_null() && manifest != Some(manifest_path) {
                let (id, name, directory) = (id.to_owned(), name.to_owned(), directory.to_owned());
                local.packages.push(Package { id, name, directory });
            }
        }
        Ok(local)
    }

    /// What these packages, and those that depend on them, are to be called in programs.
    pub(super) fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Makes cargo forget that it built these packages, whatever their times say now.
    pub(super) fn forget_in(&self, lane: &Lane, profile: &str) {
        let directory = if profile == "dev" || profile == "test" {
            "debug"
        } else if profile == "bench" {
            "release"
        } else {
            profile
        };
        // With a target in cargo's configuration, a directory of that name is between the two.
        let targets = fs::read_dir(lane.path()).into_iter().flatten().flatten().map(|entry| entry.path());
        let entries = targets
            .chain([lane.path().to_owned()])
            .filter_map(|target| fs::read_dir(target.join(directory).join(".fingerprint")).ok());
        for entry in entries.flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let package = name.rsplit_once('-').map_or(name.as_str(), |(package, _)| package);
            if self.packages.iter().any(|local| local.name == package) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Made {
    /// Reads cargo's messages, one JSON object a line.
    pub(crate) fn read(messages: &[u8]) -> Made {
        let mut made = Made::default();
        for line in messages.split(|byte| *byte == b'\n') {
            let Ok(message) = serde_json::from_slice::<Value>(line) else { continue };
            match message["reason"].as_str() {
                Some("compiler-artifact")
                    if message["target"]["name"] != crate::request::package_spec::PACKAGE_NAME =>
                {
                    let files = message["filenames"].as_array().into_iter().flatten();
                    let kinds = message["target"]["crate_types"].as_array().into_iter().flatten();
                    if kinds.clone().any(|kind| kind == "dylib") {
                        let paths = files.clone().filter_map(Value::as_str).map(PathBuf::from);
                        made.shared_libraries.extend(paths.filter(|path| is_shared_library(path)));
                    }
                    let kinds = message["target"]["kind"].as_array().into_iter().flatten();
                    if let Some(id) = message["package_id"].as_str()
                        && kinds.into_iter().any(|kind| kind == "proc-macro")
                    {
                        let libraries = files.clone().filter_map(Value::as_str).map(PathBuf::from);
                        made.proc_macros.extend(libraries.map(|library| (id.to_owned(), library)));
                    }
                    made.packages.extend(message["package_id"].as_str().map(str::to_owned));
                    made.files.extend(files.filter_map(Value::as_str).map(PathBuf::from));
                }
                Some("build-script-executed") => {
                    let id = message["package_id"].as_str().unwrap_or_default();
                    let output = message["out_dir"].as_str().map(PathBuf::from);
                    made.build_outputs.extend(output.map(|output| (id.to_owned(), output)));
                }
                _ => {}
            }
        }
        made
    }

    pub(crate) fn shared_libraries(&self) -> &[PathBuf] {
        &self.shared_libraries
    }

    pub(crate) fn packages(&self) -> &BTreeSet<String> {
        &self.packages
    }

    /// The dynamic libraries of proc macros: `ID PATH`, relative to the cache.
    pub(crate) fn proc_macros(&self, cache: &Path) -> Vec<OsString> {
        owned(&self.proc_macros, cache)
    }

    /// The `OUT_DIR`s of build scripts: `ID PATH`, relative to the cache.
    pub(crate) fn build_outputs(&self, cache: &Path) -> Vec<OsString> {
        owned(&self.build_outputs, cache)
    }

    /// Removes what cargo put at the top of the target directory, where no sweep looks: second links to its artifacts.
    pub(crate) fn remove_outermost(&self, lane: &Lane) {
        for file in self.outermost(lane) {
            let _ = fs::remove_file(file.with_extension("d"));
            let _ = fs::remove_file(file);
        }
    }

    /// Adds the artifact of which `program` is another link: what rustc says it read for it lies beside that.
    pub(crate) fn add_twin_of(&mut self, program: &Path, lane: &Lane) {
        let Ok(inode) = fs::metadata(program).map(|metadata| metadata.ino()) else { return };
        let places: Vec<PathBuf> = self.outermost(lane).map(|file| file.with_file_name("deps")).collect();
        let entries = places.iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten();
        let mut twins = entries.filter(|entry| entry.metadata().is_ok_and(|other| other.ino() == inode));
        if let Some(twin) = twins.next().map(|twin| twin.path()) {
            // With an extension, so that it is not taken for a build script, whose dep-info has another name.
            self.files.push(twin.with_extension("program"));
            self.twins.push(twin);
        }
    }

    /// What is neither below `deps` nor `build`: a program of a package that was built by itself.
    fn outermost<'a>(&'a self, lane: &'a Lane) -> impl Iterator<Item = &'a PathBuf> {
        let is_inner = |path: &Path| {
            path.components().any(|part| part.as_os_str() == "deps" || part.as_os_str() == "build")
        };
        self.files.iter().filter(move |file| file.strip_prefix(lane.path()).is_ok_and(|path| !is_inner(path)))
    }

    /// Whether cargo runs the build script of a package again for any change in it, because that did not say for which.
    fn watches_whole(&self, package: &str) -> bool {
        let outputs = self.build_outputs.iter().filter(|(id, _)| id == package);
        outputs.filter_map(|(_, output)| fs::read(output.with_file_name("output")).ok()).any(|text| {
            let text = String::from_utf8_lossy(&text);
            let is_asked = |line: &str| line.starts_with("cargo") && line.contains(":rerun-if-");
            !text.lines().any(is_asked)
        })
    }

    /// What must be untouched for the call to work again: `STAMP PATH`, relative to the cache.
    pub(crate) fn artifacts(&self, cache: &Path) -> Vec<OsString> {
        self.paths().filter_map(|path| artifacts::recorded(&path, path.strip_prefix(cache).ok()?)).collect()
    }

    /// Where it is.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        // What a build script said to cargo lies beside its output directory.
        let outputs = self.build_outputs.iter();
        let said = outputs.clone().map(|(_, output)| output.with_file_name("output"));
        let files = self.files.iter().chain(&self.twins);
        files.chain(outputs.map(|(_, output)| output)).cloned().chain(said)
    }
}

/// Files of packages, as a record has them.
fn owned(files: &[(String, PathBuf)], cache: &Path) -> Vec<OsString> {
    let text = |(id, path): &(String, PathBuf)| {
        let mut text = OsString::from(id);
        text.push(" ");
        text.push(path.strip_prefix(cache).ok()?);
        Some(text)
    };
    files.iter().filter_map(text).collect()
}

/// The checks that a dependency environment rests on, apart from what names it.
pub(crate) fn checks(
    local: &Local,
    made: &Made,
    lane: &Lane,
    environment: &Environment,
    start: Moment,
) -> Result<Vec<Check<'static>>> {
    let mut facts = Facts {
        files: BTreeSet::new(),
        directories: BTreeSet::new(),
        variables: BTreeSet::new(),
        unchangeable: unchangeable(environment, lane.path()),
    };
    for Package { directory, id, .. } in &local.packages {
        let added = match made.watches_whole(id) {
            true => facts.add_package(directory, Names::Package, &mut Vec::new()),
            false => facts.add_tree(directory, Names::Sources),
        };
        added.map_err(|error| {
            let what = format!("failed to read `{}`", directory.display());
            Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
        })?;
        // A manifest above may be the workspace this package inherits from, or become it.
        facts.files.extend(directory.ancestors().skip(1).map(|parent| parent.join("Cargo.toml")));
    }
    for file in &made.files {
        facts.add_dep_info(file);
    }
    for (id, output) in &made.build_outputs {
        let package = local.packages.iter().find(|package| package.id == *id);
        facts.add_build_output(output, package.map(|package| package.directory.as_path()));
    }
    facts.checks(environment, start).map_err(|error| Error::new(Step::Dependencies, error))
}

/// What changed of these checks while cargo ran: a file or a directory of theirs, or what is above it.
pub(super) fn disturbance(checks: &[Check<'_>], start: Moment) -> Option<PathBuf> {
    let mut mutations = InputMutations::since(start);
    let mut paths = checks.iter().filter_map(Check::content_path);
    paths.find(|path| mutations.has_changed(path)).map(Path::to_owned)
}

struct Facts {
    files: BTreeSet<PathBuf>,
    directories: BTreeSet<(PathBuf, Names)>,
    variables: BTreeSet<String>,
    /// Where nothing ever changes.
    unchangeable: Vec<PathBuf>,
}

impl Facts {
    /// Whether a source file may change: it lies neither in a registry's or git's checkout of cargo's nor in our own cache.
    fn may_change(&self, file: &Path) -> bool {
        !self.unchangeable.iter().any(|place| file.starts_with(place))
    }

    /// Every file and directory below, but for what tools put there.
    fn add_tree(&mut self, directory: &Path, which: Names) -> io::Result<()> {
        self.directories.insert((directory.to_owned(), which));
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if !which.matters(&entry.file_name()) {
                continue;
            }
            let path = entry.path();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && !entry.file_type()?.is_symlink() => {
                    self.add_tree(&path, which)?
                }
                Ok(metadata) if !metadata.is_file() => {}
                // A link that dangles may come to lead somewhere.
                _ => drop(self.files.insert(path)),
            }
        }
        Ok(())
    }

    /// Every file and directory of a package as cargo sees them: with hidden ones, and through links to directories.
    fn add_package(&mut self, directory: &Path, which: Names, above: &mut Vec<PathBuf>) -> io::Result<()> {
        let real = fs::canonicalize(directory)?;
        if above.contains(&real) {
            return Ok(());
        }
        above.push(real);
        self.directories.insert((directory.to_owned(), which));
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if !which.matters(&entry.file_name()) {
                continue;
            }
            let path = entry.path();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.add_package(&path, Names::Below, above)?,
                Ok(metadata) if !metadata.is_file() => {}
                _ => drop(self.files.insert(path)),
            }
        }
        above.pop();
        Ok(())
    }

    /// What rustc says it read for a crate: sources outside the registry, and variables.
    fn add_dep_info(&mut self, artifact: &Path) {
        let Some(stem) = artifact.file_stem().and_then(|stem| stem.to_str()) else { return };
        let name = stem.strip_prefix("lib").unwrap_or(stem);
        let Some(directory) = artifact.parent() else { return };
        let candidates = [directory.join(format!("{name}.d")), directory.join(format!("{stem}.d"))];
        let mut found: Vec<PathBuf> = candidates.into_iter().filter(|path| path.is_file()).collect();
        if artifact.extension().is_none() {
            // A build script: the name cargo gives it is not the one rustc wrote.
            let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
            found.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "d")));
        }
        for text in found.iter().filter_map(|path| fs::read(path).ok()) {
            let Some(info) = DepInfo::parse(&String::from_utf8_lossy(&text)) else { continue };
            let files = info.files.into_iter();
            let files: Vec<PathBuf> =
                files.filter(|file| file.is_absolute() && self.may_change(file)).collect();
            self.files.extend(files);
            let variables = info.variables.into_iter().map(|(name, _)| name);
            self.variables.extend(variables.filter(|name| !is_dropped(OsStr::new(name))));
        }
    }

    /// What a build script says it depends on: `cargo:rerun-if-changed=PATH`, `cargo::rerun-if-env-changed=NAME`.
    /// Relative paths are taken from the package's directory, and in a package that cannot change they cannot either.
    fn add_build_output(&mut self, out_directory: &Path, package: Option<&Path>) {
        let Some(directory) = out_directory.parent() else { return };
        let Ok(text) = fs::read(directory.join("output")) else { return };
        for line in String::from_utf8_lossy(&text).lines() {
            let Some(line) = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:")) else {
                continue;
            };
            if let Some(name) = line.strip_prefix("rerun-if-env-changed=") {
                self.variables.extend(Some(name.to_owned()).filter(|name| is_foreign(name)));
            } else if let Some(path) = line.strip_prefix("rerun-if-changed=").map(Path::new)
                && (path.is_absolute() || package.is_some())
            {
                let path = package.unwrap_or(Path::new("/")).join(path);
                if !self.may_change(&path) {
                    continue;
                }
                if path.is_dir() {
                    // As cargo: a directory stands for everything below it; the whole package, without what tools put there.
                    let is_whole = package.is_some_and(|package| package.starts_with(&path));
                    let _ = self.add_tree(&path, if is_whole { Names::Sources } else { Names::All });
                } else {
                    self.files.insert(path);
                }
            }
        }
    }

    fn checks(self, environment: &Environment, start: Moment) -> io::Result<Vec<Check<'static>>> {
        let mut checks = Vec::new();
        for path in &self.files {
            checks.push(Check::file_or_absent(path, start)?);
        }
        for (path, which) in &self.directories {
            checks.push(Check::directory(path, *which, start)?);
        }
        checks.extend(self.variables.iter().map(|name| Check::private_variable(name, environment)));
        Ok(checks.into_iter().map(Check::dependency).collect())
    }
}

/// Where sources lie that never change: registries' and git's checkouts in cargo's home, as it is named and where it really is,
/// and what is ours.
fn unchangeable(environment: &Environment, lane: &Path) -> Vec<PathBuf> {
    let home = environment.cargo_home();
    let of_cargo = home.iter().flat_map(|home| ["registry/src", "git/checkouts"].map(|part| home.join(part)));
    let named: Vec<PathBuf> =
        of_cargo.chain(lane.ancestors().find(|path| path.ends_with("deps")).map(Path::to_owned)).collect();
    let real: Vec<PathBuf> = named.iter().filter_map(|place| fs::canonicalize(place).ok()).collect();
    named.into_iter().chain(real).collect()
}

fn is_shared_library(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "so" || extension == "dylib")
}

/// Whether a variable comes from outside: cargo sets its own from what names the environment.
fn is_foreign(name: &str) -> bool {
    let of_cargo = ["CARGO_PKG_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_", "DEP_"];
    let set_by_cargo = [
        "CARGO",
        "OUT_DIR",
        "TARGET",
        "HOST",
        "NUM_JOBS",
        "OPT_LEVEL",
        "PROFILE",
        "DEBUG",
        "RUSTC",
        "RUSTDOC",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "RUSTC_LINKER",
    ];
    !of_cargo.iter().any(|prefix| name.starts_with(prefix)) && !set_by_cargo.contains(&name)
}
