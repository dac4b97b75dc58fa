//! What the system refuses to execute.

use crate::support::sandbox::Sandbox;

#[test]
fn arguments_too_long_for_the_system_exit_with_126() {
    let sandbox = Sandbox::fake();
    // A long way to the script: what it is given beyond what runner was is the variable with its path.
    let deep = sandbox.path(vec!["d".repeat(200); 12].join("/"));
    sandbox.script(deep.join("x.rs"), "print hi\n");
    sandbox.runner(["x.rs"]).within(&deep).run().prints("hi\n");
    let script = "ulimit -s 512; n=66000; while :; do\n\
                  long=$(head -c $n /dev/zero | tr '\\0' x)\n\
                  /bin/true $long $long 2>/dev/null && exec runner x.rs $long $long; n=$((n - 500)); done";
    let message = "runner: x.rs: cannot execute the compiled script: Argument list too long\n  \
                   hint: the arguments and the environment together are longer than the system allows\n";
    sandbox.sh(script).within(&deep).run().ends(126, "", message);
}
