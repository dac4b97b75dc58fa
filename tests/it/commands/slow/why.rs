//! `RUNNER_VERIFY`, by rustc.

use crate::support::sandbox::Sandbox;

#[test]
fn a_real_binary_is_what_a_fresh_build_gives() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "fn main() { println!(\"{}\", file!()); }\n");
    let path = format!("{}\n", sandbox.path("x.rs").display());
    sandbox.runner(["x.rs"]).run().prints(&path);
    sandbox.runner(["x.rs"]).env("RUNNER_VERIFY", "1").run().prints(&path);
}
