//! Differences between two texts, line by line, as rustfmt shows them.

use std::fmt::Write;

/// How many unchanged lines are shown above and below a change.
const CONTEXT: usize = 3;

/// More pairs of lines than this are not compared: then all between the first and the last change counts as one.
const MOST_PAIRS: usize = 4 << 20;

/// What becomes of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Removed,
    Added,
}

/// The changes that make one text of another, each under a line that says where; nothing if there are none.
pub(crate) fn show(name: &str, before: &str, after: &str, colors: bool) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let lines = script(&before, &after);
    let mut out = String::new();
    let mut number = 1;
    let mut shown_to = 0;
    for (index, (fate, _)) in lines.iter().enumerate() {
        if *fate != Fate::Kept && index >= shown_to {
            let start = index.saturating_sub(CONTEXT).max(shown_to);
            // It ends where nothing changes for long enough.
            let mut end = index;
            let mut quiet = 0;
            while end < lines.len() && quiet < 2 * CONTEXT {
                quiet = if lines[end].0 == Fate::Kept { quiet + 1 } else { 0 };
                end += 1;
            }
            end = end.min(lines.len()) - quiet.saturating_sub(CONTEXT);
            let _ = writeln!(out, "Diff in {name}:{}:", number - (index - start));
            for (fate, line) in &lines[start..end] {
                let line = line.trim_end_matches('\r');
                let _ = match (fate, colors) {
                    (Fate::Kept, _) => writeln!(out, " {line}"),
                    (Fate::Removed, false) => writeln!(out, "-{line}"),
                    (Fate::Added, false) => writeln!(out, "+{line}"),
                    (Fate::Removed, true) => writeln!(out, "\u{1b}[31m-{line}\u{1b}[0m"),
                    (Fate::Added, true) => writeln!(out, "\u{1b}[32m+{line}\u{1b}[0m"),
                };
            }
            shown_to = end;
        }
        number += usize::from(*fate != Fate::Added);
    }
    out
}

/// All lines of both, with what becomes of them: those of the longest common subsequence are kept.
fn script<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(Fate, &'a str)> {
    let same = |one: &&str, two: &&str| one == two;
    let head = before.iter().zip(after).take_while(|(one, two)| same(one, two)).count();
    let tail = before[head..].iter().rev().zip(after[head..].iter().rev());
    let tail = tail.take_while(|(one, two)| same(one, two)).count();
    let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    let mut lines: Vec<_> = before[..head].iter().map(|line| (Fate::Kept, *line)).collect();
    let (mut i, mut j) = (0, 0);
    if old.len().saturating_mul(new.len()) <= MOST_PAIRS {
        // How many lines the rest of both have in common, from each pair of places.
        let width = new.len() + 1;
        let mut common = vec![0_u32; (old.len() + 1) * width];
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                common[i * width + j] = match old[i] == new[j] {
                    true => common[(i + 1) * width + j + 1] + 1,
                    false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
                };
            }
        }
        while i < old.len() && j < new.len() {
            if old[i] == new[j] {
                lines.push((Fate::Kept, old[i]));
                (i, j) = (i + 1, j + 1);
            } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
                lines.push((Fate::Removed, old[i]));
                i += 1;
            } else {
                lines.push((Fate::Added, new[j]));
                j += 1;
            }
        }
    }
    lines.extend(old[i..].iter().map(|line| (Fate::Removed, *line)));
    lines.extend(new[j..].iter().map(|line| (Fate::Added, *line)));
    lines.extend(before[before.len() - tail..].iter().map(|line| (Fate::Kept, *line)));
    lines
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

    #[test]
    fn both_texts_are_in_the_changes() {
        let texts = ["", "a", "a\nb", "b\na\n", "a\nb\na\nb\n", "x\n\n\ny", "b\nb\nb\na\n"];
        for (before, after) in texts.iter().flat_map(|one| texts.map(|two| (*one, two))) {
            let (old, new): (Vec<_>, Vec<_>) = (before.split('\n').collect(), after.split('\n').collect());
            let lines = script(&old, &new);
            let side = |left_out: Fate| -> Vec<&str> {
                lines.iter().filter(|(fate, _)| *fate != left_out).map(|(_, line)| *line).collect()
            };
            assert_eq!((side(Fate::Added), side(Fate::Removed)), (old, new), "{before:?} {after:?}");
        }
    }
}
