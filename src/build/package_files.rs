//! Which files of the system belong to no package: its database, which stands for all others, says nothing of these.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustc_hash::FxHashMap;

/// Where dpkg lists the files of each package, one a line: `NAME.list`.
const LISTS: &str = "/var/lib/dpkg/info";

/// Those of these files that no package has. None where there is no list of the files of packages.
pub(crate) fn without_package(paths: &[&Path]) -> Vec<OsString> {
    without_package_of(Path::new(LISTS), paths)
}

fn without_package_of(lists: &Path, paths: &[&Path]) -> Vec<OsString> {
    let mut sought: FxHashMap<&[u8], &OsStr> = FxHashMap::default();
    for path in paths {
        let bytes = path.as_os_str().as_bytes();
        sought.insert(bytes, path.as_os_str());
        // As packages from before the directories of `/` became links to those of `/usr` have it.
        if let Some(below) = bytes.strip_prefix(b"/usr").filter(|below| below.starts_with(b"/")) {
            sought.insert(below, path.as_os_str());
        }
    }
    let Ok(entries) = std::fs::read_dir(lists) else { return Vec::new() };
    let mut missing: Vec<OsString> = paths.iter().map(|path| path.as_os_str().to_owned()).collect();
    let mut has_lists = false;
    for list in entries.flatten().map(|entry| entry.path()) {
        if missing.is_empty() {
            break;
        }
        if list.extension() != Some(OsStr::new("list")) {
            continue;
        }
        let Ok(text) = std::fs::read(&list) else { continue };
        has_lists = true;
        let found = text.split(|byte| *byte == b'\n').filter_map(|line| sought.get(line));
        for path in found {
            missing.retain(|other| other != path);
        }
    }
    if has_lists { missing } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_list_names_is_nobodys() {
        let lists = tempfile::tempdir().unwrap();
        let paths = ["/usr/lib/a.so", "/usr/lib/b.so", "/usr/include/c.h", "/etc/d"].map(Path::new);
        let without = |lists: &Path| without_package_of(lists, &paths);
        assert!(without(&lists.path().join("none")).is_empty());
        assert!(without(lists.path()).is_empty(), "no lists, no knowledge");
        std::fs::write(lists.path().join("one.list"), "/.\n/lib/a.so\n/usr/include\n").unwrap();
        std::fs::write(lists.path().join("two.list"), "/etc/d\n").unwrap();
        std::fs::write(lists.path().join("two.md5sums"), "/usr/lib/b.so\n").unwrap();
        assert_eq!(without(lists.path()), ["/usr/lib/b.so", "/usr/include/c.h"]);
    }
}
