//! `runner import DIR|FILE`: makes a script of a cargo package, or of a single `main.rs`.
//!
//! The script is `#!`, the package's `Cargo.toml` as frontmatter, and `src/main.rs`, each as it stands; `Cargo.lock` becomes
//! SCRIPT.lock. What one file cannot hold is refused by its name: modules in files, a library, a build script, a second program,
//! a workspace. The package stays as it is.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::base::error::{Error, Result, Step};
use crate::base::fs::cannot;
use crate::base::named_output::{self, Permission};
use crate::commands::new::write_new;
use crate::editor::script_text::Text;
use crate::engine::context::Context;
use crate::request::options::Options;
use crate::rust::deps::lock::{self, Renewal};
use crate::rust::deps::manifest_edit::{with_absolute_paths, with_package_fields};
use crate::script::header;
use crate::script::script_file::Script;

/// A script that was made of a package, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedScript {
    /// Where it is.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Where its lock is, if the package has one.
    pub lock: Option<PathBuf>,
    /// What is not the same in it.
    pub notes: Vec<String>,
}

/// What is made of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportMode {
    /// The script; without it the package's name with `.rs`, in the working directory.
    pub output: Option<PathBuf>,
    /// Replace a file that is there.
    pub force: bool,
    /// Write nothing.
    pub dry_run: bool,
}

/// Makes a script of a package, of its `Cargo.toml`, or of a Rust file.
///
/// # Errors
/// [`Step::Script`] if it is more than a script can be, [`Step::Install`] if the script is there or cannot be written.
pub(crate) fn import(context: &Context, from: &Path, mode: &ImportMode) -> Result<ImportedScript> {
    let shown = from.to_string_lossy().into_owned();
    inner(context, &context.environment().absolute(from.to_owned()), mode).map_err(|error| error.about(shown))
}

fn inner(context: &Context, from: &Path, mode: &ImportMode) -> Result<ImportedScript> {
    let is_manifest = from.file_name().is_some_and(|name| name == "Cargo.toml");
    let directory = match from.is_dir() || is_manifest {
        true if is_manifest => from.parent().map(Path::to_owned),
        true => Some(from.to_owned()),
        false => None,
    };
    let mut notes = Vec::new();
    let (name, toml, main) = match &directory {
        None => {
            let stem = from.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (stem, String::new(), from.to_owned())
        }
        Some(directory) => {
            let (name, toml) = package(directory, &mut notes)?;
            (name, toml, directory.join("src/main.rs"))
        }
    };
    let code = read(&main)?;
    let head = header::parse(&code)?;
    if head.metadata.is_some() || head.shebang.is_some() {
        return Err(refusal("it is a script already").hint("`runner SCRIPT` runs it"));
    }
    let modules: Vec<String> =
        Text::read(&code).map(|text| text.modules().map(str::to_owned).collect()).unwrap_or_default();
    if let Some(module) = modules.first() {
        return Err(refusal(&format!("its module `{module}` is a file, and a script is one file"))
            .hint("write the module in `main.rs`, between braces"));
    }
    let head = match toml.trim() {
        "" => String::new(),
        toml => {
            let longest = toml.lines().map(|line| line.len() - line.trim_start_matches('-').len()).max();
            let fence = "-".repeat(3.max(longest.unwrap_or(0) + 1));
            format!("{fence}\n{toml}\n{fence}\n")
        }
    };
    let text = format!("#!/usr/bin/env runner\n{head}{code}");
    let path = mode.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.rs")));
    let path = context.environment().absolute_of_other(path);
    let old_lock = directory.map(|directory| directory.join("Cargo.lock")).filter(|lock| lock.is_file());
    let mut lock_name = path.as_os_str().to_owned();
    lock_name.push(".lock");
    let lock_path = old_lock.as_ref().map(|_| PathBuf::from(lock_name));
    let imported = ImportedScript { path: path.clone(), text: text.clone(), lock: lock_path.clone(), notes };
    if mode.dry_run {
        return Ok(imported);
    }
    let above = path.parent().filter(|above| *above != Path::new("")).unwrap_or(Path::new("."));
    match mode.force {
        true => named_output::write(&path, Permission::OfProgram, &mut text.as_bytes())
            .map_err(|error| cannot("write", &path, error))?,
        false => write_new(above, &path, &text)?,
    }
    if let (Some(old), Some(new)) = (old_lock, lock_path) {
        let stem = path.file_name().unwrap_or_default().to_string_lossy();
        lock::write(&new, Some(&lock::with_head(&read(&old)?, &stem)))?;
        // The package itself is in it, which a script is not; cargo keeps the versions that fit.
        let script = Script::read_path(&path, context.environment())?;
        crate::commands::lock::lock(context, &script, &Options::default(), Renewal::Keep, false)?;
    }
    Ok(imported)
}

/// The name of a package and its manifest, as far as a script may have it.
fn package(directory: &Path, notes: &mut Vec<String>) -> Result<(String, String)> {
    let text = read(&directory.join("Cargo.toml"))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        Error::message(Step::Metadata, format!("cannot read `Cargo.toml`: {}", error.message()))
    })?;
    let Some(package) = table.get("package").and_then(Value::as_table) else {
        return Err(refusal("it is a workspace, and no package").hint("name one of its packages"));
    };
    for (file, what) in
        [("build.rs", "a build script"), ("src/lib.rs", "a library"), ("src/bin", "further programs")]
    {
        if directory.join(file).exists() {
            return Err(refusal(&format!("it has {what}, `{file}`, and a script has none")));
        }
    }
    if inherits(&Value::Table(table.clone())) {
        return Err(refusal("it inherits from a workspace (`workspace = true`)")
            .hint("write in `Cargo.toml` what it inherits, or see `runner help project`"));
    }
    // What says of a single program what is so anyway.
    let is_plain = |key: &str, value: &Value| match (key, value) {
        ("workspace", Value::Table(table)) => table.is_empty(),
        ("bin", Value::Array(list)) => {
            list.len() == 1 && list[0].get("path").is_none_or(|path| path.as_str() == Some("src/main.rs"))
        }
        _ => false,
    };
    const FOREIGN: &[&str] = &["workspace", "lib", "bin", "example", "test", "bench", "build-dependencies"];
    let mut kept = table.clone();
    for key in FOREIGN {
        let Some(value) = table.get(*key) else { continue };
        if !is_plain(key, value) {
            return Err(refusal(&format!("its `[{key}]` has no meaning in a script")));
        }
        kept.remove(*key);
    }
    const IN_PACKAGE: &[&str] = &["build", "links", "default-run"];
    if let Some(key) = IN_PACKAGE.iter().find(|key| package.contains_key(**key)) {
        return Err(refusal(&format!("its `package.{key}` has no meaning in a script")));
    }
    for name in ["tests", "examples", "benches"] {
        if directory.join(name).is_dir() {
            notes.push(format!("`{name}` is not taken over"));
        }
    }
    if directory.join(".cargo/config.toml").is_file() {
        notes.push("`.cargo/config.toml` is not taken over".to_owned());
    }
    let text = if kept == table { text } else { kept.to_string() };
    let (text, replaced) = with_absolute_paths(&text, directory);
    notes.extend(
        replaced
            .iter()
            .map(|(absolute, _)| format!("a dependency is named by its absolute path, {absolute}")),
    );
    // Cargo's default, which is not that of a script.
    let (mut text, _) = with_package_fields(&text, &[("edition", "2015".to_owned())], "");
    if let Some(channel) = channel(directory) {
        match package.get("metadata").and_then(|metadata| metadata.get("runner")) {
            None => {
                let value = Value::from(channel);
                text = format!("{}\n\n[package.metadata.runner]\ntoolchain = {value}\n", text.trim_end());
            }
            Some(_) => notes.push(format!("`rust-toolchain.toml` names `{channel}`, and is not taken over")),
        }
    }
    let name = package.get("name").and_then(Value::as_str).unwrap_or("script").to_owned();
    Ok((name, text))
}

/// Whether something in it is inherited.
fn inherits(value: &Value) -> bool {
    let mut fields = value.as_table().into_iter().flatten();
    fields.any(|(key, value)| key == "workspace" && *value == Value::Boolean(true) || inherits(value))
}

/// The toolchain that the package is pinned to.
fn channel(directory: &Path) -> Option<String> {
    let table: Table = fs::read_to_string(directory.join("rust-toolchain.toml")).ok()?.parse().ok()?;
    Some(table.get("toolchain")?.get("channel")?.as_str()?.to_owned())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let error = cannot("read", path, error);
        if missing { error.hint("name a package with `src/main.rs`, or a Rust file") } else { error }
    })
}

#[cold]
fn refusal(text: &str) -> Error {
    Error::message(Step::Script, text)
}
