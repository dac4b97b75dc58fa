//! Where a script is found, and what it is called.

use super::*;

#[test]
fn a_script_is_known_by_its_real_path() {
    let directory = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(directory.path()).unwrap();
    std::fs::create_dir(root.join("d")).unwrap();
    std::fs::write(root.join("d/s.rs"), "x").unwrap();
    std::os::unix::fs::symlink("d", root.join("link")).unwrap();
    for spelling in ["d/s.rs", "d/./s.rs", "d/../d/s.rs", "link/s.rs", "link/../d/s.rs"] {
        let typed = root.join(spelling);
        let script = Script::read(typed.as_os_str(), &Environment::fixed([])).unwrap();
        assert_eq!(script.real_path(), Some(root.join("d/s.rs").as_path()), "{spelling}");
        assert_eq!(script.resolve().path(), script.real_path());
    }
}

#[test]
fn descriptors_are_told_from_files() {
    for path in ["/dev/fd/63", "/proc/self/fd/5", "/proc/12/fd/0", "/dev/stdin"] {
        assert!(is_descriptor(Path::new(path)), "{path}");
    }
    for path in ["/dev/shm/x", "/proc/version", "fd/3", "/home/fd/x.rs"] {
        assert!(!is_descriptor(Path::new(path)), "{path}");
    }
}
