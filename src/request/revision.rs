//! The git revision of a script that is handed on: its commit, and whether the file was modified.
//!
//! Asked of `git` itself, for a build that goes into a record and never for a run, and part of its launch id: so the record
//! is never that of another revision. A script that git does not keep has none, wherever it lies. *Modified* is said of the
//! files git keeps, all of them: what lies beside them, a build's own output for one, says nothing of where a script is from.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::base::environment::Environment;

/// A commit, and whether something was changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The commit's name, in hexadecimal.
    pub commit: String,
    /// Whether a file that git keeps is not as it is in that commit.
    pub is_modified: bool,
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.commit)?;
        formatter.write_str(if self.is_modified { " modified" } else { "" })
    }
}

impl Revision {
    /// The revision of the file at `path`, its real one; `None` if git keeps no such file, or is not there.
    pub(crate) fn of(path: &Path, environment: &Environment) -> Option<Revision> {
        let directory = path.parent()?;
        // No process for what lies in no repository.
        directory.ancestors().find(|directory| directory.join(".git").exists())?;
        let git = environment.find_command("git".as_ref())?;
        let ask = |arguments: &[OsString]| {
            let mut command = Command::new(&git);
            // Not the repository of somebody who calls this from a hook; nothing that a repository could have executed.
            let is_kept = |name: &OsString| !name.as_bytes().starts_with(b"GIT_");
            let variables = environment.all().into_iter().filter(|(name, _)| is_kept(name));
            command.env_clear().envs(variables).current_dir(directory);
            command.args(["-c", "core.fsmonitor=false", "--no-optional-locks"]).args(arguments);
            let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
            output.status.success().then_some(output.stdout)
        };
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let mut is_kept = words("--literal-pathspecs ls-files --error-unmatch --");
        is_kept.push(path.file_name()?.to_owned());
        ask(&is_kept)?;
        let status = ask(&words("status --porcelain=v2 --branch --untracked-files=no"))?;
        Revision::read(&String::from_utf8_lossy(&status))
    }

    /// Reads `git status --porcelain=v2 --branch`.
    fn read(status: &str) -> Option<Revision> {
        let commit = status.lines().find_map(|line| line.strip_prefix("# branch.oid "))?;
        let is_modified = status.lines().any(|line| !line.starts_with("# "));
        Revision::parse(&format!("{commit}{}", if is_modified { " modified" } else { "" }))
    }

    /// Reads what [`Revision`] is displayed as.
    pub(crate) fn parse(text: &str) -> Option<Revision> {
        let (commit, is_modified) = match text.strip_suffix(" modified") {
            Some(commit) => (commit, true),
            None => (text, false),
        };
        let is_name = !commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_name.then(|| Revision { commit: commit.to_owned(), is_modified })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_read() {
        let clean = Revision { commit: "0a1f".to_owned(), is_modified: false };
        let modified = Revision { is_modified: true, ..clean.clone() };
        assert_eq!(Revision::read("# branch.oid 0a1f\n# branch.head main\n"), Some(clean));
        assert_eq!(Revision::read("# branch.oid 0a1f\n1 .M N... x.rs\n"), Some(modified.clone()));
        assert_eq!(Revision::parse(&modified.to_string()), Some(modified));
        for text in ["", "# branch.oid (initial)\n", "# branch.head main\n", "1 .M x\n"] {
            assert_eq!(Revision::read(text), None, "{text:?}");
        }
    }
}
