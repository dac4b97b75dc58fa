#!/usr/bin/env runner
---
[package]
edition = "2024"

[dependencies]
anyhow = "1"
serde_json = "1"
---

//! Lists what runner's binary is made of: `components.rs NOTICES SBOM TARGET...`, from the checkout.
//!
//! NOTICES gets the licences of every package that is linked in, and of Rust's and C's libraries, each text once, with the
//! names it is of: they ask to go with copies. SBOM gets the same list as CycloneDX 1.5. What only builds or tests is in
//! neither. A package without a licence is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// The beginnings of names of files that hold terms.
const TERMS: &[&str] = &["license", "licence", "copying", "copyright", "notice", "unlicense"];

struct Component {
    name: String,
    version: String,
    license: String,
    checksum: Option<String>,
    texts: Vec<String>,
    needs: BTreeSet<String>,
}

type Components = BTreeMap<String, Component>;

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Adds what is linked in for a target; returns the package itself.
fn add(
    components: &mut Components,
    target: &str,
    sums: &BTreeMap<(String, String), String>,
) -> Result<Value> {
    let arguments = ["metadata", "--format-version=1", "--locked", "--filter-platform", target];
    let metadata: Value = serde_json::from_str(&output(Command::new("cargo").args(arguments))?)?;
    let packages: BTreeMap<&str, &Value> =
        array(&metadata["packages"]).map(|package| (text(&package["id"]), package)).collect();
    let nodes: BTreeMap<&str, &Value> =
        array(&metadata["resolve"]["nodes"]).map(|node| (text(&node["id"]), node)).collect();
    // Metadata have what features of the tests' own dependencies add; the tree has what is linked.
    let arguments =
        ["tree", "--quiet", "--locked", "--edges", "normal", "--prefix", "none", "--target", target];
    let tree = output(Command::new("cargo").args(arguments).args(["--format", "{p}"]))?;
    let linked: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, first_word(rest)))
        .collect();
    let is_in_tree = |id: &str| {
        let package = packages.get(id);
        package.is_some_and(|package| linked.contains(&(text(&package["name"]), text(&package["version"]))))
    };
    let root = text(&metadata["resolve"]["root"]);
    let mut next = vec![root];
    let mut seen = BTreeSet::new();
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        let package = packages.get(id).context("a package without metadata")?;
        // What is linked in has no kind; the others are `dev` and `build`.
        let is_linked =
            |dependency: &&Value| array(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
        let needs: Vec<&str> =
            array(&nodes[id]["deps"]).filter(is_linked).map(|dependency| text(&dependency["pkg"])).collect();
        let needs: Vec<&str> = needs.into_iter().filter(|id| is_in_tree(id)).collect();
        next.extend(&needs);
        let (name, version) = (text(&package["name"]).to_owned(), text(&package["version"]).to_owned());
        let license = text(&package["license"]).replace('/', " OR ").replace("  ", " ");
        ensure!(!license.is_empty(), "{name} {version} names no licence");
        let place =
            Path::new(text(&package["manifest_path"])).parent().context("a manifest without a place")?;
        let reference = |id: &str| {
            let package = packages[id];
            format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]))
        };
        let found = components.entry(reference(id)).or_insert_with(|| Component {
            checksum: sums.get(&(name.clone(), version.clone())).cloned(),
            name,
            version,
            license,
            texts: Vec::new(),
            needs: BTreeSet::new(),
        });
        found.needs.extend(needs.iter().map(|id| reference(id)));
        if found.texts.is_empty() {
            found.texts = terms(place)?;
        }
    }
    Ok(packages[root].clone())
}

/// The texts of the files that hold terms, in the order of their names.
fn terms(place: &Path) -> Result<Vec<String>> {
    let mut files: Vec<_> = fs::read_dir(place)?.collect::<std::io::Result<Vec<_>>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let is_terms = |file: &&fs::DirEntry| {
        let name = file.file_name().to_string_lossy().to_lowercase();
        file.path().is_file() && TERMS.iter().any(|begin| name.starts_with(begin))
    };
    files.iter().filter(is_terms).map(|file| Ok(fs::read_to_string(file.path())?.trim().to_owned())).collect()
}

/// The checksums of the lock.
fn sums() -> Result<BTreeMap<(String, String), String>> {
    let lock = fs::read_to_string("Cargo.lock")?;
    let field = |paragraph: &str, name: &str| {
        let line = paragraph.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let sum = |paragraph: &str| {
        Some(((field(paragraph, "name")?, field(paragraph, "version")?), field(paragraph, "checksum")?))
    };
    Ok(lock.split("[[package]]").filter_map(sum).collect())
}

/// Rust's std, and the C library that comes with it.
fn libraries(targets: &[String]) -> Result<Vec<Component>> {
    let rustc = output(Command::new("rustc").arg("-V"))?;
    let version = rustc.split(' ').nth(1).context("rustc has no version")?.to_owned();
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let documents = Path::new(sysroot.trim()).join("share/doc/rust/licenses");
    let read = |name: &str| {
        let path = documents.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    let of = |name: &str, version: &str, license: &str, texts: Vec<String>| Component {
        name: name.to_owned(),
        version: version.to_owned(),
        license: license.to_owned(),
        checksum: None,
        texts,
        needs: BTreeSet::new(),
    };
    let [mit, apache] = ["MIT.txt", "Apache-2.0.txt"].map(|name| read(name));
    let (mit, apache) = (mit?, apache?);
    let mut found = vec![of(
        "rust-std",
        &version,
        "MIT OR Apache-2.0",
        vec![mit.trim().to_owned(), apache.trim().to_owned()],
    )];
    if targets.iter().any(|target| target.ends_with("-musl")) {
        let notice = "musl as a whole is licensed under the standard MIT license, whose text stands at rust-std:\n\n\
                      Copyright © 2005-2020 Rich Felker, et al.";
        found.push(of("musl", "1.2.5", "MIT", vec![notice.to_owned()]));
    }
    Ok(found)
}

fn notices(components: &[&Component]) -> Result<String> {
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for component in components {
        let Component { name, version, license, .. } = component;
        table += &format!("{name} {version}: {license}\n");
        if component.texts.is_empty() {
            table += "    (its package has no file with the terms; they are those of that name below)\n";
        }
        for text in &component.texts {
            texts.entry(text).or_default().push(format!("{name} {version}"));
        }
    }
    let mut sections: Vec<(Vec<String>, &str)> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    sections.sort();
    let rule = "-".repeat(80);
    let sections = sections.iter().map(|(of, text)| format!("{rule}\nOf {}:\n\n{text}\n\n", of.join(", ")));
    Ok(format!(
        "The binary of runner holds these works, under these terms.\n\n{table}\n{}",
        sections.collect::<String>()
    ))
}

fn bill(package: &Value, components: &Components, libraries: &[Component], time: &str) -> Value {
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    let own = format!("pkg:cargo/{name}@{version}");
    let described = |reference: &str, component: &Component, kind: &str| {
        let hashes: Vec<Value> =
            component.checksum.iter().map(|sum| json!({"alg": "SHA-256", "content": sum})).collect();
        let mut value = json!({
            "type": kind, "bom-ref": reference, "name": component.name, "version": component.version,
            "licenses": [{"expression": component.license}],
        });
        if reference.starts_with("pkg:") {
            value["purl"] = json!(reference);
        }
        if !hashes.is_empty() {
            value["hashes"] = json!(hashes);
        }
        value
    };
    let library = |component: &Component| format!("{}@{}", component.name, component.version);
    let mut listed: Vec<Value> = components
        .iter()
        .filter(|(reference, _)| **reference != own)
        .map(|(reference, component)| described(reference, component, "library"))
        .collect();
    listed.extend(libraries.iter().map(|one| described(&library(one), one, "library")));
    let needs: Vec<Value> = components
        .iter()
        .map(|(reference, component)| json!({"ref": reference, "dependsOn": component.needs}))
        .collect();
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"timestamp": time, "component": described(&own, &components[&own], "application")},
        "components": listed, "dependencies": needs,
    })
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [notices_file, bill_file, targets @ ..] = &arguments[..] else {
        bail!("usage: components.rs NOTICES SBOM TARGET...");
    };
    ensure!(!targets.is_empty(), "usage: components.rs NOTICES SBOM TARGET...");
    let seconds = std::env::var("SOURCE_DATE_EPOCH").context("`SOURCE_DATE_EPOCH` is not set")?;
    let time =
        output(Command::new("date").args(["-u", "-d", &format!("@{seconds}"), "+%Y-%m-%dT%H:%M:%SZ"]))?;
    let sums = sums()?;
    let mut components = Components::new();
    let mut package = Value::Null;
    for target in targets {
        package = add(&mut components, target, &sums)?;
    }
    let libraries = libraries(targets)?;
    let own = text(&package["name"]);
    let all: Vec<&Component> =
        components.values().filter(|component| component.name != own).chain(&libraries).collect();
    fs::write(notices_file, notices(&all)?)?;
    let bill = bill(&package, &components, &libraries, time.trim());
    fs::write(bill_file, serde_json::to_string_pretty(&bill)? + "\n")?;
    Ok(())
}
