//! Finds the Rust toolchain and asks for its version, once for each stamp.
//!
//! The one that is asked for (see [`crate::settings::schema`]), else the first of `RUSTC`, `RUSTUP_TOOLCHAIN`, rustup's default,
//! `rustc` on PATH. A `rustc` that is rustup's proxy is never called: the compiler
//! behind it is found in `$RUSTUP_HOME/settings.toml` and `toolchains/`, since the proxy costs 10 ms a call and decides by
//! the caller's working directory.
//!
//! Every fact the choice depended on becomes a check of the trace. A compiler is asked for its version once, and the
//! answer is kept in `v1/toolchains/` under checks of its own.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustc_version::{Channel, VersionMeta};

use crate::base::digest::{Digest, Fields};
use crate::base::environment::{Environment, absolute, is_executable};
use crate::base::error::{Error, Kind, Result, Step};
use crate::base::order;
use crate::process::task::{Output, Task};
use crate::rust::architecture::is_own_architecture;
use crate::store::cache::Cache;
use crate::store::sealed_record::Record;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// A compiler that was found and answered.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    pub(crate) rustc: PathBuf,
    pub(crate) version: VersionMeta,
    /// Everything the choice depended on.
    pub(crate) checks: Vec<Check<'static>>,
    /// Names the toolchain in the cache: its release and a digest.
    pub(crate) id: String,
}

/// A choice, before the compiler was asked anything.
struct Choice {
    rustc: PathBuf,
    checks: Vec<Check<'static>>,
}

impl Toolchain {
    /// Finds the compiler that `wanted`, the variables of other tools, rustup or PATH name.
    ///
    /// # Errors
    /// [`Step::Toolchain`], 127, if there is none.
    pub(crate) fn find(wanted: Option<&str>, environment: &Environment, cache: &Cache) -> Result<Toolchain> {
        let since = Moment::now();
        let Choice { rustc, mut checks } = choose(wanted, environment, since)?;
        let (own_checks, text) = identity(&rustc, environment, cache, since)?;
        let version = rustc_version::version_meta_for(&text).map_err(|error| {
            let what = format!("`{}` did not say which version it is", rustc.display());
            Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
        })?;
        let mut fields = Fields::new("toolchain");
        fields.push("rustc", rustc.as_os_str().as_encoded_bytes());
        fields.push("version", text.as_bytes());
        // A compiler one builds oneself calls itself the same after each change.
        for check in &own_checks {
            let mut line = Vec::new();
            check.render_without_stamp(&mut line);
            fields.push("file", &line);
        }
        checks.extend(own_checks);
        let id = format!("{}-{}", version.semver, fields.finish().short(12));
        Ok(Toolchain { rustc, version, checks, id })
    }

    /// As [`Toolchain::find`]; but if a toolchain that is only a channel (`nightly`, `nightly-2026-04-14`, `beta`, `stable`)
    /// is not installed, another one: a nightly if one of the script's `features` needs it, else the one that is found for a
    /// script that asks for none. The second value says so.
    ///
    /// # Errors
    /// As [`Toolchain::find`], and if there is none that knows the feature.
    pub(crate) fn find_or_another(
        wanted: &str,
        features: &[String],
        environment: &Environment,
        cache: &Cache,
    ) -> Result<(Toolchain, Vec<String>)> {
        let missing = match Toolchain::find(Some(wanted), environment, cache) {
            Err(error) if error.kind() == Kind::NotFound => error,
            found => return Ok((found?, Vec::new())),
        };
        let channel = wanted.split('-').next().unwrap_or_default();
        if !matches!(channel, "nightly" | "beta" | "stable") {
            return Err(missing);
        }
        let mut found = Toolchain::find(None, environment, cache)?;
        let is_unstable = |feature: &&String| {
            let text = format!("#![feature({feature})]");
            // Frontmatter is ours to allow on any compiler.
            *feature != "frontmatter"
                && probe(&found.rustc, text.as_bytes(), environment).is_ok_and(|answer| answer != "stable")
        };
        if let Some(feature) = features.iter().find(|feature| !found.is_nightly() && is_unstable(feature)) {
            found = Toolchain::find(Some("nightly"), environment, cache).map_err(|_| {
                let feature = feature.escape_debug();
                let text =
                    format!("`#![feature({feature})]` needs toolchain `{wanted}`, which is not installed");
                Error::message(Step::Toolchain, text)
                    .not_found()
                    .hint(format!("`rustup toolchain install {wanted}`"))
            })?;
        }
        // Once it is installed it is the one that is meant.
        if let Some(toolchains) = environment.rustup_home().map(|home| home.join("toolchains")) {
            let whole = format!("{wanted}-{}", found.version.host);
            found.checks.extend([wanted, &whole].map(|name| Check::absent(&toolchains.join(name))));
        }
        let note = format!("toolchain `{wanted}` is not installed; using {}", found.short_version());
        Ok((found, vec![note]))
    }

    /// The unstable feature that this compiler must be allowed for a script with frontmatter; `None` if it needs none.
    ///
    /// # Errors
    /// [`Step::Toolchain`] if it cannot read frontmatter at all.
    pub(crate) fn frontmatter_gate(
        &self,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<Option<&'static str>> {
        /// The first that reads it.
        const FIRST: (u64, u64) = (1, 89);
        /// The last of which it is known, by trying, that it calls it unstable.
        const LAST_UNSTABLE: (u64, u64) = (1, 97);
        let version = (self.version.semver.major, self.version.semver.minor);
        if version < FIRST {
            let text =
                format!("{} does not know frontmatter (`---`), which is in the script", self.short_version());
            return Err(Error::message(Step::Toolchain, text)
                .hint("use Rust 1.89 or newer, or `runner migrate --to block` the script"));
        }
        if version <= LAST_UNSTABLE {
            return Ok(Some("frontmatter"));
        }
        let ask = || probe(&self.rustc, b"---\n---\n", environment);
        let (_, answer) =
            remembered(&self.rustc, "frontmatter", Vec::new, ask, environment, cache, Moment::now())?;
        Ok((answer != "stable").then_some("frontmatter"))
    }

    /// The cargo that belongs to this compiler.
    pub(crate) fn cargo(&self, environment: &Environment) -> Result<PathBuf> {
        let beside = self.rustc.with_file_name("cargo");
        if is_executable(&beside) {
            return Ok(beside);
        }
        let on_path = environment.find_command(OsStr::new("cargo")).filter(|cargo| !is_rustup_proxy(cargo));
        let behind_proxy = || {
            let (default, _) = rustup_default(environment, Moment::now()).ok()?;
            Some(default?.join("bin/cargo")).filter(|cargo| is_executable(cargo))
        };
        on_path.or_else(behind_proxy).ok_or_else(|| {
            Error::message(Step::Toolchain, "`cargo` is not installed, and this script has dependencies")
                .not_found()
                .hint("install Rust from https://rustup.rs, or your system's `cargo` package")
        })
    }

    /// The latest edition this compiler knows.
    pub(crate) fn latest_edition(&self) -> &'static str {
        match (self.version.semver.major, self.version.semver.minor) {
            (1, 85..) | (2.., _) => "2024",
            (1, 56..=84) => "2021",
            _ => "2018",
        }
    }

    /// Whether unstable features may be used without further ado.
    pub(crate) fn is_nightly(&self) -> bool {
        matches!(self.version.channel, Channel::Nightly | Channel::Dev)
    }

    /// Whether `--remap-path-scope` is there (Rust 1.95).
    pub(crate) fn has_remap_scope(&self) -> bool {
        (self.version.semver.major, self.version.semver.minor) >= (1, 95)
    }

    /// Where the source of the standard library lies if it is installed, and what it is called where it is not.
    pub(crate) fn library_source(&self) -> Option<(PathBuf, String)> {
        let sysroot = self.rustc.parent()?.parent()?;
        let commit = self.version.commit_hash.as_ref()?;
        Some((sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{commit}")))
    }

    /// `rustc 1.95.0`, for people.
    pub(crate) fn short_version(&self) -> String {
        format!("rustc {}", self.version.semver)
    }
}

fn choose(wanted: Option<&str>, environment: &Environment, since: Moment) -> Result<Choice> {
    let mut checks = Vec::new();
    if let Some(wanted) = wanted {
        return named(wanted, environment, checks);
    }
    checks.push(Check::variable("RUSTC", environment));
    if let Some(rustc) = environment.set("RUSTC") {
        let path = match Path::new(&rustc) {
            path if path.is_absolute() => Some(path.to_owned()).filter(|path| is_executable(path)),
            path if path.components().count() == 1 => {
                checks.extend(rustc.to_str().map(|name| Check::command(name, environment).tool()));
                environment.find_command(&rustc)
            }
            _ => {
                // As for a toolchain: no check could tell where the caller stood.
                let text =
                    format!("`RUSTC` names `{}`, which must be a name or an absolute path", rustc.display());
                return Err(
                    Error::message(Step::Toolchain, text).hint("unset `RUSTC` to use the default toolchain")
                );
            }
        };
        let missing = || {
            Error::message(
                Step::Toolchain,
                format!("`RUSTC` names `{}`, which is not there", rustc.display()),
            )
            .not_found()
            .hint("unset `RUSTC` to use the default toolchain")
        };
        let path = path.ok_or_else(missing)?;
        if !is_rustup_proxy(&path) {
            return Ok(Choice { rustc: path, checks });
        }
        // A compiler put in its place would be the one that is meant.
        checks.push(tool_file(&path, since)?);
    }
    checks.push(Check::variable("RUSTUP_TOOLCHAIN", environment).tool());
    if let Some(wanted) = environment.set("RUSTUP_TOOLCHAIN") {
        return named(&wanted.to_string_lossy(), environment, checks)
            .map_err(|error| error.about("RUSTUP_TOOLCHAIN"));
    }
    checks.push(Check::variable("RUSTUP_HOME", environment).tool());
    let (default, settings) = rustup_default(environment, since)?;
    checks.extend(settings.map(Check::tool));
    if let Some(directory) = default {
        return in_directory(&directory, checks);
    }
    let on_path = environment.find_command(OsStr::new("rustc"));
    checks.push(Check::command("rustc", environment).tool());
    match on_path {
        Some(rustc) if !is_rustup_proxy(&rustc) => Ok(Choice { rustc, checks }),
        _ if environment.foreign_rustup_home().is_some() => {
            Err(foreign("there is no other compiler", environment))
        }
        Some(_) => {
            Err(Error::message(Step::Toolchain, "rustup is installed, but no toolchain is its default")
                .not_found()
                .hint("`rustup default stable`"))
        }
        None => Err(Error::message(
            Step::Toolchain,
            "`rustc` is not on PATH, and this script needs it to compile",
        )
        .not_found()
        .hint("install Rust from https://rustup.rs, or your system's `rustc` package")),
    }
}

/// A toolchain by its name in rustup, or by its directory.
fn named(wanted: &str, environment: &Environment, mut checks: Vec<Check<'static>>) -> Result<Choice> {
    if wanted.starts_with('/') {
        return in_directory(Path::new(wanted), checks);
    }
    if wanted.contains('/') {
        // The script would be compiled by another compiler wherever it is called from.
        let text = format!("toolchain `{}` must be a name or an absolute path", wanted.escape_debug());
        return Err(Error::message(Step::Toolchain, text).hint("for example `nightly`, or `$PWD/toolchain`"));
    }
    let is_name_character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if wanted.is_empty() || wanted.starts_with(['-', '.']) || !wanted.chars().all(is_name_character) {
        let text = format!("`{}` is not the name of a toolchain", wanted.escape_debug());
        return Err(Error::message(Step::Toolchain, text)
            .hint("for example `stable`, `nightly-2026-04-14`, `1.95.0`"));
    }
    checks.push(Check::variable("RUSTUP_HOME", environment).tool());
    let toolchains = environment.rustup_home().map(|home| home.join("toolchains"));
    match (installed_as(wanted, environment), toolchains) {
        (Some(name), Some(directory)) => {
            if name != wanted {
                // Under its whole name it would come first.
                checks.push(Check::absent(&directory.join(wanted)));
            }
            in_directory(&directory.join(name), checks)
        }
        _ if environment.foreign_rustup_home().is_some() => {
            Err(foreign(&format!("toolchain `{wanted}` cannot be looked up"), environment))
        }
        _ => Err(Error::message(Step::Toolchain, format!("toolchain `{wanted}` is not installed"))
            .not_found()
            .hint(format!("`rustup toolchain install {wanted}`"))),
    }
}

/// The error of root with another user's HOME, who has no compiler but that user's.
#[cold]
fn foreign(what: &str, environment: &Environment) -> Error {
    let (home, owner) = environment.foreign_rustup_home().unwrap_or_default();
    let text = format!("{what}: `{}` belongs to uid {owner}, not to you (uid 0)", home.display());
    Error::message(Step::Toolchain, text)
        .not_found()
        .hint("install `rustc` for every user, or set `RUSTUP_HOME` to run that user's compiler as root")
}

/// The whole name of a toolchain that is installed.
pub(crate) fn installed_as(wanted: &str, environment: &Environment) -> Option<String> {
    let is_wanted = |name: &String| match name.strip_prefix(wanted) {
        Some(rest) => rest.is_empty() || rest.strip_prefix('-').is_some_and(is_own_architecture),
        None => false,
    };
    installed(environment).into_iter().find(is_wanted)
}

/// The names of rustup's toolchains, sorted.
pub(crate) fn installed(environment: &Environment) -> Vec<String> {
    let directory = environment.rustup_home().map(|home| home.join("toolchains"));
    let entries = directory.and_then(|directory| std::fs::read_dir(directory).ok());
    let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name().into_string());
    let mut names: Vec<String> = names.flatten().collect();
    order::sort(&mut names);
    names
}

fn in_directory(directory: &Path, checks: Vec<Check<'static>>) -> Result<Choice> {
    let rustc = directory.join("bin/rustc");
    if is_executable(&rustc) {
        return Ok(Choice { rustc, checks });
    }
    Err(Error::message(Step::Toolchain, format!("there is no compiler at `{}`", rustc.display()))
        .not_found()
        .hint("`rustup show` lists the toolchains that are installed"))
}

/// The directory of rustup's default toolchain, and the check of the settings that name it.
pub(crate) fn rustup_default(
    environment: &Environment,
    since: Moment,
) -> Result<(Option<PathBuf>, Option<Check<'static>>)> {
    let Some(home) = environment.rustup_home() else { return Ok((None, None)) };
    let path = home.join("settings.toml");
    let unreadable = |error: anyhow::Error| {
        Error::new(Step::Toolchain, error.context(format!("failed to read `{}`", path.display())))
    };
    let check = Check::file_or_absent(&path, since).map_err(|error| unreadable(error.into()))?;
    if check.file_path().is_none() {
        return Ok((None, Some(check)));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.into()))?;
    let settings: toml::Table = text.parse().map_err(|error: toml::de::Error| unreadable(error.into()))?;
    let default = settings.get("default_toolchain").and_then(toml::Value::as_str);
    Ok((default.map(|name| home.join("toolchains").join(name)), Some(check)))
}

/// Whether a command is rustup under another name: a link to it, or a copy beside it.
fn is_rustup_proxy(command: &Path) -> bool {
    let real = std::fs::canonicalize(absolute(command.to_owned())).unwrap_or_else(|_| command.to_owned());
    if real.file_stem().is_some_and(|name| name == "rustup" || name == "rustup-init") {
        return true;
    }
    match (std::fs::metadata(&real), std::fs::metadata(command.with_file_name("rustup"))) {
        (Ok(one), Ok(two)) => {
            (one.ino() == two.ino() && one.dev() == two.dev())
                || (one.len() == two.len()
                    && Digest::of_file(&real).ok() == Digest::of_file(&command.with_file_name("rustup")).ok())
        }
        _ => false,
    }
}

/// What the compiler says of itself (`rustc -vV`), and the checks of its files.
fn identity(
    rustc: &Path,
    environment: &Environment,
    cache: &Cache,
    since: Moment,
) -> Result<(Vec<Check<'static>>, String)> {
    let ask = || ask_version(rustc, environment);
    remembered(rustc, "", || libraries(rustc), ask, environment, cache, since)
}

/// The checks of another tool's file.
pub(crate) fn tool(
    path: &Path,
    environment: &Environment,
    cache: &Cache,
    since: Moment,
) -> Result<Vec<Check<'static>>> {
    Ok(remembered(path, "", Vec::new, || Ok(String::new()), environment, cache, since)?.0)
}

/// The checks of a tool's files and what it answers to a question (none is its version): from the cache if they hold, since reading and asking costs
/// more than a compiler takes to start.
pub(crate) fn remembered(
    tool: &Path,
    question: &str,
    more_files: impl FnOnce() -> Vec<PathBuf>,
    ask: impl FnOnce() -> Result<String>,
    environment: &Environment,
    cache: &Cache,
    since: Moment,
) -> Result<(Vec<Check<'static>>, String)> {
    let id = Digest::of(&[tool.as_os_str().as_encoded_bytes(), question.as_bytes()].concat());
    let place = cache.join("toolchains").join(id.short(32));
    if let Some(mut record) = std::fs::read(&place).ok().and_then(|bytes| Record::parse(&id, &bytes))
        && let Some(is_changed) = record.holds_after_restamp(environment)
        && let Some(text) = record.first("version").and_then(|text| text.into_string().ok())
    {
        if is_changed {
            let _ = cache.write_whole(&place, &record.render(&id));
        }
        return Ok((record.checks, text));
    }
    let text = ask()?;
    let mut record = Record::default();
    record.push("tool", tool);
    record.push("version", &text);
    for file in std::iter::once(tool.to_owned()).chain(more_files()) {
        record.checks.push(tool_file(&file, since)?);
    }
    // Best effort: without it the next miss asks again.
    let _ = cache.write_whole(&place, &record.render(&id));
    Ok((record.checks, text))
}

fn tool_file(path: &Path, since: Moment) -> Result<Check<'static>> {
    Check::tool_file(path, since).map_err(|error| {
        let what = format!("failed to read `{}`", path.display());
        Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
    })
}

fn ask_version(rustc: &Path, environment: &Environment) -> Result<String> {
    let mut command = Command::new(rustc);
    command.arg("-vV").env_clear().envs(environment.for_compilers()).current_dir("/");
    let failed = |why: String| {
        Error::message(Step::Toolchain, format!("`{} -vV` failed: {why}", rustc.display()))
            .hint("`rustup show`, or reinstalling the toolchain, may tell more")
    };
    let output =
        Task::new(&command, environment.supervision()).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
        return Err(failed(if words.is_empty() { output.status.to_string() } else { words }));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("it does not answer in UTF-8".to_owned()))
}

/// Whether a compiler that is allowed no unstable feature takes a text: `stable` or `unstable`. What it would write goes to
/// its standard output.
fn probe(rustc: &Path, text: &[u8], environment: &Environment) -> Result<String> {
    let mut command = Command::new(rustc);
    command.args(["--crate-type=lib", "--crate-name=probe", "--emit=metadata=-", "-Zallow-features=", "-"]);
    command.env_clear().envs(environment.for_compilers()).env("RUSTC_BOOTSTRAP", "1").current_dir("/");
    let failed = |error: std::io::Error| {
        let what = format!("cannot run `{}`", rustc.display());
        Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
    };
    let task = Task::new(&command, environment.supervision()).stdout(Output::Null).stderr(Output::Null);
    let finished = task.text(text).and_then(Task::output).map_err(failed)?;
    Ok(if finished.status.success() { "stable" } else { "unstable" }.to_owned())
}

/// The library that is the compiler, which a rebuilt compiler may replace while `bin/rustc` stays as it was.
fn libraries(rustc: &Path) -> Vec<PathBuf> {
    let Some(lib) = rustc.parent().and_then(Path::parent).map(|root| root.join("lib")) else {
        return Vec::new();
    };
    // A distribution's `/usr/lib` is not a toolchain's own directory, and is not searched.
    if !lib.join("rustlib").is_dir() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(&lib).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("librustc_driver"))
        })
        .collect();
    order::sort(&mut found);
    found
}
