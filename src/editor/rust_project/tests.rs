//! Tests of `rust-project.json`.

use rustc_hash::FxHashMap;

use super::*;

fn package(id: &str, name: &str, kind: &str, source: Option<&str>) -> Value {
    json!({"id": id, "name": name, "version": "1.2.3-rc.1+b", "source": source, "authors": ["a", "b"],
        "manifest_path": format!("/p/{id}/Cargo.toml"),
        "targets": [{"kind": ["custom-build"], "name": "build-script-build", "src_path": "/x"},
            {"kind": [kind], "name": name, "src_path": format!("/p/{id}/src/lib.rs"), "edition": "2021"}]})
}

fn link(name: &str, id: &str, kind: Value) -> Value {
    json!({"name": name, "pkg": id, "dep_kinds": [{"kind": kind, "target": null}]})
}

/// A script that depends on `serde` (renamed `s`), `mac` in two versions, and for its tests on `dev`.
fn metadata() -> Value {
    let registry = Some("registry");
    json!({
        "packages": [package("root", "root", "bin", None), package("serde@1", "serde", "lib", registry),
            package("mac@1", "mac-ro", "proc-macro", registry), package("mac@2", "mac-ro", "proc-macro", registry),
            package("dev", "dev", "lib", None), package("build", "build", "lib", registry), package("tool", "tool", "bin", registry)],
        "resolve": {"root": "root", "nodes": [
            {"id": "root", "features": [], "deps": [link("s", "serde@1", Value::Null), link("mac_ro", "mac@2", Value::Null),
                link("dev", "dev", json!("dev")), link("build", "build", json!("build")), link("tool", "tool", Value::Null)]},
            {"id": "serde@1", "features": ["std"], "deps": [link("mac_ro", "mac@1", Value::Null)]},
            {"id": "mac@1", "features": [], "deps": []}, {"id": "mac@2", "features": [], "deps": []},
            {"id": "dev", "features": [], "deps": []}, {"id": "build", "features": [], "deps": []},
            {"id": "tool", "features": [], "deps": []}]},
    })
}

fn script(name: &str, has_tests: bool) -> ScriptCrate {
    let path = PathBuf::from("/nowhere").join(name);
    ScriptCrate { path, edition: "2024".to_owned(), has_tests, ..ScriptCrate::default() }
}

fn project(name: &str, has_tests: bool) -> Value {
    let sysroot = Sysroot { path: "/s".into(), target: None, runner: Some("/r".into()) };
    let built = |name: &str| Artifacts { proc_macro: Some(name.into()), ..Artifacts::default() };
    let serde =
        Artifacts { out_dir: Some("/out".into()), cfgs: vec!["fast".to_owned()], ..Artifacts::default() };
    let artifacts = FxHashMap::from_iter([
        ("mac@1".to_owned(), built("/one.so")),
        ("mac@2".to_owned(), built("/two.so")),
        ("serde@1".to_owned(), serde),
    ]);
    with_dependencies(&script(name, has_tests), &sysroot, &metadata(), &artifacts).unwrap()
}

fn find<'a>(project: &'a Value, root: &str) -> &'a Value {
    project["crates"].as_array().unwrap().iter().find(|one| one["root_module"] == root).unwrap()
}

/// The names by which a crate has others, and what those are.
fn dependencies(project: &Value, root: &str) -> Vec<String> {
    let links = find(project, root)["deps"].as_array().unwrap();
    let shown = |link: &Value| {
        let index = usize::try_from(link["crate"].as_u64().unwrap()).unwrap();
        let target = project["crates"][index]["root_module"].as_str().unwrap();
        format!("{}={target}", link["name"].as_str().unwrap())
    };
    links.iter().map(shown).collect()
}

#[test]
fn each_crate_has_what_cargo_gives_it() {
    let project = project("my tool.rs", false);
    assert_eq!(project["crates"].as_array().unwrap().len(), 4);
    let own = "/nowhere/my tool.rs";
    assert_eq!(dependencies(&project, own), ["s=/p/serde@1/src/lib.rs", "mac_ro=/p/mac@2/src/lib.rs"]);
    assert_eq!(dependencies(&project, "/p/serde@1/src/lib.rs"), ["mac_ro=/p/mac@1/src/lib.rs"]);
    assert_eq!(find(&project, own)["display_name"], "my_tool");
    let serde = find(&project, "/p/serde@1/src/lib.rs");
    assert_eq!(serde["cfg"], json!(["feature=\"std\"", "fast"]));
    assert_eq!(serde["env"]["OUT_DIR"], "/out");
    assert_eq!(serde["source"]["include_dirs"], json!(["/p/serde@1", "/out"]));
    assert_eq!(serde["is_workspace_member"], false);
    for (name, value) in [("MAJOR", "1"), ("PATCH", "3"), ("PRE", "rc.1")] {
        assert_eq!(serde["env"][format!("CARGO_PKG_VERSION_{name}")], value);
    }
    assert_eq!(serde["env"]["CARGO_PKG_AUTHORS"], "a:b");
}

#[test]
fn two_versions_of_a_proc_macro_have_their_own_libraries() {
    let project = project("s.rs", false);
    for (root, library) in [("/p/mac@1/src/lib.rs", "/one.so"), ("/p/mac@2/src/lib.rs", "/two.so")] {
        assert_eq!(find(&project, root)["proc_macro_dylib_path"], library);
        assert_eq!(find(&project, root)["is_proc_macro"], true);
    }
}

#[test]
fn a_script_with_tests_sees_its_development_dependencies() {
    let project = project("s.rs", true);
    let own = find(&project, "/nowhere/s.rs");
    assert_eq!(own["cfg"], json!(["test"]));
    assert!(dependencies(&project, "/nowhere/s.rs").contains(&"dev=/p/dev/src/lib.rs".to_owned()));
    assert_eq!(find(&project, "/p/dev/src/lib.rs")["is_workspace_member"], true);
}

#[test]
fn an_incomplete_answer_is_an_error() {
    let none = FxHashMap::default();
    for (metadata, missing) in [
        (json!({}), "packages"),
        (json!({"packages": []}), "resolve.nodes"),
        (json!({"packages": [], "resolve": {"nodes": []}}), "resolve.root"),
        (json!({"packages": [], "resolve": {"nodes": [], "root": "x"}}), "resolve.nodes[root]"),
    ] {
        let error =
            with_dependencies(&script("s", false), &Sysroot::default(), &metadata, &none).unwrap_err();
        assert!(error.ends_with(&format!("no `{missing}`")), "{error}");
    }
}

#[test]
fn only_the_script_and_its_modules_are_read() {
    let mut script = script("s", false);
    script.modules = ["/nowhere/part.rs", "/nowhere/part"].map(PathBuf::from).to_vec();
    let project = bare(&script, &Sysroot::default());
    let source = &project["crates"][0]["source"];
    assert_eq!(source["include_dirs"], json!(["/nowhere"]));
}

#[test]
fn merged_projects_share_what_is_the_same() {
    let (one, two) = (project("one.rs", false), project("two.rs", true));
    let sysroot = Sysroot { path: "/other".into(), ..Sysroot::default() };
    let three = bare(&script("three.rs", false), &sysroot);
    let merged = merge(&[&one, &two, &three, &one]);
    assert_eq!(merged.len(), 2);
    // Two scripts, three shared crates, and `dev`.
    assert_eq!(merged[0]["crates"].as_array().unwrap().len(), 6);
    for (project, root) in
        [(&one, "/nowhere/one.rs"), (&two, "/nowhere/two.rs"), (&one, "/p/serde@1/src/lib.rs")]
    {
        assert_eq!(dependencies(&merged[0], root), dependencies(project, root));
    }
    assert_eq!(merged[1]["sysroot"], "/other");
    assert_eq!(merge(&[&Value::Null]), Vec::<Value>::new());
}

#[test]
fn a_circle_does_not_hang() {
    let crates = json!([{"root_module": "a", "deps": [{"crate": 1, "name": "b"}]},
        {"root_module": "b", "deps": [{"crate": 0, "name": "a"}, {"crate": 9, "name": "none"}]}]);
    let merged = merge(&[&json!({"crates": crates})]);
    assert_eq!(merged[0]["crates"].as_array().unwrap().len(), 2);
}
