//! The place of a cache: whether what lies there may be trusted and written to, and how directories come to be in it.
//!
//! Its root is ours, 0700 and no symbolic link, or it is refused with the reason: what lies in it would be executed. With
//! such a root nobody else can have put anything below it. What stands in the way of a directory or file is moved aside.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::io::ErrorKind::{AlreadyExists, NotFound};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step, bare};
use crate::store::cache::{Cache, MOST_ATTEMPTS, is_in_the_way};
use crate::store::staging::Staging;

impl Cache {
    /// A cache for one run, somewhere private.
    pub(crate) fn temporary(environment: &Environment) -> Result<Cache> {
        let mut places = vec![environment.temporary_directory()];
        places.extend(["/tmp", "/var/tmp", "/dev/shm"].map(PathBuf::from));
        let mut first_error = None;
        // First a place from which programs may be run (build scripts are), then any.
        for executable in [true, false] {
            for place in places.iter().filter(|place| !executable || !is_noexec(place)) {
                let made = Staging::create_temporary(place).and_then(|directory| {
                    // A full disk lets a directory be made, and nothing be put in it.
                    std::fs::write(directory.path().join("room"), [0; 65536])?;
                    std::fs::remove_file(directory.path().join("room"))?;
                    Ok(directory)
                });
                match made {
                    Ok(directory) => {
                        let root = directory.path().to_owned();
                        let cache = Cache { temporary: Some(directory), ..Cache::at(root) };
                        cache.create()?;
                        return Ok(cache);
                    }
                    Err(error) => first_error.get_or_insert((place.clone(), error)),
                };
            }
        }
        let (place, error) =
            first_error.unwrap_or_else(|| (PathBuf::from("/tmp"), io::ErrorKind::NotFound.into()));
        let context = format!("cannot create a temporary directory in `{}`", place.display());
        Err(Error::new(Step::Cache, anyhow::Error::new(bare(error)).context(context))
            .hint("set `TMPDIR` to a directory you can write to"))
    }

    /// Whether the cache is there. Refuses one that somebody else could have written to, with the reason: what lies in
    /// it would be executed.
    pub(crate) fn exists(&self) -> Result<bool> {
        let metadata = match std::fs::symlink_metadata(&self.root) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(self.unusable("cannot read", error)),
        };
        let refuse = |why: String, hint: String| {
            Err(Error::message(Step::Cache, format!("cache directory `{}` {why}", self.root.display()))
                .hint(hint))
        };
        let elsewhere = "set `RUNNER_CACHE` to a directory of your own".to_owned();
        if metadata.is_symlink() {
            return refuse(
                "is a symbolic link".to_owned(),
                "set `RUNNER_CACHE` to the directory itself".to_owned(),
            );
        }
        if !metadata.is_dir() {
            return refuse("is not a directory".to_owned(), elsewhere);
        }
        let us = rustix::process::geteuid().as_raw();
        if metadata.uid() != us {
            return refuse(format!("belongs to uid {}, not to you (uid {us})", metadata.uid()), elsewhere);
        }
        if metadata.mode() & if self.is_shared { 0o022 } else { 0o077 } != 0 {
            let mode = metadata.mode() & 0o7777;
            let hint = match mode & 0o022 {
                0 => format!("`chmod 700 {}`", self.root.display()),
                _ => "remove it, since others may have put something in it; runner makes it anew".to_owned(),
            };
            return refuse(format!("is open to others (mode {mode:04o})"), hint);
        }
        Ok(true)
    }

    /// Makes what is missing of the cache's directories.
    pub(crate) fn create(&self) -> Result<()> {
        if self.root.as_os_str().as_bytes().contains(&b',') {
            let text = format!(
                "cache directory `{}` has a comma in its name, which rustc takes for a separator",
                self.root.display()
            );
            return Err(Error::message(Step::Cache, text).hint("set `RUNNER_CACHE` to another directory"));
        }
        if self.temporary.is_none() {
            self.check_parents()?;
        }
        if !self.exists()? {
            self.check_parent()?;
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.root);
            made.map_err(|error| self.unusable("cannot create", error))?;
            self.exists()?;
        }
        if self.temporary.is_none() && is_noexec(&self.root) {
            let text =
                format!("cache directory `{}` is on a file system mounted noexec", self.root.display());
            return Err(Error::message(Step::Cache, text)
                .hint("set `RUNNER_CACHE` to a directory from which programs may be run"));
        }
        let parts = ["traces", "bin", "locks", "staging", "toolchains", "deps"].map(|part| self.join(part));
        for directory in std::iter::once(&self.directory).chain(&parts) {
            self.make_directory(directory).map_err(|error| self.unusable("cannot write to", error))?;
        }
        let tag = self.root.join("CACHEDIR.TAG");
        if self.temporary.is_none() && std::fs::symlink_metadata(&tag).is_err() {
            // <https://bford.info/cachedir/>: backup programs leave such directories out.
            let written = self
                .write_whole(&self.root.join("README"), include_bytes!("README"))
                .and_then(|()| self.write_whole(&tag, b"Signature: 8a477f597d28d172789f06886806bc55\n"));
            written.map_err(|error| self.unusable("cannot write to", error))?;
        }
        // Everything else may be there from yesterday, on a disk that is full or read-only today.
        rustix::fs::access(self.join("staging"), rustix::fs::Access::WRITE_OK)
            .map_err(|error| self.unusable("cannot write to", error.into()))?;
        Ok(())
    }

    /// Makes a directory of the cache, if it is not there. What stands in its way (a file, a link to elsewhere) is none of
    /// ours, and goes; one that lost its permissions gets them back.
    pub(crate) fn make_directory(&self, path: &Path) -> io::Result<()> {
        for _ in 0..MOST_ATTEMPTS {
            match std::fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_dir() && metadata.mode() & 0o700 == 0o700 => return Ok(()),
                Ok(metadata) if metadata.is_dir() => {
                    return std::fs::set_permissions(path, Permissions::from_mode(0o700));
                }
                Ok(_) => std::fs::remove_file(path)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            match DirBuilder::new().recursive(true).mode(0o700).create(path) {
                // Another process makes it, or cleans, at the same moment.
                Err(error) if matches!(error.kind(), AlreadyExists | NotFound) => continue,
                other => return other,
            }
        }
        Err(io::Error::other("it is removed as soon as it is made"))
    }

    /// Renames into the cache, where another process may be cleaning.
    pub(super) fn put(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut attempts = 0..MOST_ATTEMPTS;
        loop {
            if let Some(parent) = to.parent().filter(|parent| *parent != self.root) {
                self.make_directory(parent)?;
            }
            match std::fs::rename(from, to) {
                Err(error) if attempts.next().is_none() => return Err(error),
                // Its directory has just been removed.
                Err(error) if error.kind() == NotFound && from.exists() => continue,
                // What is there is of another kind, or damaged: a directory is opened, so that it can be emptied.
                Err(error) if is_in_the_way(&error) => {
                    if std::fs::symlink_metadata(to).is_ok_and(|metadata| metadata.is_dir()) {
                        let _ = std::fs::set_permissions(to, Permissions::from_mode(0o700));
                    }
                    crate::engine::trim::remove(to);
                }
                other => return other,
            }
        }
    }

    /// Where anybody may rename a directory above, a cache of ours may become another one.
    fn check_parents(&self) -> Result<()> {
        for parent in self.root.ancestors().skip(1) {
            if let Ok(metadata) = std::fs::metadata(parent)
                && metadata.mode() & 0o1002 == 0o002
            {
                let text = format!(
                    "anybody may put another cache in the place of `{}`, since `{}` is open to all (mode {:04o})",
                    self.root.display(),
                    parent.display(),
                    metadata.mode() & 0o7777
                );
                return Err(Error::message(Step::Cache, text)
                    .hint(format!("`chmod o-w {}`, or set `RUNNER_CACHE`", parent.display())));
            }
        }
        Ok(())
    }

    /// Root with another's HOME (`sudo`) must not leave its files there.
    fn check_parent(&self) -> Result<()> {
        let us = rustix::process::geteuid().as_raw();
        let nearest = self
            .root
            .ancestors()
            .skip(1)
            .find_map(|parent| std::fs::metadata(parent).ok().map(|m| (parent, m)));
        match nearest {
            Some((parent, metadata)) if metadata.uid() != us && metadata.uid() != 0 => {
                let text = format!(
                    "cannot create cache directory `{}`: `{}` belongs to uid {}, not to you (uid {us})",
                    self.root.display(),
                    parent.display(),
                    metadata.uid()
                );
                Err(Error::message(Step::Cache, text).hint("set `RUNNER_CACHE` to a directory of your own"))
            }
            _ => Ok(()),
        }
    }

    #[cold]
    pub(crate) fn unusable(&self, what: &str, error: io::Error) -> Error {
        let context = format!("{what} cache directory `{}`", self.root.display());
        Error::new(Step::Cache, anyhow::Error::new(bare(error)).context(context))
            .hint("set `RUNNER_CACHE` to a directory you can write to")
    }
}

/// Whether programs may not be run from where `path` is, or will be.
#[cfg(target_os = "linux")]
pub(crate) fn is_noexec(path: &Path) -> bool {
    path.ancestors()
        .find_map(|path| rustix::fs::statvfs(path).ok())
        .is_some_and(|filesystem| filesystem.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC))
}

/// Other systems do not say so in the same words; whoever executes is told.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_noexec(_path: &Path) -> bool {
    false
}
