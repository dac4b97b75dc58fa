//! The `runner` command: arguments in, exit code out.
//!
//! The process may become a script, which inherits everything it was started with. Rust's own start-up code would set
//! SIGPIPE to be ignored, install a signal stack and poll the standard descriptors, so `main` is C's. With SIGPIPE as the
//! caller left it, `runner cache list | head` also ends as any other command does.
#![no_main]

mod action;
mod commands;
mod completion;
mod drop_in;
mod end;
mod help;
mod parse;
mod print;
mod run;
mod start;
mod terminal;

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, IntoRawFd};

use action::Asked;
use drop_in::DropIn;

/// Runs what the arguments ask for; the exit code.
fn run(arguments: Vec<OsString>) -> u8 {
    open_standard_streams();
    end::survive_file_size_limit();
    if let Err(error) = check_stack() {
        print::tell(&error);
        return error.exit_code();
    }
    let drop_in = arguments.first().and_then(|name| DropIn::of(name));
    let word = arguments.get(1).and_then(|word| word.to_str()).map(str::to_owned);
    let asked = match drop_in {
        Some(drop_in) => drop_in.parse(arguments).map(Asked::from),
        None => parse::parse(arguments),
    };
    let code = match asked.and_then(run::dispatch) {
        Ok(code) => code,
        Err(error) => {
            let error = parse::perhaps_a_script(error, word.as_deref().filter(|_| drop_in.is_none()));
            print::tell(&error);
            if drop_in.is_some() { drop_in::EXIT_FAILED } else { error.exit_code() }
        }
    };
    // Nobody else does it when `main` is C's.
    let _ = print::out().flush();
    code
}

/// Whether the stack may grow as far as a build needs; where it ends there is no time for a word.
fn check_stack() -> runner::Result<()> {
    // The unoptimized build needs 120 KiB, and some luck below 140, for a script without dependencies.
    const LEAST: u64 = 192 << 10;
    match rustix::process::getrlimit(rustix::process::Resource::Stack).current {
        Some(most) if most < LEAST => {
            let (most, least) = (most >> 10, LEAST >> 10);
            Err(runner::command_line::usage_error(format!(
                "cannot work with a stack of {most} KiB (`ulimit -s {least}`)"
            )))
        }
        _ => Ok(()),
    }
}

/// Opens those of the standard streams that the caller has closed (`2>&-`), so that no file gets their numbers: what is said
/// on standard error would be written into it. Whatever this process becomes finds them closed again.
fn open_standard_streams() {
    const LAST: i32 = 2;
    // The lowest number that is free is taken.
    while let Ok(file) = File::options().read(true).write(true).open("/dev/null") {
        if file.as_raw_fd() > LAST {
            return;
        }
        let _ = file.into_raw_fd();
    }
}
