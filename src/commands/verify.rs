//! `runner verify`: rebuilds a program in an empty cache and compares the files byte by byte.
//!
//! The program says what it was made from and how (see [`crate::build::record`]); where its script is, its receipt says, or
//! the caller, or it lies beside the program, in the working directory, or where the cache knows a script of that name and
//! content. The build has a cache of its own for the time it takes, so that nothing that was built before has a part in it;
//! the versions of dependencies are those of the record.
//!
//! It cannot be told where the script is gone or changed, or the compiler is not there any more: that is an error. What the
//! script includes, and the variables it reads, are not in the record; if they changed, the program differs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::base::digest::{Digest, Sums};
use crate::base::environment::absolute;
use crate::base::error::{At, Error, Result, Step};
use crate::base::fs::{cannot, write_atomically};
use crate::base::order;
use crate::build::record::{BuildRecord, Dependency};
use crate::commands::promote::receipt::{self, Receipt};
use crate::engine::context::Context;
use crate::engine::prepare::prepare;
use crate::request::options::Options;
use crate::request::package_spec::Package;
use crate::rust::deps;
use crate::rust::toolchain::Toolchain;
use crate::script::script_file::Script;
use crate::store::cache::Cache;
use crate::store::staging::Staging;

/// What came of building a program again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verification {
    /// The script, or the package: `ripgrep@14.1.0`.
    pub script: PathBuf,
    /// The program's sums, and those of what was built.
    pub sums: (Sums, Sums),
    /// Whether the two are the same.
    pub is_identical: bool,
    /// In what they differ, as far as that can be told.
    pub differences: Vec<String>,
}

/// Builds a program again from its script, and compares. The program is a file, or the name of what was promoted.
///
/// # Errors
/// Those of `Runner::inspect` and [`crate::Runner::build`]; [`Step::Install`] and [`Step::Toolchain`] if it cannot be told.
pub(crate) fn verify(
    context: &Context,
    program: &OsStr,
    script: Option<&OsStr>,
    options: &Options,
) -> Result<Verification> {
    let (path, record) = crate::commands::inspect::inspect(context, program)?;
    verify_inner(context, &path, &record, script, options)
        .map_err(|error| error.about(program.to_string_lossy()).failed())
}

fn verify_inner(
    context: &Context,
    program: &Path,
    record: &BuildRecord,
    script: Option<&OsStr>,
    options: &Options,
) -> Result<Verification> {
    let package = Package::parse(OsStr::new(&record.script)).filter(|_| record.digest.is_empty());
    let (path, script) = match package {
        Some(package) => (PathBuf::from(&record.script), Script::from_package(package)),
        None => {
            let path = script_of(context, program, record, script)?;
            let script = Script::read(path.as_os_str(), context.environment())?;
            (path, script)
        }
    };
    let cache = context.cache()?;
    cache.create()?;
    let is_rust = record.language == "rust";
    let toolchain = is_rust.then(|| toolchain_of(context, record, &cache)).transpose()?;
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let alone = context.environment().with("RUNNER_CACHE", staging.path().join("cache"));
    let alone = context.within(alone);
    let fresh_cache = alone.cache()?;
    fresh_cache.create()?;
    if let Some(toolchain) = &toolchain {
        let seed = deps::sealed(&lock(&record.dependencies));
        let place = fresh_cache.join("deps").join(&toolchain.id).join("environments/seed");
        for (name, text) in [("Cargo.lock", seed.as_str()), ("record", "")] {
            write_atomically(text.as_bytes(), &place.join(name)).at(Step::Cache)?;
        }
    }
    let options = record.asked(toolchain.as_ref(), options)?;
    let fresh = prepare(&alone, &script, &options)?;
    let fresh_bytes = fresh.open().and_then(|mut file| read_to_end(&mut file));
    let fresh_bytes = fresh_bytes.map_err(|error| cannot("read the program of", &path, error))?;
    let bytes = std::fs::read(program).map_err(|error| cannot("read", program, error))?;
    let fresh_record = BuildRecord::read(&fresh_bytes).unwrap_or_default();
    record.refuse_other(&fresh_record)?;
    let sums = |bytes: &[u8]| Sums::of_reader(&mut &*bytes).at(Step::Install);
    let is_identical = bytes == fresh_bytes;
    Ok(Verification {
        script: path,
        sums: (sums(&bytes)?, sums(&fresh_bytes)?),
        is_identical,
        differences: if is_identical {
            Vec::new()
        } else {
            differences(&bytes, &fresh_bytes, record, &fresh_record)
        },
    })
}

/// Where the script of a program is, as it was when the program was built.
fn script_of(
    context: &Context,
    program: &Path,
    record: &BuildRecord,
    said: Option<&OsStr>,
) -> Result<PathBuf> {
    let is_it = |path: &PathBuf| {
        path.is_file() && Digest::of_file(path).is_ok_and(|digest| digest.hex() == record.digest)
    };
    let receipts = receipt::directory(context.environment()).ok();
    let receipt = receipts.and_then(|receipts| Receipt::find(&receipts, program));
    let known = said.map(PathBuf::from).or(receipt.map(|receipt| receipt.source));
    if let Some(known) = known.map(absolute) {
        if is_it(&known) {
            return Ok(known);
        }
        let what = if known.exists() { "has changed since" } else { "is not there any more" };
        let text = format!("its script `{}` {what}, so nothing can be told", known.display());
        return Err(Error::message(Step::Install, text).hint("`--script FILE` names it, as it was"));
    }
    let beside = program.parent().map(Path::to_owned).into_iter().chain([absolute(PathBuf::from("."))]);
    let beside = beside.map(|directory| directory.join(&record.script));
    let builds =
        crate::commands::cache::list(context).unwrap_or_default().into_iter().map(|build| build.script);
    let of_cache = builds.filter(|path| path.file_name() == Some(OsStr::new(&record.script)));
    beside.chain(of_cache).find(is_it).ok_or_else(|| {
        let text = format!("its script `{}` (b3 {:.12}) was not found", record.script, record.digest);
        Error::message(Step::Install, text).hint("`--script FILE` names it")
    })
}

/// The compiler that a program was built by.
fn toolchain_of(context: &Context, record: &BuildRecord, cache: &Cache) -> Result<Toolchain> {
    let environment = context.environment();
    let installed = environment.rustup_home().map(|home| home.join("toolchains"));
    let mut installed: Vec<PathBuf> = installed
        .and_then(|directory| std::fs::read_dir(directory).ok())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    order::sort(&mut installed);
    let installed = installed.iter().filter_map(|path| path.to_str()).map(Some);
    let found = [None].into_iter().chain(installed).filter_map(|name| {
        let found = Toolchain::find(name, environment, cache).ok()?;
        (found.version.short_version_string == record.toolchain).then_some(found)
    });
    found.into_iter().next().ok_or_else(|| {
        let text = format!("it was built by {}, which is not installed", record.toolchain);
        let version = record.toolchain.split(' ').nth(1).unwrap_or_default();
        Error::message(Step::Toolchain, text).hint(format!("`rustup toolchain install {version}`"))
    })
}

impl BuildRecord {
    /// The options of a build that is to give the same program.
    fn asked(&self, toolchain: Option<&Toolchain>, said: &Options) -> Result<Options> {
        let root = toolchain.and_then(|toolchain| toolchain.rustc.parent()?.parent());
        let is_foreign = |target: &String| toolchain.is_some_and(|one| *target != one.version.host);
        let shaping = Options::from_arguments(&self.options).map_err(|error| {
            let text = format!("it was built with options that this runner does not know: {error}");
            Error::message(Step::Install, text)
        })?;
        let Options { edition, dependencies, selection, locked, is_static, strip, .. } = shaping;
        Ok(Options {
            profile: Some(self.profile.clone()),
            toolchain: root.map(|root| root.to_string_lossy().into_owned()),
            target: Some(self.target.clone()).filter(is_foreign),
            portable: true,
            revision: self.revision.clone(),
            edition,
            dependencies,
            selection,
            locked,
            is_static,
            strip,
            ..said.clone()
        })
    }

    /// Refuses to compare with a build that had other dependencies or another compiler.
    fn refuse_other(&self, fresh: &BuildRecord) -> Result<()> {
        if fresh.toolchain != self.toolchain {
            let text = format!("it was built by {}, and would now be by {}", self.toolchain, fresh.toolchain);
            return Err(Error::message(Step::Toolchain, text));
        }
        let is_package = self.digest.is_empty();
        if fresh.lock == self.lock && (!is_package || fresh.dependencies == self.dependencies) {
            return Ok(());
        }
        let other = |one: &BuildRecord, two: &BuildRecord| -> Option<String> {
            let found = one.dependencies.iter().find(|dependency| !two.dependencies.contains(dependency))?;
            Some(format!("{} {}", found.name, found.version))
        };
        let (was, is) = (other(self, fresh), other(fresh, self));
        let nothing = || "what it names".to_owned();
        let what = if is_package { "its dependencies differ" } else { "its lock differs" };
        let text = format!(
            "{what}: it was built with {}, and would now be with {}",
            was.unwrap_or_else(nothing),
            is.unwrap_or_else(nothing)
        );
        Err(Error::message(Step::Dependencies, text).hint(
            "`SCRIPT.lock` beside the script, as it was, is its lock; of a package `--locked` takes its own",
        ))
    }
}

/// A lock of these packages. What depends on what, cargo finds out itself.
fn lock(dependencies: &[Dependency]) -> String {
    let mut out = String::from("version = 4\n");
    for Dependency { name, version, source, checksum } in dependencies {
        let source = match source.as_str() {
            "crates.io" => "registry+https://github.com/rust-lang/crates.io-index",
            other => other,
        };
        let quoted = |text: &str| toml::Value::from(text).to_string();
        out.push_str(&format!(
            "\n[[package]]\nname = {}\nversion = {}\nsource = {}\n",
            quoted(name),
            quoted(version),
            quoted(source)
        ));
        out.extend(checksum.iter().map(|checksum| format!("checksum = {}\n", quoted(checksum))));
    }
    out
}

fn differences(one: &[u8], two: &[u8], record: &BuildRecord, fresh: &BuildRecord) -> Vec<String> {
    let mut found = Vec::new();
    let at = one.iter().zip(two).position(|(one, two)| one != two).unwrap_or(one.len().min(two.len()));
    found.push(format!("from byte {at} on; it has {} bytes, and the other {}", one.len(), two.len()));
    for (name, one, two) in record.differences(fresh) {
        found.push(format!("{name}: {one}, and of the other: {two}"));
    }
    found
}

fn read_to_end(file: &mut std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(file, &mut bytes)?;
    Ok(bytes)
}
