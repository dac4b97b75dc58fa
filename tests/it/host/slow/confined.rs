//! A policy that refuses, and the kernel that holds compilers to it.

use std::fs;
use std::sync::{Arc, Mutex};

use runner::{Event, Flow, Kind, Lint, Options, Policy, Rule, Run, Runner, Script, Settings};

use crate::support::confined::has_sandbox;
use crate::support::hosts::of_sandbox;
use crate::support::sandbox::Sandbox;

/// Everything that compilers say of a script that they do not take, in a build and in a check.
fn said(settings: &Settings, name: &str, sandbox: &Sandbox) -> String {
    let heard = Arc::new(Mutex::new(String::new()));
    let ours = Arc::clone(&heard);
    let settings = settings.clone().events(move |event, _| {
        if let Event::Diagnostics { text, .. } = event {
            ours.lock().unwrap().push_str(&String::from_utf8_lossy(text));
        }
        Flow::Go
    });
    let script = Script::open(&sandbox.path(name), &settings).unwrap();
    let runner = Runner::new(settings);
    runner.build(&script, &Options::default()).unwrap_err();
    runner.check(&script, &Options::default(), Lint::Check, &[]).unwrap_err();
    heard.lock().unwrap().clone()
}

#[test]
fn a_compiler_of_another_language_reads_what_is_beside_the_script_and_no_more() {
    if !has_sandbox() {
        return;
    }
    let sandbox = Sandbox::new();
    let secret = sandbox.home().join("secret.h");
    fs::write(&secret, "swordfish !\n").unwrap();
    sandbox.write("c/near.h", "#define SAID \"near\"\n");
    sandbox.write("c/good.c", "#include <stdio.h>\n#include \"near.h\"\nint main(void) { puts(SAID); }\n");
    sandbox
        .write("c/steals.c", format!("#include \"{}\"\nint main(void) {{ return 0; }}\n", secret.display()));
    sandbox.write("c/passwords.c", "#include \"/etc/passwd\"\nint main(void) { return 0; }\n");
    let settings = |policy: Policy| of_sandbox(&sandbox, &[]).policy(policy.languages(["rust", "c"]));
    let refusing = settings(Policy::refusing());
    let script = Script::open(&sandbox.path("c/good.c"), &refusing).unwrap();
    let program = Runner::new(refusing.clone()).build(&script, &Options::default()).unwrap();
    assert_eq!(program.run(Run::new()).unwrap().stdout, b"near\n");
    for (name, stolen) in [("c/steals.c", "swordfish"), ("c/passwords.c", "root:")] {
        let text = said(&refusing, name, &sandbox);
        assert!(!text.contains(stolen) && text.contains("Permission denied"), "{name}: {text}");
        // It is the kernel that keeps it from them.
        let text = said(&settings(Policy::refusing().confined(false)), name, &sandbox);
        assert!(text.contains(stolen), "{name}: {text}");
    }
    let opened = settings(Policy::refusing().readable([sandbox.home()]));
    assert!(said(&opened, "c/steals.c", &sandbox).contains("swordfish"));
}

#[test]
fn code_of_a_build_that_a_policy_allows_is_confined() {
    if !has_sandbox() {
        return;
    }
    let sandbox = Sandbox::new();
    let secret = sandbox.home().join("secret");
    fs::write(&secret, "swordfish").unwrap();
    sandbox
        .write("s/part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("s/part/src/lib.rs", "pub const SAID: &str = env!(\"SAID\");\n");
    let reads = format!("std::fs::read_to_string({secret:?}).unwrap_or_default()");
    let code = format!("fn main() {{ println!(\"cargo::rustc-env=SAID=<{{}}>\", {reads}); }}\n");
    sandbox.write("s/part/build.rs", code);
    let text =
        "---\n[dependencies]\npart = { path = \"part\" }\n---\nfn main() { println!(\"{}\", part::SAID) }\n";
    let path = sandbox.write("s/x.rs", text);
    let policy = Policy::refusing().path_dependencies(true);
    let build = |policy: Policy| {
        let settings = of_sandbox(&sandbox, &[]).policy(policy);
        let script = Script::open(&path, &settings).unwrap();
        let program = Runner::new(settings).build(&script, &Options::default())?;
        Ok::<_, runner::Error>(String::from_utf8(program.run(Run::new()).unwrap().stdout).unwrap())
    };
    assert_eq!(build(policy.clone()).unwrap_err().kind(), Kind::Refused(Rule::BuildCode));
    let policy = policy.build_code(["part"]);
    assert_eq!(build(policy.clone()).unwrap(), "<>\n");
    assert_eq!(build(policy.confined(false)).unwrap(), "<swordfish>\n");
}
