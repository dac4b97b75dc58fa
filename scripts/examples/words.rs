#!/usr/bin/env runner
---
[package]
edition = "2024"

[dependencies]
anyhow = "1"
clap = { version = "4", features = ["derive"] }
regex = "1"
---

//! Prints the most frequent words of a text, with their counts.
//!
//!     words.rs README.md            the ten most frequent words
//!     words.rs -n 3 *.md            the top three of all these files together
//!     git log | words.rs            standard input; `-` says so explicitly

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use regex::Regex;

/// Prints the most frequent words of a text, with their counts.
#[derive(Parser)]
struct Arguments {
    /// How many words to print
    #[arg(short, long, default_value_t = 10, value_name = "N")]
    number: usize,

    /// Texts to count together; `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("words: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    // Letters, with apostrophes and hyphens between them but not around them.
    let word = Regex::new(r"\p{Alphabetic}+(?:['’-]\p{Alphabetic}+)*")?;

    let mut counts = BTreeMap::<String, usize>::new();
    for file in &arguments.files {
        let text = read(file).with_context(|| file.display().to_string())?;
        for found in word.find_iter(&text) {
            *counts.entry(found.as_str().to_lowercase()).or_default() += 1;
        }
    }

    // The map is in alphabetical order and the sort is stable, so equal counts stay alphabetical.
    let mut ranking = Vec::from_iter(counts);
    ranking.sort_by_key(|&(_, count)| Reverse(count));
    ranking.truncate(arguments.number);

    match print(&ranking) {
        // A closed pipe is a reader that has seen enough, as in `| head -1`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("standard output"),
    }
}

fn read(file: &Path) -> io::Result<String> {
    if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) }
}

fn print(ranking: &[(String, usize)]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for (word, count) in ranking {
        writeln!(output, "{count:>6} {word}")?;
    }
    Ok(())
}
