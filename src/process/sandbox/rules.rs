//! The rules of a sandbox: what a program may read, write, connect to and know.

use std::ffi::OsStr;
#[cfg(test)]
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::process::sandbox::variables;
use crate::request::sandbox_permissions::{Grant, Permissions};

/// What a program may do. Anything that is not named here or needed to start a program is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sandbox {
    /// Absolute paths below which may be read and executed, besides the system's.
    pub(crate) read: Grant<PathBuf>,
    /// Absolute paths below which may be written, and read.
    pub(crate) write: Grant<PathBuf>,
    /// TCP ports to connect to and to listen at; or every network.
    pub(crate) network: Grant<u16>,
    /// Variables that are passed on besides the usual ones.
    pub(crate) variables: Grant<String>,
    /// Unix sockets, by path and abstract.
    pub(crate) unix: bool,
    /// A debugger goes into the sandbox with the program (`--exec`): it may trace what is in there.
    pub(crate) debugger: bool,
    /// A directory of its own to write to, which becomes `TMPDIR`. Whoever made it removes it.
    pub(crate) temporary: Option<PathBuf>,
    /// Of the system's configuration only what linkers need may be read, for compilers of texts that nobody trusts.
    pub(crate) is_narrow: bool,
}

/// Where a program is started from: what its own is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    /// The program that is executed; in memory it is nowhere.
    pub(crate) program: Option<&'a Path>,
    /// The script, if it is a file.
    pub(crate) script: Option<&'a Path>,
    /// The user's home directory.
    pub(crate) home: Option<&'a Path>,
    /// Where relative paths begin.
    pub(crate) working_directory: &'a Path,
}

impl Sandbox {
    /// Nothing but the system's programs and libraries.
    #[cfg(test)]
    pub(crate) fn closed() -> Sandbox {
        Sandbox {
            read: Grant::default(),
            write: Grant::default(),
            network: Grant::default(),
            variables: Grant::default(),
            unix: false,
            debugger: false,
            temporary: None,
            is_narrow: false,
        }
    }

    /// What was asked for, for a program in its situation: it may read itself and the script's directory.
    pub(crate) fn of(permissions: &Permissions, situation: &Situation<'_>) -> Sandbox {
        let absolute = |grant: &Grant<PathBuf>| match grant {
            Grant::Everything => Grant::Everything,
            Grant::These(paths) => {
                Grant::These(paths.iter().map(|path| situation.working_directory.join(path)).collect())
            }
        };
        let mut read = absolute(&permissions.read);
        read.add(situation.program.map(Path::to_owned));
        read.add(situation.script.map(|script| own_directory(script, situation.home)));
        Sandbox {
            read,
            write: absolute(&permissions.write),
            network: permissions.network.clone(),
            variables: permissions.variables.clone(),
            unix: permissions.unix,
            debugger: false,
            temporary: None,
            is_narrow: false,
        }
    }

    /// The variables that a program gets, of those that there are.
    #[cfg(test)]
    pub(crate) fn variables(
        &self,
        all: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Vec<(OsString, OsString)> {
        let is_ours = |name: &OsStr| self.temporary.is_some() && name == "TMPDIR";
        let kept = all
            .into_iter()
            .filter(|(name, _)| !is_ours(name) && variables::is_passed_on(name, &self.variables));
        let own = self.temporary.iter().map(|path| ("TMPDIR".into(), path.clone().into_os_string()));
        kept.chain(own).collect()
    }

    /// Whether a variable of the caller's is passed on.
    pub(crate) fn passes_on(&self, name: &OsStr) -> bool {
        variables::is_passed_on(name, &self.variables)
    }

    /// The rules, a line each, for `-v`.
    pub(crate) fn describe(&self) -> Vec<String> {
        fn list<T>(grant: &Grant<T>, show: impl Fn(&T) -> String) -> String {
            match grant {
                Grant::Everything => "everything".to_owned(),
                Grant::These(list) if list.is_empty() => "nothing".to_owned(),
                Grant::These(list) => list.iter().map(show).collect::<Vec<_>>().join(" "),
            }
        }
        let path = |path: &PathBuf| path.display().to_string();
        let usual = |text: String| if text == "nothing" { "the usual".to_owned() } else { text };
        vec![
            format!("read: the system, {}", list(&self.reads(), path)),
            format!("write: {}", list(&self.writes(), path)),
            format!("network: {}", list(&self.network, |port| format!("TCP {port}"))),
            format!("unix sockets: {}", if self.unix { "everything" } else { "nothing" }),
            format!("variables: {}", usual(list(&self.variables, String::clone))),
        ]
    }

    /// What may be written to, which may be read as well.
    pub(super) fn writes(&self) -> Grant<PathBuf> {
        let mut writes = self.write.clone();
        writes.add(self.temporary.clone());
        writes
    }

    pub(super) fn reads(&self) -> Grant<PathBuf> {
        match self.write {
            Grant::Everything => Grant::Everything,
            Grant::These(_) => self.read.clone(),
        }
    }
}

/// A script's directory; only the script if it is loose in the home directory or above, where it is one file among all.
pub(crate) fn own_directory(script: &Path, home: Option<&Path>) -> PathBuf {
    let directory = script.parent().filter(|directory| {
        directory.parent().is_some()
            && !home.is_some_and(|home| home.starts_with(directory))
            && !["/tmp", "/var/tmp", "/dev/shm"].iter().any(|shared| Path::new(shared) == *directory)
    });
    directory.unwrap_or(script).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(script: &'static str) -> Situation<'static> {
        Situation {
            program: Some(Path::new("/cache/bin/x")),
            script: Some(Path::new(script)),
            home: Some(Path::new("/home/ana")),
            working_directory: Path::new("/srv/here"),
        }
    }

    #[test]
    fn a_loose_script_does_not_open_what_lies_beside_it() {
        let reads = |script| Sandbox::of(&Permissions::default(), &situation(script)).read;
        for (script, allowed) in [
            ("/home/ana/tools/x.rs", "/home/ana/tools"),
            ("/home/ana/x.rs", "/home/ana/x.rs"),
            ("/home/x.rs", "/home/x.rs"),
            ("/x.rs", "/x.rs"),
            ("/tmp/x.rs", "/tmp/x.rs"),
            ("/tmp/mine/x.rs", "/tmp/mine"),
            ("/home/anabel/x.rs", "/home/anabel"),
        ] {
            assert_eq!(reads(script), Grant::These(vec!["/cache/bin/x".into(), allowed.into()]));
        }
    }

    #[test]
    fn relative_paths_begin_where_they_were_given() {
        let permissions =
            Permissions { write: Grant::These(vec!["out".into(), "/abs".into()]), ..Default::default() };
        let sandbox = Sandbox::of(&permissions, &situation("/s/x.rs"));
        assert_eq!(sandbox.write, Grant::These(vec!["/srv/here/out".into(), "/abs".into()]));
    }

    #[test]
    fn a_temporary_directory_of_its_own_takes_the_place_of_the_callers() {
        let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        let all = vec![pair("TMPDIR", "/tmp"), pair("TOKEN", "1"), pair("HOME", "/h")];
        let mut sandbox = Sandbox::closed();
        assert_eq!(sandbox.variables(all.clone()), [pair("TMPDIR", "/tmp"), pair("HOME", "/h")]);
        sandbox.temporary = Some("/private".into());
        assert_eq!(sandbox.variables(all), [pair("HOME", "/h"), pair("TMPDIR", "/private")]);
        assert_eq!(sandbox.writes(), Grant::These(vec!["/private".into()]));
    }
}
