//! `runner add` and `runner remove`: the dependencies of a script, edited in place by cargo.
//!
//! Cargo is given the TOML of the script and edits that ([`crate::rust::deps::manifest_edit`]); what it made of it goes back
//! into the form that the script has ([`crate::script::metadata_edit`]). The lock beside the script, if there is one, is
//! renewed as far as it has to be. The script is replaced last, so that whatever fails changes nothing.

use std::ffi::OsString;
use std::fmt;

use toml::{Table, Value};

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::commands::script_rewrite;
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::rust::deps::lock::{self, Renewal};
use crate::rust::deps::manifest_edit::{self, Verb};
use crate::rust::recipe::RustRecipe;
use crate::script::header;
use crate::script::metadata_edit;
use crate::script::script_file::Script;

/// What is to be added to a script.
#[derive(Debug, Clone, Default)]
pub struct Addition {
    /// Names, or `NAME@REQUIREMENT`.
    pub crates: Vec<String>,
    /// Options of `cargo add`.
    pub cargo: Vec<OsString>,
    /// Whether the requirement is the version that was found, and not its compatible series.
    pub exact: bool,
    /// Whether the script stays as it is.
    pub dry_run: bool,
}

/// What became of a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DependencyChange {
    /// Its name in the manifest.
    pub name: String,
    /// What the manifest said of it: a requirement, or a table.
    pub old: Option<String>,
    /// What it says now.
    pub new: Option<String>,
    /// The version that cargo found, of one that is new.
    pub version: Option<String>,
}

impl fmt::Display for DependencyChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old == new => write!(formatter, "= {name} {old} is there already"),
            (Some(old), Some(new)) => write!(formatter, "~ {name} {old} -> {new}"),
            (None, Some(new)) => write!(formatter, "+ {name} {}", self.version.as_ref().unwrap_or(new)),
            (_, None) => write!(formatter, "- {name}"),
        }
    }
}

/// Adds dependencies to a script, or changes those that are there.
///
/// # Errors
/// [`Step::Metadata`] if the form of the metadata cannot say them, [`Step::Dependencies`] if cargo refuses; nothing has
/// changed then.
pub(crate) fn add(
    context: &Context,
    script: &Script,
    options: &Options,
    addition: &Addition,
) -> Result<Vec<DependencyChange>> {
    let edit = |recipe: &RustRecipe<'_>, toml: &str, session: &Session<'_>| {
        let before = parse(toml);
        let is_there = |name: &str| addition.cargo.is_empty() && dependency(&before, name).is_some();
        let (known, missing): (Vec<&String>, Vec<&String>) =
            addition.crates.iter().partition(|name| is_there(name));
        if missing.is_empty() && addition.cargo.is_empty() {
            let changes = known.into_iter().map(|name| unchanged(&before, name)).collect();
            return Ok((toml.to_owned(), changes));
        }
        let mut arguments = addition.cargo.clone();
        arguments.push("--".into());
        arguments.extend(missing.iter().map(|name| OsString::from(name.as_str())));
        if missing.is_empty() {
            arguments.pop();
        }
        let edited = session.edit(recipe, toml, Verb::Add, &arguments)?;
        let is_typed_with_version = |name: &str| {
            addition.crates.iter().any(|typed| typed.split_once('@').is_some_and(|(typed, _)| typed == name))
        };
        let is_new = |keys: &[String]| {
            let name = keys.last().map(String::as_str).unwrap_or_default();
            let is_dependency = keys.iter().rev().nth(1).is_some_and(|table| table.ends_with("dependencies"));
            is_dependency && !is_typed_with_version(name) && at(&before, keys).is_none()
        };
        let toml = match addition.exact {
            true => edited.toml,
            false => manifest_edit::with_series(&edited.toml, is_new),
        };
        let after = parse(&toml);
        let mut changes = differences(&before, &after, &edited.said);
        let is_told = |name: &str| changes.iter().any(|change| change.name == name);
        let silent: Vec<DependencyChange> = addition
            .crates
            .iter()
            .map(|typed| typed.split('@').next().unwrap_or(typed))
            .filter(|name| !is_told(name) && dependency(&after, name).is_some())
            .map(|name| unchanged(&after, name))
            .collect();
        changes.extend(silent);
        Ok((toml, changes))
    };
    rewrite(context, script, options, addition.dry_run, edit)
}

/// Removes dependencies from a script; `arguments` are options of `cargo remove`.
///
/// # Errors
/// As [`add`]; [`Step::Dependencies`] if there is no such dependency.
pub(crate) fn remove(
    context: &Context,
    script: &Script,
    options: &Options,
    names: &[String],
    arguments: &[OsString],
    dry_run: bool,
) -> Result<Vec<DependencyChange>> {
    let edit = |recipe: &RustRecipe<'_>, toml: &str, session: &Session<'_>| {
        let before = parse(toml);
        if let Some(unknown) = names.iter().find(|name| dependency(&before, name).is_none()) {
            return Err(unknown_dependency(unknown, &before));
        }
        let mut arguments = arguments.to_vec();
        arguments.push("--".into());
        arguments.extend(names.iter().map(OsString::from));
        let edited = session.edit(recipe, toml, Verb::Remove, &arguments)?;
        let after = parse(&edited.toml);
        let changes = differences(&before, &after, &edited.said);
        // Cargo's own word is not enough: it may have stopped half way.
        match changes.len() == names.len() && changes.iter().all(|change| change.new.is_none()) {
            true => Ok((edited.toml, changes)),
            false => {
                let text = "cargo remove changed something else; nothing was changed";
                Err(Error::message(Step::Dependencies, text)
                    .hint("give `--dev` or `--target`, or one name at a time"))
            }
        }
    };
    rewrite(context, script, options, dry_run, edit)
}

/// What an edit needs besides the recipe.
struct Session<'a> {
    context: &'a Context,
    cache: &'a crate::store::cache::Cache,
    reporter: &'a crate::report::reporter::Reporter,
}

impl Session<'_> {
    fn edit(
        &self,
        recipe: &RustRecipe<'_>,
        toml: &str,
        verb: Verb,
        arguments: &[OsString],
    ) -> Result<manifest_edit::Edited> {
        let Session { context, cache, reporter } = self;
        manifest_edit::edit(recipe, cache, context.environment(), reporter, toml, verb, arguments)
    }
}

type Edit<'a> = dyn Fn(&RustRecipe<'_>, &str, &Session<'_>) -> Result<(String, Vec<DependencyChange>)> + 'a;

/// Reads the script, has its TOML edited, and replaces it.
fn rewrite(
    context: &Context,
    script: &Script,
    options: &Options,
    dry_run: bool,
    edit: impl Fn(&RustRecipe<'_>, &str, &Session<'_>) -> Result<(String, Vec<DependencyChange>)>,
) -> Result<Vec<DependencyChange>> {
    rewrite_inner(context, script, options, dry_run, &edit)
        .map_err(|error| error.about(script.display_name()))
}

fn rewrite_inner(
    context: &Context,
    script: &Script,
    options: &Options,
    dry_run: bool,
    edit: &Edit<'_>,
) -> Result<Vec<DependencyChange>> {
    script_rewrite::require_file(script)?;
    let environment = context.environment();
    let reporter = context.reporter(options.verbosity);
    let read = recipe::read_rust(script, options, environment).map_err(with_right_word)?;
    let cache = context.cache()?;
    cache.create()?;
    let rust = read.resolve(environment, &cache)?;
    let text = std::str::from_utf8(script.bytes()).unwrap_or_default();
    let header = header::parse(text)?;
    let session = Session { context, cache: &cache, reporter: &reporter };
    let (toml, changes) = edit(&rust, &metadata_edit::toml_of(&header), &session)?;
    let rewritten = metadata_edit::with_toml(text, &header, &toml).map_err(|why| {
        Error::message(Step::Metadata, format!("cannot edit its metadata: {why}; nothing was changed"))
            .hint(format!("`runner migrate {}` gives it a form that holds everything", script.display_name()))
    })?;
    if dry_run || rewritten == text {
        return Ok(changes);
    }
    // Resolved before anything is written, so that what cannot be resolved changes nothing.
    let lock_path = rust.adjacent_lock().filter(|path| path.exists());
    let renewal = lock_path.map(|path| {
        let edited = script.with_text(rewritten.clone());
        let read = recipe::read_rust(&edited, options, environment)?;
        let rust = read.resolve(environment, &cache)?;
        lock::renewed(&rust, &cache, environment, &reporter, Renewal::Keep).map(|lock| (path, lock))
    });
    let renewal = renewal.transpose()?;
    script_rewrite::replace(script, &rewritten)?;
    if let Some((path, lock)) = renewal {
        lock::write(&path, lock.new.as_deref())?;
    }
    Ok(changes)
}

/// Other languages have no crates, and another word for what they link with.
fn with_right_word(error: Error) -> Error {
    match error.to_string().contains("Rust scripts only") {
        true => error.hint("libraries of other languages are `flags` in the script's `/// runner` lines"),
        false => error,
    }
}

fn parse(toml: &str) -> Table {
    toml.parse().unwrap_or_default()
}

fn at<'a>(table: &'a Table, keys: &[String]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(first)?, |value, key| value.get(key))
}

/// Every table of dependencies, with the keys that lead to it.
fn tables(table: &Table) -> Vec<(String, &Table)> {
    let of = |prefix: &str, table| {
        let named = |kind: &'static str| {
            let found: &Table = Table::get(table, kind)?.as_table()?;
            Some((format!("{prefix}{kind}"), found))
        };
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .into_iter()
            .filter_map(named)
            .collect::<Vec<_>>()
    };
    let mut found = of("", table);
    for (target, inner) in table.get("target").and_then(Value::as_table).into_iter().flatten() {
        if let Some(inner) = inner.as_table() {
            found.extend(of(&format!("target.{target}."), inner));
        }
    }
    found
}

/// What the manifest says of a dependency, wherever that is.
fn dependency<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    tables(table).into_iter().find_map(|(_, table)| table.get(name))
}

fn unchanged(table: &Table, name: &str) -> DependencyChange {
    let text = dependency(table, name).map(ToString::to_string);
    DependencyChange { name: name.to_owned(), old: text.clone(), new: text, version: None }
}

/// Which dependencies differ; the versions of new ones are in what cargo said: `Adding itoa v1.0.19 to dependencies`.
fn differences(before: &Table, after: &Table, said: &str) -> Vec<DependencyChange> {
    let (before, after) = (tables(before), tables(after));
    let value = |list: &[(String, &Table)], place: &str, name: &str| {
        list.iter().find(|(known, _)| known == place)?.1.get(name).map(ToString::to_string)
    };
    let version = |name: &str| {
        let words = said.lines().find_map(|line| line.trim().strip_prefix("Adding ")?.strip_prefix(name));
        let version = words?.trim_start().strip_prefix('v')?.split(' ').next()?;
        Some(version.to_owned())
    };
    let mut places: Vec<(&str, &str)> = Vec::new();
    for (place, table) in before.iter().chain(&after) {
        places.extend(table.keys().map(|name| (place.as_str(), name.as_str())));
    }
    order::sort(&mut places);
    places.dedup();
    let change = |(place, name): (&str, &str)| {
        let (old, new) = (value(&before, place, name), value(&after, place, name));
        let version = version(name).filter(|_| old.is_none());
        (old != new).then(|| DependencyChange { name: name.to_owned(), old, new, version })
    };
    places.into_iter().filter_map(change).collect()
}

#[cold]
fn unknown_dependency(name: &str, table: &Table) -> Error {
    let mut known: Vec<&str> =
        tables(table).into_iter().flat_map(|(_, table)| table.keys()).map(String::as_str).collect();
    order::sort(&mut known);
    known.dedup();
    let error = Error::message(Step::Dependencies, format!("no dependency `{name}`"));
    match known.is_empty() {
        true => error.hint("the script has no dependencies"),
        false => error.hint(format!("there are {}", known.join(", "))),
    }
}
