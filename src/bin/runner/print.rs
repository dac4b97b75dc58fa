//! Standard output and standard error of subcommands: lines, paths and errors.
#![allow(clippy::disallowed_methods)] // This is the one place where the streams are taken.

use std::io::{self, Write};
use std::path::Path;

use runner::printable;

/// A path in a list: one line, whatever is in it.
pub(crate) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

/// Prints to standard output.
pub(crate) fn print(text: std::fmt::Arguments<'_>) {
    // A reader that has gone is told so by SIGPIPE.
    let _ = out().lock().write_fmt(text);
}

/// Says an error on stderr: one line, and a hint if there is a cure.
pub(crate) fn tell(error: &runner::Error) {
    let mut stderr = err().lock();
    let _ = writeln!(stderr, "runner: {error}");
    if let Some(hint) = error.cure() {
        let _ = writeln!(stderr, "  hint: {hint}");
    }
}

/// The standard input.
pub(crate) fn input() -> io::Stdin {
    io::stdin()
}

/// The standard output.
pub(crate) fn out() -> io::Stdout {
    io::stdout()
}

/// The standard error.
pub(crate) fn err() -> io::Stderr {
    io::stderr()
}
