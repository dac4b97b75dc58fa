//! Standard output and standard error of subcommands: lines, paths and errors.
#![allow(clippy::disallowed_methods)] // This is the one place where the streams are taken.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use runner::command_line::printable;
use serde_json::Value;

/// A path in a list: one line, whatever is in it.
pub(crate) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

/// Prints to standard output.
pub(crate) fn print(text: std::fmt::Arguments<'_>) {
    // A reader that has gone is told so by SIGPIPE.
    let _ = out().lock().write_fmt(text);
}

/// The version of the JSON that subcommands print: `runner help json` says when it changes.
pub(crate) const SCHEMA: u32 = 1;

/// Prints JSON on a line; each object says of which version it is.
pub(crate) fn print_json(value: Value) {
    print(format_args!("{}", json_line(value)));
}

/// The same as text, with its line end.
pub(crate) fn json_line(mut value: Value) -> String {
    match &mut value {
        Value::Array(list) => list.iter_mut().for_each(number),
        one => number(one),
    }
    format!("{value}\n")
}

fn number(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.insert("schema".to_owned(), SCHEMA.into());
    }
}

/// Says an error on stderr: one line, and a hint if there is a cure.
pub(crate) fn tell(error: &runner::Error) {
    let mut stderr = err().lock();
    let _ = writeln!(stderr, "runner: {error}");
    if let Some(hint) = error.cure() {
        let _ = writeln!(stderr, "  hint: {hint}");
    }
}

/// Bytes in the largest unit that fits, as one word.
pub(crate) fn human(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in units {
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1000.0, larger);
    }
    if value < 9.95 && unit != "B" { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

/// Whether a person reads the standard output: lists then have a head and a sum.
pub(crate) fn has_reader() -> bool {
    out().is_terminal()
}

/// Says an error of one of several; the exit code of all is that of the first.
pub(crate) fn tell_one_of_several(error: &runner::Error, code: &mut u8) {
    tell(error);
    if *code == 0 {
        *code = error.exit_code();
    }
}

/// How long ago, in the largest unit that fits.
pub(crate) fn age(seconds: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_secs() as i64);
    match now - seconds {
        ..60 => "now".to_owned(),
        age @ 60..3_600 => format!("{}m ago", age / 60),
        age @ 3_600..86_400 => format!("{}h ago", age / 3_600),
        age => format!("{}d ago", age / 86_400),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_a_word_with_the_largest_unit_that_fits() {
        let expected = [
            (0, "0B"),
            (999, "999B"),
            (1000, "1.0kB"),
            (9_960, "10kB"),
            (454_656, "455kB"),
            (999_600, "1.0MB"),
            (5_000_000_000, "5.0GB"),
            (u64::MAX, "18446744TB"),
        ];
        for (bytes, text) in expected {
            assert_eq!(human(bytes), text, "{bytes}");
        }
    }
}
