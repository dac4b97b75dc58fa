//! Has cargo edit a manifest: `cargo add` and `cargo remove` on the TOML of a script.
//!
//! Cargo edits in place and keeps comments, order and spacing; nothing of that is done here. It wants a package, and a
//! script is none, so the TOML is put into one and taken out again:
//!
//! ```text
//! staging/Cargo.toml        [workspace]: no other workspace above has a say; with what `runner.toml` has for the script
//! staging/p/Cargo.toml      the TOML, with a name and a version if it has none, and with absolute paths
//! staging/p/src/main.rs     empty
//! ```
//!
//! Cargo writes before it resolves, so the TOML counts only if all of it went well; a removal needs no resolution, and
//! counts once the dependency has gone.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::base::environment::Environment;
use crate::base::error::{At, Error, Result, Step};
use crate::base::order;
use crate::report::reporter::Reporter;
use crate::rust::deps::{cargo, network, seed};
use crate::rust::recipe::RustRecipe;
use crate::settings::project_file::Project;
use crate::store::cache::Cache;
use crate::store::staging::Staging;

/// What a line is called that stands in the TOML for cargo only.
const OURS: &str = "runner-script";

/// What is done with a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Add,
    Remove,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Verb::Add => "add",
            Verb::Remove => "remove",
        }
    }
}

/// A manifest that was edited.
pub(crate) struct Edited {
    pub(crate) toml: String,
    /// What cargo said of it.
    pub(crate) said: String,
}

/// Runs `cargo add` or `cargo remove` with these arguments on `toml`, whose relative paths are taken from the script.
///
/// # Errors
/// [`Step::Dependencies`], after cargo's own words have been shown.
pub(crate) fn edit(
    recipe: &RustRecipe<'_>,
    cache: &Cache,
    environment: &Environment,
    reporter: &Reporter,
    toml: &str,
    verb: Verb,
    arguments: &[OsString],
) -> Result<Edited> {
    let cargo_path = recipe.toolchain.cargo(environment)?;
    let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
    let package = staging.path().join("p");
    fs::create_dir_all(package.join("src")).at(Step::Cache)?;
    fs::write(package.join("src/main.rs"), "fn main() {}\n").at(Step::Cache)?;
    fs::write(staging.path().join("Cargo.toml"), workspace(&recipe.request.config.project))
        .at(Step::Cache)?;
    let (front, trailing) = match verb {
        Verb::Add => split_trailing(toml),
        Verb::Remove => (toml, ""),
    };
    let (given, paths) = with_absolute_paths(front, recipe.metadata_base());
    let (given, inserted) = with_name(&given);
    let manifest = package.join("Cargo.toml");
    fs::write(&manifest, &given).at(Step::Cache)?;
    let mut command = cargo::command(&cargo_path, &recipe.toolchain, environment, reporter);
    command.arg(verb.as_str()).arg("--manifest-path").arg(&manifest);
    command.args((recipe.options.offline || verb == Verb::Remove).then_some("--offline"));
    let base = recipe.metadata_base();
    let mut is_path = false;
    for argument in arguments {
        match is_path {
            true => command.arg(base.join(argument)),
            false => command.arg(argument),
        };
        is_path = argument == "--path";
    }
    let label = format!("cargo {}", verb.as_str());
    let finished = reporter.run(&command, &label, false).map_err(|error| {
        let what = format!("cannot run `{}`", cargo_path.display());
        Error::new(Step::Dependencies, anyhow::Error::new(error).context(what))
    })?;
    let said = finished.said();
    let written = fs::read_to_string(&manifest).at(Step::Cache)?;
    let is_done = finished.status.success() || verb == Verb::Remove && written != given;
    if !is_done {
        if let Some(error) = network::explain(&said, recipe.layers, environment) {
            reporter.show_verbosely(said.as_bytes());
            return Err(error);
        }
        reporter.show(&finished.stderr, true);
        let text = format!("cargo {} failed ({}); nothing was changed", verb.as_str(), finished.status);
        return Err(Error::message(Step::Dependencies, text));
    }
    let mut edited = written;
    if let Some(inserted) = inserted {
        edited = edited.replacen(&inserted, "", 1);
    }
    for (absolute, original) in &paths {
        edited = edited.replace(absolute, original);
    }
    edited = with_relative_paths(edited, &package, recipe.metadata_base());
    if let Some(added) = edited.strip_prefix(front).filter(|added| is_header(added)) {
        edited = [front, trailing, added].concat();
    } else {
        edited.push_str(trailing);
    }
    if verb == Verb::Remove {
        edited = without_empty_tables(&with_comments(toml, &edited));
    }
    if toml.trim().is_empty() {
        edited = edited.trim_start_matches('\n').to_owned();
    }
    Ok(Edited { toml: edited, said })
}

/// The manifest of the directory above: it keeps workspaces further up out, and has what the script inherits.
fn workspace(project: &Project) -> String {
    if project.path.is_none() {
        return "[workspace]\nexclude = [\"p\"]\n".to_owned();
    }
    let mut workspace = Table::new();
    workspace.insert("members".to_owned(), Value::Array(vec!["p".into()]));
    workspace.insert("resolver".to_owned(), "2".into());
    workspace.insert("dependencies".to_owned(), project.dependencies.clone().into());
    workspace.insert("lints".to_owned(), project.lints.clone().unwrap_or_default().into());
    let mut manifest = Table::new();
    manifest.insert("workspace".to_owned(), workspace.into());
    manifest.to_string()
}

/// The TOML with the name and version that cargo wants, and the text that was inserted for them, if they are not there.
fn with_name(toml: &str) -> (String, Option<String>) {
    let fields = [("name", OURS.to_owned()), ("version", "0.0.0".to_owned())];
    with_package_fields(toml, &fields, &format!(" # {OURS}"))
}

/// The TOML with those of the fields under `[package]` that it does not have, each with a comment behind it, and what was
/// inserted.
pub(crate) fn with_package_fields(
    toml: &str,
    fields: &[(&str, String)],
    comment: &str,
) -> (String, Option<String>) {
    let table: Table = toml.parse().unwrap_or_default();
    let package = table.get("package").and_then(Value::as_table);
    let is_there = |key: &str| package.is_some_and(|package| package.contains_key(key));
    let missing: Vec<&(&str, String)> = fields.iter().filter(|(key, _)| !is_there(key)).collect();
    if missing.is_empty() {
        return (toml.to_owned(), None);
    }
    let is_header = |line: &str| line.split('#').next().unwrap_or_default().trim() == "[package]";
    let mut at = 0;
    for line in toml.split_inclusive('\n') {
        at += line.len();
        if is_header(line) && line.ends_with('\n') {
            let lines: String =
                missing.iter().map(|(key, value)| format!("{key} = \"{value}\"{comment}\n")).collect();
            return ([&toml[..at], &lines, &toml[at..]].concat(), Some(lines));
        }
    }
    // `package = { … }`
    let spans = DeTable::parse(toml).ok();
    let inline = spans.as_ref().and_then(|table| table.get_ref().get("package")).map(|value| value.span());
    if let Some(open) = inline.map(|span| span.start).filter(|at| toml[*at..].starts_with('{')) {
        let fields: String = missing.iter().map(|(key, value)| format!(" {key} = \"{value}\",")).collect();
        return ([&toml[..open + 1], &fields, &toml[open + 1..]].concat(), Some(fields));
    }
    let lines: String =
        missing.iter().map(|(key, value)| format!("package.{key} = \"{value}\"{comment}\n")).collect();
    ([&lines, toml].concat(), Some(lines))
}

/// The values of dependencies that are texts under `key`, with where they stand, quotes included.
fn texts_of_dependencies(toml: &str, key: &str) -> Vec<(std::ops::Range<usize>, String)> {
    fn walk(
        table: &DeTable<'_>,
        key: &str,
        is_inside: bool,
        found: &mut Vec<(std::ops::Range<usize>, String)>,
    ) {
        for (name, value) in table {
            match value.get_ref() {
                DeValue::Table(inner) => {
                    let name = name.get_ref();
                    let is_list = name.ends_with("dependencies") || name == "patch" || name == "replace";
                    walk(inner, key, is_inside || is_list, found);
                }
                DeValue::String(text) if is_inside && name.get_ref() == key => {
                    found.push((value.span(), text.clone().into_owned()));
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    if let Ok(table) = DeTable::parse(toml) {
        walk(table.get_ref(), key, false, &mut found);
    }
    found
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The TOML with absolute paths of dependencies, and each of these, quoted, with what it was written as.
pub(crate) fn with_absolute_paths(toml: &str, base: &Path) -> (String, Vec<(String, String)>) {
    let mut out = toml.to_owned();
    let mut replaced = Vec::new();
    let mut found = texts_of_dependencies(toml, "path");
    order::sort_by_key(&mut found, |(span, _)| std::cmp::Reverse(span.start));
    for (span, text) in found.into_iter().filter(|(_, text)| Path::new(text).is_relative()) {
        let absolute = quoted(&base.join(text).to_string_lossy());
        let original = toml[span.clone()].to_owned();
        out.replace_range(span, &absolute);
        replaced.push((absolute, original));
    }
    (out, replaced)
}

/// The TOML with those paths that cargo made relative to `package` made relative to `base`.
fn with_relative_paths(toml: String, package: &Path, base: &Path) -> String {
    let mut out = toml.clone();
    let mut found = texts_of_dependencies(&toml, "path");
    order::sort_by_key(&mut found, |(span, _)| std::cmp::Reverse(span.start));
    for (span, text) in found.into_iter().filter(|(_, text)| text.starts_with("../..")) {
        let mut place = package.to_owned();
        for part in Path::new(&text).components() {
            match part {
                std::path::Component::ParentDir => drop(place.pop()),
                part => place.push(part),
            }
        }
        out.replace_range(span, &quoted(&relative(&place, base).to_string_lossy()));
    }
    out
}

/// How a place is reached from a directory.
fn relative(place: &Path, base: &Path) -> PathBuf {
    let shared = place.components().zip(base.components()).take_while(|(one, two)| one == two).count();
    let up = base.components().skip(shared).map(|_| std::path::Component::ParentDir);
    let down = place.components().skip(shared);
    let path: PathBuf = up.chain(down).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// The TOML up to its last key or header, and the comments and blank lines below. Cargo would put a new table above these.
fn split_trailing(toml: &str) -> (&str, &str) {
    let mut end = toml.len();
    for line in toml.split_inclusive('\n').rev() {
        if !line.trim().is_empty() && !is_comment(line) {
            break;
        }
        end -= line.len();
    }
    toml.split_at(end)
}

fn is_header(line: &str) -> bool {
    line.trim_start().starts_with('[')
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// What cargo made of a manifest, with the comments that went with what it removed, and the headers of their tables. What
/// stands above a header is not about the table: all of it stays but the blank line with which cargo would have begun it.
fn with_comments(old: &str, new: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let mut out = String::new();
    let has_comment = |header: usize| {
        before[header + 1..].iter().take_while(|line| !is_header(line)).any(|line| is_comment(line))
    };
    for change in similar::capture_diff_slices(similar::Algorithm::Myers, &before, &after) {
        let (removed, inserted) = (change.old_range(), change.new_range());
        if let similar::DiffOp::Equal { .. } = change {
            out.extend(before[removed].iter().copied());
            continue;
        }
        let above = removed.clone().find(|index| is_header(before[*index])).unwrap_or(removed.start);
        let is_blank = |index: usize| before[index].trim().is_empty();
        let kept = if above > removed.start && is_blank(above - 1) { above - 1 } else { above };
        for index in removed {
            let line = before[index];
            if index < kept || is_comment(line) || is_header(line) && has_comment(index) {
                out.push_str(line);
            }
        }
        out.extend(after[inserted].iter().copied());
    }
    out
}

/// The TOML without headers of dependencies that nothing stands under, and without the blank line above each, which is how
/// cargo wrote it.
fn without_empty_tables(toml: &str) -> String {
    let lines: Vec<&str> = toml.split_inclusive('\n').collect();
    let is_gone = |index: usize| {
        let name = lines[index].split('#').next().unwrap_or_default().trim();
        let is_table = matches!(name, "[dependencies]" | "[dev-dependencies]");
        let below = lines[index + 1..].iter().find(|line| !line.trim().is_empty());
        is_table && below.is_none_or(|line| is_header(line))
    };
    let mut out: Vec<&str> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        match is_header(line) && !line.contains('#') && is_gone(index) {
            true => drop(out.pop_if(|line| line.trim().is_empty())),
            false => out.push(line),
        }
    }
    out.concat()
}

/// The TOML with the requirements that cargo wrote for `names` as the series that is compatible with them: `"1"` for
/// `"1.0.219"`.
pub(crate) fn with_series(toml: &str, is_meant: impl Fn(&[String]) -> bool) -> String {
    fn walk(
        table: &DeTable<'_>,
        keys: &mut Vec<String>,
        found: &mut Vec<(Vec<String>, std::ops::Range<usize>, String)>,
    ) {
        for (name, value) in table {
            keys.push(name.get_ref().clone().into_owned());
            match value.get_ref() {
                DeValue::Table(inner) => walk(inner, keys, found),
                DeValue::String(text) => found.push((keys.clone(), value.span(), text.clone().into_owned())),
                _ => {}
            }
            keys.pop();
        }
    }
    let mut found = Vec::new();
    if let Ok(table) = DeTable::parse(toml) {
        walk(table.get_ref(), &mut Vec::new(), &mut found);
    }
    order::sort_by_key(&mut found, |(_, span, _)| std::cmp::Reverse(span.start));
    let mut out = toml.to_owned();
    for (mut keys, span, text) in found {
        if keys.last().is_some_and(|key| key == "version") {
            keys.pop();
        }
        let is_version = text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains('-');
        if is_version && is_meant(&keys) {
            out.replace_range(span, &quoted(&seed::series(&text)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_cargo_is_taken_out_again() {
        for toml in [
            "",
            "dependencies.a = \"1\"\n",
            "package.edition = \"2024\"\n",
            "[package] # p\nedition = \"2024\"\n",
            "package = { edition = \"2024\" }\n",
            "[package.metadata.runner]\nprofile = \"dev\"\n",
            "[dependencies]\na = \"1\"\n",
            "[package]\nname = \"x\"\n",
        ] {
            let (given, inserted) = with_name(toml);
            let table: Table = given.parse().unwrap_or_else(|error| panic!("{given}: {error}"));
            assert!(table["package"]["name"].is_str() && table["package"]["version"].is_str(), "{given}");
            assert_eq!(given.replacen(&inserted.unwrap(), "", 1), toml);
        }
    }

    #[test]
    fn paths_are_absolute_for_cargo_only() {
        let toml = "[dependencies]\na = { path = 'a' } # c\n[package]\npath = \"x\"\n";
        let (given, paths) = with_absolute_paths(toml, Path::new("/s"));
        assert_eq!(given, toml.replace("'a'", "\"/s/a\""));
        assert_eq!(paths, [("\"/s/a\"".to_owned(), "'a'".to_owned())]);
        let written = "[dependencies]\nb = { path = \"../../s/lib/b\" }\n".to_owned();
        let back = with_relative_paths(written, Path::new("/c/p"), Path::new("/s"));
        assert_eq!(back, "[dependencies]\nb = { path = \"lib/b\" }\n");
        assert_eq!(relative(Path::new("/x"), Path::new("/s/t")), Path::new("../../x"));
    }

    #[test]
    fn comments_outlive_what_they_were_about() {
        let old = "[dependencies]\n# about a\na = \"1\"\n\n[profile.x]\n";
        assert_eq!(with_comments(old, "\n[profile.x]\n"), "[dependencies]\n# about a\n\n[profile.x]\n");
        let old = "x = 1\n\n# end\n\n\n[dependencies]\na = \"1\"\n";
        assert_eq!(with_comments(old, "x = 1\n"), "x = 1\n\n# end\n\n");
        assert_eq!(split_trailing("x = 1\n\n# end\n"), ("x = 1\n", "\n# end\n"));
        let old = "x = 1\n\n[dependencies]\na = \"1\"\n";
        assert_eq!(with_comments(old, "x = 1\n"), "x = 1\n");
        assert_eq!(
            without_empty_tables("x = 1\n\n[dependencies]\n[dependencies.b]\n"),
            "x = 1\n[dependencies.b]\n"
        );
    }

    #[test]
    fn requirements_are_for_people() {
        let toml =
            "[dependencies]\na = \"1.2.3\"\nb = { version = \"0.4.1\" }\nc = \"2.0.0-rc.1\"\nd = \"1.1.1\"\n";
        let expected =
            "[dependencies]\na = \"1\"\nb = { version = \"0.4\" }\nc = \"2.0.0-rc.1\"\nd = \"1.1.1\"\n";
        assert_eq!(with_series(toml, |keys| keys.last().is_some_and(|key| key != "d")), expected);
    }
}
