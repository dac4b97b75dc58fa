//! The environment variables that a sandboxed program gets.
//!
//! Variables hold tokens and passwords more often than not, so those that are passed on are named. A name that ends in `*`
//! is a prefix.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::request::sandbox_permissions::Grant;

/// What a program may expect to be told. `RUNNER_SCRIPT` is what runner itself tells it.
const ALWAYS: &[&str] =
    &["PATH", "HOME", "USER", "LANG", "LC_*", "TERM", "TZ", "TMPDIR", "NO_COLOR", "RUNNER_SCRIPT"];

/// Whether a variable is passed on, besides those that always are.
pub(super) fn is_passed_on(name: &OsStr, allowed: &Grant<String>) -> bool {
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => name.as_bytes().starts_with(prefix.as_bytes()),
        None => name == pattern,
    };
    match allowed {
        Grant::Everything => true,
        Grant::These(names) => {
            ALWAYS.iter().copied().any(matches) || names.iter().map(String::as_str).any(matches)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_passed_on_by_name_and_prefix() {
        let none = Grant::These(Vec::new());
        let some = Grant::These(vec!["EDITOR".to_owned(), "APP_*".to_owned()]);
        for (name, by_none, by_some) in [
            ("PATH", true, true),
            ("LC_ALL", true, true),
            ("LC_", true, true),
            ("PATHS", false, false),
            ("AWS_SECRET_ACCESS_KEY", false, false),
            ("LD_PRELOAD", false, false),
            ("EDITOR", false, true),
            ("EDITORS", false, false),
            ("APP_TOKEN", false, true),
            ("path", false, false),
        ] {
            assert_eq!(is_passed_on(OsStr::new(name), &none), by_none, "{name}");
            assert_eq!(is_passed_on(OsStr::new(name), &some), by_some, "{name}");
            assert!(is_passed_on(OsStr::new(name), &Grant::Everything));
        }
    }
}
