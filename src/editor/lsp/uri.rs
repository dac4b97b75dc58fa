//! `file:` URIs and paths.

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The path of a `file:` URI on this machine; `None` for any other.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    if !rest.starts_with('/') {
        return None;
    }
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.as_bytes();
    while let Some((first, more)) = left.split_first() {
        let hex = more.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                left = &more[2..];
            }
            None => {
                bytes.push(*first);
                left = more;
            }
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

/// The URI of an absolute path.
pub(super) fn of(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(*byte))
            }
            // Writing to a `String` does not fail.
            other => drop(write!(uri, "%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_and_paths_are_one_thing() {
        for text in ["/a/b.rs", "/with space/é%", "/"] {
            assert_eq!(path(&of(Path::new(text))).unwrap(), Path::new(text));
        }
        for (uri, expected) in [
            ("file:///a%20b", Some("/a b")),
            ("file://localhost/a", Some("/a")),
            ("file:///a%zz%", Some("/a%zz%")),
            ("file:///%C3%A9", Some("/é")),
            ("untitled:Untitled-1", None),
            ("file://host/share", None),
        ] {
            assert_eq!(path(uri), expected.map(PathBuf::from), "{uri}");
        }
    }
}
