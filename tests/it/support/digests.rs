//! Digests: of files, and without those in paths.

use std::path::Path;
use std::process::Command;

/// A digest names what nobody wrote down: `ab/ab12…` is `$ID`.
pub fn without_digests(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let is_digest = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut out: Vec<&str> = Vec::new();
    for part in parts {
        if is_digest(part) {
            out.pop();
            out.push("$ID");
        } else {
            out.push(part);
        }
    }
    out.join("/")
}

/// The sum that `sha256sum` gives.
pub fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}
