#!/usr/bin/env runner
---
[package]
edition = "2024"

[dependencies]
anyhow = "1"
clap = { version = "4", features = ["derive"] }
csv = "1"
# Columns in the order of the input, and numbers exactly as they were written.
serde_json = { version = "1", features = ["arbitrary_precision", "preserve_order"] }
---

//! Turns a JSON array of objects into CSV, one row per object.
//!
//!     json2csv.rs people.json > people.csv
//!     curl … | json2csv.rs --tabs
//!
//! The columns are all the keys there are, in order of first appearance. A missing key and `null` give
//! an empty cell; a nested array or object stays JSON.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::{Map, Value};

/// Turns a JSON array of objects into CSV.
#[derive(Parser)]
struct Arguments {
    /// Separate with tabs instead of commas
    #[arg(short, long)]
    tabs: bool,

    /// The JSON to read [default: standard input]
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("json2csv: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let (name, text) = match &arguments.file {
        Some(file) => (file.display().to_string(), fs::read_to_string(file)),
        None => ("standard input".to_owned(), io::read_to_string(io::stdin())),
    };
    let text = text.with_context(|| name.clone())?;
    let objects: Vec<_> = serde_json::from_str(&text).context(name)?;
    let table = to_csv(&objects, if arguments.tabs { b'\t' } else { b',' })?;

    match io::stdout().write_all(&table) {
        // A closed pipe is a reader that has seen enough, as in `| head -1`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output"),
    }
}

fn to_csv(objects: &[Map<String, Value>], delimiter: u8) -> Result<Vec<u8>> {
    // A map of nothing but keys is a set that remembers the order of insertion.
    let columns: Map<_, _> = objects.iter().flatten().map(|(key, _)| (key.clone(), Value::Null)).collect();

    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    if !columns.is_empty() {
        writer.write_record(columns.keys())?;
        for object in objects {
            writer.write_record(columns.keys().map(|key| cell(object.get(key))))?;
        }
    }
    Ok(writer.into_inner()?)
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
