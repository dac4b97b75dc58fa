//! The directories of PATH that a build's commands are not in, so that a hit asks once for each and not once for each command.
//!
//! A directory's times move with every name that comes or goes. While it has the stamp that it had when none of the names was
//! in it, none is: the search for each may pass it over. Where one has another stamp the long way looks for each name, and writes
//! down anew where there is none.

use std::io::ErrorKind;
use std::path::Path;

use crate::base::environment::{Environment, is_executable};
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::escape::Text;
use crate::store::trace::fact::{Check, Input, path_of, text_of};

/// A directory, and its stamp; none if it is not there at all.
pub(crate) type Lacking<'a> = (Option<Stamp>, Text<'a>);

/// Those for the commands among the checks. A single command is looked for as cheaply, unless the directory is asked for anyway.
pub(crate) fn lacking(checks: &[Check<'_>], environment: &Environment) -> Vec<Lacking<'static>> {
    let names = checks.iter().filter_map(|check| match &check.input {
        Input::Command { name, .. } => Some(path_of(name)),
        _ => None,
    });
    let names: Vec<&Path> = names.collect();
    let is_asked = |directory: &Path| checks.iter().any(|check| check.content_path() == Some(directory));
    let path = environment.variable("PATH").unwrap_or_default();
    let mut found: Vec<Lacking<'static>> = Vec::new();
    let mut sought = names.clone();
    for directory in std::env::split_paths(&path).filter(|directory| directory.is_absolute()) {
        if sought.is_empty() {
            break;
        }
        let text = text_of(&directory);
        if found.iter().any(|(_, other)| *other == text) {
            continue;
        }
        let is_worth_it = names.len() > 1 || is_asked(&directory);
        match is_worth_it.then(|| stamp_without(&directory, &names)).flatten() {
            Some(stamp) => found.push((stamp, text)),
            None => sought.retain(|name| !is_executable(&directory.join(name))),
        }
    }
    found
}

/// Whether each of these directories is as it was, so that a hit may go by them.
pub(crate) fn still_lack(lacking: &[Lacking<'_>]) -> bool {
    lacking.iter().all(|(stamp, directory)| match std::fs::metadata(path_of(directory)) {
        Ok(metadata) => *stamp == Some(Stamp::of(&metadata)),
        Err(error) => stamp.is_none() && error.kind() == ErrorKind::NotFound,
    })
}

/// The stamp that says that no such name is in the directory; `None` if one is, or the stamp proves nothing.
fn stamp_without(directory: &Path, names: &[&Path]) -> Option<Option<Stamp>> {
    let since = Moment::now();
    let stamp = match std::fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {
            Some(Stamp::of(&metadata).trusted_of_directory(directory, since)?)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        _ => return None,
    };
    let is_missing = |name: &&Path| {
        let met = std::fs::symlink_metadata(directory.join(name));
        met.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    names.iter().all(is_missing).then_some(stamp)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::store::file_digest::Names;

    fn command(name: &'static str) -> Check<'static> {
        Check::of(Input::Command { name: Cow::Borrowed(name.as_bytes()), path: None })
    }

    #[test]
    fn directories_before_the_last_command_lack_them_all() {
        let root = tempfile::tempdir().unwrap();
        let place = |name: &str| root.path().join(name);
        for name in ["empty", "other", "holds", "after"] {
            fs::create_dir(place(name)).unwrap();
        }
        // What is there and cannot be executed may become so without a trace in the directory.
        fs::write(place("other/cc"), "").unwrap();
        for name in ["holds/cc", "holds/ld"] {
            fs::write(place(name), "").unwrap();
            fs::set_permissions(place(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        // Until the clock has left them behind their stamps prove nothing.
        while Stamp::of(&fs::metadata(place("after")).unwrap()).trusted(root.path(), Moment::now()).is_none()
        {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let names = ["empty", "none", "empty", "other", "holds", "after"];
        let path = std::env::join_paths(names.map(place)).unwrap();
        let environment = Environment::fixed([("PATH".into(), path)]);
        let found = lacking(&[command("cc"), command("ld")], &environment);
        let found: Vec<_> = found.iter().map(|(stamp, text)| (stamp.is_some(), &**text)).collect();
        assert_eq!(
            found,
            [(true, place("empty").as_os_str().as_bytes()), (false, place("none").as_os_str().as_bytes())]
        );
        assert!(lacking(&[command("cc")], &environment).is_empty(), "one is looked for as cheaply");
        let asked = Check::directory(&place("empty"), Names::All, Moment::now()).unwrap();
        let found = lacking(&[command("cc"), asked], &environment);
        assert_eq!(found.len(), 1, "unless the directory is asked for");
    }
}
