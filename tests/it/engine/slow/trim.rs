//! Eviction of what runs.

use crate::support::sandbox::Sandbox;

#[test]
fn a_program_that_is_trimmed_while_it_runs_runs_on() {
    let sandbox = Sandbox::new();
    sandbox.script(
        "waits.rs",
        "fn main() { let mut s = String::new(); println!(\"ready\"); \
                                std::io::stdin().read_line(&mut s).unwrap(); print!(\"{s}\"); }",
    );
    let script = "mkfifo in out; runner waits.rs <in >out & exec 7>in 8<out; read ready <&8\n\
                  runner cache clean >/dev/null; echo still here >&7; cat <&8; wait; runner cache list";
    sandbox.sh(script).run().prints("still here\n");
}
