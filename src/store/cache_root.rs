//! The root directory of a cache: the tag that says the directory is runner's own, and who may rename a directory above it.
//!
//! A directory is used, emptied and written to only if it is new, empty, or has the tag (`CACHEDIR.TAG`) or the `README` that
//! runner wrote; or nothing but what a build made again in a cache that was removed under it. Others write a `CACHEDIR.TAG` too, so runner's own says whose it is. The tag is the first file that appears.
//!
//! Whoever may rename a directory above the cache may put another cache in its place between the look and the exec. So every
//! directory above belongs to the user or to root, and nobody else may write to it, except under the sticky bit. A group
//! that only this user is in (as many systems make one for each user) is nobody else.

use std::fs::{DirEntry, File, Metadata, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::store::staging;

/// <https://bford.info/cachedir/>: backup programs leave such directories out.
pub(crate) const TAG: &[u8] =
    b"Signature: 8a477f597d28d172789f06886806bc55\n# This is the cache of `runner`.\n";
/// What the directory is, for a person who finds it.
pub(crate) const README: &[u8] = include_bytes!("cache/README");

/// The mode of a directory in which only the owner of a file may rename it.
const STICKY: u32 = 0o1000;

/// The directory of a cache's format, in which everything is.
pub(crate) const VERSION: &str = "v1";

/// The directories of a cache that are always there.
pub(crate) const PARTS: [&str; 7] = ["traces", "trees", "bin", "locks", "staging", "toolchains", "deps"];

/// What else may be beside them.
const OTHERS: [&str; 4] = ["background", "incremental", "misses", "trimmed"];

/// Whether a directory may be used as a cache: it is runner's own, or nothing is in it.
pub(crate) fn is_own_or_empty(root: &Path) -> std::io::Result<bool> {
    if begins_with(&root.join("CACHEDIR.TAG"), TAG) || begins_with(&root.join("README"), README) {
        return Ok(true);
    }
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        // The tag on its way to its name, written by another process or by one that was killed; and what a build has made again
        // in a cache that was removed under it.
        let is_tag = entry.file_name().as_encoded_bytes().starts_with(staging::FILE_PREFIX.as_bytes());
        if !is_tag && !is_remainder(&entry) {
            // Another process may have put its tag there since, and gone on.
            return Ok(begins_with(&root.join("CACHEDIR.TAG"), TAG));
        }
    }
    Ok(true)
}

/// Whether something is the inner directory of a cache, and nothing is in it but what is in those.
fn is_remainder(entry: &DirEntry) -> bool {
    let is_known = |part: std::io::Result<DirEntry>| {
        part.is_ok_and(|part| PARTS.iter().chain(&OTHERS).any(|known| part.file_name() == *known))
    };
    entry.file_name() == VERSION
        && entry.file_type().is_ok_and(|kind| kind.is_dir())
        && std::fs::read_dir(entry.path()).is_ok_and(|mut parts| parts.all(is_known))
}

/// Whether a regular file begins with these bytes. Anything else, and one that cannot be read, does not.
fn begins_with(path: &Path, expected: &[u8]) -> bool {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let Ok(mut file) = File::options().read(true).custom_flags(flags).open(path) else { return false };
    let mut found = vec![0; expected.len()];
    file.metadata().is_ok_and(|metadata| metadata.is_file())
        && file.read_exact(&mut found).is_ok()
        && found == expected
}

/// The first directory above `root` whose entries somebody else may rename, with its metadata.
pub(crate) fn exchangeable_above(root: &Path) -> Option<(&Path, Metadata)> {
    root.ancestors().skip(1).find_map(|parent| {
        let metadata = std::fs::metadata(parent).ok()?;
        is_exchangeable(&metadata).then_some((parent, metadata))
    })
}

/// Whether somebody else may rename what is in a directory.
fn is_exchangeable(metadata: &Metadata) -> bool {
    let mode = metadata.mode();
    mode & STICKY == 0 && (mode & 0o002 != 0 || mode & 0o020 != 0 && !is_private_group(metadata.gid()))
}

/// Whether a group is the user's own, with no other member. What the files of the system do not say is not taken for granted.
fn is_private_group(group: u32) -> bool {
    let user = rustix::process::geteuid().as_raw();
    // A group of root's is the system's.
    if user == 0 || group != user || group != rustix::process::getegid().as_raw() {
        return false;
    }
    let (Ok(groups), Ok(users)) = (std::fs::read("/etc/group"), std::fs::read("/etc/passwd")) else {
        return false;
    };
    has_no_other_member(group, user, &groups, &users)
}

/// Reads `/etc/group` (`NAME:PASSWORD:GID:MEMBER,MEMBER`) and `/etc/passwd` (`NAME:PASSWORD:UID:GID:…`).
fn has_no_other_member(group: u32, user: u32, groups: &[u8], users: &[u8]) -> bool {
    let number = |field: Option<&&[u8]>| std::str::from_utf8(field.copied()?).ok()?.parse::<u32>().ok();
    let mut own_names: Vec<&[u8]> = Vec::new();
    for line in users.split(|byte| *byte == b'\n') {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        if number(fields.get(2)) == Some(user) {
            own_names.extend(fields.first().copied());
        } else if number(fields.get(3)) == Some(group) {
            return false;
        }
    }
    let mut is_listed = false;
    for line in groups.split(|byte| *byte == b'\n') {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        if number(fields.get(2)) == Some(group) {
            is_listed = true;
            let members = fields.get(3).copied().unwrap_or_default().split(|byte| *byte == b',');
            if members.filter(|name| !name.is_empty()).any(|name| !own_names.contains(&name)) {
                return false;
            }
        }
    }
    is_listed
}

/// What a link in the place of a cache leads to: one's own (or root's) leads where one wants, and what is there is looked at as
/// if it had been named. `None` for any other link.
pub(crate) fn followed(root: &Path, link: &Metadata) -> Option<Metadata> {
    let is_trusted = (link.uid() == rustix::process::geteuid().as_raw() || link.uid() == 0)
        && exchangeable_above(root).is_none();
    let real = is_trusted.then(|| std::fs::canonicalize(root).ok()).flatten()?;
    exchangeable_above(&real).is_none().then(|| std::fs::metadata(real).ok()).flatten()
}

/// Closes a directory that others may write to, if they have put nothing in it: a plain `mkdir` under a generous umask.
pub(crate) fn tighten_empty(root: &Path, metadata: &Metadata) -> bool {
    let close = |mode: u32| std::fs::set_permissions(root, Permissions::from_mode(mode));
    // Closed first, so that nothing can come in behind the look.
    if close(0o700).is_err() {
        return false;
    }
    let is_empty = std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_none());
    if !is_empty {
        let _ = close(metadata.mode() & 0o7777);
    }
    is_empty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_private_if_nobody_else_is_in_it() {
        let users =
            b"root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\nbo:x:1001:1001::/:/bin/sh\n";
        let group = |line: &str| has_no_other_member(1000, 1000, line.as_bytes(), users);
        assert!(group("root:x:0:\nana:x:1000:\n"));
        assert!(group("ana:x:1000:ana\n"));
        assert!(!group("ana:x:1000:ana,bo\n"));
        assert!(!group("ana:x:1000:\nalias:x:1000:bo\n"));
        assert!(!group("root:x:0:\n"), "a group of a directory service may have any member");
        let shared = b"ana:x:1000:1000::/:/bin/sh\nbo:x:1001:1000::/:/bin/sh\n";
        assert!(!has_no_other_member(1000, 1000, b"ana:x:1000:\n", shared));
    }
}
