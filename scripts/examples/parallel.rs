#!/usr/bin/env runner
---
[package]
edition = "2024"

[dependencies]
clap = { version = "4", features = ["derive"] }
tokio = { version = "1", features = ["macros", "process", "rt-multi-thread", "sync", "time"] }
---

//! Runs shell commands side by side, and prints what they say in the order they were given.
//!
//!     parallel.rs 'make lint' 'make test' 'make doc'
//!     parallel.rs -j 2 --timeout 30 -- 'curl -s …' 'curl -s …'
//!
//! Exits with 1 if any of them failed, or took too long: then its shell is killed.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::process::{ExitCode, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Parser;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time;

/// Runs shell commands side by side, and prints what they say in the order they were given.
#[derive(Parser)]
struct Arguments {
    /// How many may run at a time [default: one per processor]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Seconds that each may take [default: no limit]
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,

    /// Each is one argument, and is given to `sh -c`
    #[arg(required = true, value_name = "COMMAND")]
    commands: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run_all(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("parallel: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers whether every command succeeded; fails when the output cannot be passed on.
async fn run_all(arguments: Arguments) -> io::Result<bool> {
    let jobs = arguments.jobs.or(thread::available_parallelism().ok());
    let slots = Arc::new(Semaphore::new(jobs.map_or(1, NonZeroUsize::get)));
    let limit = arguments.timeout.map_or(Duration::MAX, Duration::from_secs);

    // Spawned all at once; the slots hold them back.
    let spawn = |command: &String| tokio::spawn(run(command.clone(), limit, slots.clone()));
    let tasks: Vec<_> = arguments.commands.iter().map(spawn).collect();

    let mut all_succeeded = true;
    for (command, task) in arguments.commands.iter().zip(tasks) {
        let why = match task.await? {
            Ok(output) => {
                io::stdout().write_all(&output.stdout)?;
                io::stderr().write_all(&output.stderr)?;
                if output.status.success() {
                    continue;
                }
                output.status.to_string()
            }
            Err(error) => error.to_string(),
        };
        eprintln!("parallel: `{command}`: {why}");
        all_succeeded = false;
    }
    Ok(all_succeeded)
}

async fn run(command: String, limit: Duration, slots: Arc<Semaphore>) -> io::Result<Output> {
    let _slot = slots.acquire().await.map_err(io::Error::other)?;
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).kill_on_drop(true);
    time::timeout(limit, shell.output()).await?
}
