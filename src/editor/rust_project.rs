//! `rust-project.json`: a script and its dependencies as rust-analyzer wants them told.
//!
//! Made from what is known already: the answer of `cargo metadata --offline --locked` for the dependency environment, and
//! what its build left (dynamic libraries of proc macros, `OUT_DIR`s), *by package id*, because a lock may hold two versions
//! of one proc macro. Nothing is compiled for it.
//!
//! What rust-analyzer reads beside the script is its directory, without those below that hold no declared module: its own
//! default is everything below, which for a script in `$HOME` is all of it. It opens excluded directories all the same, one
//! by one, 20,005 times for a script above 10,000; there only the script and its modules are included, as files.

use rustc_hash::FxHashMap;

use crate::base::order;
mod merge;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

pub(crate) use merge::merge;

/// What the build of a package left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Artifacts {
    /// The dynamic library, if it is a proc macro.
    pub(crate) proc_macro: Option<PathBuf>,
    /// The `OUT_DIR` of its build script.
    pub(crate) out_dir: Option<PathBuf>,
    /// What its build script told with `cargo::rustc-cfg`.
    pub(crate) cfgs: Vec<String>,
    /// What its build script told with `cargo::rustc-env`.
    pub(crate) variables: Vec<(String, String)>,
}

/// A script, as far as rust-analyzer has to know it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScriptCrate {
    /// Its path.
    pub(crate) path: PathBuf,
    /// The edition it is compiled in.
    pub(crate) edition: String,
    /// `cfg`s that hold in it, without `test`.
    pub(crate) cfgs: Vec<String>,
    /// Variables that are set when it is compiled.
    pub(crate) variables: Vec<(String, String)>,
    /// Files of declared modules, and directories that hold modules of those. They need not be there yet.
    pub(crate) modules: Vec<PathBuf>,
    /// Whether it has tests: then `cfg(test)` holds, and it sees its development dependencies.
    pub(crate) has_tests: bool,
}

/// The toolchain's share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sysroot {
    /// `rustc --print sysroot` of the script's own toolchain: the proc macros were compiled by it.
    pub(crate) path: PathBuf,
    /// The target it is compiled for, if that is not the host.
    pub(crate) target: Option<String>,
    /// The program that checks, runs and tests scripts; without it nothing is checked on save.
    pub(crate) runner: Option<PathBuf>,
}

/// The project of a script without dependencies, or of one whose dependencies are not known yet.
pub(crate) fn bare(script: &ScriptCrate, sysroot: &Sysroot) -> Value {
    whole(script, vec![script_crate(script, sysroot, Vec::new())], sysroot)
}

/// The project of a script. `metadata` is cargo's answer for the package that stands for it.
///
/// # Errors
/// What is missing in cargo's answer.
pub(crate) fn with_dependencies(
    script: &ScriptCrate,
    sysroot: &Sysroot,
    metadata: &Value,
    artifacts: &FxHashMap<String, Artifacts>,
) -> Result<Value, String> {
    let missing = |what: &str| format!("cannot read answer of `cargo metadata`: no `{what}`");
    let packages = metadata["packages"].as_array().ok_or_else(|| missing("packages"))?;
    let packages: FxHashMap<&str, &Value> =
        packages.iter().filter_map(|package| Some((package["id"].as_str()?, package))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().ok_or_else(|| missing("resolve.nodes"))?;
    let nodes = order::map(nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node))));
    let root = metadata["resolve"]["root"].as_str().ok_or_else(|| missing("resolve.root"))?;
    let root = nodes.get(root).ok_or_else(|| missing("resolve.nodes[root]"))?;

    // Every package that code of the script can name something of, in the order of its id.
    let mut is_reachable: BTreeMap<&str, ()> = BTreeMap::new();
    let mut open: Vec<&str> = links(root, script.has_tests).map(|(_, id)| id).collect();
    while let Some(id) = open.pop() {
        if is_reachable.insert(id, ()).is_none() {
            open.extend(nodes.get(id).into_iter().flat_map(|node| links(node, false)).map(|(_, id)| id));
        }
    }
    let with_library =
        is_reachable.into_keys().filter(|id| packages.get(id).and_then(|p| library(p)).is_some());
    let indices: FxHashMap<&str, usize> = with_library.zip(1..).collect();
    let mut ids: Vec<&str> = indices.keys().copied().collect();
    order::sort(&mut ids);
    let dependencies = |node: &Value, with_dev: bool| -> Vec<Value> {
        links(node, with_dev)
            .filter_map(|(name, id)| Some(json!({"crate": indices.get(id)?, "name": name})))
            .collect()
    };

    let mut crates = vec![script_crate(script, sysroot, dependencies(root, script.has_tests))];
    let none = Artifacts::default();
    for id in ids {
        let (Some(package), Some(node)) = (packages.get(id), nodes.get(id)) else { continue };
        let Some(target) = library(package) else { continue };
        let left = artifacts.get(id).unwrap_or(&none);
        crates.push(package_crate(package, target, node, left, dependencies(node, false), sysroot));
    }
    Ok(whole(script, crates, sysroot))
}

fn whole(script: &ScriptCrate, crates: Vec<Value>, sysroot: &Sysroot) -> Value {
    let directory = script.path.parent().unwrap_or(Path::new("/"));
    let mut project = json!({
        "sysroot": sysroot.path,
        "sysroot_src": sysroot.path.join("lib/rustlib/src/rust/library"),
        "crates": crates,
    });
    if let Some(runner) = &sysroot.runner {
        project["runnables"] = json!([
            {"kind": "flycheck", "program": runner, "args": ["check", "--json", "{saved_file}"], "cwd": directory},
            {"kind": "run", "program": runner, "args": ["{label}"], "cwd": directory},
            {"kind": "testOne", "program": runner, "args": ["test", "{label}", "{test_id}", "--exact", "--nocapture"], "cwd": directory},
        ]);
    }
    project
}

fn script_crate(script: &ScriptCrate, sysroot: &Sysroot, dependencies: Vec<Value>) -> Value {
    let directory = script.path.parent().unwrap_or(Path::new("/"));
    let name = script.path.file_name().unwrap_or_default().to_string_lossy();
    let mut cfgs = script.cfgs.clone();
    if script.has_tests {
        cfgs.push("test".to_owned());
    }
    // With files alone in place of the directory rust-analyzer says nothing of what is wrong in them.
    let exclude = excluded(directory, &script.modules);
    let is_small = exclude.len() <= MOST_EXCLUDED;
    let mut include = vec![if is_small { directory.to_owned() } else { script.path.clone() }];
    include.extend(script.modules.iter().filter(|one| !is_small || !one.starts_with(directory)).cloned());
    let exclude = if is_small { exclude } else { Vec::new() };
    let mut variables = Map::new();
    variables.extend(script.variables.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
    let mut value = json!({
        "display_name": crate_name(&name),
        "root_module": script.path,
        "edition": script.edition,
        "deps": dependencies,
        "is_workspace_member": true,
        "cfg": cfgs,
        "env": variables,
        "proc_macro_cwd": directory,
        "source": {
            "include_dirs": include,
            "exclude_dirs": exclude,
        },
    });
    if let Some(target) = &sysroot.target {
        value["target"] = target.as_str().into();
    }
    if sysroot.runner.is_some() {
        // Its label is what `{label}` of the runnables stands for.
        value["build"] = json!({"label": script.path, "build_file": script.path, "target_kind": "bin"});
    }
    value
}

/// Directories beside a script that are excluded one by one; with more of them only files are included.
const MOST_EXCLUDED: usize = 500;

/// Every directory in the script's, but for those on the way to modules; in order, so that the same directory gives the
/// same project.
fn excluded(directory: &Path, modules: &[PathBuf]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let is_needed = |path: &Path| modules.iter().any(|module| module.starts_with(path));
    let mut excluded: Vec<PathBuf> =
        directories.map(|entry| entry.path()).filter(|path| !is_needed(path)).collect();
    order::sort(&mut excluded);
    excluded
}

fn package_crate(
    package: &Value,
    target: &Value,
    node: &Value,
    left: &Artifacts,
    dependencies: Vec<Value>,
    sysroot: &Sysroot,
) -> Value {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let directory = Path::new(text("manifest_path")).parent().unwrap_or(Path::new("/"));
    let features = node["features"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut cfgs: Vec<String> = features.map(|feature| format!("feature=\"{feature}\"")).collect();
    cfgs.extend(left.cfgs.iter().cloned());
    let is_proc_macro = is_of_kind(target, "proc-macro");
    let name = crate_name(target["name"].as_str().unwrap_or_default());
    let mut variables = package_variables(package, directory);
    variables.insert("CARGO_CRATE_NAME".to_owned(), name.as_str().into());
    for (name, value) in &left.variables {
        variables.insert(name.clone(), value.as_str().into());
    }
    let mut include = vec![directory.to_owned()];
    if let Some(out_dir) = &left.out_dir {
        variables.insert("OUT_DIR".to_owned(), out_dir.to_string_lossy().into());
        include.push(out_dir.clone());
    }
    let exclude = [".git", "target", "tests", "examples", "benches"].map(|name| directory.join(name));
    let mut value = json!({
        "display_name": name,
        "root_module": target["src_path"],
        "edition": target["edition"].as_str().unwrap_or("2015"),
        "version": package["version"],
        "deps": dependencies,
        // What has no source is a path dependency: the author's own code.
        "is_workspace_member": package["source"].is_null(),
        "cfg": cfgs,
        "env": variables,
        "is_proc_macro": is_proc_macro,
        "proc_macro_cwd": directory,
        "source": {
            "include_dirs": include,
            "exclude_dirs": exclude,
        },
    });
    if let Some(library) = left.proc_macro.as_ref().filter(|_| is_proc_macro) {
        value["proc_macro_dylib_path"] = library.to_string_lossy().into();
    }
    if let Some(repository) = package["repository"].as_str() {
        value["repository"] = repository.into();
    }
    if let Some(target) = sysroot.target.as_ref().filter(|_| !is_proc_macro) {
        value["target"] = target.as_str().into();
    }
    value
}

/// The variables that cargo sets when it compiles a package.
fn package_variables(package: &Value, directory: &Path) -> Map<String, Value> {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let version = text("version");
    let (numbers, pre) =
        version.split('+').next().unwrap_or_default().split_once('-').unwrap_or((&version, ""));
    let mut parts = numbers.split(['.', '+']).map(str::to_owned);
    let authors: Vec<&str> =
        package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let authors = authors.join(":");
    let mut next = || parts.next().unwrap_or_default();
    let (major, minor, patch) = (next(), next(), next());
    let mut variables = Map::new();
    let all = [
        ("CARGO", "cargo".to_owned()),
        ("CARGO_MANIFEST_DIR", directory.to_string_lossy().into_owned()),
        ("CARGO_MANIFEST_PATH", text("manifest_path")),
        ("CARGO_PKG_VERSION", version.clone()),
        ("CARGO_PKG_VERSION_MAJOR", major),
        ("CARGO_PKG_VERSION_MINOR", minor),
        ("CARGO_PKG_VERSION_PATCH", patch),
        ("CARGO_PKG_VERSION_PRE", pre.to_owned()),
        ("CARGO_PKG_AUTHORS", authors),
        ("CARGO_PKG_NAME", text("name")),
        ("CARGO_PKG_DESCRIPTION", text("description")),
        ("CARGO_PKG_HOMEPAGE", text("homepage")),
        ("CARGO_PKG_REPOSITORY", text("repository")),
        ("CARGO_PKG_LICENSE", text("license")),
        ("CARGO_PKG_LICENSE_FILE", text("license_file")),
        ("CARGO_PKG_README", text("readme")),
        ("CARGO_PKG_RUST_VERSION", text("rust_version")),
    ];
    variables.extend(all.map(|(name, value)| (name.to_owned(), value.into())));
    variables
}

/// The packages that a package's code names, and by which names; those of its tests too if `with_dev`.
fn links(node: &Value, with_dev: bool) -> impl Iterator<Item = (&str, &str)> {
    node["deps"].as_array().into_iter().flatten().filter_map(move |link| {
        let kinds = link["dep_kinds"].as_array();
        let is_named = kinds.is_none_or(|kinds| {
            kinds.iter().any(|kind| kind["kind"].is_null() || with_dev && kind["kind"] == "dev")
        });
        let name = link["name"].as_str().filter(|name| !name.is_empty())?;
        is_named.then_some((name, link["pkg"].as_str()?))
    })
}

/// The library of a package.
fn library(package: &Value) -> Option<&Value> {
    const KINDS: &[&str] = &["lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"];
    let targets = package["targets"].as_array()?;
    targets.iter().find(|target| KINDS.iter().any(|kind| is_of_kind(target, kind)))
}

fn is_of_kind(target: &Value, kind: &str) -> bool {
    target["kind"].as_array().into_iter().flatten().any(|one| one == kind)
}

fn crate_name(name: &str) -> String {
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    stem.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests;
