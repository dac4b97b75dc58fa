//! What is at a name the user gave for an output: devices, FIFOs and links are written through, and only regular files are
//! replaced.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::support::sandbox::{Sandbox, skipped};

/// A device as `/dev/null` is, in the sandbox; `None`, said aloud, where it may not be made.
fn null_device(sandbox: &Sandbox, name: &str) -> Option<PathBuf> {
    let path = sandbox.path(name);
    let made = Command::new("mknod").args(["-m", "666"]).arg(&path).args(["c", "1", "3"]).output().unwrap();
    let is_usable = made.status.success() && fs::write(&path, "x").is_ok();
    if !is_usable {
        skipped("no right to make a device");
    }
    is_usable.then_some(path)
}

fn fifo(sandbox: &Sandbox, name: &str) -> PathBuf {
    let path = sandbox.path(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Reads a FIFO to its end meanwhile.
fn reading(path: &Path) -> thread::JoinHandle<Vec<u8>> {
    let path = path.to_owned();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    })
}

#[test]
fn an_output_goes_into_a_device_which_stays() {
    let sandbox = Sandbox::fake_hi();
    let Some(device) = null_device(&sandbox, "null") else { return };
    symlink("null", sandbox.path("link")).unwrap();
    for output in ["null", "link"] {
        sandbox.runner(["build", "x.rs", "-o", output]).run().prints("");
        assert!(fs::metadata(&device).unwrap().file_type().is_char_device());
    }
    assert!(sandbox.path("link").is_symlink());
    let ran = sandbox.runner(["build", "--json", "x.rs", "-o", "null"]).run();
    assert!(ran.code == 0 && !ran.stdout.contains("\"size\":0"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn an_output_goes_into_a_fifo_and_a_descriptor() {
    let sandbox = Sandbox::fake_hi();
    sandbox.runner(["build", "x.rs", "-o", "whole"]).run().prints("");
    let whole = fs::read(sandbox.path("whole")).unwrap();
    let path = fifo(&sandbox, "fifo");
    let reader = reading(&path);
    let ran = sandbox.runner(["build", "--json", "x.rs", "-o", "fifo"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
    assert_eq!(reader.join().unwrap(), whole);
    for descriptor in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let script = format!(
            "runner build x.rs -o {descriptor} | cmp - whole; runner build x.rs -o {descriptor} > out; cmp out whole"
        );
        sandbox.sh(&script).run().prints("");
    }
}

#[test]
fn a_command_is_never_put_in_the_place_of_a_device() {
    let sandbox = Sandbox::fake_hi();
    let mut places = vec![fifo(&sandbox, "fifo")];
    places.extend(null_device(&sandbox, "null"));
    for place in places {
        let kind = fs::metadata(&place).unwrap().file_type();
        let name = place.file_name().unwrap().to_str().unwrap();
        sandbox.runner(["promote", "--force", "--to", ".", "--name", name, "x.rs"]).run().fails(
            125,
            "is a device, a FIFO or a socket\n  hint: `--name NAME` gives the executable another name",
        );
        assert_eq!(fs::metadata(&place).unwrap().file_type(), kind);
        assert_eq!(sandbox.compiles(), 0);
    }
}

#[test]
fn a_text_that_is_rewritten_keeps_its_links_its_owner_and_its_other_names() {
    let sandbox = Sandbox::fake();
    let text = "//! ```cargo\n//! [package]\n//! edition = \"2021\"\n//! ```\nprint x\n";
    let script = sandbox.write("there/s.rs", text);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o640)).unwrap();
    let is_given = std::os::unix::fs::chown(&script, Some(4242), Some(4242)).is_ok();
    symlink("there/s.rs", sandbox.path("link.rs")).unwrap();
    sandbox.runner(["migrate", "link.rs"]).run().prints("link.rs: rewritten\n");
    let metadata = fs::symlink_metadata(&script).unwrap();
    assert!(sandbox.path("link.rs").is_symlink() && metadata.is_file());
    assert_eq!(metadata.mode() & 0o7777, 0o640);
    if is_given {
        assert_eq!((metadata.uid(), metadata.gid()), (4242, 4242));
    } else {
        skipped("no right to give a file away");
    }
    fs::write(&script, text).unwrap();
    fs::hard_link(&script, sandbox.path("other.rs")).unwrap();
    sandbox.runner(["migrate", "there/s.rs"]).run().prints("there/s.rs: rewritten\n");
    assert_eq!(fs::read(sandbox.path("other.rs")).unwrap(), fs::read(&script).unwrap());
    assert_ne!(fs::read_to_string(&script).unwrap(), text);
}

#[test]
fn an_executable_has_the_permissions_that_the_umask_leaves() {
    let sandbox = Sandbox::fake_hi();
    for (mask, mode) in [("022", 0o755), ("077", 0o700), ("002", 0o775)] {
        sandbox.sh(&format!("umask {mask}; runner build x.rs -o x{mask}")).run().prints("");
        assert_eq!(fs::metadata(sandbox.path(format!("x{mask}"))).unwrap().mode() & 0o7777, mode);
    }
}

/// Formatters and the lock file, with a formatter that is a shell script.
#[test]
fn a_formatted_script_keeps_its_link() {
    let sandbox = Sandbox::fake();
    sandbox.script(sandbox.root().join("bin/clang-format"), "#!/bin/sh\ntr x y\n");
    sandbox.write("there/s.c", "x\n");
    symlink("there/s.c", sandbox.path("link.c")).unwrap();
    sandbox.runner(["fmt", "link.c"]).run().prints("");
    assert!(sandbox.path("link.c").is_symlink());
    assert_eq!(fs::read_to_string(sandbox.path("there/s.c")).unwrap(), "y\n");
}
