//! Options that shape a build, as rustc makes it.

use crate::support::sandbox::Sandbox;

/// Panics on an overflow only where overflows are checked, and tells whether it was optimized.
const ADDS: &str = "#!/usr/bin/env runner\n\
    fn main() {\n\
        let number: u8 = std::env::args().nth(1).unwrap().parse().unwrap();\n\
        println!(\"{} {}\", cfg!(debug_assertions), number + 200);\n\
    }\n";

#[test]
fn profiles_decide_about_checks() {
    let sandbox = Sandbox::new();
    sandbox.script("adds.rs", ADDS);
    for options in
        [&[][..], &["--release"], &["--profile", "release"], &["--profile", "quick"], &["--profile=quick"]]
    {
        sandbox.runner(options).args(["adds.rs", "100"]).run().prints("false 44\n");
    }
    for options in [&["--debug"][..], &["--profile", "dev"]] {
        let ran = sandbox.runner(options).args(["adds.rs", "100"]).run();
        assert!(ran.code == 101 && ran.stderr.contains("attempt to add with overflow"), "{}", ran.stderr);
        sandbox.runner(options).args(["adds.rs", "1"]).run().prints("true 201\n");
    }
    // Two names of a profile are one binary each; the others were hits.
    assert_eq!(sandbox.cached("bin").len(), 3);
}

#[test]
fn a_profile_of_the_scripts_own_may_be_named() {
    let sandbox = Sandbox::new();
    let text = "---\n[profile.checked]\ninherits = \"release\"\noverflow-checks = true\n---\n";
    sandbox.script("adds.rs", format!("{text}{}", ADDS.split_once('\n').unwrap().1));
    let ran = sandbox.runner(["--profile", "checked", "adds.rs", "100"]).run();
    assert!(ran.code == 101 && ran.stderr.contains("attempt to add with overflow"), "{}", ran.stderr);
}

#[test]
fn an_edition_is_that_of_the_option_then_of_the_script_then_the_latest() {
    let sandbox = Sandbox::new();
    // In 2015 `async` is a name like any other.
    sandbox.script("e.rs", "fn main() { let async = 1; println!(\"{}\", async); }\n");
    sandbox.script(
        "own.rs",
        "---\npackage.edition = \"2015\"\n---\nfn main() { let async = 1; println!(\"{}\", async); }\n",
    );
    sandbox.runner(["--edition", "2015", "e.rs"]).run().prints("1\n");
    sandbox.runner(["own.rs"]).run().prints("1\n");
    sandbox.runner(["e.rs"]).run().fails(125, "nothing was cached");
    sandbox.runner(["--edition", "2021", "own.rs"]).run().fails(125, "nothing was cached");
}
