//! The arrows of the house: what each file imports, held against the rooms of `src/lib.rs`.
//!
//! A file uses its own room and rooms on lower floors, and the files of a room form no circle. There are no exceptions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::files::files_below;

type Module = Vec<String>;
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// The floor of each room, from the table in `src/lib.rs`.
fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")?.split_once(" | `"));
    let floors: BTreeMap<String, u32> = rows
        .filter_map(|(floor, rest)| Some((rest.split_once('`')?.0.to_owned(), floor.parse().ok()?)))
        .collect();
    assert!(floors.len() >= 15, "{floors:?}");
    floors
}

fn source() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

/// Without comments, the contents of strings, and test modules.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The paths of a `use` tree.
fn paths(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![path.split("::").map(|part| part.trim().to_owned()).collect()];
    };
    let body = rest.rsplit_once('}').map_or(rest, |(body, _)| body);
    let mut items = vec![String::new()];
    let mut depth = 0;
    for character in body.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        items.last_mut().unwrap().push(character);
    }
    items
        .iter()
        .filter(|item| !item.trim().is_empty())
        .flat_map(|item| paths(&format!("{prefix}{item}")))
        .collect()
}

/// Every path that a file names: in `use` declarations, and where it is used in full.
fn named(text: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for declaration in text.split(';') {
        let trees = declaration.rsplit("\nuse ").next().filter(|_| declaration.contains("\nuse "));
        let public =
            declaration.rsplit_once(" use ").map(|(_, tree)| tree).filter(|_| declaration.contains("pub"));
        for tree in trees.into_iter().chain(public) {
            found.extend(paths(tree));
        }
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    // The beginning of a tree is no path of its own.
    let words = text.split(|c: char| !is_word(c)).filter(|word| word.contains("::") && !word.ends_with("::"));
    for word in words {
        found.push(word.split("::").map(str::to_owned).collect());
    }
    found
}

/// What each module of a crate uses of it.
fn graph(root: &Path, is_left_out: impl Fn(&Path) -> bool) -> Graph {
    let files: BTreeMap<Module, String> = files_below(root)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") && !is_left_out(path))
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().with_extension("");
            let module: Module = name.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            let is_root = module == ["lib"] || module == ["main"];
            (if is_root { Module::new() } else { module }, fs::read_to_string(path).unwrap())
        })
        .collect();
    let modules: BTreeSet<&Module> = files.keys().collect();
    let is_test = |module: &Module| module.iter().any(|part| part == "tests");
    let mut graph = Graph::new();
    for (module, text) in files.iter().filter(|(module, _)| !is_test(module)) {
        let mut uses = BTreeSet::new();
        for path in named(&code(text)) {
            let supers = path.iter().take_while(|part| *part == "super").count();
            let absolute: Module = match path[0].as_str() {
                "crate" => path[1..].to_vec(),
                "self" => [module, &path[1..]].concat(),
                "super" if supers <= module.len() => {
                    [&module[..module.len() - supers], &path[supers..]].concat()
                }
                _ => {
                    let child = [&module[..], &path[..1]].concat();
                    if !modules.contains(&child) {
                        continue;
                    }
                    [&module[..], &path[..]].concat()
                }
            };
            let known = (0..=absolute.len()).rev().map(|length| absolute[..length].to_vec());
            let target = known.into_iter().find(|path| modules.contains(path)).unwrap_or_default();
            if target != *module {
                uses.insert(target);
            }
        }
        graph.insert(module.clone(), uses);
    }
    graph
}

/// The groups of modules that use each other, over some way.
fn circles(graph: &Graph) -> Vec<BTreeSet<Module>> {
    let reachable = |from: &Module| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&Module> = graph.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if seen.insert(module.clone()) {
                next.extend(graph.get(module).into_iter().flatten());
            }
        }
        seen
    };
    let reach: BTreeMap<&Module, BTreeSet<Module>> =
        graph.keys().map(|module| (module, reachable(module))).collect();
    let mut found: Vec<BTreeSet<Module>> = Vec::new();
    for (module, seen) in &reach {
        if !seen.contains(*module) || found.iter().any(|circle| circle.contains(*module)) {
            continue;
        }
        let circle = seen.iter().filter(|other| reach.get(other).is_some_and(|back| back.contains(*module)));
        found.push(circle.cloned().collect());
    }
    found
}

fn library() -> Graph {
    let mut graph = graph(source(), |path| path.starts_with(source().join("bin")));
    // The root names the rooms and what is public of them; the fuzz targets reach everywhere.
    graph.remove(&Module::new());
    graph.remove(&vec!["fuzz".to_owned()]);
    graph
}

#[test]
fn no_arrow_points_up() {
    let floors = floors();
    let mut up = Vec::new();
    for (module, uses) in &library() {
        let floor =
            |module: &Module| module.first().map_or(u32::MAX, |room| floors.get(room).copied().unwrap_or(0));
        for other in uses.iter().filter(|other| floor(other) > floor(module)) {
            // Pages of documentation are outside of the house.
            if module[0] != "docs" {
                up.push(format!("{} -> {}", module.join("/"), other.join("/")));
            }
        }
    }
    assert!(up.is_empty(), "{up:#?}");
}

#[test]
fn every_room_is_in_the_table() {
    let floors = floors();
    for module in library().keys() {
        assert!(module[0] == "docs" || floors.contains_key(&module[0]), "{}", module.join("/"));
    }
}

#[test]
fn no_files_form_a_circle() {
    let circles = circles(&library());
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_files_of_the_command_line_form_a_circle() {
    let circles = circles(&graph(&source().join("bin/runner"), |_| false));
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_circle_and_an_arrow_would_be_found() {
    let module = |name: &str| vec![name.to_owned()];
    let text =
        "//! x\n\npub(crate) use crate::a::{self, b::{C, D}};\nuse super::e;\n\nfn f() { crate::g::h() }\n";
    let found: BTreeSet<String> = named(&code(text)).iter().map(|path| path.join("::")).collect();
    for path in ["crate::a::self", "crate::a::b::C", "crate::a::b::D", "super::e", "crate::g::h"] {
        assert!(found.contains(path), "{path} {found:?}");
    }
    let graph = Graph::from([
        (module("a"), BTreeSet::from([module("b")])),
        (module("b"), BTreeSet::from([module("c")])),
        (module("c"), BTreeSet::from([module("a")])),
        (module("d"), BTreeSet::from([module("a")])),
    ]);
    assert_eq!(circles(&graph), [BTreeSet::from([module("a"), module("b"), module("c")])]);
}
