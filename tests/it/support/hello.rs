//! Scripts for rustc: one that says hello, one with dependencies.

use crate::support::sandbox::Sandbox;

/// A script that says hello.
pub const HELLO: &str = "#!/usr/bin/env runner\nfn main() { println!(\"hello\"); }\n";

/// A sandbox with the real compiler and `hello.rs`.
pub fn hello() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("hello.rs", HELLO);
    sandbox
}

/// A script with dependencies, of which it uses none.
pub fn with_dependencies(text: &str) -> String {
    format!("#!/usr/bin/env runner\n---\n[dependencies]\n{text}\n---\nfn main() {{}}\n")
}
