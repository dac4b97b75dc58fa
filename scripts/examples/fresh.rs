#!/usr/bin/env runner

//! Checks that files were written recently: says nothing, or which are late. For cron jobs and monitors.
//!
//!     fresh.rs /backup/home.tar.zst                    within a day
//!     fresh.rs --minutes 10 heartbeat || restart       within ten minutes
//!
//! Exits with 0 if all are fresh, 3 if any is too old or missing, 2 if called wrongly.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
Checks that files were written recently.

Usage: fresh.rs [--minutes N] FILE...

  --minutes N   how old a file may be (default 1440, a day)
  --help        this text

Exit status: 0 all are fresh, 3 some are too old or missing, 2 wrong usage.
";

const STALE: u8 = 3;
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let mut minutes: u64 = 24 * 60;
    let mut files = Vec::<PathBuf>::new();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("-h" | "--help") => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            Some("--minutes") => match arguments.next().and_then(|value| value.to_str()?.parse().ok()) {
                Some(number) => minutes = number,
                None => return misused("`--minutes` needs a whole number"),
            },
            Some(option) if option.starts_with('-') => return misused(&format!("unknown option `{option}`")),
            _ => files.push(argument.into()),
        }
    }
    if files.is_empty() {
        return misused("no file given");
    }

    let mut status = ExitCode::SUCCESS;
    for file in files {
        let complaint = match age(&file) {
            Ok(age) if age.as_secs() / 60 < minutes => continue,
            Ok(age) => format!("{} minutes old, {minutes} allowed", age.as_secs() / 60),
            Err(error) => error.to_string(),
        };
        println!("{}: {complaint}", file.display());
        status = ExitCode::from(STALE);
    }
    status
}

fn age(file: &Path) -> io::Result<Duration> {
    let written = fs::metadata(file)?.modified()?;
    // A time in the future is another machine's clock, and as fresh as can be.
    Ok(written.elapsed().unwrap_or_default())
}

fn misused(why: &str) -> ExitCode {
    eprintln!("fresh: {why}; see `fresh.rs --help`");
    ExitCode::from(MISUSED)
}
