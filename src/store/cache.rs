//! Lays out the cache directory, decides who may use it, and puts files into it.
//!
//! ```text
//! $RUNNER_CACHE or <cache directory of the user>/runner/      0700, ours, not a symbolic link
//!   CACHEDIR.TAG  README
//!   v1/traces/ab/ab12…        one text file a launch id (see `trace`)
//!   v1/bin/cd/cd34…/NAME      one binary, immutable, under the script's own name; cd34… is its digest (with NAME)
//!   v1/locks/ab12…            one builder at a time
//!   v1/staging/               where builds happen; what a crash left is removed by the next miss
//!   v1/crates/                 what the version of a package was resolved to (see `registry`)
//!   v1/toolchains/            what a compiler said of itself, by its stamp
//!   v1/incremental/           what compilers remember of scripts that are edited (see `incremental`)
//!   v1/deps/TOOLCHAIN/        dependency environments (see `deps`)
//!   v1/trimmed                when `trim` last ran
//!   v1/misses                 a byte each (see `usage_counts`); also v1/remote-questions, -hits, -failures
//!   v1/remote-down            when a remote cache failed last, and why
//!   v1/complained             what was last said of the configuration file
//! ```
//!
//! Its root is ours, 0700 and no symbolic link, or it is refused with the reason: what lies in it would be executed. With
//! such a root nobody else can have put anything below it. What stands in the way of a directory or file is moved aside.

use std::fs::{DirBuilder, File, Permissions};
use std::io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, IsADirectory, NotADirectory, NotFound};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step, bare};
use crate::base::fs::{Mode, remove, remove_in, size_of};
use crate::store::cache_root;
use crate::store::key::Key;
use crate::store::lock::Lock;
use crate::store::staging::{self, Staging};

/// How often a step is tried again that another process, cleaning, has just undone.
const MOST_ATTEMPTS: usize = 64;

/// Where binaries, traces and dependency environments are kept.
#[derive(Debug)]
pub(crate) struct Cache {
    root: PathBuf,
    directory: PathBuf,
    /// A cache for one run, removed when dropped.
    temporary: Option<Staging>,
    /// Whether the directory was found to be no other program's.
    is_own: OnceLock<()>,
}

impl Cache {
    /// The cache at `root`, which need not exist yet.
    pub(crate) fn at(root: PathBuf) -> Cache {
        Cache { directory: root.join(cache_root::VERSION), root, temporary: None, is_own: OnceLock::new() }
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `v1`: the directory all paths in traces are relative to.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file or directory of this version of the cache.
    pub(crate) fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.directory.join(path)
    }

    pub(crate) fn trace_path(&self, id: &Key) -> PathBuf {
        let hex = id.digest().hex();
        self.join(format!("traces/{}/{hex}", &hex[..2]))
    }

    /// The lock of `id`, if nobody holds it.
    pub(crate) fn try_lock(&self, id: &Key) -> Option<Lock> {
        Lock::try_acquire(&self.lock_path(id)).ok().flatten()
    }

    pub(crate) fn lock_path(&self, id: &Key) -> PathBuf {
        self.join("locks").join(id.digest().hex())
    }

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
        let metadata = match metadata.is_symlink().then(|| cache_root::followed(&self.root, &metadata)) {
            None => metadata,
            Some(Some(metadata)) => metadata,
            Some(None) => {
                let cure = "set `RUNNER_CACHE` to the directory itself".to_owned();
                return refuse("is a symbolic link".to_owned(), cure);
            }
        };
        if !metadata.is_dir() {
            return refuse("is not a directory".to_owned(), elsewhere);
        }
        let us = rustix::process::geteuid().as_raw();
        if metadata.uid() != us {
            return refuse(format!("belongs to uid {}, not to you (uid {us})", metadata.uid()), elsewhere);
        }
        // Others may read what its owner lets them; what runner makes below is private by itself.
        if metadata.mode() & 0o022 != 0 && !cache_root::tighten_empty(&self.root, &metadata) {
            let mode = metadata.mode() & 0o7777;
            let hint = "remove it, since others may have put something in it; runner makes it anew";
            return refuse(format!("is open to others (mode {mode:04o})"), hint.to_owned());
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
        if self.exists()? {
            self.check_own()?;
        } else {
            self.check_parent()?;
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.root);
            made.map_err(|error| self.unusable("cannot create", error))?;
            self.exists()?;
            // Another process may have made something else of it.
            self.check_own()?;
        }
        if self.temporary.is_none() && is_noexec(&self.root) {
            let text =
                format!("cache directory `{}` is on a file system mounted noexec", self.root.display());
            return Err(Error::message(Step::Cache, text)
                .hint("set `RUNNER_CACHE` to a directory from which programs may be run"));
        }
        if self.temporary.is_none() {
            self.write_tag().map_err(|error| self.unusable("cannot write to", error))?;
        }
        let parts = cache_root::PARTS.map(|part| self.join(part));
        for directory in std::iter::once(&self.directory).chain(&parts) {
            self.make_directory(directory).map_err(|error| self.unusable("cannot write to", error))?;
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
    pub(crate) fn put(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.put_unless(from, to, || None::<()>).map(drop)
    }

    /// Renames into the cache, unless something is in the way that is as good: then that.
    pub(crate) fn put_unless<T>(
        &self,
        from: &Path,
        to: &Path,
        as_good: impl Fn() -> Option<T>,
    ) -> io::Result<Option<T>> {
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
                    if let Some(found) = as_good() {
                        return Ok(Some(found));
                    }
                    if std::fs::symlink_metadata(to).is_ok_and(|metadata| metadata.is_dir()) {
                        let _ = std::fs::set_permissions(to, Permissions::from_mode(0o700));
                    }
                    remove(to);
                }
                other => return other.map(|()| None),
            }
        }
    }

    /// Writes what says that the directory is ours, before anything else is in it.
    fn write_tag(&self) -> io::Result<()> {
        for (name, text) in [("CACHEDIR.TAG", cache_root::TAG), ("README", cache_root::README)] {
            let path = self.root.join(name);
            if std::fs::symlink_metadata(&path).is_err() {
                let mut file = staging::file(&self.root)?;
                file.write_all(text)?;
                self.put(file.path(), &path)?;
            }
        }
        Ok(())
    }

    /// Refuses a directory that is in use for something else: what is in the way of a cache is removed there.
    pub(crate) fn check_own(&self) -> Result<()> {
        if self.temporary.is_some() || self.is_own.get().is_some() {
            return Ok(());
        }
        match cache_root::is_own_or_empty(&self.root) {
            Ok(true) => {
                self.is_own.get_or_init(|| ());
                Ok(())
            }
            Ok(false) => {
                let text =
                    format!("directory `{}` is not empty and not a cache of runner's", self.root.display());
                Err(Error::message(Step::Cache, text)
                    .hint("set `RUNNER_CACHE` to a new or an empty directory"))
            }
            Err(error) => Err(self.unusable("cannot read", error)),
        }
    }

    /// Where somebody else may rename a directory above, a cache of ours may become another one.
    fn check_parents(&self) -> Result<()> {
        let Some((parent, metadata)) = cache_root::exchangeable_above(&self.root) else { return Ok(()) };
        let mode = metadata.mode() & 0o7777;
        let (who, whom, bits) = match mode & 0o002 {
            0 => (format!("the members of group {}", metadata.gid()), "them", "g-w"),
            _ => ("anybody".to_owned(), "all", "o-w"),
        };
        let text = format!(
            "{who} may put another cache in the place of `{}`, since `{}` is open to {whom} (mode {mode:04o})",
            self.root.display(),
            parent.display(),
        );
        Err(Error::message(Step::Cache, text)
            .hint(format!("`chmod {bits} {}`, or set `RUNNER_CACHE`", parent.display())))
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

    /// Writes a small sealed file by rename. Not synced: one that lost its content with the power has lost its seal. In a
    /// directory that is another program's nothing is written, not even by what looks at a cache without making it.
    pub(crate) fn write_whole(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.check_own().map_err(io::Error::other)?;
        let mut file = staging::file(&self.join("staging"))?;
        file.write_all(bytes)?;
        self.put(file.path(), path)
    }

    /// Has a file be seen by trim as used just now, if it can.
    pub(crate) fn mark_used(&self, file: &Path) {
        let _ = File::options().append(true).open(file).and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Removes a directory with a lock in it, unless somebody is building there: moved away in one step, so that whoever comes
    /// next begins with an empty one.
    pub(crate) fn remove_unused(&self, directory: &Path, mode: Mode) -> u64 {
        if mode == Mode::Show || !directory.is_dir() {
            return remove_in(mode, directory);
        }
        let Ok(Some(_lock)) = Lock::try_acquire(&directory.join("lock")) else { return 0 };
        let Ok(grave) = Staging::create(&self.join("staging")) else { return 0 };
        let size = size_of(directory);
        match std::fs::rename(directory, grave.path().join("environment")) {
            Ok(()) => size,
            Err(_) => 0,
        }
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

fn is_in_the_way(error: &io::Error) -> bool {
    matches!(error.kind(), DirectoryNotEmpty | AlreadyExists | NotADirectory | IsADirectory)
}
