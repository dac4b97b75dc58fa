//! Writing to a name the user gave, as compilers and `cp` do: the one place for `build -o`, `SCRIPT.lock`, `fmt` and `migrate`.
//!
//! | what is there | what happens |
//! | --- | --- |
//! | nothing, or a regular file | the output is written beside it and renamed over it: whole or not at all |
//! | a link | followed, and the same is asked of the path it leads to |
//! | a device or a FIFO | it is written into, and stays |
//! | a descriptor (`/dev/stdout`, `/proc/self/fd/3`) | it is written into: a rename would leave who holds it without it |
//! | a directory or a socket | an error |

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::base::fs::UNFINISHED_PREFIX;

/// As many links as Linux follows.
const MOST_LINKS: usize = 40;

/// The permissions of a regular file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Those of the file that is replaced, its owner too; a new one is as `creat(2)` makes it, without what the umask takes.
    OfText,
    /// Executable, without what the umask takes.
    OfProgram,
}

/// What a name stands for.
#[derive(Debug)]
enum Place {
    /// What is renamed over, whether it is there or not.
    Regular(PathBuf),
    /// What is opened and written into.
    Stream,
}

impl Place {
    fn find(path: &Path) -> io::Result<Place> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let metadata = match fs::symlink_metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::Regular(path)),
                Err(error) => return Err(error),
            };
            let kind = metadata.file_type();
            if kind.is_dir() {
                return Err(io::Error::from_raw_os_error(libc::EISDIR));
            } else if kind.is_file() {
                return Ok(Place::Regular(path));
            } else if kind.is_socket() {
                return Err(io::Error::from_raw_os_error(libc::ENXIO));
            } else if !kind.is_symlink() {
                return Ok(Place::Stream);
            }
            // `/dev/stdout` is `/proc/self/fd/1`, a link whose text may name nothing: `pipe:[1]`.
            let directory = fs::canonicalize(directory_of(&path))?;
            if directory.starts_with("/proc") {
                return Ok(Place::Stream);
            }
            path = directory.join(fs::read_link(&path)?);
        }
        Err(io::Error::from_raw_os_error(libc::ELOOP))
    }
}

/// Writes what `content` gives to a name the user gave.
pub(crate) fn write(path: &Path, permission: Permission, content: &mut dyn io::Read) -> io::Result<()> {
    let path = match Place::find(path)? {
        Place::Regular(path) => path,
        Place::Stream => {
            let mut stream = OpenOptions::new().write(true).truncate(true).open(path)?;
            return io::copy(content, &mut stream).map(drop);
        }
    };
    let replaced = match permission {
        Permission::OfText => fs::metadata(&path).ok(),
        Permission::OfProgram => None,
    };
    let mode = match permission {
        Permission::OfText => 0o666,
        Permission::OfProgram => 0o777,
    };
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED_PREFIX).permissions(Permissions::from_mode(mode));
    let mut file = builder.tempfile_in(directory_of(&path))?;
    io::copy(content, &mut file)?;
    if let Some(replaced) = replaced {
        let is_given = fchown(file.as_file(), Some(replaced.uid()), Some(replaced.gid())).is_ok();
        let own = file.as_file().metadata()?;
        // Where it cannot be given away, who may write the file still may. Another name of the same file would keep the old
        // text, and a new file would not have what programs noted on this one.
        if !is_given && own.uid() != replaced.uid() || replaced.nlink() > 1 || has_attributes(&path) {
            file.as_file().sync_all()?;
            let written = overwrite(&path, &mut File::open(file.path())?);
            // What was half written is whole there.
            return written.inspect_err(|_| file.disable_cleanup(true));
        }
        file.as_file().set_permissions(replaced.permissions())?;
    }
    file.as_file().sync_all()?;
    // Closed before it has its name: who executes what is open for writing is told that the text file is busy.
    file.into_temp_path().persist(&path).map_err(|error| error.error)
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if directory == Path::new("") => Path::new("."),
        Some(directory) => directory,
        None => Path::new("/"),
    }
}

/// Writes into a file that keeps its inode.
fn overwrite(path: &Path, content: &mut File) -> io::Result<()> {
    // Not emptied first: until the last byte is written the old ones are there.
    let mut file = File::options().write(true).open(path)?;
    let length = io::copy(content, &mut file)?;
    file.set_len(length)?;
    file.sync_all()
}

/// Whether a file has attributes that a new one would not have: lists of who may do what, notes of programs.
#[cfg(target_os = "linux")]
fn has_attributes(path: &Path) -> bool {
    /// Given to every new file by the system.
    const LABEL: &[u8] = b"security.selinux";
    let mut names = [0; 4096];
    match rustix::fs::listxattr(path, &mut names) {
        Ok(length) => {
            let mut names = names[..length].split(|byte| *byte == 0);
            names.any(|name| !name.is_empty() && name != LABEL)
        }
        // More than that is some.
        Err(error) => error == rustix::io::Errno::RANGE,
    }
}

/// Other systems copy none, and are not asked.
#[cfg(not(target_os = "linux"))]
fn has_attributes(_path: &Path) -> bool {
    false
}
