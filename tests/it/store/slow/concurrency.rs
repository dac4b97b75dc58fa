//! Many at once, by rustc and cargo; and a builder that is stopped.

use std::process::Child;

use crate::support::children::{signal, wait_until};
use crate::support::sandbox::{Ran, Sandbox};

#[test]
fn sixteen_real_first_runs_at_once_are_all_right() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "fn main() { println!(\"right\"); }\n");
    let children: Vec<Child> = (0..16).map(|_| sandbox.runner(["x.rs"]).start()).collect();
    for child in children {
        Ran::of("one of sixteen", child).prints("right\n");
    }
    assert_eq!(sandbox.cached("bin").len(), 1);
    assert_eq!(sandbox.cached("traces").len(), 1);
}

#[test]
fn when_the_builder_is_stopped_waiters_say_so_and_go_on() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let builder = sandbox.runner(["x.rs"]).env("FAKE_SLEEP", "0.5").start();
    wait_until("the builder compiles", || sandbox.compiles() == 1);
    signal(&builder, "STOP");
    let told = Ran::of("a waiter", sandbox.runner(["x.rs"]).start());
    let process = builder.id();
    told.ends(
        0,
        "right\n",
        &format!(
            "runner: x.rs: process {process}, which is compiling it, is stopped; compiling without it\n"
        ),
    );
    assert_eq!(sandbox.compiles(), 2);
    // Continued, the first one finishes as if nothing had been.
    signal(&builder, "CONT");
    Ran::of("the builder", builder).prints("right\n");
    sandbox.runner(["x.rs"]).run().prints("right\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn two_cold_scripts_with_dependencies_do_not_wait_for_each_other() {
    let sandbox = Sandbox::new();
    let go = sandbox.path("go");
    // A dependency whose build script waits: whoever comes meanwhile would wait with it on cargo's lock.
    sandbox.write("slow/Cargo.toml", "[package]\nname = \"slow\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("slow/src/lib.rs", "pub const WORD: &str = \"slow\";\n");
    sandbox.write(
        "slow/build.rs",
        format!(
            "fn main() {{ std::fs::write({:?}, \"\").unwrap(); while !std::path::Path::new({go:?}).exists() \
             {{ std::thread::sleep(std::time::Duration::from_millis(5)); }} }}\n",
            sandbox.path("begun")
        ),
    );
    sandbox
        .write("quick/Cargo.toml", "[package]\nname = \"quick\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("quick/src/lib.rs", "pub const WORD: &str = \"quick\";\n");
    for name in ["slow", "quick"] {
        sandbox.write(
            format!("{name}.rs"),
            format!("---\n[dependencies]\n{name} = {{ path = \"{name}\" }}\n---\nfn main() {{ println!(\"{{}}\", {name}::WORD); }}\n"),
        );
    }
    let slow = sandbox.runner(["--profile", "quick", "slow.rs"]).start();
    wait_until("the slow build script runs", || sandbox.path("begun").exists());
    sandbox.runner(["--profile", "quick", "quick.rs"]).run().prints("quick\n");
    assert!(!go.exists());
    sandbox.write("go", "");
    Ran::of("the slow one", slow).prints("slow\n");
}
