//! Programs in the sandbox of `--sandbox`: a script that becomes the program it is given, started as if it were a wrapper.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::files::{copy, write_program};
use crate::support::sandbox::{skipped, tested};

/// Becomes the program that its arguments name.
const LAUNCHER: &str = r#"#include <stdio.h>
#include <unistd.h>
int main(int count, char **words) {
    if (count < 2) return puts("it runs") < 0;
    execv(words[1], words + 1);
    perror(words[1]);
    return 126;
}
"#;

/// `runner --sandbox FLAGS launcher.c PROGRAM`, written as `confined FLAGS PROGRAM`.
const WRAPPER: &str = r#"#!/bin/bash
flags=()
while [[ ${1-} == -* ]]; do
    case $1 in
    --memory) flags+=(--temp) ;;
    --fork) flags+=(--timings) ;;
    *) flags+=("$1") ;;
    esac
    shift
done
exec 'RUNNER' -q --sandbox "${flags[@]}" 'LAUNCHER' "$@"
"#;

/// A directory that another user may enter, gone afterwards.
pub struct Scene {
    directory: tempfile::TempDir,
}

impl Scene {
    pub fn new() -> Scene {
        let directory = tempfile::Builder::new().prefix("confined-").tempdir_in("/var/tmp").unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Scene { directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A directory that anybody may write to.
    pub fn open_directory(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        path
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The wrapper, where any user can reach it; its script is compiled.
    pub fn confined(&self) -> PathBuf {
        let path = self.path("confined");
        if !path.exists() {
            let runner = self.path("runner");
            copy(tested(), &runner);
            let launcher = self.write("tool/launcher.c", LAUNCHER);
            let text = WRAPPER.replace("RUNNER", &runner.display().to_string());
            write_program(&path, text.replace("'LAUNCHER'", &format!("'{}'", launcher.display())));
            succeeds(&mut self.command(&path));
        }
        path
    }

    /// A command with a cache of its own, and no variable that a sandbox would have to let through for a hit.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path);
        command.env("RUNNER_CACHE", self.path("cache")).env("HOME", self.path("home"));
        command
    }

    /// The probe that tries everything a sandbox can close.
    pub fn probe(&self) -> Option<PathBuf> {
        if !has("gcc") {
            return None;
        }
        let program = self.path("tool/probe");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/sandbox_probe.c");
        succeeds(Command::new("gcc").args(["-Wall", "-O1", "-pthread", "-o"]).arg(&program).arg(source));
        Some(program)
    }
}

/// Whether a program is on PATH; says aloud if not.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    if !is_there {
        skipped(&format!("no {program}"));
    }
    is_there
}

/// Whether this kernel has sandboxes; says aloud if not.
pub fn has_sandbox() -> bool {
    let support = succeeds(Command::new(tested()).args(["env", "landlock"]));
    let is_there = support.starts_with("Landlock ABI");
    if !is_there {
        skipped(&format!("no sandbox: {support}"));
    }
    is_there
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub fn succeeds(command: &mut Command) -> String {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{errors}", output.status);
    text
}
