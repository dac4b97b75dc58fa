//! Runs a program as a filter: a text goes to its standard input, and what it writes is collected.

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};

/// Runs `command` on `input`. The input is written while the output is read, as neither pipe holds a whole text.
pub(crate) fn pipe_through(mut command: Command, input: &[u8]) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program that does not read to the end says why itself.
            let _ = stdin.map(|mut stdin| stdin.write_all(input));
        });
        child.wait_with_output()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_larger_than_any_pipe_comes_back_whole() {
        let text = "line\n".repeat(1 << 20).into_bytes();
        let output = pipe_through(Command::new("cat"), &text).unwrap();
        assert!(output.status.success() && output.stdout == text);
    }

    #[test]
    fn a_program_that_reads_nothing_is_no_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no >&2; exit 3"]);
        let output = pipe_through(command, &vec![b'x'; 1 << 20]).unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(3), b"no\n".as_slice()));
    }
}
