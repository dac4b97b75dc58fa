//! README's part about speed: its form, and how a measurement becomes it.
//!
//! Between two marks stand the machine, a table, and a list of sentences. A line that was not measured, or was disturbed, stays
//! as it was. The tests of the repository hold README to this form, too, so that nothing here needs the rest of the bench.

use std::collections::BTreeMap;

pub const BEGIN: &str = "<!-- From here on by `scripts/bench --write`. -->";
pub const END: &str = "<!-- To here by `scripts/bench --write`. -->";

/// The machine is named after this.
const MACHINE: &str = "Medians, on ";

/// The head of the table. Of the columns, ours is set in bold.
const HEAD: &str = "| | floor | stub without libc | runner | `--release` | scriptisto | rust-script | cargo -Zscript | go run |\n\
    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
pub const COLUMNS: usize = 8;
const OURS: usize = 2;

/// The rows in their order.
pub const ROWS: [&str; 15] = [
    "cached run",
    "cached run, 3 dependencies",
    "cached run, C",
    "cached run, Go",
    "cached run, Zig",
    "cached run, D",
    "cached run, Nim",
    "edit, run",
    "edit, run, C",
    "edit, run, 3 dependencies",
    "edit, run, 100 lines",
    "edit, run, 1,000 lines",
    "edit, run, 5,000 lines",
    "second script, same dependencies",
    "first ever run with 3 dependencies",
];

/// The sentences in their order, with names of figures in braces.
pub const SENTENCES: [&str; 7] = [
    "- Overhead of a cached run: {cached run, overhead: runner / scriptisto} times scriptisto's, \
     {cached run, overhead: runner / rust-script} times rust-script's, \
     {cached run, overhead: runner / stub + binary} times that of a stub without libc, and \
     {cached run, among peers, overhead: runner / stub + binary} times where peers ran in between.",
    "- Among 20,000 cached scripts a cached run takes {cached run: among 20,000 / alone} times as long as alone.",
    "- Each recorded input adds {cached run: each of 200 recorded inputs} µs; 200 MB of `include_bytes!` are not read.",
    "- A cached run needs {peak memory of a cached run} MB of memory; the static binary has {the binary} MB.",
    "- An edit takes {edit, run: runner / cargo -Zscript} times as long as with cargo -Zscript, \
     {edit, run, 3 dependencies: runner / cargo -Zscript} with three dependencies.",
    "- Observing what compilers read is in these: an edit takes {edit, run: runner --release / floor} times as long as bare \
     rustc, {edit, run, C: runner / floor} in C as the bare compiler.",
    "- A first run in release, with three dependencies, takes {first ever run: runner --release / floor} times as long as \
     `cargo build --release`, the floor of its row.",
];

/// What was measured and was not disturbed.
#[derive(Default)]
pub struct Measured {
    pub machine: String,
    /// Seconds of each column by the row's label.
    pub rows: BTreeMap<String, [Option<f64>; COLUMNS]>,
    /// Figures by their names.
    pub figures: BTreeMap<String, f64>,
}

/// README with what was measured, and the lines that stayed as they were or are not there, since they were not.
///
/// # Errors
/// README has not the two marks.
pub fn written(readme: &str, measured: &Measured) -> Result<(String, Vec<String>), String> {
    let (before, old, after) = parts(readme)?;
    let mut left = Vec::new();
    let mut lines = |known: &[&str], key: fn(&str) -> String, new: &dyn Fn(&str) -> Option<String>| {
        let mut lines = String::new();
        for known in known {
            let key = key(known);
            let line = new(known).or_else(|| {
                left.push(key.trim_start_matches(['|', '-', ' ']).trim_end_matches(['|', ' ']).to_owned());
                old.lines().find(|line| line.starts_with(&key)).map(str::to_owned)
            });
            lines.extend(line.map(|line| line + "\n"));
        }
        lines
    };
    let row = |label: &str| measured.rows.get(label).and_then(|cells| shown_row(label, cells));
    let rows = lines(&ROWS, row_key, &row);
    let sentence = |sentence: &str| shown_sentence(sentence, &measured.figures);
    let sentences = lines(&SENTENCES, sentence_key, &sentence);
    let text =
        format!("{before}{BEGIN}\n{MACHINE}{}\n\n{HEAD}\n{rows}\n{sentences}{END}{after}", measured.machine);
    Ok((text, left))
}

/// What in README is not as it would be written; empty if all is.
pub fn faults(readme: &str) -> Vec<String> {
    let (_, inside, _) = match parts(readme) {
        Ok(parts) => parts,
        Err(fault) => return vec![fault],
    };
    let mut faults = Vec::new();
    let Some(("", text)) = inside.split_once('\n') else {
        return vec!["text beside the first mark".to_owned()];
    };
    let Some((machine, table)) = text.split_once("\n\n") else {
        return vec!["no paragraph for the machine".to_owned()];
    };
    if !machine.starts_with(MACHINE) || machine.contains('\n') {
        faults.push(format!("`{machine}` is not a line about the machine"));
    }
    let Some((rows, sentences)) = table.strip_prefix(HEAD).and_then(|table| table.split_once("\n\n")) else {
        faults.push("the table has another head, or no list follows it".to_owned());
        return faults;
    };
    let mut known = ROWS.iter();
    for line in rows.lines().skip(1) {
        if !known.any(|label| line.starts_with(&row_key(label)) && is_row(line)) {
            faults.push(format!("`{line}` is not a row, or not at its place"));
        }
    }
    let mut known = SENTENCES.iter();
    for line in sentences.lines() {
        if !known.any(|sentence| is_sentence(line, sentence)) {
            faults.push(format!("`{line}` is not a sentence, or not at its place"));
        }
    }
    faults
}

fn parts(readme: &str) -> Result<(&str, &str, &str), String> {
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(|| format!("no `{BEGIN}`"))?;
    let (inside, after) = rest.split_once(END).ok_or_else(|| format!("no `{END}`"))?;
    Ok((before, inside, after))
}

/// How a row begins.
fn row_key(label: &str) -> String {
    format!("| {label} |")
}

/// How a sentence begins.
fn sentence_key(sentence: &str) -> String {
    sentence.split('{').next().unwrap_or_default().to_owned()
}

/// The first cell has the unit, which is that of all; `None` if ours is missing.
fn shown_row(label: &str, cells: &[Option<f64>; COLUMNS]) -> Option<String> {
    let least = cells.iter().flatten().copied().reduce(f64::min).filter(|_| cells[OURS].is_some())?;
    let (unit, times) = if least < 2.0 { ("ms", 1e3) } else { ("s", 1.0) };
    let decimals = |number: f64| match number {
        _ if unit == "s" => 1,
        _ if number < 9.9995 => 3,
        _ if number < 99.95 => 1,
        _ => 0,
    };
    let mut unit = Some(unit);
    let mut line = format!("| {label} |");
    for (column, cell) in cells.iter().enumerate() {
        let shown = cell.map(|seconds| seconds * times).map(|number| {
            let shown = with_commas(&format!("{number:.*}", decimals(number)));
            unit.take().map_or(shown.clone(), |unit| format!("{shown} {unit}"))
        });
        line += &match shown {
            None => " |".to_owned(),
            Some(shown) if column == OURS => format!(" **{shown}** |"),
            Some(shown) => format!(" {shown} |"),
        };
    }
    Some(line)
}

fn is_row(line: &str) -> bool {
    let cells: Vec<&str> = line.split('|').skip(2).map(str::trim).collect();
    let mut given = cells.iter().filter(|cell| !cell.is_empty()).map(|cell| cell.trim_matches('*'));
    let has_unit = given
        .next()
        .and_then(|first| first.split_once(' '))
        .is_some_and(|(number, unit)| is_figure(number) && ["ms", "s"].contains(&unit));
    let is_bold = |cell: &str| cell.len() > 4 && cell.starts_with("**") && cell.ends_with("**");
    // Nothing follows the last bar.
    cells.len() == COLUMNS + 1
        && has_unit
        && given.all(is_figure)
        && cells.iter().enumerate().all(|(column, cell)| is_bold(cell) == (column == OURS))
}

/// The sentence with its figures; `None` if one is missing.
fn shown_sentence(sentence: &str, figures: &BTreeMap<String, f64>) -> Option<String> {
    let mut parts = sentence.split('{');
    let mut shown = parts.next()?.to_owned();
    for part in parts {
        let (name, text) = part.split_once('}')?;
        shown += &format!("{:.2}{text}", figures.get(name)?);
    }
    Some(shown)
}

fn is_sentence(line: &str, sentence: &str) -> bool {
    let mut rest = line;
    for (number, text) in sentence.split(['{', '}']).enumerate() {
        // Text and names of figures take turns.
        if number % 2 == 1 {
            let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
            // The full stop is the sentence's.
            let figure = rest[..length].trim_end_matches('.');
            if !is_figure(figure) {
                return false;
            }
            rest = &rest[figure.len()..];
        } else {
            let Some(after) = rest.strip_prefix(text) else { return false };
            rest = after;
        }
    }
    rest.is_empty()
}

fn with_commas(digits: &str) -> String {
    match digits.len().checked_sub(3) {
        Some(thousands @ 1..) if !digits.contains('.') => {
            format!("{},{}", &digits[..thousands], &digits[thousands..])
        }
        _ => digits.to_owned(),
    }
}

fn is_figure(text: &str) -> bool {
    !text.is_empty() && text.replace(',', "").parse::<f64>().is_ok_and(|number| number >= 0.0)
}
