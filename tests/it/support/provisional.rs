//! Scripts whose first build is a provisional one, and what is in the cache of them.

use crate::support::sandbox::Sandbox;

/// A script so large that its first build is a quick one.
pub fn large_script(text: &str) -> String {
    format!("print {text}\n{}", "// a line\n".repeat(200))
}

/// The profiles of the builds in the cache, newest first.
pub fn profiles(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.runner(["cache", "list"]).run().stdout;
    let builds = list.lines().filter(|line| !line.starts_with("process "));
    builds
        .filter_map(|line| line.split_whitespace().find(|word| ["quick", "release", "dev"].contains(word)))
        .map(str::to_owned)
        .collect()
}
