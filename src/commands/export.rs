//! `runner export SCRIPT DIR`: writes a script as a cargo package that needs no runner.
//!
//! ```text
//! DIR/Cargo.toml               the metadata as it stands, with the name, version and edition that runner took
//! DIR/src/main.rs              the script without its head; a script without `main` gets one
//! DIR/src/…                    what the last build read below the script's directory, at the same relative place
//! DIR/Cargo.lock               the versions that a run uses
//! DIR/rust-toolchain.toml      if the script, its project or the command line names a toolchain
//! DIR/.cargo/config.toml       if there are compiler flags or a target
//! DIR/.gitignore
//! ```
//!
//! Nothing else is copied: what the build did not read is not the script's. The package is made beside DIR and gets its name by
//! one rename. The script stays, unless it is to be moved and cargo builds the package.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use tempfile::Builder;
use toml::{Table, Value};

use crate::base::error::{At, Error, Result, Step};
use crate::base::fs::{UNFINISHED_PREFIX, cannot};
use crate::base::order;
use crate::commands::migrate;
use crate::engine::context::Context;
use crate::engine::{prepare, recipe, recorded_inputs};
use crate::request::options::Options;
use crate::rust::deps::cargo;
use crate::rust::deps::lock::{self, Renewal};
use crate::rust::deps::manifest_edit::{with_absolute_paths, with_package_fields};
use crate::rust::recipe::RustRecipe;
use crate::rust::rust_script::RustScript;
use crate::rust::source::main_wrapper;
use crate::script::header::{self, Form, Header};
use crate::script::metadata_edit;
use crate::script::script_file::Script;
use crate::settings::origin::Origin;
use crate::store::trace::fact::{Content, Input, path_of};

/// A package that was made of a script, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedPackage {
    /// Where it is.
    pub directory: PathBuf,
    /// Its files, relative to that.
    pub files: Vec<PathBuf>,
    /// What is not the same there.
    pub notes: Vec<String>,
}

/// What is done with a script besides writing its package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportMode {
    /// Write nothing.
    pub dry_run: bool,
    /// Remove the script once cargo has built the package.
    pub moves: bool,
}

/// A file of the package.
enum Source {
    Text(String),
    Copy(PathBuf),
}

/// Writes a script as a package into `directory`, which must be empty or not be there.
///
/// # Errors
/// Those of [`crate::Runner::build`]; [`Step::Install`] if the package cannot be written, [`Step::Compile`] if the script is to be
/// removed and cargo cannot build the package.
pub(crate) fn export(
    context: &Context,
    script: &Script,
    options: &Options,
    directory: &Path,
    mode: ExportMode,
) -> Result<ExportedPackage> {
    inner(context, script, options, directory, mode).map_err(|error| error.about(script.display_name()))
}

fn inner(
    context: &Context,
    script: &Script,
    options: &Options,
    directory: &Path,
    mode: ExportMode,
) -> Result<ExportedPackage> {
    let environment = context.environment();
    let directory = environment.absolute(directory.to_owned());
    check_empty(&directory)?;
    let read = recipe::read_rust(script, options, environment)?;
    // What it is made of is known once it was built.
    prepare::prepare(context, script, options)?;
    let cache = context.cache()?;
    cache.create()?;
    let rust = read.resolve(environment, &cache)?;
    let reporter = context.reporter(options.verbosity);
    let text = std::str::from_utf8(script.bytes()).unwrap_or_default();
    let header = header::parse(text)?;
    let mut notes = Vec::new();
    let (manifest, directories) = manifest(&rust, &read, &header, &directory, &mut notes);
    let mut files = vec![
        (PathBuf::from("Cargo.toml"), Source::Text(manifest)),
        (PathBuf::from("src/main.rs"), Source::Text(main(text, &header, &read)?)),
        (PathBuf::from(".gitignore"), Source::Text("/target\n".to_owned())),
    ];
    let base = read.request.script.base();
    for path in read_below(context, script, options, base, &directories) {
        let relative = path.strip_prefix(base).unwrap_or(&path);
        match within(&Path::new("src").join(relative)) {
            Some(name) => files.push((name, Source::Copy(path))),
            None => notes.push(format!("`{}` lies outside the package, and is not copied", path.display())),
        }
    }
    let lock = lock::renewed(&rust, &cache, environment, &reporter, Renewal::Keep)?.new;
    let has_lock = lock.is_some();
    files.extend(lock.map(|lock| (PathBuf::from("Cargo.lock"), Source::Text(lock))));
    files.extend(toolchain(&read).map(|text| (PathBuf::from("rust-toolchain.toml"), Source::Text(text))));
    files.extend(configuration(&read).map(|text| (PathBuf::from(".cargo/config.toml"), Source::Text(text))));
    order::sort_by(&mut files, |one, two| one.0.cmp(&two.0));
    notes.extend(differences(&read));
    let exported = ExportedPackage {
        directory: directory.clone(),
        files: files.iter().map(|(name, _)| name.clone()).collect(),
        notes,
    };
    if mode.dry_run {
        return Ok(exported);
    }
    let above = directory.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(above).map_err(|error| cannot("create the directory", above, error))?;
    let mut builder = Builder::new();
    let staging =
        builder.prefix(UNFINISHED_PREFIX).permissions(Permissions::from_mode(0o777)).tempdir_in(above);
    let staging = staging.map_err(|error| cannot("write to", above, error))?;
    for (name, source) in &files {
        let path = staging.path().join(name);
        write(&path, source).map_err(|error| cannot("write", &directory.join(name), error))?;
    }
    let cargo_path = rust.toolchain.cargo(environment)?;
    let run = |arguments: &[&str], place: &Path, label: &str| -> Result<()> {
        let mut command = cargo::command(&cargo_path, &rust.toolchain, environment, &reporter);
        command.args(arguments).current_dir(place);
        let finished = reporter.run(&command, label, false).map_err(|error| {
            let what = format!("cannot run `{}`", cargo_path.display());
            Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
        })?;
        if finished.status.success() {
            return Ok(());
        }
        reporter.show(&finished.stderr, true);
        Err(Error::message(
            Step::Compile,
            format!("`cargo {}` failed ({})", arguments.join(" "), finished.status),
        ))
    };
    if has_lock {
        // The package has another name than the one that the lock was made for.
        run(&["update", "--workspace", "--offline"], staging.path(), "cargo update")?;
    }
    install(staging, &directory)?;
    if mode.moves {
        let arguments: &[&str] = if has_lock { &["build", "--locked"] } else { &["build"] };
        run(arguments, &directory, "cargo build")
            .map_err(|error| error.hint("the script was not removed"))?;
        remove(script, &rust)?;
    }
    Ok(exported)
}

/// Refuses a directory in which something is.
fn check_empty(directory: &Path) -> Result<()> {
    let count = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot("read the directory", directory, error)),
        Ok(entries) => entries.count(),
    };
    if count == 0 {
        return Ok(());
    }
    let text = format!("directory `{}` is not empty", directory.display());
    Err(Error::message(Step::Install, text).hint("name a directory that does not exist yet"))
}

/// The manifest, and the directories of dependencies that lie in one.
fn manifest(
    rust: &RustRecipe<'_>,
    read: &RustScript,
    header: &Header<'_>,
    directory: &Path,
    notes: &mut Vec<String>,
) -> (String, Vec<PathBuf>) {
    let is_verbatim = read.request.options.dependencies.is_empty()
        && read.manifest.inherited().is_empty()
        && header.metadata.as_ref().is_none_or(|metadata| metadata.form != Form::Scriptisto);
    let mut toml = match is_verbatim {
        true => {
            let (toml, _) = with_absolute_paths(&metadata_edit::toml_of(header), rust.metadata_base());
            let fields = [
                ("name", rust.package_name()),
                ("version", read.manifest.version().to_owned()),
                ("edition", rust.edition.clone()),
            ];
            with_package_fields(&toml, &fields, "").0
        }
        false => {
            read.manifest.to_package(&rust.package_name(), rust.metadata_base(), &rust.edition, "src/main.rs")
        }
    };
    if !toml.ends_with('\n') && !toml.is_empty() {
        toml.push('\n');
    }
    let table: Table = toml.parse().unwrap_or_default();
    let is_in_package = directory.ancestors().skip(1).any(|above| above.join("Cargo.toml").is_file());
    if is_in_package && !table.contains_key("workspace") {
        toml.push_str("\n[workspace]\n");
        notes.push(
            "`[workspace]` keeps it apart from the package around it; remove it to join that".to_owned(),
        );
    }
    let mut directories = Vec::new();
    paths_in(&Value::Table(table), &mut directories);
    order::sort(&mut directories);
    directories.dedup();
    for path in &directories {
        notes.push(format!("the dependency in `{}` is named by its absolute path", path.display()));
    }
    (toml, directories)
}

/// The directories of dependencies.
fn paths_in(value: &Value, found: &mut Vec<PathBuf>) {
    for (key, value) in value.as_table().into_iter().flatten() {
        match value {
            Value::String(text) if key == "path" && text.starts_with('/') => found.push(PathBuf::from(text)),
            Value::Table(_) => paths_in(value, found),
            _ => {}
        }
    }
}

/// The code: without the head, and with a `main`.
fn main(text: &str, header: &Header<'_>, read: &RustScript) -> Result<String> {
    let code = migrate::without_metadata(text, header).map_err(|why| {
        Error::message(Step::Metadata, why).hint("`runner migrate` gives it a form of its own lines")
    })?;
    let code = code.trim_start_matches(['\n', '\r']).to_owned();
    if read.code.text.is_none() || read.code.plain.is_some() {
        return Ok(code);
    }
    Ok(match main_wrapper::written_out(&code, &read.manifest) {
        Some(whole) => whole,
        // For rust-script, a script of items is a program that does nothing.
        None if code.contains("fn main") => code,
        None => format!("{}\n\nfn main() {{}}\n", code.trim_end()),
    })
}

/// The files below the script's directory that its build read, but itself and what belongs to dependencies.
fn read_below(
    context: &Context,
    script: &Script,
    options: &Options,
    base: &Path,
    dependencies: &[PathBuf],
) -> Vec<PathBuf> {
    let own = script.real_path();
    let mut found: Vec<PathBuf> = recorded_inputs::of(context, script, options)
        .unwrap_or_default()
        .iter()
        .filter(|check| !check.tool && !check.choice)
        .filter_map(|check| match &check.input {
            Input::Content { content: Content::File, path, .. } => Some(path_of(path).to_owned()),
            _ => None,
        })
        .filter(|path| path.starts_with(base) && Some(path.as_path()) != own && path.is_file())
        .filter(|path| !dependencies.iter().any(|directory| path.starts_with(directory)))
        .filter(|path| own.is_none_or(|own| path.as_os_str() != lock_of(own)))
        .collect();
    order::sort(&mut found);
    found.dedup();
    found
}

/// A relative path without `..`; `None` if it leads out of where it starts.
fn within(path: &Path) -> Option<PathBuf> {
    let mut inner = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => inner.push(name),
            Component::ParentDir if inner.pop() => {}
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(inner)
}

fn lock_of(script: &Path) -> std::ffi::OsString {
    let mut name = script.as_os_str().to_owned();
    name.push(".lock");
    name
}

/// `rust-toolchain.toml`, if the toolchain is not a matter of this machine or user.
fn toolchain(read: &RustScript) -> Option<String> {
    let request = &read.request;
    let name = request.options.toolchain.as_deref().filter(|name| !name.contains('/'))?;
    match request.layers.source("toolchain") {
        Some(Origin::Variable(_)) | None => None,
        Some(Origin::File(path, _)) if request.config.project.path.as_ref() != Some(path) => None,
        Some(_) => Some(format!("[toolchain]\nchannel = {}\n", Value::from(name))),
    }
}

/// `.cargo/config.toml`: compiler flags and the target.
fn configuration(read: &RustScript) -> Option<String> {
    let mut flags = read.request.settings.rust_flags.clone().unwrap_or_default();
    if read.request.settings.is_static == Some(true) {
        flags.extend(["-C", "target-feature=+crt-static"].map(str::to_owned));
    }
    let mut build = Table::new();
    if !flags.is_empty() {
        build.insert("rustflags".to_owned(), flags.into());
    }
    if let Some(target) = &read.request.options.target {
        build.insert("target".to_owned(), target.as_str().into());
    }
    let mut configuration = Table::new();
    if !build.is_empty() {
        configuration.insert("build".to_owned(), build.into());
    }
    (!configuration.is_empty()).then(|| configuration.to_string())
}

/// What runner does and cargo does not.
fn differences(read: &RustScript) -> Vec<String> {
    let settings = &read.request.settings;
    let mut notes = Vec::new();
    if !settings.arguments.is_empty() {
        notes.push(format!("cargo passes no `args` of the metadata: {}", settings.arguments.join(" ")));
    }
    if !settings.inputs.is_empty() || !settings.env.is_empty() {
        notes.push("cargo does not watch `inputs` and `env` of the metadata".to_owned());
    }
    if read.request.options.sandbox.sandbox {
        notes.push("cargo runs it without a sandbox".to_owned());
    }
    if read.request.options.profile.as_deref().is_none_or(|profile| profile == "release") {
        notes.push("cargo builds `dev` unless told: `cargo run --release` is what runner ran".to_owned());
    }
    notes
}

fn write(path: &Path, source: &Source) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    match source {
        Source::Text(text) => fs::write(path, text)?,
        Source::Copy(from) => drop(fs::copy(from, path)?),
    }
    fs::File::open(path)?.sync_all()
}

/// Gives the directory its name.
fn install(staging: tempfile::TempDir, directory: &Path) -> Result<()> {
    let failed = |error: io::Error| cannot("write", directory, error);
    fs::rename(staging.path(), directory).map_err(failed)?;
    // It has gone from where it was.
    drop(staging.keep());
    Ok(())
}

/// Removes the script and its lock.
fn remove(script: &Script, rust: &RustRecipe<'_>) -> Result<()> {
    let Some(path) = script.path() else { return Ok(()) };
    if !script.is_unchanged() {
        return Err(Error::message(Step::Script, "it was changed meanwhile, and was not removed"));
    }
    if let Some(lock) = rust.adjacent_lock().filter(|lock| lock.is_file()) {
        fs::remove_file(&lock).map_err(|error| cannot("remove", &lock, error))?;
    }
    fs::remove_file(path).at(Step::Install)
}
