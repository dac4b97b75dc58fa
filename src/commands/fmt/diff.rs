//! Shows the differences between two texts line by line, as rustfmt does.

use std::fmt::Write;
use std::time::{Duration, Instant};

use similar::{Algorithm, ChangeTag};

/// How many unchanged lines are shown above and below a change.
const CONTEXT: usize = 3;

/// From then on differences are found faster and may be larger than they had to be.
const PATIENCE: Duration = Duration::from_secs(5);

/// The changes that make one text of another, each under a line with its place; nothing if there are none.
pub(crate) fn show(name: &str, before: &str, after: &str, colors: bool) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let deadline = Some(Instant::now() + PATIENCE);
    let changes = similar::capture_diff_slices_deadline(Algorithm::Myers, &before, &after, deadline);
    let mut out = String::new();
    for group in similar::group_diff_ops(changes, CONTEXT) {
        let line = group.first().map_or(0, |change| change.old_range().start) + 1;
        let _ = writeln!(out, "Diff in {name}:{line}:");
        for change in group.iter().flat_map(|change| change.iter_changes(&before, &after)) {
            let line = change.value().trim_end_matches('\r');
            let _ = match (change.tag(), colors) {
                (ChangeTag::Equal, _) => writeln!(out, " {line}"),
                (ChangeTag::Delete, false) => writeln!(out, "-{line}"),
                (ChangeTag::Insert, false) => writeln!(out, "+{line}"),
                (ChangeTag::Delete, true) => writeln!(out, "\u{1b}[31m-{line}\u{1b}[0m"),
                (ChangeTag::Insert, true) => writeln!(out, "\u{1b}[32m+{line}\u{1b}[0m"),
            };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_what_stands_round_them() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n";
        let after = before.replace("5\n", "five\n").replace("13\n", "");
        let expected = "Diff in s.rs:2:\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\nDiff in s.rs:10:\n 10\n 11\n 12\n-13\n 14\n \n";
        assert_eq!(show("s.rs", before, &after, false), expected);
        assert_eq!(show("s.rs", before, before, false), "");
        assert_eq!(show("s", "a", "b", true), "Diff in s:1:\n\u{1b}[31m-a\u{1b}[0m\n\u{1b}[32m+b\u{1b}[0m\n");
        assert_eq!(show("s", "a\nb\nc", "b\nc\nd", false), "Diff in s:1:\n-a\n b\n c\n+d\n");
        assert_eq!(show("s", "", "a\n", false), "Diff in s:1:\n+a\n \n");
    }
}
