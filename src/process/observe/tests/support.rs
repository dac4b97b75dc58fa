//! A directory with C programs that do as they are told, and what was observed of them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use crate::process::observe::observation::Observation;
use crate::process::observe::observed::{Look, Observed, What};
use crate::process::observe::policy::Policy;
use crate::process::observe::unavailable::Unavailable;

/// A directory for one test, without links in its path.
pub(crate) struct Site {
    pub(crate) root: PathBuf,
    _directory: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Site {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        Site { root, _directory: directory }
    }

    /// For a test that observes something; `None`, aloud, where that cannot be had.
    pub(crate) fn observed() -> Option<Site> {
        can_observe().then(Site::new)
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn link(&self, target: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        std::os::unix::fs::symlink(target, &path).unwrap();
        path
    }

    /// A C program of that body of `main`, if it can be compiled with these flags.
    pub(crate) fn program(&self, body: &str, flags: &[&str]) -> Option<PathBuf> {
        let head = "#define _GNU_SOURCE\n#include <dirent.h>\n#include <errno.h>\n#include <fcntl.h>\n\
                    #include <pthread.h>\n#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\
                    #include <sys/stat.h>\n#include <sys/syscall.h>\n#include <sys/wait.h>\n#include <unistd.h>\n\
                    #include <sys/prctl.h>\n#include <stddef.h>\n#include <linux/filter.h>\n#include <linux/seccomp.h>\n";
        let main = if body.contains("int main") || body.contains("_start") {
            body.to_owned()
        } else {
            format!("int main(int argc, char **argv) {{ {body} }}\n")
        };
        let head = if body.contains("_start") { "" } else { head };
        // Beside what is observed, so that nothing of it is seen there.
        let source = self.write(".program/main.c", &format!("{head}{main}"));
        let program = self.path(".program/main");
        let gcc = Command::new("gcc")
            .args(["-w", "-O1", "-o"])
            .arg(&program)
            .arg(&source)
            .args(flags)
            .stderr(Stdio::piped())
            .output();
        match gcc {
            Ok(output) if output.status.success() => Some(program),
            Ok(output) if flags.is_empty() => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            _ => {
                println!("skipped: no gcc for {flags:?}");
                None
            }
        }
    }

    /// Runs a C program in the site's directory.
    pub(crate) fn run_c(&self, body: &str) -> Seen {
        self.run_c_with(body, &[]).unwrap()
    }

    pub(crate) fn run_c_with(&self, body: &str, flags: &[&str]) -> Option<Seen> {
        let mut command = Command::new(self.program(body, flags)?);
        command.current_dir(&self.root);
        Some(self.run(&mut command))
    }

    pub(crate) fn sh(&self, script: &str) -> Seen {
        self.run(Command::new("/bin/sh").arg("-c").arg(script).current_dir(&self.root))
    }

    pub(crate) fn run(&self, command: &mut Command) -> Seen {
        self.run_by(command, Policy::default())
    }

    pub(crate) fn run_by(&self, command: &mut Command, policy: Policy) -> Seen {
        let (mut child, observation) = Observation::start(command, policy).unwrap();
        let status = child.wait().unwrap();
        Seen { root: self.root.clone(), status, observed: observation.finish().unwrap() }
    }
}

/// What was seen, asked by names in the site.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) root: PathBuf,
    pub(crate) status: ExitStatus,
    pub(crate) observed: Observed,
}

impl Seen {
    /// It ended well, and nothing was missed.
    #[track_caller]
    pub(crate) fn ok(self) -> Seen {
        assert!(self.status.success(), "{self:#?}");
        assert!(self.observed.gaps.is_empty(), "{self:#?}");
        self
    }

    pub(crate) fn look(&self, name: impl AsRef<Path>) -> Option<&Look> {
        let path = self.root.join(name);
        self.observed.looks.iter().find(|look| look.path == path)
    }

    /// In a word; `-` if nobody looked.
    pub(crate) fn what(&self, name: impl AsRef<Path>) -> String {
        let Some(look) = self.look(name) else { return "-".to_owned() };
        let within = |path: &Path| path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        match &look.what {
            What::Content => "content".to_owned(),
            What::Metadata => "metadata".to_owned(),
            What::Existence => "existence".to_owned(),
            What::Listing { own_names } => format!("listing{}", if *own_names { " own" } else { "" }),
            What::Link { target } => format!("link {}", target.display()),
            What::Absent { missing } => format!("absent {}", within(missing)),
            What::Unreachable { missing } => format!("unreachable {}", within(missing)),
        }
    }

    pub(crate) fn who(&self, name: impl AsRef<Path>) -> String {
        let look = self.look(name).unwrap();
        look.program.file_name().unwrap().to_string_lossy().into_owned()
    }

    pub(crate) fn wrote(&self, name: impl AsRef<Path>) -> bool {
        let path = self.root.join(name);
        self.observed.written.iter().any(|written| written.path == path)
    }

    /// Names of the site that were looked at, in order; programs left out.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.observed.looks.iter().filter_map(|look| look.path.strip_prefix(&self.root).ok());
        names
            .map(|name| name.display().to_string())
            .filter(|name| !name.is_empty() && !name.starts_with(".program"))
            .collect()
    }
}

/// Whether commands can be observed here; says aloud if not. Asked once: no test takes it away from the others.
pub(crate) fn can_observe() -> bool {
    static PROBED: OnceLock<Result<(), Unavailable>> = OnceLock::new();
    let probed = PROBED.get_or_init(Observation::probe);
    if let Err(reason) = probed {
        println!("skipped: no observation: {reason}");
    }
    probed.is_ok()
}

/// A name of any bytes.
pub(crate) fn name(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
