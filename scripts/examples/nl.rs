#!/usr/bin/env runner

//! Numbers the lines of standard input.
//!
//!     nl.rs < main.rs
//!     nl.rs --start 100 < main.rs | head -1

use std::env;
use std::io::{self, BufRead, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

const HELP: &str = "\
Numbers the lines of standard input.

Usage: nl.rs [--start N] < FILE

  --start N   number of the first line (default 1)
  --help      this text
";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    // Half the width of the counter, so that no input is long enough to overflow it.
    let mut start: u32 = 1;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "--start" => match arguments.next().map(|value| value.parse()) {
                Some(Ok(number)) => start = number,
                _ => return misused("`--start` needs a whole number"),
            },
            _ => return misused(&format!("unexpected argument `{argument}`")),
        }
    }

    let output = BufWriter::new(io::stdout().lock());
    match number(io::stdin().lock(), output, start.into()) {
        Ok(()) => ExitCode::SUCCESS,
        // A closed pipe is a reader that has seen enough, as in `| head -1`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nl: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Lines are bytes here: what is not UTF-8 goes through as it came.
fn number(mut input: impl BufRead, mut output: impl Write, start: u64) -> io::Result<()> {
    let mut line = Vec::new();
    for number in start.. {
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        write!(output, "{number:>6}  ")?;
        output.write_all(&line)?;
        line.clear();
    }
    output.flush()
}

fn misused(why: &str) -> ExitCode {
    eprintln!("nl: {why}; see `nl.rs --help`");
    ExitCode::from(2)
}
