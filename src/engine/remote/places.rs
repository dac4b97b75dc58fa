//! Directories of this machine in the texts of facts: `{home}/x` stands for `/home/ana/x`.
//!
//! A program that holds one of these directories in its bytes is *bound* to it: it is no use where the directory is another.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::order;
use crate::base::search::contains;
use crate::script::script_file::Script;
use crate::store::cache::Cache;
use crate::store::trace::fact::{Check, Content, Input, path_of};

/// The script's directory.
pub(crate) const SCRIPT: &str = "{script}";

/// Directories of this machine and what stands for each, the innermost first.
#[derive(Debug, Clone)]
pub(crate) struct Places(Vec<(&'static str, PathBuf)>);

impl Places {
    /// Those of a script.
    pub(crate) fn of(script: &Script, environment: &Environment, cache: &Cache) -> Places {
        let named = [
            (SCRIPT, Some(script.base().to_owned())),
            ("{cache}", Some(cache.root().to_owned())),
            ("{cargo}", environment.cargo_home()),
            ("{rustup}", environment.rustup_home()),
            ("{home}", environment.home()),
        ];
        let is_known = |path: &PathBuf| path.is_absolute() && path.parent().is_some();
        let mut places: Vec<_> =
            named.into_iter().filter_map(|(name, path)| Some((name, path.filter(is_known)?))).collect();
        order::sort_by_key(&mut places, |(_, path)| std::cmp::Reverse(path.as_os_str().len()));
        Places(places)
    }

    /// The directory that a name stands for.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, path)| path.as_path())
    }

    /// The directories that a program holds.
    pub(crate) fn in_program(&self, program: &[u8]) -> Vec<(&'static str, &Path)> {
        let is_in = |path: &Path| contains(program, path.as_os_str().as_bytes());
        self.0.iter().map(|(name, path)| (*name, path.as_path())).filter(|(_, path)| is_in(path)).collect()
    }

    /// A fact as it is for every machine.
    pub(crate) fn neutral(&self, check: &Check<'_>) -> Check<'static> {
        let replaced =
            |text: &[u8]| self.replaced(text, |(name, path)| (path.as_os_str().as_bytes(), name.as_bytes()));
        mapped(check.clone().without_stamp(), replaced)
    }

    /// Such a fact for this machine.
    pub(crate) fn local(&self, check: &Check<'_>) -> Check<'static> {
        let replaced =
            |text: &[u8]| self.replaced(text, |(name, path)| (name.as_bytes(), path.as_os_str().as_bytes()));
        mapped(check.clone(), replaced)
    }

    /// A text, or a list of paths as PATH is one, with one beginning of a path in place of another.
    fn replaced<'a>(
        &'a self,
        text: &[u8],
        from_to: impl Fn(&'a (&'static str, PathBuf)) -> (&'a [u8], &'a [u8]),
    ) -> Vec<u8> {
        let one = |text: &[u8]| {
            let replaced = self.0.iter().map(&from_to).find_map(|(from, to)| {
                let rest = text.strip_prefix(from)?;
                (rest.is_empty() || rest.starts_with(b"/")).then(|| [to, rest].concat())
            });
            replaced.unwrap_or_else(|| text.to_vec())
        };
        text.split(|byte| *byte == b':').map(one).collect::<Vec<_>>().join(&b':')
    }

    /// Whether a fact is about a directory above the script's: where it lies elsewhere, others would have been looked at.
    pub(crate) fn is_above_script(&self, check: &Check<'_>) -> bool {
        let path = match &check.input {
            Input::Content { content: Content::Tree, .. } => return false,
            Input::Content { path, .. } | Input::Absent { path } | Input::Link { path, .. } => path,
            // That a directory is there tells nothing of the others.
            Input::Present { path } if path.last() != Some(&b'/') => path,
            _ => return false,
        };
        let (Some(script), Some(parent)) = (self.path(SCRIPT), path_of(path).parent()) else { return false };
        let is_above = parent != script && script.starts_with(parent);
        // What the system has at its root is there for every script.
        is_above && (parent.parent().is_some() || !check.tool)
    }
}

fn mapped(check: Check<'_>, text: impl Fn(&[u8]) -> Vec<u8>) -> Check<'static> {
    let input = check.input.with_texts(|old| Cow::Owned(text(&old)));
    let Check { tool, choice, dependency, by, .. } = check;
    Check { tool, choice, dependency, by: by.map(|by| Cow::Owned(by.into_owned())), input }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_one_machine_are_facts_of_another() {
        let places =
            |home: &str| Places(vec![(SCRIPT, format!("{home}/tools").into()), ("{home}", home.into())]);
        let (ana, ben) = (places("/home/ana"), places("/users/ben"));
        for (here, neutral, there) in [
            ("/home/ana/tools/x.h", "{script}/x.h", "/users/ben/tools/x.h"),
            ("/home/ana/.cargo/config", "{home}/.cargo/config", "/users/ben/.cargo/config"),
            ("/home/anabel/x", "/home/anabel/x", "/home/anabel/x"),
            ("/usr/lib/x", "/usr/lib/x", "/usr/lib/x"),
        ] {
            let text = ana.neutral(&Check::absent(Path::new(here)));
            assert_eq!(text, Check::absent(Path::new(neutral)));
            assert_eq!(ben.local(&text), Check::absent(Path::new(there)));
        }
    }

    #[test]
    fn what_lies_above_the_script_binds_it() {
        let places = Places(vec![(SCRIPT, "/srv/tools".into())]);
        for (path, is_bound) in [
            ("/srv/go.mod", true),
            ("/go.mod", true),
            ("/srv/tools/go.mod", false),
            ("/srv/tools/a/go.mod", false),
            ("/usr/lib/x", false),
        ] {
            assert_eq!(places.is_above_script(&Check::absent(Path::new(path))), is_bound, "{path}");
        }
        assert!(!places.is_above_script(&Check::absent(Path::new("/lib")).tool()));
    }
}
