//! `runner inputs`: what a build rests on, and who read it.

use serde_json::Value;

use crate::support::files::write_program;
use crate::support::sandbox::Sandbox;

fn listed(sandbox: &Sandbox) -> Vec<Value> {
    let ran = sandbox.runner(["inputs", "--json", "x.rs"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["script"], "x.rs");
    answer["inputs"].as_array().unwrap().clone()
}

#[test]
fn what_was_never_built_is_an_error_and_builds_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let ran = sandbox.runner(["inputs", "x.rs"]).run();
    let expected =
        "runner: x.rs: it was not built yet, as it is now\n  hint: `runner build --cache x.rs` builds it\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (125, expected));
    assert_eq!(sandbox.compiles(), 0);
    assert!(!sandbox.cache().exists());
}

#[test]
fn each_input_is_listed_with_who_read_it() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "mod part\nenv COLOR\n");
    // A mode does not show in what people compare.
    write_program(sandbox.path("part.rs"), "print part\n");
    sandbox.runner(["x.rs"]).env("COLOR", "red").run().prints("part\nred\n");
    let inputs = listed(&sandbox);
    let path = |name: &str| sandbox.path(name).display().to_string();
    let of = |name: &str| inputs.iter().find(|input| input["name"] == name);
    let is = |name: &str, reader: &str, kind: &str| {
        let input = of(name).unwrap_or_else(|| panic!("no {name} in {inputs:#?}"));
        assert!(input["reader"] == reader && input["kind"] == kind, "{input}");
    };
    assert_eq!(inputs[0]["name"], path("x.rs").as_str(), "the script's own text is first");
    is(&path("part.rs"), "script", "file");
    assert_eq!(of(&path("part.rs")).unwrap()["value"], blake3::hash(b"print part\n").to_hex().as_str());
    is(&path("part/mod.rs"), "script", "absent");
    is("COLOR", "script", "variable");
    assert_eq!(of("COLOR").unwrap()["value"], "red");
    is("RUSTFLAGS", "setting", "variable");
    assert!(of("RUSTFLAGS").unwrap()["value"].is_null());
    let readers: Vec<&Value> = inputs.iter().map(|input| &input["reader"]).collect();
    let mut grouped = readers.clone();
    grouped.dedup();
    assert_eq!(grouped, ["script", "compiler", "setting"], "{inputs:#?}");
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn people_see_paragraphs_without_what_is_unset() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "mod part\n");
    sandbox.write("part.rs", "print part\n");
    sandbox.runner(["x.rs"]).run().prints("part\n");
    let text = sandbox.runner(["inputs", "x.rs"]).run().stdout;
    let expected = format!(
        "x.rs\nscript\n  file      {}\n  file      {}\n  absent    {}\n",
        sandbox.path("x.rs").display(),
        sandbox.path("part.rs").display(),
        sandbox.path("part/mod.rs").display()
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.contains("\ncompiler\n") && text.contains("\nsetting\n"), "{text}");
    assert!(text.contains(" that are unset\n") && !text.contains("RUSTFLAGS"), "{text}");
    let text = sandbox.runner(["inputs", "-v", "x.rs"]).run().stdout;
    assert!(text.contains("  variable  RUSTFLAGS: unset\n"), "{text}");
}
