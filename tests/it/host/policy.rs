//! The policy of a host: hostile texts are refused by rule and place, before anything of theirs runs.

use std::path::Path;

use runner::{Error, Kind, Lint, Options, Policy, Rule, Runner, Script, Settings};
use serde_json::{Value, json};

use crate::support::hosts::{settings, variables};
use crate::support::sandbox::Sandbox;

/// A line and a column.
type Place = Option<(usize, usize)>;

/// Texts that would run something, read something or cost something, and the rule and the place of their refusal. In the graph
/// of the last ones there is a crate of the name that they depend on.
const HOSTILE: &[(&str, &str, Rule, Place)] = &[
    (
        "a path dependency",
        "//! ```cargo\n//! [dependencies]\n//! evil = { path = \"/evil\" }\n//! ```\nfn main() {}\n",
        Rule::Path,
        Some((3, 5)),
    ),
    (
        "a patch",
        "---\n[dependencies]\nfnv = \"1\"\n[patch.crates-io]\nfnv = { path = \"/evil\" }\n---\nfn main() {}\n",
        Rule::Path,
        Some((5, 1)),
    ),
    (
        "a git dependency",
        "---\n[target.'cfg(unix)'.dependencies]\nevil.git = \"https://evil.example/x\"\n---\nfn main() {}\n",
        Rule::Git,
        Some((3, 1)),
    ),
    (
        "a registry",
        "---\n[dependencies]\nevil = { version = \"1\", registry = \"evil\" }\n---\nfn main() {}\n",
        Rule::Registry,
        Some((3, 1)),
    ),
    (
        "a toolchain",
        "---\n[package.metadata.runner]\ntoolchain = \"/evil\"\n---\nfn main() {}\n",
        Rule::Toolchain,
        Some((3, 13)),
    ),
    (
        "a toolchain on the first line",
        "#!/usr/bin/env -S runner --toolchain /evil\nfn main() {}\n",
        Rule::Toolchain,
        Some((1, 1)),
    ),
    (
        "a linker",
        "---\n[package.metadata.runner]\nrustflags = [\"-C\", \"linker=/evil\"]\n---\nfn main() {}\n",
        Rule::Flags,
        Some((3, 13)),
    ),
    (
        "a build command",
        "// scriptisto-begin\n// script_src: x.c\n// build_cmd: touch evil\n// scriptisto-end\nint main(void) {}\n",
        Rule::Language,
        None,
    ),
    (
        "a file of the system",
        "fn main() {\n    print!(\"{}\", include_str!(\"/etc/passwd\"));\n}\n",
        Rule::File,
        Some((2, 18)),
    ),
    (
        "a file by assembly",
        "std::arch::global_asm!(\".incbin \\\"/etc/passwd\\\"\");\nfn main() {}\n",
        Rule::File,
        Some((1, 12)),
    ),
    (
        "a variable",
        "fn main() {\n    print!(\"{}\", env!(\"SECRET_TOKEN\"));\n}\n",
        Rule::Variable,
        Some((2, 18)),
    ),
    (
        "inputs",
        "---\n[package.metadata.runner]\ninputs = [\"/usr/share/**\"]\n---\nfn main() {}\n",
        Rule::File,
        Some((3, 10)),
    ),
    (
        "C that asks a program",
        "// gcc $(/evil --flags) x.c\nint main(void) { return 0; }\n",
        Rule::Language,
        None,
    ),
    (
        "a build script in the graph",
        "---\n[dependencies]\nbuilds = \"1\"\n---\nfn main() {}\n",
        Rule::BuildCode,
        Some((3, 1)),
    ),
    ("macros in the graph", "---\n[dependencies]\nfine = \"1\"\n---\nfn main() {}\n", Rule::BuildCode, None),
    (
        "a crate of git behind one of a registry",
        "---\n[dependencies]\nbehind = \"1\"\n---\nfn main() {}\n",
        Rule::Git,
        None,
    ),
];

/// A sandbox whose rustc and cargo are fake. Cargo logs its calls, and knows what depends on what.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::fake();
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let package = |name: &str, source: Value, kind: &str| json!({"id": name, "name": name, "version": "1.0.0", "source": source, "targets": [{"kind": [kind]}]});
    let root = package("script", Value::Null, "bin");
    let graph = |names: &[&str]| {
        let all = [
            package("fine", registry.into(), "lib"),
            package("builds", registry.into(), "custom-build"),
            package("macros", registry.into(), "proc-macro"),
            package("behind", registry.into(), "lib"),
            package("far", "git+https://evil.example/x#1234".into(), "lib"),
        ];
        let packages: Vec<Value> = all
            .into_iter()
            .filter(|one| names.contains(&one["name"].as_str().unwrap()))
            .chain([root.clone()])
            .collect();
        let nodes: Vec<Value> = packages.iter().map(|package| json!({"id": package["id"]})).collect();
        json!({"packages": packages, "resolve": {"root": "script", "nodes": nodes}}).to_string()
    };
    for (name, names) in
        [("builds", &["builds"][..]), ("fine", &["fine", "macros"]), ("behind", &["behind", "far"])]
    {
        sandbox.write(Path::new("../graph").join(name), graph(names));
    }
    let graphs = sandbox.root().join("graph");
    let cargo = format!(
        "#!/bin/sh\necho \"cargo $1\" >>\"$FAKE_LOG\"\n[ \"$1\" = metadata ] || exit 1\n\
         for name in builds fine behind; do grep -q \"^$name\" \"$3\" || grep -q \"\\.$name\\]\" \"$3\" || continue\n\
         cat {}/$name; exit 0; done\nexit 1\n",
        graphs.display()
    );
    sandbox.script("../fake/cargo", cargo);
    sandbox
}

fn under(sandbox: &Sandbox, policy: Policy) -> Settings {
    settings(sandbox.root()).variable("SECRET_TOKEN", Some("secret")).policy(policy)
}

/// The host lets the fake compiler have its log, and write to it.
fn refusing() -> Policy {
    Policy::refusing().variables(["FAKE_LOG"]).confined(false)
}

fn build(settings: &Settings, path: &Path) -> Result<(), Error> {
    let script = Script::open(path, settings)?;
    Runner::new(settings.clone()).build(&script, &Options::default()).map(drop)
}

fn ran(sandbox: &Sandbox) -> Vec<String> {
    let log = std::fs::read_to_string(sandbox.root().join("log")).unwrap_or_default();
    // What the host's own compiler is, is asked; and cargo resolves.
    let asked = |line: &&str| !matches!(*line, "version" | "cargo metadata" | "target");
    log.lines().filter(asked).map(str::to_owned).collect()
}

#[test]
fn hostile_texts_are_refused_by_rule_and_place_and_nothing_of_theirs_runs() {
    for (what, text, rule, place) in HOSTILE {
        let sandbox = sandbox();
        let name = if text.contains("int main") { "x.c" } else { "x.rs" };
        let path = sandbox.write(name, text);
        let settings = under(&sandbox, refusing());
        let script = Script::open(&path, &settings).unwrap();
        let runner = Runner::new(settings);
        let options = Options::default();
        let refused = [
            runner.build(&script, &options).map(drop),
            runner.check(&script, &options, Lint::Check, &[]),
            runner.export(&script, &options, Some(&sandbox.path("out"))).map(drop),
        ];
        for result in refused {
            let error = result.expect_err(what);
            assert_eq!(error.kind(), Kind::Refused(*rule), "{what}: {error}");
            assert_eq!(error.place(), *place, "{what}: {error}");
            assert!(error.to_string().contains("the policy refuses "), "{what}: {error}");
            assert!(error.cure().unwrap().contains("`Policy::"), "{what}: {:?}", error.cure());
        }
        assert_eq!(ran(&sandbox), Vec::<String>::new(), "{what}");
        assert!(!sandbox.path("out").exists() && !sandbox.path("evil").exists(), "{what}");
    }
}

#[test]
fn single_things_can_be_allowed() {
    let sandbox = sandbox();
    let refusing = refusing();
    sandbox.write("../data/a.txt", "text\n");
    let data = sandbox.root().join("data");
    let reads = format!("const A: &str = include_str!(\"{}/a.txt\");\nfn main() {{}}\n", data.display());
    for (text, rule, open) in [
        (
            "const A: &str = env!(\"SECRET_TOKEN\");\nfn main() {}\n",
            Rule::Variable,
            refusing.clone().variables(["FAKE_LOG", "SECRET_TOKEN"]),
        ),
        (reads.as_str(), Rule::File, refusing.clone().readable([&data])),
        (
            "---\n[package.metadata.runner]\nrustflags = [\"--cfg\", \"x\"]\n---\nfn main() {}\n",
            Rule::Flags,
            refusing.clone().flags(true),
        ),
        (
            "---\n[package.metadata.runner]\ntarget = \"x86_64-unknown-linux-gnu\"\n---\nfn main() {}\n",
            Rule::Toolchain,
            refusing.clone().toolchains(true),
        ),
    ] {
        let path = sandbox.write("x.rs", text);
        let error = build(&under(&sandbox, refusing.clone()), &path).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused(rule), "{error}");
        let before = sandbox.compiles();
        build(&under(&sandbox, open), &path).unwrap();
        assert_eq!(sandbox.compiles(), before + 1, "{text}");
    }
}

#[test]
fn crates_are_allowed_by_name_or_version() {
    let sandbox = sandbox();
    let path = sandbox.write("x.rs", HOSTILE[14].1);
    let refused = |policy: Policy| build(&under(&sandbox, policy), &path).unwrap_err();
    let text = |policy: Policy| refused(policy).to_string();
    assert!(text(refusing()).contains("the macros of crate `macros@1.0.0`"));
    assert!(text(refusing().crates(["fine"])).contains("crate `macros@1.0.0`"));
    assert!(text(refusing().crates(["fine@1.0.0", "macros@2.0.0"])).contains("crate `macros@1.0.0`"));
    assert!(text(refusing().crates(["other"])).contains("crate `fine`"));
    // Then cargo builds, which here it cannot.
    let allowed = refused(refusing().crates(["fine", "macros@1.0.0"]).build_code(["macros"]));
    assert_eq!(allowed.kind(), Kind::Failed, "{allowed}");
    assert_eq!(ran(&sandbox), ["cargo build"]);
}

#[test]
fn what_was_built_under_one_policy_is_no_answer_under_another() {
    let sandbox = sandbox();
    let path = sandbox.write("x.rs", "const A: &str = env!(\"SECRET_TOKEN\");\nfn main() {}\n");
    let trusting = under(&sandbox, Policy::trusting());
    build(&trusting, &path).unwrap();
    assert_eq!(sandbox.compiles(), 1);
    assert_eq!(build(&under(&sandbox, refusing()), &path).unwrap_err().kind(), Kind::Refused(Rule::Variable));
    assert_eq!(sandbox.compiles(), 1);
    let harmless = sandbox.write("y.rs", "print hi\n");
    for policy in [Policy::trusting(), refusing(), refusing().languages(["rust", "c"])] {
        build(&under(&sandbox, policy.clone()), &harmless).unwrap();
        build(&under(&sandbox, policy), &harmless).unwrap();
    }
    assert_eq!(sandbox.compiles(), 4);
}

#[test]
fn a_compiler_is_given_the_variables_that_are_allowed() {
    let sandbox = sandbox();
    // The fake compiler says what it sees, whatever the text of the script is made of.
    let path = sandbox.write("x.rs", "env SECRET_TOKEN\nenv PATH\n");
    let said = |policy: Policy| {
        let settings = under(&sandbox, policy);
        let script = Script::open(&path, &settings).unwrap();
        let program = Runner::new(settings).build(&script, &Options::default()).unwrap();
        String::from_utf8(program.run(runner::Run::new()).unwrap().stdout).unwrap()
    };
    let path = variables(sandbox.root()).into_iter().find(|(name, _)| name == "PATH").unwrap().1;
    let path = path.to_str().unwrap();
    assert_eq!(said(Policy::trusting()), format!("secret\n{path}\n"));
    assert_eq!(said(refusing()), format!("unset\n{path}\n"));
}

#[test]
fn a_file_that_a_compiler_read_all_the_same_is_refused() {
    let sandbox = sandbox();
    sandbox.write("../elsewhere/beside.rs", "print stolen\n");
    // A link beside the script, which is the host's own doing, leads out.
    std::os::unix::fs::symlink(sandbox.root().join("elsewhere/beside.rs"), sandbox.path("beside.rs"))
        .unwrap();
    let path = sandbox.write("x.rs", "mod beside\n");
    let error = build(&under(&sandbox, refusing()), &path).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Rule::File), "{error}");
    assert_eq!(sandbox.cached("bin"), Vec::<std::path::PathBuf>::new());
    build(&under(&sandbox, refusing().readable([sandbox.root().join("elsewhere")])), &path).unwrap();
}

#[test]
fn a_package_is_refused() {
    let sandbox = sandbox();
    let settings = under(&sandbox, refusing());
    let script = Script::of_package("ripgrep@14").unwrap();
    let error = Runner::new(settings).build(&script, &Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Rule::Package), "{error}");
}
