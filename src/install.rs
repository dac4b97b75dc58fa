//! Putting an executable in its place: whole, at once, over nothing that is not ours.
//!
//! Written beside its destination, synced, renamed: there is never a moment without a working executable, and one that
//! is running can be replaced.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::digest::Digest;
use crate::environment::absolute;
use crate::error::{Error, Result, Step, bare};
use crate::options::Options;
use crate::program::Program;
use crate::rehearsal::Purpose;
use crate::runner::Runner;
use crate::script::Script;

impl Runner {
    /// Writes a self-contained executable of a script where `output` says: a file, or a directory (one that exists, or
    /// a path that ends in a slash); the working directory if it says nothing. Returns its path.
    ///
    /// # Errors
    /// Those of [`Runner::prepare`], and [`Step::Install`].
    pub fn build(&self, script: &Script, options: &Options, output: Option<&Path>) -> Result<PathBuf> {
        let destination = destination(script, output);
        refuse_script_itself(script, &destination)?;
        if destination.is_dir() {
            return Err(Error::message(Step::Install, format!("`{}` is a directory", destination.display()))
                .hint("`-o FILE` gives the executable another name"));
        }
        let options = Options { portable: true, ..options.clone() };
        if options.steering.rehearses {
            self.rehearse(script, &options, Purpose::Write(&destination))?;
            return Ok(destination);
        }
        let program = self.prepare(script, &options)?;
        if let Some(parent) = destination.parent() {
            fs::create_dir_all(parent).map_err(|error| cannot("create the directory", parent, error))?;
        }
        put(&program, &destination).map_err(|error| cannot("write", &destination, error))?;
        if let Some(journal) = &program.journal {
            journal.copied(program.path(), &destination);
            journal.tell_times();
        }
        Ok(destination)
    }
}

fn destination(script: &Script, output: Option<&Path>) -> PathBuf {
    match output {
        None => absolute(PathBuf::from(script.stem())),
        Some(output) if output.as_os_str().as_bytes().ends_with(b"/") || output.is_dir() => {
            absolute(output.join(script.stem()))
        }
        Some(output) => absolute(output.to_owned()),
    }
}

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
        .about(script.typed().to_string_lossy())
        .hint("name another file, for example `-o FILE` with `build`, `--name NAME` with `promote`"))
}

#[cold]
pub(crate) fn cannot(what: &str, path: &Path, error: io::Error) -> Error {
    Error::new(
        Step::Install,
        anyhow::Error::new(bare(error)).context(format!("cannot {what} `{}`", path.display())),
    )
}

/// Writes a program to `destination` by rename; returns the digest of what was written.
pub(crate) fn put(program: &Program, destination: &Path) -> io::Result<Digest> {
    if fs::symlink_metadata(destination).is_ok_and(|metadata| metadata.is_dir()) {
        return Err(io::Error::from_raw_os_error(libc::EISDIR));
    }
    let directory = destination.parent().unwrap_or(Path::new("/"));
    let mut file = NamedTempFile::with_prefix_in(".runner-", directory)?;
    io::copy(&mut program.open()?, &mut file)?;
    file.as_file().set_permissions(Permissions::from_mode(0o755))?;
    file.as_file().sync_all()?;
    let digest = Digest::of_file(file.path())?;
    file.persist(destination).map_err(|error| error.error)?;
    Ok(digest)
}

/// Writes a small private file by rename, and the directories above it.
pub(crate) fn put_bytes(bytes: &[u8], destination: &Path) -> io::Result<()> {
    let directory = destination.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut file = NamedTempFile::with_prefix_in(".runner-", directory)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(destination).map_err(|error| error.error)?;
    Ok(())
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
