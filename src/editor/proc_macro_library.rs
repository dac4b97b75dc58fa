//! Copies of the dynamic libraries of proc macros, so that the path in a project stays good as long as an editor has it.
//!
//! Cargo's target directory is shared: before the build of another script what is out of date in it goes, and a build
//! puts another library in the same place. rust-analyzer loads all libraries anew whenever a project comes or goes, and
//! expands nothing where one is gone. So each project names a copy of its own, `v1/editor/ID.so`, where the identity is that
//! of the original's path, size, modification time and inode: a macro that was built again gets another name, by which
//! rust-analyzer sees that the project has changed. Trim removes copies by their age, like all that is written for editors.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::base::digest::Fields;
use crate::store::cache::Cache;

/// The copy of a library, made if it is not there; the library itself if none can be made.
pub(crate) fn kept(library: PathBuf, cache: &Cache) -> PathBuf {
    copy(&library, cache).unwrap_or(library)
}

fn copy(library: &Path, cache: &Cache) -> Option<PathBuf> {
    let metadata = fs::metadata(library).ok()?;
    let mut fields = Fields::new("proc macro library");
    fields.push("path", library.as_os_str().as_encoded_bytes());
    let stamp = [metadata.size() as i64, metadata.mtime(), metadata.mtime_nsec(), metadata.ino() as i64];
    stamp.iter().for_each(|number| fields.push("stamp", &number.to_le_bytes()));
    let extension = library.extension().unwrap_or_default();
    let place = cache.join("editor").join(fields.finish().short(32)).with_extension(extension);
    // One that lost its content with the power has another length.
    if fs::metadata(&place).is_ok_and(|copy| copy.len() == metadata.len()) {
        cache.mark_used(&place);
        return Some(place);
    }
    let bytes = fs::read(library).ok()?;
    // Another build may be putting its own in that place.
    if bytes.len() as u64 != metadata.len() {
        return None;
    }
    cache.write_whole(&place, &bytes).ok()?;
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::at(root.path().join("cache"));
        cache.create().unwrap();
        (root, cache)
    }

    #[test]
    fn a_copy_outlives_its_library_and_another_build_has_another() {
        let (root, cache) = cache();
        let library = root.path().join("libmac-0123456789abcdef.so");
        fs::write(&library, "one").unwrap();
        let first = kept(library.clone(), &cache);
        assert_eq!(kept(library.clone(), &cache), first);
        fs::remove_file(&library).unwrap();
        assert_eq!(fs::read_to_string(&first).unwrap(), "one");
        // What is gone is named as it was.
        assert_eq!(kept(library.clone(), &cache), library);
        fs::write(&library, "other").unwrap();
        let second = kept(library, &cache);
        assert_ne!(second, first);
        assert_eq!(fs::read_to_string(second).unwrap(), "other");
        assert_eq!(fs::read_to_string(first).unwrap(), "one");
    }

    #[test]
    fn a_damaged_copy_is_made_again() {
        let (root, cache) = cache();
        let library = root.path().join("libmac.so");
        fs::write(&library, "whole").unwrap();
        let copy = kept(library.clone(), &cache);
        fs::write(&copy, "").unwrap();
        assert_eq!(kept(library, &cache), copy);
        assert_eq!(fs::read_to_string(copy).unwrap(), "whole");
    }
}
