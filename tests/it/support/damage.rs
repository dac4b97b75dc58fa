//! Ways to damage a file of the cache.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Damages a file; as far as its times can be set they are what they were.
pub fn damage(path: &Path, how: &str) {
    let bytes = fs::read(path).unwrap();
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let write = |bytes: &[u8]| {
        fs::write(path, bytes).unwrap();
        fs::File::options().append(true).open(path).unwrap().set_modified(modified).unwrap();
    };
    match how {
        "cut" => write(&bytes[..bytes.len() / 2]),
        "empty" => write(b""),
        "flip" => {
            let mut flipped = bytes.clone();
            if let Some(byte) = flipped.get_mut(bytes.len() / 2) {
                *byte ^= 1;
            }
            write(&flipped);
        }
        "unreadable" => fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap(),
        "alien" => write(b"#!/bin/sh\necho wrong\n"),
        _ => fs::remove_file(path).unwrap(),
    }
    match how {
        "directory" => fs::create_dir(path).unwrap(),
        "full directory" => {
            fs::create_dir(path).unwrap();
            fs::write(path.join("alien"), "alien").unwrap();
        }
        "dangling link" => symlink("/nowhere/at/all", path).unwrap(),
        "link" => {
            let alien = path.parent().unwrap().join("alien");
            fs::write(&alien, "#!/bin/sh\necho wrong\n").unwrap();
            fs::set_permissions(&alien, fs::Permissions::from_mode(0o700)).unwrap();
            symlink(&alien, path).unwrap();
        }
        _ => {}
    }
}
