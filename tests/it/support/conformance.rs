//! Rows of conformance: each a rule of a format that scripts are written in, a script, and what running it gives.
//!
//! The compiler is the fake one, which says what the script's lines ask it to say: `print`, `env` and `argument`. A script
//! that has dependencies is told by the missing cargo. The rows with cargo's messages were compared with cargo 1.97 nightly.

use crate::support::sandbox::Sandbox;

/// What running a script gives.
pub enum Gives<'a> {
    /// This output, and silence.
    Output(&'a str),
    /// This message, after the script's name.
    Error(&'a str),
}
pub use Gives::{Error, Output};

/// That it has dependencies.
pub const DEPENDS: Gives<'static> = Error("`cargo` is not installed, and this script has dependencies");

/// Runs each, in one sandbox.
#[track_caller]
pub fn check(rows: &[(&str, &str, &str, Gives<'_>)]) {
    let sandbox = Sandbox::fake();
    for (rule, name, text, expected) in rows {
        sandbox.write(name, text);
        let ran = sandbox.runner([format!("./{name}")]).run();
        let (code, stdout, stderr) = match expected {
            Output(text) => (0, (*text).to_owned(), String::new()),
            Error(text) => (125, String::new(), format!("runner: ./{name}: {text}")),
        };
        let first = ran.stderr.lines().next().unwrap_or_default();
        let code_is_right = ran.code == code || (code == 125 && ran.code == 127);
        assert!(
            code_is_right && ran.stdout == stdout && first == stderr,
            "{rule}\n{text}\ncode {}\nstdout: {}\nstderr: {}\nexpected: {code} {stdout:?} {stderr:?}",
            ran.code,
            ran.stdout,
            ran.stderr
        );
    }
}

/// Rows with one name for all.
#[track_caller]
pub fn check_texts(rows: &[(&str, &str, Gives<'_>)]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(rule, text, gives)| {
            let gives = match gives {
                Output(text) => Output(text),
                Error(text) => Error(text),
            };
            (*rule, "s.rs", *text, gives)
        })
        .collect();
    check(&rows);
}
