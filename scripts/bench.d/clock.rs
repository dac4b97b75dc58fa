//! How time is measured: `hyperfine` without a shell, commands in turns, medians.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Error, Result, ensure};
use serde_json::Value;

use crate::table::{PEERS, Row};

const MOST_ROUNDS: usize = 40;
const LEAST_ROUNDS: usize = 3;
/// Of what takes so long that the machine is never quiet for all of it.
const LEAST_COLD_ROUNDS: usize = 5;
const SECONDS_A_CASE: f64 = 5.0;
const SECONDS_A_ROUND: f64 = 0.06;

/// A command to be timed. `{n}` in its texts is the number of the round.
#[derive(Clone, Default)]
pub struct Case {
    pub words: Vec<String>,
    /// Is run before each run, untimed.
    pub before: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// Every run is the first of its kind.
    pub is_cold: bool,
}

impl Case {
    pub fn of<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Case {
        let words = words.into_iter().map(|word| word.as_ref().to_string_lossy().into_owned());
        Case { words: words.collect(), ..Case::default() }
    }

    pub fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Case {
        self.variables.push((name.to_owned(), value.as_ref().to_string_lossy().into_owned()));
        self
    }

    fn in_round(&self, round: usize) -> Case {
        let numbered = |text: &String| text.replace("{n}", &round.to_string());
        let mut case = self.clone();
        case.words.iter_mut().chain(&mut case.before).for_each(|text| *text = numbered(text));
        case.variables.iter_mut().for_each(|(_, value)| *value = numbered(value));
        case
    }
}

/// What is to be timed, a column each; `None` is a tool that is missing.
pub type Cases = Vec<(&'static str, Option<Case>)>;

pub struct Clock {
    /// Where commands are run, and the only place they write to.
    pub work: PathBuf,
    pub variables: Vec<(String, String)>,
    pub quick: bool,
}

impl Clock {
    /// A command that sees nothing of the bench's own settings, nor of the caller's that would change what is built.
    pub fn command(&self, words: &[String], variables: &[(String, String)]) -> Command {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(&self.work).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let dropped = [
                "CI",
                "RUNNER_",
                "RUSTFLAGS",
                "RUSTC",
                "RUSTUP_TOOLCHAIN",
                "CARGO_BUILD_",
                "CARGO_ENCODED_",
                "CARGO_INCREMENTAL",
                "CARGO_PROFILE_",
                "CARGO_TARGET_",
                "XDG_",
            ];
            if dropped.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&*name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a case once, untimed.
    pub fn rehearse(&self, case: &Case) -> Result<Vec<u8>> {
        let case = case.in_round(0);
        if !case.before.is_empty() {
            self.succeed(&case.before, &case.variables)?;
        }
        self.succeed(&case.words, &case.variables)
    }

    /// What a command prints that must not fail.
    fn succeed(&self, words: &[String], variables: &[(String, String)]) -> Result<Vec<u8>> {
        let output = self.command(words, variables).output();
        let output = output.with_context(|| format!("cannot run `{}`", words[0]))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{}` failed ({}):\n{said}", words.join(" "), output.status);
        Ok(output.stdout)
    }

    /// The medians of commands that take turns. A peer that fails is missing; a failure of ours is an error.
    pub fn measure(&self, label: &str, cases: Cases) -> Result<Row> {
        eprintln!("bench: {label}");
        let mut row = Row { label: label.to_owned(), ..Row::default() };
        let mut timed: Vec<(&'static str, Case, Times)> = Vec::new();
        for (column, case) in cases {
            row.cells.insert(column, None);
            let Some(case) = case else { continue };
            match if case.is_cold { Ok(Vec::new()) } else { self.rehearse(&case) } {
                Ok(_) => timed.push((column, case, Times::default())),
                Err(error) => forgive(column, error)?,
            }
        }
        for round in 1..=if self.quick { 2 } else { MOST_ROUNDS } {
            // There and back, so that nobody always comes after the same one.
            timed.reverse();
            let mut failed = Vec::new();
            for (column, case, times) in &mut timed {
                let runs = self.runs(case, &times.wall, round);
                match self.time(&case.in_round(round), runs, times) {
                    Ok(()) => {}
                    Err(error) => {
                        forgive(column, error)?;
                        failed.push(*column);
                    }
                }
            }
            timed.retain(|(column, ..)| !failed.contains(column));
        }
        for (column, _, times) in timed {
            row.cells.insert(column, median(times.wall));
            row.processor.extend(median(times.processor).map(|median| (column, median)));
        }
        Ok(row)
    }

    /// How often a case is to run in this round: the quick ones often, the long ones no more than they must.
    fn runs(&self, case: &Case, times: &[f64], round: usize) -> usize {
        let (budget, least) = match (self.quick, case.is_cold) {
            (true, _) => (0.3, 1),
            (false, false) => (SECONDS_A_CASE, LEAST_ROUNDS),
            (false, true) => (SECONDS_A_CASE, LEAST_COLD_ROUNDS),
        };
        match times.first() {
            None => 1,
            Some(_) if round > least && times.iter().sum::<f64>() > budget => 0,
            Some(_) if case.is_cold || !case.before.is_empty() => 1,
            Some(first) => (SECONDS_A_ROUND / first).clamp(1.0, 50.0) as usize,
        }
    }

    fn time(&self, case: &Case, runs: usize, times: &mut Times) -> Result<()> {
        if runs == 0 {
            return Ok(());
        }
        if !case.before.is_empty() {
            self.succeed(&case.before, &case.variables)?;
        }
        let export = self.work.join("times.json");
        let mut words = vec!["hyperfine".to_owned(), "-N".into(), "--style=none".into()];
        words.extend([format!("--runs={runs}"), format!("--warmup={}", if runs > 1 { 2 } else { 0 })]);
        words.extend(["--export-json".to_owned(), export.display().to_string()]);
        words.push(quoted(&case.words));
        let output = self.command(&words, &case.variables).output().context("cannot run `hyperfine`")?;
        ensure!(
            output.status.success(),
            "`{}`: {}",
            case.words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        let report: Value = serde_json::from_slice(&fs::read(&export)?)?;
        let result = report.pointer("/results/0").context("hyperfine reports no times")?;
        let wall = result["times"].as_array().into_iter().flatten();
        times.wall.extend(wall.filter_map(Value::as_f64));
        times.processor.extend(result["user"].as_f64().zip(result["system"].as_f64()).map(|(a, b)| a + b));
        Ok(())
    }
}

/// Seconds: of each run, and those the processors spent on it, of each round.
#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    processor: Vec<f64>,
}

fn forgive(column: &str, error: Error) -> Result<()> {
    ensure!(PEERS.contains(&column), "{column}: {error:#}");
    eprintln!("bench: {column} counts as missing: {error:#}");
    Ok(())
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    let (low, high) = (times.get(times.len().saturating_sub(1) / 2)?, times.get(times.len() / 2)?);
    Some((low + high) / 2.0)
}

/// As hyperfine takes it apart again.
fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
    words.join(" ")
}
