//! What the caller's environment holds is nobody's business: no value that a script did not ask for is on disk anywhere.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::support::commands::COMMANDS;
use crate::support::files::{files_below, mode};
use crate::support::path_dependency::{MAIN, package, said, script};
use crate::support::sandbox::Sandbox;
use crate::support::watched::real;

/// Every subcommand, in an order in which they can be run one after the other.
const RUNS: &str = "s.rs
s.rs
--force s.rs
--debug s.rs
--temp s.rs
plain.rs
c.c
-e 1+1
-x s.rs
-n s.rs
run s.rs
watch --once plain.rs
build s.rs -o out
build --cache s.rs
build --print-path --json s.rs
promote s.rs
promote plain.rs
list
list --json
upgrade --dry-run
upgrade
verify s
check s.rs
check --json s.rs
clippy s.rs
test s.rs
bench s.rs
fmt s.rs
doc s.rs
lock s.rs
lock --check s.rs
tree s.rs
outdated s.rs
update s.rs
update s.rs --lock
add s.rs b --path b
remove s.rs b
s.rs
why s.rs
why --json s.rs
inputs s.rs
inputs --json s.rs
doctor s.rs
env --script s.rs
env --json
inspect out
new made.rs
export s.rs exported
import exported -o back.rs
edit --open true plain.rs
trust list
discover s.rs
discover --compile-commands c.c
lsp
completions bash
help cache
migrate s.rs
rollback s
demote s
cache list
cache stats
cache push s.rs
cache trim
cache clean plain.rs";

/// Files in which the bytes stand, or whose name holds them.
fn holding(place: &Path, secret: &str) -> Vec<PathBuf> {
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    let is_one = |path: &PathBuf| {
        holds(path.as_os_str().as_bytes()) || fs::read(path).is_ok_and(|bytes| holds(&bytes))
    };
    files_below(place).into_iter().filter(is_one).collect()
}

#[track_caller]
fn nowhere(sandbox: &Sandbox, secret: &str, after: &str) {
    let found = holding(sandbox.root(), secret);
    assert!(found.is_empty(), "after `runner {after}`: {found:?}");
}

#[test]
fn a_secret_of_the_callers_is_on_disk_nowhere_after_any_subcommand() {
    let mut sandbox = real();
    let secret = "s3cr3t-0123456789";
    for name in
        ["AWS_SECRET_ACCESS_KEY", "CARGO_REGISTRY_TOKEN", "CARGO_X_TOKEN", "GITHUB_TOKEN", "DECLARED_TOKEN"]
    {
        sandbox.set(name, format!("{secret}-{name}"));
    }
    package(&sandbox, "a", "", &said("one"));
    // What a build script watches is a reason to build again, and no reason to be written down.
    sandbox.write("a/build.rs", "fn main() { println!(\"cargo:rerun-if-env-changed=WATCHED\") }\n");
    let manifest = "dependencies.a.path = \"a\"\npackage.metadata.runner.env = [\"DECLARED_TOKEN\"]";
    script(&sandbox, "s.rs", manifest, &format!("{MAIN}#[test] fn works() {{}}\n"));
    sandbox.write(
        "c.c",
        "/// runner\n///\n/// env = [\"DECLARED_TOKEN\"]\n#include <stdio.h>\nint main(void) { return 0; }\n",
    );
    sandbox.script("plain.rs", "fn main() {}\n");
    package(&sandbox, "b", "", &said("two"));
    for command in COMMANDS {
        let has = |line: &str| line.split(' ').next() == Some(command.name);
        assert!(RUNS.lines().any(has), "`{}` is in no line of RUNS", command.name);
    }
    for command in RUNS.lines() {
        let ran = sandbox.runner(command.split(' ')).run();
        // Those need a tool, a network or an upgrade that may not be here.
        let may_fail = ["doc", "bench", "clippy", "fmt", "outdated", "rollback", "cache push", "lsp"];
        let is_well = ran.code == 0 || may_fail.iter().any(|may| command.starts_with(may));
        assert!(is_well, "{command}: {}{}", ran.stdout, ran.stderr);
        nowhere(&sandbox, secret, command);
        if !command.starts_with("env") {
            assert!(
                !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
                "{command}: {}{}",
                ran.stdout,
                ran.stderr
            );
        }
    }
    // It is an input all the same.
    let why = sandbox.runner(["why", "s.rs"]).env("DECLARED_TOKEN", "other").run();
    assert!(why.stdout.contains("DECLARED_TOKEN") && !why.stdout.contains(secret), "{}", why.stdout);
    for record in sandbox.cached_paths("deps").iter().filter(|path| path.ends_with("record")) {
        assert_eq!(mode(record) & 0o077, 0, "{}", record.display());
    }
}

#[test]
fn a_failed_or_killed_build_of_dependencies_leaves_no_secret() {
    let mut sandbox = real();
    let secret = "s3cr3t-0123456789";
    sandbox.set("AWS_SECRET_ACCESS_KEY", secret);
    package(&sandbox, "a", "", "compile_error!(\"no\");\n");
    script(&sandbox, "s.rs", "dependencies.a.path = \"a\"", MAIN);
    assert_eq!(sandbox.runner(["s.rs"]).run().code, 125);
    nowhere(&sandbox, secret, "s.rs");
}
