//! The origin of a setting: where a value was said.

use std::fmt;
use std::path::PathBuf;

/// Where something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
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

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::CommandLine => formatter.write_str("command line"),
            Source::FirstLine => formatter.write_str("first line"),
            Source::Metadata => formatter.write_str("metadata"),
            Source::Variable(name) => formatter.write_str(name),
            Source::File(path, 0) => write!(formatter, "{}", path.display()),
            Source::File(path, line) => write!(formatter, "{}:{line}", path.display()),
            Source::Default => formatter.write_str("default"),
        }
    }
}
