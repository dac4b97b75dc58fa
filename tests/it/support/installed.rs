//! What was promoted: where it is, and what runner tells of it.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::files::files_below;
use crate::support::sandbox::Sandbox;

impl Sandbox {
    /// Where promoted scripts go unless it is said.
    pub fn commands(&self) -> PathBuf {
        self.home().join(".local/bin")
    }

    /// What is kept of each promotion.
    pub fn receipts(&self) -> Vec<PathBuf> {
        files_below(&self.home().join(".local/share/runner/receipts"))
    }

    /// What `runner list` says of each.
    pub fn states(&self) -> String {
        let ran = self.runner(["list"]).run();
        let note = if ran.stdout.is_empty() { "runner: no commands are installed\n" } else { "" };
        assert_eq!((ran.code, ran.stderr.as_str()), (0, note));
        let of = |line: &str| {
            line.split("  ").map(str::trim).filter(|part| !part.is_empty()).nth(1).map(str::to_owned)
        };
        ran.stdout.lines().filter_map(of).collect::<Vec<_>>().join(", ")
    }

    /// The output of an installed command.
    pub fn says(&self, name: &str) -> String {
        let ran = self.command(self.commands().join(name)).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        ran.stdout
    }

    /// `runner list --json`
    pub fn listed(&self) -> Value {
        let ran = self.runner(["list", "--json"]).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// What became of one.
    pub fn state(&self, name: &str) -> String {
        let listed = self.listed();
        let found = listed.as_array().unwrap().iter().find(|one| one["name"] == name);
        found.unwrap()["state"].as_str().unwrap().to_owned()
    }

    /// `runner ARGUMENT… -q`, which has nothing to say.
    pub fn quiet(&self, arguments: &[&str]) {
        self.runner(arguments).args(["-q"]).run().prints("");
    }
}

/// Scripts called `one`, `two` and `three`, as programs that are whole once they run.
pub fn three() -> Sandbox {
    let sandbox = Sandbox::fake_with_machine_code();
    for name in ["one", "two", "three"] {
        sandbox.script(format!("{name}.rs"), format!("print {name}\n"));
    }
    sandbox
}
