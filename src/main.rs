//! The `runner` command: arguments in, exit code out.
//!
//! The process may become a script, which inherits everything it was started with. Rust's own start-up code would set
//! SIGPIPE to be ignored, install a signal stack and poll the standard descriptors, so `main` is C's. With SIGPIPE as the
//! caller left it, `runner cache list | head` also ends as any other command does.
#![cfg_attr(not(test), no_main)]

mod cli;
mod help;
mod subcommands;

use std::ffi::OsString;
use std::io::Write;

/// Runs what the arguments ask for; the exit code.
fn run(arguments: Vec<OsString>) -> u8 {
    let code = match cli::parse(arguments).and_then(subcommands::dispatch) {
        Ok(code) => code,
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "runner: {error}");
            if let Some(hint) = error.cure() {
                let _ = writeln!(stderr, "  hint: {hint}");
            }
            error.exit_code()
        }
    };
    // Nobody else does it when `main` is C's.
    let _ = std::io::stdout().flush();
    code
}

/// The entry point. The one other place with `unsafe`: its name is fixed by C, and `argv` is a raw pointer.
#[cfg(not(test))]
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn main(argc: std::ffi::c_int, argv: *const *const std::ffi::c_char) -> std::ffi::c_int {
    use std::os::unix::ffi::OsStringExt;
    let count = usize::try_from(argc).unwrap_or(0);
    // SAFETY: the kernel and libc pass `argc` pointers to C strings, which live as long as the process.
    let arguments = (0..count).map(|index| unsafe { std::ffi::CStr::from_ptr(*argv.add(index)) });
    let arguments = arguments.map(|text| OsString::from_vec(text.to_bytes().to_vec())).collect();
    std::ffi::c_int::from(run(arguments))
}
