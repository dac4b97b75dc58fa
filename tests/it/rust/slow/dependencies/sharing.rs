//! What scripts share of what cargo builds, and what they must not.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::files::{program, set_modified};
use crate::support::machine::is_offline;
use crate::support::path_dependency::{MAIN, package, run, said, script, with_a};
use crate::support::sandbox::{Ran, Run, Sandbox};
use crate::support::watched::{LONG_AGO, calls, changed, real, touched, unchanged};

/// Runs and expects exactly these calls of rustc and cargo, in any order.
#[track_caller]
fn calls_exactly(run: Run<'_>, text: &str, expected: &[&str]) {
    let sandbox = run.sandbox();
    calls(sandbox);
    run.run().prints(text);
    let mut calls = calls(sandbox);
    calls.sort();
    calls.dedup();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(calls, expected);
}

#[test]
fn a_compiler_replaced_by_one_that_calls_itself_the_same() {
    let sandbox = with_a();
    changed(run(&sandbox), "one\n");
    let rustc = sandbox.root().join("toolchain/bin/rustc");
    touched(&rustc, || unchanged(run(&sandbox), "one\n"));
    let text = fs::read_to_string(&rustc).unwrap();
    program(&rustc, &format!("{text}# another\n"));
    let compiled = changed(run(&sandbox), "one\n");
    assert!(compiled.contains(&"rustc a".to_owned()), "{compiled:?}");
    program(&rustc, &text);
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn edits_while_the_final_build_is_made_in_the_background() {
    let sandbox = with_a();
    let run = || sandbox.runner(["s.rs"]);
    let source = sandbox.path("a/src/lib.rs");
    for round in 0..4 {
        // Quick first; a second run starts the final build, and the edit comes while that is going on.
        for word in ["one", "two"] {
            fs::write(&source, said(&format!("{word}{round}"))).unwrap();
            set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
            run().run().prints(&format!("{word}{round}\n"));
            run().run().prints(&format!("{word}{round}\n"));
        }
    }
    // Whatever is still being built, and whatever of it was committed meanwhile.
    for word in ["one3", "two3", "end"] {
        fs::write(&source, said(word)).unwrap();
        for _ in 0..3 {
            run().run().prints(&format!("{word}\n"));
        }
    }
    let stop = sandbox.runner(["cache", "stop"]).run();
    assert_eq!(stop.code, 0, "{}", stop.stderr);
    run().run().prints("end\n");
}

#[test]
fn scripts_with_one_manifest_share_everything() {
    let sandbox = with_a();
    calls_exactly(run(&sandbox), "one\n", &["cargo build", "cargo metadata", "rustc a", "rustc s"]);
    script(&sandbox, "t.rs", "dependencies.a.path = \"a\"", "fn main() { println!(\"t {}\", a::said()) }\n");
    calls_exactly(sandbox.runner(["--profile", "quick", "t.rs"]), "t one\n", &["rustc t"]);
    // An edit needs no cargo either.
    script(&sandbox, "t.rs", "dependencies.a.path = \"a\"", "fn main() { println!(\"T {}\", a::said()) }\n");
    calls_exactly(sandbox.runner(["--profile", "quick", "t.rs"]), "T one\n", &["rustc t"]);
    // Elsewhere `a` is another directory.
    script(&sandbox, "d/s.rs", "dependencies.a.path = \"a\"", MAIN);
    package(&sandbox, "d/a", "", &said("elsewhere"));
    changed(sandbox.runner(["--profile", "quick", "d/s.rs"]), "elsewhere\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn overlapping_manifests_compile_only_what_is_new() {
    let sandbox = real();
    let code = "fn main() { println!(\"{}\", itoa::Buffer::new().format(7)) }\n";
    script(&sandbox, "s.rs", "dependencies.itoa = \"1\"", code);
    if is_offline(&run(&sandbox).run()) {
        return;
    }
    calls(&sandbox);
    script(&sandbox, "t.rs", "dependencies.itoa = \"1\"\ndependencies.cfg-if = \"1\"", code);
    let compiled = changed(sandbox.runner(["--profile", "quick", "t.rs"]), "7\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
    assert!(!compiled.contains(&"rustc itoa".to_owned()), "{compiled:?}");
    // What is here is taken, without the network: a third script asks for both another way.
    script(&sandbox, "u.rs", "dependencies.cfg-if = \"1.0\"\ndependencies.itoa = \">=1\"", code);
    let offline = sandbox
        .runner(["--offline", "--profile", "quick", "u.rs"])
        .env("CARGO_HTTP_PROXY", "http://127.0.0.1:9")
        .env("https_proxy", "http://127.0.0.1:9");
    calls_exactly(offline, "7\n", &["cargo build", "rustc u"]);
}

#[test]
fn a_new_manifest_picks_the_version_that_is_built() {
    let sandbox = real();
    let code = "fn main() { println!(\"end\") }\n";
    script(&sandbox, "s.rs", "dependencies.cfg-if = \"=1.0.0\"", code);
    if is_offline(&run(&sandbox).run()) {
        return;
    }
    calls(&sandbox);
    script(&sandbox, "t.rs", "dependencies.cfg-if = \"1\"", code);
    calls_exactly(sandbox.runner(["--profile", "quick", "t.rs"]), "end\n", &["cargo build", "rustc t"]);
    // A version that is asked for is not overruled.
    script(&sandbox, "u.rs", "dependencies.cfg-if = \"=1.0.1\"", code);
    let compiled = changed(sandbox.runner(["--profile", "quick", "u.rs"]), "end\n");
    assert!(compiled.contains(&"rustc cfg_if".to_owned()), "{compiled:?}");
}

#[test]
fn two_scripts_sharing_a_dependency_that_changes_and_changes_back() {
    let sandbox = with_a();
    script(
        &sandbox,
        "t.rs",
        "dependencies.a.path = \"a\"\ndependencies.b.path = \"b\"",
        "fn main() { println!(\"{} {}\", a::said(), b::said()) }\n",
    );
    package(&sandbox, "b", "", &said("b"));
    let source = sandbox.path("a/src/lib.rs");
    let other = || sandbox.runner(["--profile", "quick", "t.rs"]);
    set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
    changed(run(&sandbox), "one\n");
    changed(other(), "one b\n");
    let mut round = 0;
    for time in [LONG_AGO, LONG_AGO + Duration::from_secs(5), Duration::from_secs(5)] {
        // Another content, of the same length and age, is built for one of them.
        fs::write(&source, said("two")).unwrap();
        set_modified(&source, SystemTime::UNIX_EPOCH + time);
        other().run().prints("two b\n");
        // It goes back; the other script is edited, so that it is linked anew.
        fs::write(&source, said("one")).unwrap();
        set_modified(&source, SystemTime::UNIX_EPOCH + LONG_AGO);
        for _ in 0..2 {
            round += 1;
            let code = format!("fn main() {{ println!(\"{round} {{}}\", a::said()) }}\n");
            script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", &code);
            changed(run(&sandbox), &format!("{round} one\n"));
        }
        other().run().prints("one b\n");
    }
}

#[test]
fn two_cold_scripts_with_dependencies_do_not_wait_for_each_other() {
    let mut sandbox = with_a();
    package(&sandbox, "b", "", &said("b"));
    script(&sandbox, "t.rs", "dependencies.b.path = \"b\"", "fn main() { println!(\"{}\", b::said()) }\n");
    // Either compiler of `a` and `b` waits until the other has been started too.
    let wrapper = sandbox.root().join("bin/wrapper");
    let text = format!(
        "#!/bin/sh\ncd {root}\ncase \" $* \" in\n*' --crate-name a '*) >met-a; wanted=met-b ;;\n\
         *' --crate-name b '*) >met-b; wanted=met-a ;;\n*) cd - >/dev/null; exec \"$@\" ;;\nesac\ncd - >/dev/null\n\
         for i in $(seq 600); do [ ! -e {root}/$wanted ] || exec \"$@\"; sleep 0.05; done\n\
         echo 'the other never came' >&2; exit 1\n",
        root = sandbox.root().display()
    );
    program(&wrapper, &text);
    sandbox.set("RUSTC_WRAPPER", &wrapper);
    // Observed, what one wrapper waits for would be an input of its build that another build changes.
    sandbox.set("RUNNER_OBSERVE", "off");
    let one = run(&sandbox).start();
    let two = sandbox.runner(["--profile", "quick", "t.rs"]).start();
    Ran::of("s.rs", one).prints("one\n");
    Ran::of("t.rs", two).prints("b\n");
    let mut lanes: Vec<String> = fs::read_dir(toolchain_directory(&sandbox))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_prefix("lane-")?.trim_start_matches("trimmed-").to_owned()))
        .collect();
    lanes.sort();
    assert_eq!(lanes, ["0", "1"]);
}

fn toolchain_directory(sandbox: &Sandbox) -> std::path::PathBuf {
    let mut directories = fs::read_dir(sandbox.cache().join("v1/deps")).unwrap().flatten();
    directories.next().unwrap().path()
}
