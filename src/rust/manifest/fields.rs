//! The rules of fields: which there may be in one file, which there are at all, and what they may hold.
//!
//! Cargo's (`src/workspace/parser/mod.rs`, `src/util/restricted_names.rs`), in its words. What is not looked at here is
//! cargo's to judge, when there are dependencies, or has no meaning without them.

use toml::{Table, Value};

use crate::base::error::{Error, Result};
use crate::script::header::{Form, Metadata};
use crate::script::toml_position::{self, Part};

/// Fields that make no sense in a single file.
pub(super) const FORBIDDEN: &[&str] =
    &["workspace", "lib", "bin", "example", "test", "bench", "build-dependencies", "build_dependencies"];
const FORBIDDEN_IN_PACKAGE: &[&str] = &[
    "workspace",
    "build",
    "metabuild",
    "links",
    "autolib",
    "autobins",
    "autoexamples",
    "autotests",
    "autobenches",
    "default-run",
];

/// What else cargo knows.
const KNOWN: &[&str] = &[
    "cargo-features",
    "package",
    "project",
    "badges",
    "features",
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "target",
    "lints",
    "hints",
    "profile",
    "patch",
    "replace",
];
const KNOWN_IN_PACKAGE: &[&str] = &[
    "authors",
    "categories",
    "default-target",
    "description",
    "documentation",
    "edition",
    "exclude",
    "forced-target",
    "homepage",
    "im-a-teapot",
    "include",
    "keywords",
    "license",
    "license-file",
    "metadata",
    "name",
    "publish",
    "readme",
    "repository",
    "resolver",
    "rust-version",
    "version",
];

const KNOWN_IN_PROFILE: &[&str] = &[
    "build-override",
    "codegen-backend",
    "codegen-units",
    "debug",
    "debug-assertions",
    "hint-mostly-unused",
    "incremental",
    "inherits",
    "lto",
    "opt-level",
    "overflow-checks",
    "package",
    "panic",
    "rpath",
    "rustflags",
    "split-debuginfo",
    "strip",
    "trim-paths",
];

/// Names of directories that cargo makes beside its binaries.
const DIRECTORY_NAMES: &[&str] = &["deps", "examples", "build", "incremental"];

pub(crate) const EDITIONS: &[&str] = &["2015", "2018", "2021", "2024"];

/// Refuses what is not allowed in one file.
pub(super) fn refuse_forbidden(metadata: &Metadata, table: &Table) -> Result<()> {
    let mut found: Vec<Vec<&str>> =
        FORBIDDEN.iter().filter(|key| table.contains_key(**key)).map(|key| vec![*key]).collect();
    if let Some(package) = table.get("package").and_then(Value::as_table) {
        let in_package = FORBIDDEN_IN_PACKAGE.iter().filter(|key| package.contains_key(**key));
        found.extend(in_package.map(|key| vec!["package", *key]));
    }
    let Some(first) = found.first() else { return Ok(()) };
    let names: Vec<String> = found.iter().map(|keys| format!("`{}`", keys.join("."))).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let text = format!("{} {verb} not allowed in embedded manifests", names.join(", "));
    Err(toml_position::error(metadata, first, Part::Key, text))
}

/// Fields that nobody reads, with the keys that lead to them; in the order they are written.
pub(super) fn unknown(table: &Table, allows_targets: bool) -> Vec<String> {
    let is_known = |key: &str| KNOWN.contains(&key) || (allows_targets && FORBIDDEN.contains(&key));
    let mut found: Vec<String> = table.keys().filter(|key| !is_known(key)).cloned().collect();
    let package = table.get("package").and_then(Value::as_table);
    let is_known = |key: &str| {
        KNOWN_IN_PACKAGE.contains(&key) || (allows_targets && FORBIDDEN_IN_PACKAGE.contains(&key))
    };
    let in_package = package.into_iter().flat_map(Table::keys).filter(|key| !is_known(key));
    found.extend(in_package.map(|key| format!("package.{key}")));
    let profiles = table.get("profile").and_then(Value::as_table);
    for (name, profile) in profiles.into_iter().flatten() {
        let keys = profile.as_table().into_iter().flat_map(Table::keys);
        let unknown = keys.filter(|key| !KNOWN_IN_PROFILE.contains(&key.as_str()));
        found.extend(unknown.map(|key| format!("profile.{name}.{key}")));
    }
    found
}

/// What somebody probably meant who wrote a field that nobody reads.
pub(super) fn meant(field: &str) -> Option<&'static str> {
    let (known, key) = match field.split_once('.') {
        None => (KNOWN, field),
        Some(("package", key)) => (KNOWN_IN_PACKAGE, key),
        Some((_, rest)) => (KNOWN_IN_PROFILE, rest.rsplit('.').next()?),
    };
    let key = key.replace('_', "-");
    known.iter().copied().find(|known| *known == key || crate::base::similar::is_similar(known, &key))
}

/// Checks what the fields hold that are read here.
pub(super) fn check(metadata: &Metadata, table: &Table) -> Result<()> {
    let wrong = |keys: &[&str], text: String| Err(toml_position::error(metadata, keys, Part::Value, text));
    for name in
        ["package", "features", "dependencies", "dev-dependencies", "profile", "lints", "target", "patch"]
    {
        if let Some(value) = table.get(name).filter(|value| !value.is_table()) {
            let error = wrong(&[name], format!("invalid type: {}, expected a table", shown(value)));
            return error.map_err(|error: Error| error.hint(format!("write it as `[{name}]`")));
        }
    }
    // Elsewhere it is heeded, and here it would be lost without a word.
    if table.contains_key("runner") {
        let error =
            toml_position::error(metadata, &["runner"], Part::Key, "`[runner]` is not read here".to_owned());
        return Err(error.hint("its place is `[package.metadata.runner]`"));
    }
    let is_inherited = table.get("lints").and_then(|lints| lints.get("workspace"));
    if is_inherited.is_some_and(|value| *value != Value::Boolean(true)) {
        return wrong(&["lints", "workspace"], "`lints.workspace` must be true".to_owned());
    }
    let Some(package) = table.get("package").and_then(Value::as_table) else { return Ok(()) };
    for (key, value) in package {
        let keys = ["package", key.as_str()];
        let expected = match key.as_str() {
            "name" | "edition" | "description" | "homepage" | "documentation" | "license"
            | "license-file" | "repository" | "resolver" => (!value.is_str()).then_some("a string"),
            "version" | "rust-version" => (!value.is_str()).then_some("a version in quotes"),
            "authors" | "keywords" | "categories" | "include" | "exclude" => {
                let is_list = value.as_array().is_some_and(|list| list.iter().all(Value::is_str));
                (!is_list).then_some("a vector of strings")
            }
            "metadata" => (!value.is_table()).then_some("a table"),
            _ => None,
        };
        if let Some(expected) = expected {
            return wrong(&keys, format!("invalid type: {}, expected {expected}", shown(value)));
        }
        let text = value.as_str().unwrap_or_default();
        let complaint = match key.as_str() {
            "name" => name_complaint(text, metadata.form),
            "edition" if !EDITIONS.contains(&text) => Some(format!(
                "supported edition values are `2015`, `2018`, `2021`, or `2024`, but `{}` is unknown",
                text.escape_debug()
            )),
            "version" => rustc_version::Version::parse(text).err().map(|error| error.to_string()),
            "rust-version" if minimum(text).is_none() => {
                Some("unexpected version requirement, expected a version like \"1.32\"".to_owned())
            }
            _ => None,
        };
        if let Some(complaint) = complaint {
            return wrong(&keys, complaint);
        }
    }
    Ok(())
}

/// `1.70`, `1.70.0`: the least version of the compiler.
pub(super) fn minimum(text: &str) -> Option<[u64; 3]> {
    let mut numbers = [0; 3];
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > numbers.len() {
        return None;
    }
    for (number, part) in numbers.iter_mut().zip(parts) {
        if !part.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

fn name_complaint(name: &str, form: Form) -> Option<String> {
    let mut characters = name.chars();
    let Some(first) = characters.next() else { return Some("package name cannot be empty".to_owned()) };
    let invalid = |character: char, why: &str| {
        let (character, name) = (character.escape_debug(), name.escape_debug());
        Some(format!("invalid character `{character}` in package name: `{name}`, {why}"))
    };
    if first.is_ascii_digit() {
        return invalid(first, "the name cannot start with a digit");
    }
    if !(unicode_ident::is_xid_start(first) || first == '_') {
        return invalid(
            first,
            "the first character must be a Unicode XID start character (most letters or `_`)",
        );
    }
    match characters.find(|&c| !(unicode_ident::is_xid_continue(c) || c == '-')) {
        Some(character) => invalid(
            character,
            "characters must be Unicode XID characters (numbers, `-`, `_`, or most letters)",
        ),
        None => (form == Form::Frontmatter).then(|| forbidden_name(name)).flatten(),
    }
}

/// Why cargo makes no binary of this name.
pub(crate) fn forbidden_name(name: &str) -> Option<String> {
    DIRECTORY_NAMES.contains(&name).then(|| {
        format!(
            "the binary target name `{name}` is forbidden, it conflicts with cargo's build directory names"
        )
    })
}

/// A value as messages call it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("string {text:?}"),
        Value::Integer(number) => format!("integer `{number}`"),
        Value::Float(number) => format!("floating point `{number}`"),
        Value::Boolean(value) => format!("boolean `{value}`"),
        Value::Datetime(_) => "date".to_owned(),
        Value::Array(_) => "sequence".to_owned(),
        Value::Table(_) => "map".to_owned(),
    }
}
