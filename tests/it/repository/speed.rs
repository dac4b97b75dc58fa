//! README's part about speed has the form that `scripts/bench --write` gives it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The bench's own file: it needs nothing else of the bench.
#[path = "../../../scripts/bench.d/readme.rs"]
mod readme;

use readme::{COLUMNS, Measured, ROWS, SENTENCES, faults, written};

fn present_readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// Every row in every column, and every figure of every sentence.
fn measured_all() -> Measured {
    let cells = [0.000_744, 0.0123, 0.258_1, 1.0, 13.5, 6.81, 0.0875, 1.5].map(Some);
    let named = SENTENCES.iter().flat_map(|sentence| sentence.split('{').skip(1));
    let figures: BTreeMap<String, f64> =
        named.filter_map(|text| Some((text.split_once('}')?.0.to_owned(), 0.187))).collect();
    Measured {
        machine: "a machine, 2 cores".to_owned(),
        rows: ROWS.iter().map(|row| ((*row).to_owned(), cells)).collect(),
        figures,
    }
}

#[test]
fn the_readme_has_the_form_that_the_bench_writes() {
    assert_eq!(faults(&present_readme()), Vec::<String>::new());
}

#[test]
fn what_was_measured_is_written_and_nothing_else_of_the_readme_changes() {
    let readme = present_readme();
    let (text, left) = written(&readme, &measured_all()).unwrap();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(faults(&text), Vec::<String>::new());
    assert!(
        text.contains(
            "\n| edit, run | 0.744 ms | 12.3 | **258** | 1,000 | 13,500 | 6,810 | 87.5 | 1,500 |\n"
        ),
        "{text}"
    );
    assert!(text.contains("\nMedians, on a machine, 2 cores\n"), "{text}");
    let (before, rest) = readme.split_once(readme::BEGIN).unwrap();
    let (_, after) = rest.split_once(readme::END).unwrap();
    assert!(text.starts_with(before) && text.ends_with(after), "{text}");
}

#[test]
fn rows_and_sentences_that_were_not_measured_stay_as_they_were() {
    let (full, _) = written(&present_readme(), &measured_all()).unwrap();
    let mut partly = measured_all();
    partly.rows.remove("edit, run");
    partly.rows.insert("cached run".to_owned(), [Some(3.25); COLUMNS]);
    partly.figures.remove("the binary");
    let (text, left) = written(&full, &partly).unwrap();
    assert_eq!(left, ["edit, run", "A cached run needs"]);
    let different: Vec<&str> = text.lines().filter(|line| !full.lines().any(|old| old == *line)).collect();
    assert_eq!(different, ["| cached run | 3.2 s | 3.2 | **3.2** | 3.2 | 3.2 | 3.2 | 3.2 | 3.2 |"]);
    assert_eq!(text.lines().count(), full.lines().count());
}

#[test]
fn nothing_measured_leaves_everything_as_it_was() {
    let (full, _) = written(&present_readme(), &measured_all()).unwrap();
    let nothing = Measured { machine: measured_all().machine, ..Measured::default() };
    let (text, left) = written(&full, &nothing).unwrap();
    assert_eq!(text, full);
    assert_eq!(left.len(), ROWS.len() + SENTENCES.len());
}

#[test]
fn what_a_hand_wrote_into_it_is_found() {
    let (full, _) = written(&present_readme(), &measured_all()).unwrap();
    for (from, to) in [
        ("| cached run, C |", "| cached run in C |"),
        ("**258**", "258"),
        (" 13,500 |", " much |"),
        ("0.744 ms", "0.744"),
        ("- Overhead", "Overhead"),
        ("0.19 times scriptisto's", "few times scriptisto's"),
        ("| floor | stub", "| stub | floor"),
        ("Medians, on", "Means, on"),
        (readme::END, ""),
    ] {
        let by_hand = full.replacen(from, to, 1);
        assert_ne!(by_hand, full, "{from}");
        assert_ne!(faults(&by_hand), Vec::<String>::new(), "{to}");
    }
}
