//! The git revision of a script that is handed on: its commit, and whether the file was modified.
//!
//! Asked of `git` itself, for a build that goes into a record and never for a run, and part of its launch id: so the record
//! is never that of another revision. A script that git does not keep has none, wherever it lies. *Modified* is said of the
//! files git keeps, all of them: what lies beside them, a build's own output for one, says nothing of where a script is from.

use std::fmt;

/// A commit, and whether something was changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Reads `git status --porcelain=v2 --branch`.
    pub(crate) fn read(status: &str) -> Option<Revision> {
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
