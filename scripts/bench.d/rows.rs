//! The rows: what each measures, and which figures come of it.

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::clock::{Case, Cases, Clock};
use crate::source::{LANGUAGES, Source};
use crate::table::{
    CARGO_SCRIPT, DEBUG, FAULTS, FLOOR, Figure, PEERS, PROCESSOR, RELEASE, RUNNER, RUST_SCRIPT, Row,
    SCRIPTISTO, STUB, UNOBSERVED, WALL,
};
use crate::tools;
use crate::workshop::{self, Met, Workshop, text};

/// A row's name, whether it is cheap, and how it is measured.
pub type Measure = (&'static str, bool, fn(&mut Bench) -> Result<()>);

pub const ROWS: [Measure; 14] = [
    ("cached", true, Bench::cached),
    ("cached-deps", false, Bench::cached_with_dependencies),
    ("languages", false, Bench::languages),
    ("edit", true, Bench::edit),
    ("edit-c", true, Bench::edit_in_c),
    ("edit-deps", false, Bench::edit_with_dependencies),
    ("lines", false, Bench::lines),
    ("second", false, Bench::second),
    ("first", false, Bench::first),
    ("many", false, Bench::many),
    ("inputs", true, Bench::inputs),
    ("big", false, Bench::big),
    ("memory", true, Bench::memory),
    ("size", true, Bench::size),
];

const EDIT_WITH_DEPENDENCIES: &str = "edit, run, 3 dependencies";

/// Page faults of a cached run: scripts/static.ld has what it touches together. One more is a function that no line there names.
const MOST_FAULTS: f64 = 5.0;

/// What observing may cost beside the bare compiler, which starts a few processes for a Rust script, and more for one in C.
const MOST_OF_RUSTC: f64 = 1.1;
const MOST_OF_GCC: f64 = 1.25;

pub struct Bench {
    pub workshop: Workshop,
    pub rows: Vec<Row>,
    pub figures: Vec<Figure>,
}

impl Bench {
    fn cached(&mut self) -> Result<()> {
        let cases = self.cached_cases("hello", &Source::hello(), &PEERS)?;
        let row = self.clock().measure("cached run", &cases)?;
        // The peers leave nothing in the processor's caches of what a run needs, and one that needs little gains by that.
        let mut alone = cases.clone();
        alone.retain(|(column, _)| [FLOOR, STUB, RUNNER].contains(column));
        let alone = self.clock().measure("cached run, beside the stub alone", &alone)?;
        let overheads = [
            ("cached run", &row, SCRIPTISTO, Some(0.5)),
            ("cached run", &row, RUST_SCRIPT, Some(0.25)),
            ("cached run", &alone, STUB, Some(2.0)),
            ("cached run, among peers", &row, STUB, None),
        ];
        for (label, row, other, most) in overheads {
            let overheads = row.overhead(RUNNER, WALL).zip(row.overhead(other, WALL));
            let ratio = overheads.map(|(ours, theirs)| ours / theirs);
            self.figure(row, format!("{label}, overhead: runner / {other}"), ratio, most, "");
        }
        // What no load disturbs.
        for (column, most) in [(RUNNER, Some(MOST_FAULTS)), (STUB, None)] {
            let faults = row.overhead(column, FAULTS);
            let name = format!("cached run, page faults beyond the program's: {column}");
            self.figure(&row, name, faults, most, "");
            let calls = self.system_calls(&cases, column).zip(self.system_calls(&cases, FLOOR));
            let calls = calls.map(|(all, program)| all - program);
            self.figure(
                &row,
                format!("cached run, system calls beyond the program's: {column}"),
                calls,
                None,
                "",
            );
        }
        self.rows.push(row);
        Ok(())
    }

    fn cached_with_dependencies(&mut self) -> Result<()> {
        self.workshop.fetch()?;
        let cases = self.cached_cases("deps", &Source::with_dependencies(), &PEERS)?;
        self.measure("cached run, 3 dependencies", &cases)
    }

    fn languages(&mut self) -> Result<()> {
        for language in LANGUAGES {
            if !language.compilers.iter().any(|compiler| tools::is_on_path(compiler)) {
                let (name, compilers) = (language.name, language.compilers.join("`, `"));
                eprintln!("bench: cached run, {name}: left out: none of `{compilers}` is on PATH");
                continue;
            }
            let name = format!("hello-{}", language.extension);
            let cases = self.cached_cases(&name, &Source::hello_in(&language), &[STUB])?;
            self.measure(&format!("cached run, {}", language.name), &cases)?;
        }
        Ok(())
    }

    fn edit(&mut self) -> Result<()> {
        self.edit_row("edit, run", "edit", &Source::hello(), 0.7, false)
    }

    fn edit_in_c(&mut self) -> Result<()> {
        let [c, ..] = &LANGUAGES;
        if !c.compilers.iter().any(|compiler| tools::is_on_path(compiler)) {
            eprintln!("bench: edit, run, C: left out: there is no C compiler");
            return Ok(());
        }
        let mut cases = self.workshop.scripts("edit-c", &Source::hello_in(c), Met::Edited)?;
        cases.extend(self.workshop.floor("edit-c", &cases, RUNNER)?);
        let mut row = self.clock().measure("edit, run, C", &cases)?;
        row.add_floor();
        self.figures_of_observing(&row, RUNNER, MOST_OF_GCC);
        self.rows.push(row);
        Ok(())
    }

    fn edit_with_dependencies(&mut self) -> Result<()> {
        self.workshop.fetch()?;
        // Under the name of the cached ones, whose dependencies the peers have built.
        self.edit_row(EDIT_WITH_DEPENDENCIES, "deps", &Source::with_dependencies(), 0.7, false)
    }

    fn lines(&mut self) -> Result<()> {
        for (count, shown) in [(100, "100"), (1000, "1,000"), (5000, "5,000")] {
            self.edit_row(
                &format!("edit, run, {shown} lines"),
                &format!("lines-{count}"),
                &Source::lines(count),
                1.0,
                true,
            )?;
        }
        Ok(())
    }

    fn second(&mut self) -> Result<()> {
        self.workshop.fetch()?;
        let cases = self.workshop.scripts("second", &Source::with_dependencies(), Met::Anew)?;
        let mut row = self.clock().measure("second script, same dependencies", &cases)?;
        // The same call of rustc, if it was measured.
        if let Some(edit) = self.rows.iter().find(|row| row.label == EDIT_WITH_DEPENDENCIES) {
            row.cells.insert(FLOOR, edit.cost(FLOOR));
            let ratio = row.ratio(RELEASE, FLOOR, WALL);
            self.figure(&row, "second script: runner --release / floor", ratio, None, "");
        }
        self.rows.push(row);
        Ok(())
    }

    fn first(&mut self) -> Result<()> {
        let package = self.workshop.fetch()?;
        let mut cases = self.workshop.scripts("first", &Source::with_dependencies(), Met::First)?;
        cases.push((FLOOR, Some(self.workshop.cargo_build(&package))));
        let row = self.clock().measure("first ever run with 3 dependencies", &cases)?;
        let ratio = row.ratio(RELEASE, FLOOR, WALL);
        self.figure(&row, "first ever run: runner --release / floor", ratio, Some(1.03), "");
        let processor = row.ratio(RELEASE, FLOOR, PROCESSOR);
        self.figure(&row, "first ever run, processor time: runner --release / floor", processor, None, "");
        for (title, part) in [("", WALL), (", processor time", PROCESSOR)] {
            let ratio = row.ratio(RELEASE, UNOBSERVED, part);
            self.figure(&row, format!("first ever run{title}: observed / not"), ratio, Some(1.05), "");
        }
        self.rows.push(row);
        Ok(())
    }

    fn many(&mut self) -> Result<()> {
        const MANY: usize = 20_000;
        const ALONE: &str = "alone";
        let script = self.workshop.script("many", &Source::hello())?;
        let caches = ["cache-of-one", "cache-of-many"].map(|name| self.workshop.path(name));
        let [one, many] = caches.each_ref().map(|cache| script.clone().with("RUNNER_CACHE", cache));
        self.clock().rehearse(&many)?;
        workshop::multiply(&caches[1], MANY)?;
        let cases: Cases = vec![(ALONE, Some(one)), (RUNNER, Some(many))];
        let row = self.clock().measure("cached run, among 20,000 scripts", &cases)?;
        let ratio = row.ratio(RUNNER, ALONE, WALL);
        self.figure(&row, "cached run: among 20,000 / alone", ratio, Some(1.05), "");
        self.rows.push(row);
        Ok(())
    }

    fn inputs(&mut self) -> Result<()> {
        let mut alone = 0.0;
        for count in [0, 20, 200] {
            let files: Vec<PathBuf> =
                (0..count).map(|number| self.workshop.path(&format!("input-{number}"))).collect();
            files.iter().try_for_each(|file| fs::write(file, "input\n"))?;
            let cases = self.cached_cases(&format!("inputs-{count}"), &Source::including(&files), &[])?;
            let row = self.clock().measure(&format!("cached run, {count} recorded inputs"), &cases)?;
            let overhead = row.overhead(RUNNER, WALL).unwrap_or_default();
            if count == 0 {
                alone = overhead;
            } else {
                let each = (overhead - alone) / f64::from(count) * 1e6;
                let name = format!("cached run: each of {count} recorded inputs");
                self.figure(&row, name, Some(each), None, " us");
            }
            self.rows.push(row);
        }
        Ok(())
    }

    fn big(&mut self) -> Result<()> {
        let file = self.workshop.path("big");
        File::create(&file)?.set_len(200_000_000)?;
        let cases = self.cached_cases("big-script", &Source::including(&[file]), &[])?;
        let row = self.clock().measure("cached run, 200 MB included", &cases)?;
        // Reading so much takes 20 ms at the least, and hashing it ten times as long.
        let milliseconds = row.overhead(RUNNER, WALL).map(|seconds| seconds * 1e3);
        self.figure(&row, "200 MB included are not read: overhead", milliseconds, Some(5.0), " ms");
        self.rows.push(row);
        Ok(())
    }

    /// Of the process from `runner` to the end of a script that itself needs next to nothing.
    fn memory(&mut self) -> Result<()> {
        let source = Source::of(include_str!("stub.rs"));
        let script = self.workshop.script("memory", &source)?.with("RUSTFLAGS", workshop::BARE);
        let peak = self.workshop.path("peak");
        self.workshop.compile_stub(&peak, &["--cfg=peak"])?;
        for _compile_and_settle in 0..2 {
            self.clock().rehearse(&script)?;
        }
        let words = [text(&peak)].into_iter().chain(script.words).collect();
        let output = self.clock().rehearse(&Case { words, ..script })?.stdout;
        let kibibytes = u64::from_ne_bytes(output.as_slice().try_into().context("no figure came back")?);
        self.megabytes("peak memory of a cached run", kibibytes * 1024, 3.0);
        Ok(())
    }

    fn size(&mut self) -> Result<()> {
        let runner = self.workshop.script("size", &Source::hello())?;
        self.megabytes("the binary", fs::metadata(&runner.words[0])?.len(), 3.0);
        Ok(())
    }

    // --- what rows are made of ---

    fn clock(&self) -> &Clock {
        &self.workshop.clock
    }

    /// A row without figures.
    fn measure(&mut self, label: &str, cases: &Cases) -> Result<()> {
        let row = self.clock().measure(label, cases)?;
        self.rows.push(row);
        Ok(())
    }

    /// With some of the peers, and the stub if there are any.
    fn cached_cases(&self, name: &str, source: &Source, others: &[&str]) -> Result<Cases> {
        let mut cases = self.workshop.scripts(name, source, Met::Again)?;
        cases.retain(|(column, _)| *column == RUNNER || others.contains(column));
        let program = self.workshop.program(name, &cases)?;
        cases.push((FLOOR, Some(Case::of([&program]))));
        let stub = self.workshop.stub();
        if !others.is_empty() {
            cases.push((STUB, stub.exists().then(|| Case::of([&stub, &program]))));
        }
        Ok(cases)
    }

    fn system_calls(&self, cases: &Cases, column: &str) -> Option<f64> {
        let (_, case) = cases.iter().find(|(other, _)| *other == column)?;
        self.clock().system_calls(case.as_ref()?)
    }

    /// The floor of an edit is the call of rustc that runner makes, as one would type it, and then the program. Long scripts are
    /// for whether time goes with length: in the columns that README has, and without a rehearsal, as they have no dependencies.
    fn edit_row(
        &mut self,
        label: &str,
        name: &str,
        source: &Source,
        most_of_cargo: f64,
        is_long: bool,
    ) -> Result<()> {
        let mut cases = self.workshop.scripts(name, source, Met::Edited)?;
        cases.retain(|(column, _)| !(is_long && [UNOBSERVED, DEBUG].contains(column)));
        cases.extend(self.workshop.floor(name, &cases, RELEASE)?);
        for case in cases.iter_mut().filter_map(|(_, case)| case.as_mut()) {
            case.is_ready = is_long;
        }
        let mut row = self.clock().measure(label, &cases)?;
        row.add_floor();
        self.figures_of_observing(&row, RELEASE, MOST_OF_RUSTC);
        for (column, most) in [(RUNNER, Some(most_of_cargo)), (DEBUG, None)] {
            let ratio = row.ratio(column, CARGO_SCRIPT, WALL);
            self.figure(&row, format!("{label}: {column} / cargo -Zscript"), ratio, most, "");
        }
        self.rows.push(row);
        Ok(())
    }

    /// What an edit costs beside the bare compiler and the program, observed and not.
    fn figures_of_observing(&mut self, row: &Row, column: &str, most: f64) {
        for (title, part) in [("", WALL), (", processor time", PROCESSOR)] {
            for (column, most) in [(column, Some(most)), (UNOBSERVED, None)] {
                let ratio = row.ratio(column, FLOOR, part);
                self.figure(row, format!("{}{title}: {column} / floor", row.label), ratio, most, "");
            }
        }
    }

    fn megabytes(&mut self, name: &str, bytes: u64, most: f64) {
        self.figure(&Row::named(name), name, Some(bytes as f64 / 1e6), Some(most), " MB");
    }

    /// A figure; nothing if what it is made of was not measured, and no limit rests on it.
    pub fn figure(
        &mut self,
        row: &Row,
        name: impl Into<String>,
        value: Option<f64>,
        most: Option<f64>,
        unit: &'static str,
    ) {
        if value.is_some() || most.is_some() {
            self.figures.push(Figure {
                name: name.into(),
                value,
                most,
                unit,
                is_disturbed: row.is_disturbed(),
            });
        }
    }
}
