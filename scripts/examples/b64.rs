#!/usr/bin/env runner
// cargo-deps: base64="0.23"

//! Encodes standard input as base64, or decodes it.
//!
//!     b64.rs < key.der
//!     b64.rs --url < key.der              for URLs and file names: `-` and `_`, no padding
//!     b64.rs --decode < key.b64 > key.der

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::process::ExitCode;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};

const HELP: &str = "\
Encodes standard input as base64, or decodes it.

Usage: b64.rs [--decode] [--url] < FILE

  -d, --decode   decode; spaces and line ends in the input do not count
  -u, --url      the alphabet for URLs, without padding
  -h, --help     this text
";

fn main() -> ExitCode {
    let mut decode = false;
    let mut alphabet = BASE64_STANDARD;
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "-h" | "--help" => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "-d" | "--decode" => decode = true,
            "-u" | "--url" => alphabet = BASE64_URL_SAFE_NO_PAD,
            _ => {
                eprintln!("b64: unexpected argument `{argument}`; see `b64.rs --help`");
                return ExitCode::from(2);
            }
        }
    }

    match convert(&alphabet, decode) {
        Ok(()) => ExitCode::SUCCESS,
        // A closed pipe is a reader that has seen enough, as in `| head -1`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("b64: {error}");
            ExitCode::FAILURE
        }
    }
}

fn convert(alphabet: &impl Engine, decode: bool) -> io::Result<()> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input)?;

    let output = if decode {
        input.retain(|byte| !byte.is_ascii_whitespace());
        alphabet.decode(input).map_err(|error| io::Error::other(format!("not base64: {error}")))?
    } else {
        (alphabet.encode(input) + "\n").into_bytes()
    };
    let mut stdout = io::stdout();
    stdout.write_all(&output)?;
    stdout.flush()
}
