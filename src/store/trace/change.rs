//! One input that changed since the last build, as `runner why` shows it.

use std::fmt;
use std::path::Path;

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What kind of thing: `file`, `directory`, `variable`, `command`, `binary` or `script`.
    pub kind: &'static str,
    /// Its path or name.
    pub name: String,
    /// What it was.
    pub old: String,
    /// What it is.
    pub new: String,
}

impl Change {
    pub(crate) fn new(kind: &'static str, name: &Path, old: &str, new: &str) -> Change {
        Change { kind, name: name.to_string_lossy().into_owned(), old: old.to_owned(), new: new.to_owned() }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { kind, name, old, new } = self;
        match *kind {
            "options" => write!(formatter, "options were `{old}`, are `{new}`"),
            _ => write!(formatter, "{kind} `{name}` was {old}, is {new}"),
        }
    }
}
