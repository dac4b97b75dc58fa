//! What was measured: rows and figures, and how they are shown.

use std::collections::BTreeMap;

use crate::load::Disturbance;

/// A program, and what else it is measured against.
pub const FLOOR: &str = "floor";
pub const STUB: &str = "stub + binary";
/// As it is shipped: provisional builds and all.
pub const RUNNER: &str = "runner";
/// Like with like against the peers that optimize, and against the one that does not.
pub const RELEASE: &str = "runner --release";
pub const DEBUG: &str = "runner --debug";
/// The price of observing what compilers read, by its absence.
pub const UNOBSERVED: &str = "release, RUNNER_OBSERVE=off";
pub const SCRIPTISTO: &str = "scriptisto";
pub const RUST_SCRIPT: &str = "rust-script";
pub const CARGO_SCRIPT: &str = "cargo -Zscript";
pub const GO: &str = "go run";
pub const PEERS: [&str; 4] = [SCRIPTISTO, RUST_SCRIPT, CARGO_SCRIPT, GO];
const COLUMNS: [&str; 10] =
    [FLOOR, STUB, RUNNER, RELEASE, UNOBSERVED, DEBUG, SCRIPTISTO, RUST_SCRIPT, CARGO_SCRIPT, GO];

/// The halves of the floor of an edit, which are not shown.
pub const RUSTC: &str = "compiler";
pub const PROGRAM: &str = "program";

/// What one run took, or the medians of many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Seconds, of a clock on the wall and of the processors.
    pub wall: f64,
    pub processor: f64,
    /// Page faults.
    pub faults: f64,
}

/// One of the figures of a cost.
pub type Part = fn(Cost) -> f64;
pub const WALL: Part = |cost| cost.wall;
pub const PROCESSOR: Part = |cost| cost.processor;
pub const FAULTS: Part = |cost| cost.faults;

impl Cost {
    /// `None` of no runs.
    pub fn median(costs: &[Cost]) -> Option<Cost> {
        let median = |part: Part| {
            let mut parts: Vec<f64> = costs.iter().copied().map(part).collect();
            parts.sort_by(f64::total_cmp);
            Some((parts.get(parts.len().saturating_sub(1) / 2)? + parts.get(parts.len() / 2)?) / 2.0)
        };
        Some(Cost { wall: median(WALL)?, processor: median(PROCESSOR)?, faults: median(FAULTS)? })
    }

    pub fn minus(self, other: Cost) -> Cost {
        self.with(other, |one, other| one - other)
    }

    fn plus(self, other: Cost) -> Cost {
        self.with(other, |one, other| one + other)
    }

    fn with(self, other: Cost, joined: fn(f64, f64) -> f64) -> Cost {
        let part = |part: Part| joined(part(self), part(other));
        Cost { wall: part(WALL), processor: part(PROCESSOR), faults: part(FAULTS) }
    }
}

/// Costs, a column each; `None` is a tool that is missing.
pub struct Row {
    pub label: String,
    pub cells: BTreeMap<&'static str, Option<Cost>>,
    /// What each column takes beyond the program itself: the medians of the differences within a turn, as what disturbs a whole
    /// turn is in both.
    pub overheads: BTreeMap<&'static str, Option<Cost>>,
    pub disturbance: Option<Disturbance>,
}

impl Row {
    pub fn named(label: &str) -> Row {
        Row { label: label.to_owned(), cells: BTreeMap::new(), overheads: BTreeMap::new(), disturbance: None }
    }

    pub fn cost(&self, column: &str) -> Option<Cost> {
        self.cells.get(column).copied().flatten()
    }

    pub fn wall(&self, column: &str) -> Option<f64> {
        self.cost(column).map(WALL)
    }

    /// What a column takes beyond the program itself, of some part of the cost.
    pub fn overhead(&self, column: &str, part: Part) -> Option<f64> {
        self.overheads.get(column).copied().flatten().map(part)
    }

    pub fn ratio(&self, of: &str, to: &str, part: Part) -> Option<f64> {
        Some(part(self.cost(of)?) / part(self.cost(to)?))
    }

    /// The floor of an edit: the compiler, and then the program.
    pub fn add_floor(&mut self) {
        let floor = self.cost(RUSTC).zip(self.cost(PROGRAM)).map(|(one, other)| one.plus(other));
        self.cells.insert(FLOOR, floor);
    }

    pub fn is_disturbed(&self) -> bool {
        self.disturbance.is_some_and(Disturbance::is_much)
    }

    pub fn degree(&self) -> f64 {
        self.disturbance.map_or(0.0, Disturbance::degree)
    }

    pub fn disturbance_told(&self) -> String {
        self.disturbance.map(Disturbance::told).unwrap_or_default()
    }

    fn shown(&self, column: &str, part: Part) -> String {
        match self.cells.get(column).map(|cost| cost.map(part)) {
            None => String::new(),
            Some(None) => "missing".to_owned(),
            Some(Some(seconds)) if seconds < 0.01 => format!("{:.3} ms", seconds * 1e3),
            Some(Some(seconds)) if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
            Some(Some(seconds)) => format!("{seconds:.2} s"),
        }
    }
}

/// A figure that the project has promised something about, or would like to know.
pub struct Figure {
    pub name: String,
    /// `None` if what it is measured against is missing.
    pub value: Option<f64>,
    pub most: Option<f64>,
    pub unit: &'static str,
    /// Whether its row was.
    pub is_disturbed: bool,
}

impl Figure {
    /// What the machine's other work may have done proves nothing.
    pub fn is_missed(&self) -> bool {
        self.is_above() && !self.is_disturbed
    }

    fn is_above(&self) -> bool {
        matches!((self.value, self.most), (Some(value), Some(most)) if value > most)
    }

    fn shown(&self) -> Vec<String> {
        let number = |number: f64| format!("{number:.3}{}", self.unit);
        let verdict = match (self.value, self.most) {
            (None, _) => "missing",
            (_, None) => "",
            _ if self.is_missed() => "MISSED",
            _ if self.is_above() => "above, but disturbed",
            _ => "ok",
        };
        let most = self.most.map(|most| format!("at most {most}{}", self.unit));
        vec![
            self.name.clone(),
            self.value.map(number).unwrap_or_default(),
            most.unwrap_or_default(),
            verdict.to_owned(),
        ]
    }
}

pub fn print(rows: &[Row], figures: &[Figure]) {
    for (title, part) in
        [("time", WALL), ("processor time", PROCESSOR)].into_iter().filter(|_| !rows.is_empty())
    {
        let mut lines = vec![[title].into_iter().chain(COLUMNS).map(str::to_owned).collect()];
        lines.extend(rows.iter().map(|row| {
            let mark = if row.is_disturbed() { " (disturbed)" } else { "" };
            let label = format!("{}{mark}", row.label);
            [label].into_iter().chain(COLUMNS.map(|column| row.shown(column, part))).collect()
        }));
        print_markdown(&lines);
    }
    if !figures.is_empty() {
        let mut lines = vec![["figure", "measured", "limit", ""].map(str::to_owned).to_vec()];
        lines.extend(figures.iter().map(Figure::shown));
        print_markdown(&lines);
    }
}

/// A table of which the first line is the head; the first column is text, the others are figures.
pub fn print_markdown(lines: &[Vec<String>]) {
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
