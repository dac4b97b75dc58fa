#!/usr/bin/env runner
---
[package]
edition = "2024"

[dependencies]
clap = { version = "4", features = ["derive"] }
walkdir = "2"
---

//! Shows how much is in a directory and in what it holds, the largest first.
//!
//!     du.rs                             here
//!     du.rs --depth 3 /var | head       the ten largest of three levels
//!     du.rs --bytes src                 exact sizes
//!
//! Sizes are those of the files' contents, not of the disk blocks that hold them. Links are not followed.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use walkdir::WalkDir;

/// Shows how much is in a directory and in what it holds, the largest first.
#[derive(Parser)]
struct Arguments {
    /// How many levels below PATH to show
    #[arg(short, long, default_value_t = 1, value_name = "N")]
    depth: usize,

    /// Print exact sizes in bytes
    #[arg(short, long)]
    bytes: bool,

    #[arg(default_value = ".")]
    path: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut status = ExitCode::SUCCESS;
    let mut sizes = BTreeMap::<PathBuf, u64>::new();
    for entry in WalkDir::new(&arguments.path) {
        match entry.and_then(|entry| Ok((entry.metadata()?, entry))) {
            Ok((metadata, entry)) => {
                let own = if metadata.is_file() { metadata.len() } else { 0 };
                // It counts for itself and for all above it, as far as they are shown.
                let hidden = entry.depth().saturating_sub(arguments.depth);
                for path in entry.path().ancestors().take(entry.depth() + 1).skip(hidden) {
                    *sizes.entry(path.to_owned()).or_default() += own;
                }
            }
            Err(error) => {
                eprintln!("du: {error}");
                status = ExitCode::FAILURE;
            }
        }
    }

    let mut sizes = Vec::from_iter(sizes);
    sizes.sort_by_key(|&(_, size)| Reverse(size));
    match print(&sizes, if arguments.bytes { |size| size.to_string() } else { human }) {
        // A closed pipe is a reader that has seen enough, as in `| head`.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("du: standard output: {error}");
            ExitCode::FAILURE
        }
        _ => status,
    }
}

fn print(sizes: &[(PathBuf, u64)], format: fn(u64) -> String) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for (path, size) in sizes {
        writeln!(output, "{:>8}  {}", format(*size), path.display())?;
    }
    Ok(())
}

/// `999B`, `1.5K`, `20.0M`: powers of 1024.
fn human(bytes: u64) -> String {
    let (mut size, mut unit) = (bytes as f64, None);
    for next in "KMGTPE".chars() {
        if size < 1024.0 {
            break;
        }
        (size, unit) = (size / 1024.0, Some(next));
    }
    unit.map_or(format!("{bytes}B"), |unit| format!("{size:.1}{unit}"))
}
