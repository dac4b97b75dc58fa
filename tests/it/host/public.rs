//! The public API, read from its sources: it is a page of types, and every one of them may grow.

use std::fs;
use std::path::Path;

use crate::support::files::files_below;

/// As many types as are seen at once.
const MOST_TYPES: usize = 45;

fn source() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

/// What the library's head exports, as path and name; of it what stands at the crate's root.
fn exported() -> (Vec<(String, String)>, usize) {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let (root, module) = text.split_once("\npub mod command_line {").unwrap();
    let read = |text: &str| {
        let mut found = Vec::new();
        let mut before = "";
        for part in text.split("pub use ") {
            let is_hidden = before.is_empty() || before.trim_end().ends_with("#[doc(hidden)]");
            before = part;
            if is_hidden {
                continue;
            }
            let declaration = part;
            let declaration = declaration.split(';').next().unwrap().trim_start_matches("crate::");
            let (path, names) = match declaration.split_once("::{") {
                Some((path, names)) => (path, names.trim_end_matches('}')),
                None => declaration.rsplit_once("::").unwrap(),
            };
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            found.extend(names.map(|name| (path.to_owned(), name.to_owned())));
        }
        found
    };
    let is_type = |(_, name): &(String, String)| {
        name.starts_with(|first: char| first.is_uppercase()) && name.chars().any(char::is_lowercase)
    };
    let (mut at_root, in_module) = (read(root), read(module));
    at_root.retain(is_type);
    let count = at_root.len();
    at_root.extend(in_module.into_iter().filter(is_type));
    (at_root, count)
}

/// The definition of a type, from its attributes to its end, and the text of its file.
fn definition(path: &str, name: &str) -> (String, String) {
    let place = source().join(path.replace("::", "/"));
    let mut files = vec![place.with_extension("rs")];
    files.extend(place.is_dir().then(|| files_below(&place)).into_iter().flatten());
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let is_head = |line: &str| {
            let rest =
                ["pub struct ", "pub enum ", "pub type "].iter().find_map(|kind| line.strip_prefix(kind));
            let rest = rest.and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        };
        let Some(at) = text.lines().position(is_head) else { continue };
        let lines: Vec<&str> = text.lines().collect();
        let is_above = |line: &&&str| line.starts_with("#[") || line.starts_with("///");
        let above = lines[..at].iter().rev().take_while(is_above).count();
        let below = match lines[at].ends_with('{') {
            true => lines[at..].iter().position(|line| *line == "}").unwrap(),
            false => 0,
        };
        return (lines[at - above..=at + below].join("\n"), text);
    }
    panic!("{path}::{name} is nowhere");
}

#[test]
fn the_public_api_is_a_page_of_types() {
    let (_, count) = exported();
    assert!(count > 30, "only {count} types were found");
    assert!(count <= MOST_TYPES, "{count} types; what only a command line needs belongs in `command_line`");
}

#[test]
fn every_public_type_may_grow() {
    let (types, _) = exported();
    for (path, name) in types {
        let (text, file) = definition(&path, &name);
        let has_public_field = text.lines().any(|line| line.starts_with("    pub "));
        let is_opaque = text.contains("pub struct ") && !has_public_field;
        // What a host fills in is made by `..Default::default()`, and by that may grow.
        let is_question = text.contains("pub struct ")
            && (text.lines().any(|line| line.starts_with("#[derive(") && line.contains("Default"))
                || file.contains(&format!("impl Default for {name} ")));
        let may_grow = text.contains("#[non_exhaustive]") || text.contains("pub type ");
        assert!(may_grow || is_opaque || is_question, "{path}::{name} cannot grow:\n{text}");
    }
}
