//! The origin of a setting: where a value was said.

use std::fmt;
use std::path::PathBuf;

/// Where something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// An option before the script.
    CommandLine,
    /// The script's `#!` line.
    FirstLine,
    /// The script's metadata.
    Metadata,
    /// The variable of this name.
    Variable(String),
    /// A line of the configuration file, or of another tool's.
    File(PathBuf, usize),
    /// Nowhere.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::CommandLine => formatter.write_str("command line"),
            Origin::FirstLine => formatter.write_str("first line"),
            Origin::Metadata => formatter.write_str("metadata"),
            Origin::Variable(name) => formatter.write_str(name),
            Origin::File(path, 0) => write!(formatter, "{}", path.display()),
            Origin::File(path, line) => write!(formatter, "{}:{line}", path.display()),
            Origin::Default => formatter.write_str("default"),
        }
    }
}
