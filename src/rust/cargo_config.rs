//! Cargo's configuration files: which there are, and whether they shape a build.
//!
//! Cargo is run from `/`, so these are `$CARGO_HOME/config.toml` and `/.cargo/config.toml` (each also under its old
//! name without extension) with what they include, and no file of the caller's working directory. If one of them says anything that changes
//! what the compiler is given, cargo is asked even for a script without dependencies: nobody else knows its rules.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Tables that say where crates come from and what cargo prints, and nothing about how they are compiled.
const HARMLESS: &[&str] = &[
    "alias",
    "cache",
    "cargo-new",
    "credential-alias",
    "doc",
    "future-incompat-report",
    "http",
    "install",
    "net",
    "patch",
    "paths",
    "registries",
    "registry",
    "resolver",
    "source",
    "term",
];

/// Keys of `[build]` that change nothing for us, because ours are given on the command line or they are about speed.
const HARMLESS_IN_BUILD: &[&str] =
    &["jobs", "target-dir", "build-dir", "rustdoc", "rustdocflags", "warnings"];

/// More files than anybody's configuration includes.
const MOST_FILES: usize = 64;

/// What cargo's configuration means for a script.
#[derive(Debug, Clone, Default)]
pub(crate) struct CargoConfig {
    /// The files and those they include, or that they are absent; and the variables that win over their `[env]`.
    pub(crate) checks: Vec<Check<'static>>,
    /// Whether they may change how a script is compiled.
    pub(crate) shapes_builds: bool,
    /// The file that switches the network off (`net.offline`).
    pub(crate) offline: Option<PathBuf>,
    /// Whether they have flags of the compiler for a platform, which win over those of `[build]`.
    pub(crate) has_target_flags: bool,
    /// Whether they may put a directory in the place of a crate from a registry.
    pub(crate) names_directories: bool,
    /// Whether they have a directory for what cargo builds on the way, which would lie outside of our cache.
    pub(crate) has_build_dir: bool,
    /// The crates in whose place they put others.
    pub(crate) replaced: Vec<String>,
    /// The variables that they set for compilers.
    pub(crate) variables: Vec<String>,
    /// `build.target`, if that is one name.
    pub(crate) target: Option<String>,
    /// Which directory said so.
    target_rank: usize,
    /// The tables of `[target]`, what wins first.
    targets: Vec<OfTarget>,
}

/// What a file says of a target, or of all that a `cfg(…)` describes.
#[derive(Debug, Clone)]
struct OfTarget {
    name: String,
    table: Table,
    /// What relative paths in it are relative to.
    base: PathBuf,
    rank: usize,
}

impl CargoConfig {
    pub(crate) fn read(environment: &Environment, since: Moment) -> Result<CargoConfig> {
        let mut directories: Vec<PathBuf> = environment.cargo_home().into_iter().collect();
        let mut config = CargoConfig::default();
        // Nearly nobody has it: one question in place of two.
        let root = Path::new("/.cargo");
        match std::fs::metadata(root) {
            Err(error) if error.kind() == ErrorKind::NotFound => config.checks.push(Check::absent(root)),
            _ => directories.push(root.to_owned()),
        }
        // What is nearer to the directory that cargo runs in has the higher rank.
        let mut pending: Vec<(usize, PathBuf)> = directories
            .iter()
            .enumerate()
            .flat_map(|(rank, directory)| ["config", "config.toml"].map(|name| (rank, directory.join(name))))
            .rev()
            .collect();
        let mut seen = Vec::new();
        while let Some((rank, path)) = pending.pop() {
            if seen.contains(&path) || seen.len() > MOST_FILES {
                continue;
            }
            let unreadable = |error: anyhow::Error| {
                Error::new(Step::Dependencies, error.context(format!("failed to read `{}`", path.display())))
            };
            let check = Check::file_or_absent(&path, since).map_err(|error| unreadable(error.into()))?;
            if check.file_path().is_some() {
                let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.into()))?;
                let table: Option<Table> = text.parse().ok();
                let included = table.iter().flat_map(|table| included(table, &path));
                pending.extend(included.map(|path| (rank, path)));
                let net = table.as_ref().and_then(|table| table.get("net")?.get("offline")?.as_bool());
                if net == Some(true) && config.offline.is_none() {
                    config.offline = Some(path.clone());
                }
                config.add(table, &path, rank, environment);
            }
            config.checks.push(check);
            seen.push(path);
        }
        order::sort_by_key(&mut config.targets, |one| std::cmp::Reverse(one.rank));
        Ok(config)
    }

    /// Adds what a file says; what cargo cannot read either, it will say better.
    fn add(&mut self, table: Option<Table>, file: &Path, rank: usize, environment: &Environment) {
        let Some(table) = table else { return self.shapes_builds = true };
        self.shapes_builds |= shapes_builds(&table);
        let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
        self.has_target_flags |= targets.into_iter().any(|(_, target)| target.get("rustflags").is_some());
        self.replaced.extend(crate::rust::manifest::patched_names(&table));
        self.has_build_dir |= table.get("build").is_some_and(|build| build.get("build-dir").is_some());
        self.names_directories |= table.contains_key("patch") || table.contains_key("paths");
        for name in table.get("env").and_then(Value::as_table).into_iter().flat_map(Table::keys) {
            self.checks.push(Check::private_variable(name, environment));
            self.variables.push(name.clone());
        }
        let target = table.get("build").and_then(|build| build.get("target"));
        let target = match target {
            Some(Value::Array(list)) if list.len() == 1 => list.first(),
            one => one,
        };
        if let Some(target) =
            target.and_then(Value::as_str).filter(|_| self.target.is_none() || rank > self.target_rank)
        {
            (self.target, self.target_rank) = (Some(target.to_owned()), rank);
        }
        // As cargo has it: the directory that holds `.cargo`.
        let base = file.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        for (name, table) in table.get("target").and_then(Value::as_table).into_iter().flatten() {
            self.targets.extend(table.as_table().map(|table| OfTarget {
                name: name.clone(),
                table: table.clone(),
                base: base.to_owned(),
                rank,
            }));
        }
    }

    /// `target.T.runner`: a program and its arguments.
    pub(crate) fn runner(&self, target: &str) -> Option<Vec<String>> {
        let of_target = self.targets.iter().filter(|one| one.name == target);
        let (base, value) = of_target.filter_map(|one| Some((&one.base, one.table.get("runner")?))).next()?;
        let mut words: Vec<String> = match value {
            Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
            Value::Array(list) => list.iter().filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
            _ => return None,
        };
        let program = words.first_mut()?;
        if program.contains('/') {
            *program = base.join(&*program).to_string_lossy().into_owned();
        }
        Some(words)
    }

    /// Whether they name a linker for a target, or for what a `cfg(…)` describes, which may be this target.
    pub(crate) fn may_name_linker(&self, target: &str) -> bool {
        let is_about = |one: &&OfTarget| one.name == target || one.name.starts_with("cfg(");
        self.targets.iter().filter(is_about).any(|one| one.table.contains_key("linker"))
    }
}

/// The files a configuration includes: paths, or tables with a `path`, relative to the file.
fn included(table: &Table, file: &Path) -> Vec<PathBuf> {
    let list = match table.get("include") {
        Some(Value::Array(list)) => list.iter().collect(),
        one => Vec::from_iter(one),
    };
    let paths = list.into_iter().filter_map(|item| item.as_str().or_else(|| item.get("path")?.as_str()));
    let base = file.parent().unwrap_or(Path::new("/"));
    paths.map(|path| base.join(path)).collect()
}

fn shapes_builds(table: &Table) -> bool {
    table.iter().any(|(key, value)| match key.as_str() {
        "build" => value.as_table().is_none_or(|build: &Table| {
            build.keys().any(|key: &String| !HARMLESS_IN_BUILD.contains(&key.as_str()))
        }),
        // What runs programs of a target is no part of them.
        "target" => value.as_table().is_none_or(|targets: &Table| {
            targets.values().any(|target| {
                target.as_table().is_none_or(|table: &Table| table.keys().any(|key| key != "runner"))
            })
        }),
        "env" | "profile" | "unstable" | "include" | "host" => {
            !matches!(value, Value::Table(t) if t.is_empty())
        }
        key => !HARMLESS.contains(&key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_a_build_counts() {
        let cases = [
            ("", false),
            ("[net]\noffline = true", false),
            ("[source.crates-io]\nreplace-with = \"vendored\"", false),
            ("[build]\njobs = 2\ntarget-dir = \"/t\"", false),
            ("[build]\nrustflags = [\"-C\", \"target-cpu=native\"]", true),
            ("[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"", true),
            ("[target.x]\nrunner = \"qemu\"", false),
            ("[target.'cfg(all())']\nrunner = \"qemu\"\nrustflags = []", true),
            ("[env]\nA = \"b\"", true),
            ("[something-new]\na = 1", true),
        ];
        for (text, expected) in cases {
            assert_eq!(shapes_builds(&text.parse().unwrap()), expected, "{text}");
        }
    }
}
