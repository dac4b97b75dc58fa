//! What was measured: rows and limits, and how they are shown.

use std::collections::BTreeMap;

/// A program, and what else it is measured against.
pub const FLOOR: &str = "floor";
pub const STUB: &str = "stub + binary";
/// As it is shipped: tiers and all.
pub const RUNNER: &str = "runner";
/// Like with like against the peers that optimize, and against the one that does not.
pub const RELEASE: &str = "runner --release";
pub const DEBUG: &str = "runner --debug";
pub const SCRIPTISTO: &str = "scriptisto";
pub const RUST_SCRIPT: &str = "rust-script";
pub const CARGO_SCRIPT: &str = "cargo -Zscript";
pub const GO: &str = "go run";
pub const PEERS: [&str; 4] = [SCRIPTISTO, RUST_SCRIPT, CARGO_SCRIPT, GO];
const COLUMNS: [&str; 9] = [FLOOR, STUB, RUNNER, RELEASE, DEBUG, SCRIPTISTO, RUST_SCRIPT, CARGO_SCRIPT, GO];

/// Seconds or bytes, a column each; `None` is a tool that is missing.
#[derive(Default)]
pub struct Row {
    pub label: String,
    pub cells: BTreeMap<&'static str, Option<f64>>,
    /// Seconds of the processors, where they were counted.
    pub processor: BTreeMap<&'static str, f64>,
    pub is_bytes: bool,
}

impl Row {
    pub fn get(&self, column: &str) -> Option<f64> {
        self.cells.get(column).copied().flatten()
    }

    /// What a column takes beyond the program itself.
    pub fn overhead(&self, column: &str) -> Option<f64> {
        Some(self.get(column)? - self.get(FLOOR)?)
    }

    pub fn ratio(&self, of: &str, to: &str) -> Option<f64> {
        Some(self.get(of)? / self.get(to)?)
    }

    fn shown(&self, column: &str) -> String {
        match self.cells.get(column) {
            None => String::new(),
            Some(None) => "missing".to_owned(),
            Some(Some(bytes)) if self.is_bytes => format!("{:.2} MB", bytes / 1e6),
            Some(Some(seconds)) if *seconds < 0.01 => format!("{:.3} ms", seconds * 1e3),
            Some(Some(seconds)) if *seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
            Some(Some(seconds)) => format!("{seconds:.2} s"),
        }
    }
}

/// A figure the project has promised something about, or would like to know.
pub struct Limit {
    pub what: String,
    /// `None` if what it is measured against is missing.
    pub value: Option<f64>,
    pub most: Option<f64>,
    pub unit: &'static str,
}

impl Limit {
    pub fn is_missed(&self) -> bool {
        matches!((self.value, self.most), (Some(value), Some(most)) if value > most)
    }

    fn shown(&self) -> Vec<String> {
        let number = |number: f64| format!("{number:.3}{}", self.unit);
        let verdict = match (self.value, self.most) {
            (None, _) => "missing",
            (_, None) => "",
            _ if self.is_missed() => "MISSED",
            _ => "ok",
        };
        let most = self.most.map(|most| format!("at most {most}{}", self.unit));
        vec![
            self.what.clone(),
            self.value.map(number).unwrap_or_default(),
            most.unwrap_or_default(),
            verdict.to_owned(),
        ]
    }
}

pub fn print(rows: &[Row], limits: &[Limit]) {
    let mut lines = vec![[""].into_iter().chain(COLUMNS).map(str::to_owned).collect()];
    for row in rows {
        lines.push([row.label.clone()].into_iter().chain(COLUMNS.map(|column| row.shown(column))).collect());
    }
    print_markdown(&lines);
    if !limits.is_empty() {
        let mut lines = vec![["ratio", "measured", "limit", ""].map(str::to_owned).to_vec()];
        lines.extend(limits.iter().map(Limit::shown));
        print_markdown(&lines);
    }
}

/// A table of which the first line is the head; the first column is text, the others are figures.
fn print_markdown(lines: &[Vec<String>]) {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).fold(2, usize::max);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    for (number, line) in lines.iter().enumerate() {
        let mut cells = line.iter().zip(&widths);
        let first = cells.next().map(|(cell, width)| format!("{cell:width$}")).unwrap_or_default();
        let rest: String = cells.map(|(cell, width)| format!(" {cell:>width$} |")).collect();
        println!("| {first} |{rest}");
        if number == 0 {
            let rules: String =
                widths[1..].iter().map(|width| format!(" {}: |", "-".repeat(width - 1))).collect();
            println!("| {} |{rules}", "-".repeat(widths[0]));
        }
    }
    println!();
}
