//! `runner promote`, by rustc: a command that needs nothing, and is replaced while it runs.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::sandbox::Sandbox;

#[test]
fn a_promoted_script_needs_neither_runner_nor_source_nor_toolchain_nor_cache() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nmod part;\nfn main() { print!(\"{} {:?}\", part::X, \
                std::env::args_os().skip(1).collect::<Vec<_>>()) }";
    sandbox.script("src/tool.rs", text);
    sandbox.write("src/part.rs", "pub const X: u8 = 7;");
    sandbox.runner(["promote", "-q", "src/tool.rs"]).run().prints("");
    fs::remove_dir_all(sandbox.path("src")).unwrap();
    fs::remove_dir_all(sandbox.cache()).unwrap();
    let place = sandbox.commands().join("tool");
    sandbox
        .command("env")
        .args(["-i".as_ref(), place.as_os_str(), "--help".as_ref()])
        .run()
        .prints("7 [\"--help\"]");
}

#[test]
fn a_promoted_script_can_be_replaced_while_it_runs() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "x.rs",
        "fn main() { println!(\"one\"); std::io::stdin().read_line(&mut String::new()).unwrap(); }",
    );
    sandbox.runner(["promote", "-q", "x.rs"]).run().prints("");
    let place = sandbox.commands().join("x");
    let before = fs::metadata(&place).unwrap().ino();
    let script = "mkfifo in out; x=$HOME/.local/bin/x; $x <in >out & exec 7>in 8<out; read said <&8; echo $said\n\
                  sed -i s/one/two/ x.rs; runner promote -q x.rs; echo >&7; wait; $HOME/.local/bin/x </dev/null";
    sandbox.sh(script).run().prints("one\ntwo\n");
    assert_ne!(fs::metadata(&place).unwrap().ino(), before);
}
