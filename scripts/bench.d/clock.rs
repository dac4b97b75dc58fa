//! How costs are measured: without a shell, commands in turns, medians; and medians of differences.
//!
//! Every round runs each command, the quick ones often, and one run of one follows one of another: whatever disturbs the
//! machine, or what came before leaves in its caches, disturbs them all. A command is run until it has had its seconds, a long
//! one as few times as a median needs. A row that other processes disturbed is measured again, once, and the better attempt
//! counts; not where the whole would take too long.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, ensure};
use libc::RUSAGE_CHILDREN;

use crate::load::{Disturbance, Usage, Watch, wait_for_quiet};
use crate::table::{Cost, FLOOR, PEERS, RUNNER, RUSTC, Row};

/// Of all rows, when the last one is begun again.
const MOST_TIME: Duration = Duration::from_secs(9 * 60);
const MOST_ROUNDS: usize = 60;
const LEAST_ROUNDS: usize = 3;
/// No limit rests on how long the longest runs of peers take: the first ones, of many seconds, are run once.
const LEAST_ROUNDS_OF_PEERS: usize = 2;
const LONG_RUN: f64 = 10.0;
const SECONDS_A_CASE: f64 = 2.0;
const SECONDS_A_ROUND: f64 = 0.06;
const MOST_RUNS_A_ROUND: f64 = 50.0;

/// A command to be timed. `{n}` in its texts is the number of the round.
#[derive(Clone, Default)]
pub struct Case {
    pub words: Vec<String>,
    /// Is run before each run, untimed.
    pub before: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// Where it is run, if that is not where all are.
    pub directory: Option<PathBuf>,
    /// Every run is the first of its kind, and this is the directory it may fill.
    pub filled: Option<String>,
    /// It has nothing to prepare, and is not run before it is timed.
    pub is_ready: bool,
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
        case.filled = self.filled.as_ref().map(numbered);
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
    /// When the whole began.
    pub begun: Instant,
}

/// A command, and what its runs took.
struct Turns {
    column: &'static str,
    case: Case,
    costs: Vec<Cost>,
    /// And beyond the floor, each in its turn.
    overheads: Vec<Cost>,
    /// The median of each round, in seconds.
    rounds: Vec<f64>,
}

impl Clock {
    /// A command of a case, that sees nothing of the bench's own settings, nor of the caller's that would change what is built.
    fn command(&self, words: &[String], case: &Case) -> Command {
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .current_dir(case.directory.as_ref().unwrap_or(&self.work))
            .stdin(Stdio::null());
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
        command.envs(case.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a case once, untimed.
    pub fn rehearse(&self, case: &Case) -> Result<Output> {
        let case = case.in_round(0);
        if !case.before.is_empty() {
            self.succeed(&case.before, &case)?;
        }
        self.succeed(&case.words, &case)
    }

    /// What a command prints that must not fail.
    fn succeed(&self, words: &[String], case: &Case) -> Result<Output> {
        let output = self.command(words, case).output();
        let output = output.with_context(|| format!("cannot run `{}`", words[0]))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{}` failed ({}):\n{said}", words.join(" "), output.status);
        Ok(output)
    }

    /// How many system calls a command makes, and all that it starts; `None` without strace.
    pub fn system_calls(&self, case: &Case) -> Option<f64> {
        let log = self.work.join("system-calls");
        let mut words = ["strace", "-f", "-qq", "-o"].map(str::to_owned).to_vec();
        words.push(log.display().to_string());
        words.extend(case.words.iter().cloned());
        self.rehearse(&Case { words, ..case.clone() }).ok()?;
        let log = fs::read_to_string(log).ok()?;
        let is_call = |line: &&str| line.contains('(') && !line.contains("resumed>");
        Some(log.lines().filter(is_call).count() as f64)
    }

    /// The medians of commands that take turns. A peer that fails is missing; a failure of ours is an error.
    pub fn measure(&self, label: &str, cases: &Cases) -> Result<Row> {
        eprintln!("bench: {label}");
        let begun = Instant::now();
        let row = self.attempt(label, cases, 0)?;
        if !row.is_disturbed() || self.quick {
            return Ok(row);
        }
        if self.begun.elapsed() + begun.elapsed() > MOST_TIME {
            eprintln!(
                "bench: {label}: disturbed ({}); there is no time to measure it again",
                row.disturbance_told()
            );
            return Ok(row);
        }
        eprintln!("bench: {label}: disturbed ({}), is measured again", row.disturbance_told());
        wait_for_quiet();
        let again = self.attempt(label, cases, MOST_ROUNDS)?;
        Ok(if again.degree() <= row.degree() { again } else { row })
    }

    /// `done`: rounds before, whose numbers are not used again.
    fn attempt(&self, label: &str, cases: &Cases, done: usize) -> Result<Row> {
        let mut row = Row::named(label);
        let mut turns: Vec<Turns> = Vec::new();
        for (column, case) in cases {
            row.cells.insert(column, None);
            let Some(case) = case.clone() else { continue };
            let is_ready = case.is_ready || case.filled.is_some() || done > 0;
            match if is_ready { Ok(()) } else { self.rehearse(&case).map(drop) } {
                Ok(()) => turns.push(Turns {
                    column,
                    case,
                    costs: Vec::new(),
                    overheads: Vec::new(),
                    rounds: Vec::new(),
                }),
                Err(error) => forgive(column, error)?,
            }
        }
        let watch = Watch::begin();
        for round in 1..=if self.quick { 2 } else { MOST_ROUNDS } {
            let runs: Vec<usize> = turns.iter().map(|turn| self.runs(turn, round)).collect();
            let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); turns.len()];
            let mut failed = Vec::new();
            for number in 0..runs.iter().copied().max().unwrap_or(0) {
                let order = williams_order(turns.len(), round + number);
                for turn in order.into_iter().filter(|turn| number < runs[*turn]) {
                    match self.take(&turns[turn].case, done + round) {
                        Ok(cost) => costs[turn].push(cost),
                        Err(error) => {
                            forgive(turns[turn].column, error)?;
                            failed.push(turns[turn].column);
                        }
                    }
                }
            }
            let floor = turns.iter().position(|turn| turn.column == FLOOR);
            let floor = floor.map(|floor| costs[floor].clone()).unwrap_or_default();
            for (turn, costs) in turns.iter_mut().zip(costs) {
                turn.overheads.extend(costs.iter().zip(&floor).map(|(cost, floor)| cost.minus(*floor)));
                turn.rounds.extend(Cost::median(&costs).map(|cost| cost.wall));
                turn.costs.extend(costs);
            }
            turns.retain(|turn| !failed.contains(&turn.column));
        }
        let floor = [RUSTC, FLOOR, RUNNER]
            .into_iter()
            .find_map(|floor| turns.iter().find(|turn| turn.column == floor));
        let mut floors = floor.map(|turn| turn.rounds.clone()).unwrap_or_default();
        row.disturbance = Some(Disturbance::of(&watch, &mut floors));
        for turn in turns {
            row.cells.insert(turn.column, Cost::median(&turn.costs));
            row.overheads.insert(turn.column, Cost::median(&turn.overheads));
        }
        Ok(row)
    }

    /// How often a case is to run in this round.
    fn runs(&self, turn: &Turns, round: usize) -> usize {
        let Turns { column, case, costs, .. } = turn;
        let is_long = costs.first().is_some_and(|first| first.wall > LONG_RUN);
        let (budget, least) = match (self.quick, PEERS.contains(column)) {
            (true, _) => (0.3, 1),
            (false, true) if is_long => (SECONDS_A_CASE, 1),
            (false, true) => (SECONDS_A_CASE, LEAST_ROUNDS_OF_PEERS),
            (false, false) => (SECONDS_A_CASE, LEAST_ROUNDS),
        };
        match costs.first() {
            None => 1,
            Some(_) if round > least && costs.iter().map(|cost| cost.wall).sum::<f64>() > budget => 0,
            Some(_) if case.filled.is_some() || !case.before.is_empty() => 1,
            Some(first) => (SECONDS_A_ROUND / first.wall).clamp(1.0, MOST_RUNS_A_ROUND) as usize,
        }
    }

    /// Runs a case once in this round.
    fn take(&self, case: &Case, round: usize) -> Result<Cost> {
        let case = case.in_round(round);
        if !case.before.is_empty() {
            self.succeed(&case.before, &case)?;
        }
        let cost = self.time(&case)?;
        if let Some(filled) = case.filled {
            let _ = fs::remove_dir_all(filled);
        }
        Ok(cost)
    }

    fn time(&self, case: &Case) -> Result<Cost> {
        let said = self.work.join("said");
        let mut command = self.command(&case.words, case);
        command.stdout(Stdio::null()).stderr(File::create(&said)?);
        let before = Usage::of(RUSAGE_CHILDREN);
        let start = Instant::now();
        let status = command.status();
        let wall = start.elapsed().as_secs_f64();
        let after = Usage::of(RUSAGE_CHILDREN);
        let status = status.with_context(|| format!("cannot run `{}`", case.words[0]))?;
        let told = || fs::read_to_string(&said).unwrap_or_default();
        ensure!(status.success(), "`{}` failed ({status}):\n{}", case.words.join(" "), told());
        Ok(Cost { wall, processor: after.processor - before.processor, faults: after.faults - before.faults })
    }
}

/// The order in which `count` commands take their turns for the time numbered so, by Williams's square: over `2 * count` times each
/// comes in each place, and after each of the others, equally often. What runs after a large one finds its own data gone from the
/// processor's caches, which would otherwise be always the same one's loss.
fn williams_order(count: usize, time: usize) -> Vec<usize> {
    // 0, 1, n - 1, 2, n - 2, ...: all differences between neighbours occur.
    let zigzag =
        (0..count).map(|place| if place % 2 == 1 { place / 2 + 1 } else { (count - place / 2) % count });
    let mut order: Vec<usize> = zigzag.map(|turn| (turn + time / 2) % count).collect();
    if time % 2 == 1 {
        order.reverse();
    }
    order
}

fn forgive(column: &str, error: Error) -> Result<()> {
    ensure!(PEERS.contains(&column), "{column}: {error:#}");
    eprintln!("bench: {column} counts as missing: {error:#}");
    Ok(())
}
