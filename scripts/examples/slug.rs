#!/usr/bin/env runner
//! Makes a title fit for a file name or a URL: lower-case ASCII words, joined by dashes.
//!
//!     slug.rs 'Crème brûlée, à la carte'      creme-brulee-a-la-carte
//!     slug.rs --separator _ < titles.txt      one slug per line
//!
//! Its dependencies are in the form of rust-script, which runs it just as well:
//!
//! ```cargo
//! [dependencies]
//! deunicode = "1"
//! ```

use std::env;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use deunicode::deunicode;

const HELP: &str = "\
Makes titles fit for file names and URLs.

Usage: slug.rs [--separator TEXT] [TITLE...]

  --separator TEXT   what joins the words (default -)
  --help             this text

Without a title, the lines of standard input are the titles.
";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut separator = String::from("-");
    let mut titles = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "--separator" => match arguments.next() {
                Some(text) => separator = text,
                None => return failed(2, "`--separator` needs a text; see `slug.rs --help`"),
            },
            option if option.starts_with("--") => {
                return failed(2, &format!("unknown option `{option}`; see `slug.rs --help`"));
            }
            _ => titles.push(argument),
        }
    }
    if titles.is_empty() {
        match io::read_to_string(io::stdin()) {
            Ok(text) => titles.extend(text.lines().map(str::to_owned)),
            Err(error) => return failed(1, &format!("standard input: {error}")),
        }
    }

    let slugs: String = titles.iter().map(|title| slug(title, &separator) + "\n").collect();
    match io::stdout().write_all(slugs.as_bytes()) {
        // A closed pipe is a reader that has seen enough, as in `| head -1`.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            failed(1, &format!("standard output: {error}"))
        }
        _ => ExitCode::SUCCESS,
    }
}

fn slug(title: &str, separator: &str) -> String {
    let ascii = deunicode(title).to_lowercase().replace('\'', "");
    let words = ascii.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(separator)
}

fn failed(status: u8, why: &str) -> ExitCode {
    eprintln!("slug: {why}");
    ExitCode::from(status)
}
