//! Putting an executable in its place: whole, at once, over nothing that is not ours.
//!
//! Written beside its destination, synced, renamed: there is never a moment without a working executable, and one that
//! is running can be replaced.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::base::digest::Digest;
use crate::base::error::{Error, Result, Step};
use crate::base::fs::{HOUR, UNFINISHED_PREFIX, is_older};
use crate::engine::program::Program;
use crate::script::script_file::Script;

/// Refuses to write over the source, whatever it is called.
pub(crate) fn refuse_script_itself(script: &Script, destination: &Path) -> Result<()> {
    let Some(source) = script.path() else { return Ok(()) };
    let is_same = match (fs::metadata(source), fs::metadata(destination)) {
        (Ok(one), Ok(two)) => one.ino() == two.ino() && one.dev() == two.dev(),
        _ => source == destination,
    };
    if !is_same {
        return Ok(());
    }
    Err(Error::message(Step::Install, format!("`{}` is the script itself", destination.display()))
        .about(script.display_name())
        .hint("name another file, for example `-o FILE` with `build`, `--name NAME` with `promote`"))
}

/// Removes what promotions that were killed left in a directory.
pub(crate) fn sweep(directory: &Path) {
    let us = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_ours = |metadata: &fs::Metadata| metadata.is_file() && metadata.uid() == us;
        // `NamedTempFile` adds six characters.
        let name = entry.file_name();
        let is_named = name.as_bytes().starts_with(UNFINISHED_PREFIX.as_bytes())
            && name.len() == UNFINISHED_PREFIX.len() + 6;
        if is_named && entry.metadata().is_ok_and(|metadata| is_ours(&metadata) && is_older(&metadata, HOUR))
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes a program to `destination` by rename; returns the digest of what was written.
pub(crate) fn put(program: &Program, destination: &Path) -> io::Result<Digest> {
    if fs::symlink_metadata(destination).is_ok_and(|metadata| metadata.is_dir()) {
        return Err(io::Error::from_raw_os_error(libc::EISDIR));
    }
    let directory = destination.parent().unwrap_or(Path::new("/"));
    let mut file = NamedTempFile::with_prefix_in(UNFINISHED_PREFIX, directory)?;
    io::copy(&mut program.open()?, &mut file)?;
    file.as_file().set_permissions(Permissions::from_mode(0o755))?;
    file.as_file().sync_all()?;
    // Closed before it has its name: who executes what is open for writing is told that the text file is busy.
    let path = file.into_temp_path();
    let digest = Digest::of_file(&path)?;
    path.persist(destination).map_err(|error| error.error)?;
    Ok(digest)
}

/// The name an executable gets: one that is a file name, can be typed, and does not hide runner.
pub(crate) fn check_name(name: &OsString) -> Result<()> {
    let bytes = name.as_bytes();
    let refuse = |why: &str| {
        let text =
            format!("`{}` cannot be the name of a command: {why}", name.to_string_lossy().escape_debug());
        Err(Error::message(Step::Install, text).hint("`--name NAME` gives it another"))
    };
    match bytes {
        b"" => refuse("it is empty"),
        b"." | b".." => refuse("it is a directory"),
        b"runner" => refuse("it would hide `runner` itself"),
        [b'-', ..] => refuse("it begins with a dash"),
        _ if bytes.contains(&b'/') => refuse("it holds a slash"),
        _ if bytes.iter().any(|byte| byte.is_ascii_control()) => refuse("it holds a control character"),
        _ if bytes.len() > 255 => refuse("it is longer than 255 bytes"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_are_refused() {
        for name in ["", ".", "..", "runner", "-x", "a/b", "a\nb"] {
            assert!(check_name(&OsString::from(name)).is_err(), "{name:?}");
        }
        for name in ["words", "a b", "runner2", "été", ".hidden"] {
            assert!(check_name(&OsString::from(name)).is_ok(), "{name:?}");
        }
    }
}
