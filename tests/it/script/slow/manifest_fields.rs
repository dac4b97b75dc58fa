//! What fields of a manifest do, by rustc and cargo.

use crate::support::sandbox::Sandbox;

#[test]
fn settings_shape_the_build_and_the_run() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "s.rs",
        "---\n[package.metadata.runner]\nargs = [\"a b\", \"\"]\nrustflags = [\"--cfg\", \"told\"]\n---\n\
         #![allow(unexpected_cfgs)]\nfn main() { println!(\"{} {:?}\", cfg!(told), std::env::args().skip(1).collect::<Vec<_>>()); }\n",
    );
    for _ in 0..2 {
        sandbox.runner(["s.rs", "c"]).run().prints("true [\"a b\", \"\", \"c\"]\n");
    }
}

#[test]
fn what_cargo_says_of_a_dependency_is_said_of_the_scripts_own_line() {
    let sandbox = Sandbox::new();
    for (toml, place) in [
        ("regex = \"not a version\"", "line 4, column 9"),
        ("regex = { versio = \"1\" }", "line 4, column 1"),
        ("regex = 1", "s.rs:4:9\n  |\n4 | regex = 1\n  |         ^\n"),
        ("regex = { version = \"1\", features = 1 }", "s.rs:4:9\n"),
        ("[target.'cfg('.dependencies]\nregex = \"1\"", ""),
    ] {
        sandbox.write("s.rs", format!("---\n[dependencies]\n\n{toml}\n---\nfn main() {{}}\n"));
        let ran = sandbox.runner(["s.rs"]).run();
        assert_eq!(ran.code, 125);
        assert!(ran.stderr.contains(place), "{toml}: {}", ran.stderr);
        assert!(!ran.stderr.contains("runner-script"), "{}", ran.stderr);
    }
}
