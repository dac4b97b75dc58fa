//! Transcripts of builds (`-x`), to be pasted.

use std::path::PathBuf;

use crate::support::files::files_below;
use crate::support::sandbox::{Ran, Run, Sandbox};

/// What was said on stderr as a shell would be given it, without what is not a command.
pub fn transcript(ran: &Ran) -> String {
    ran.stderr.clone()
}

/// `$WORK` in a transcript.
#[track_caller]
pub fn work_of(transcript: &str) -> PathBuf {
    let line = transcript.lines().find_map(|line| line.strip_prefix("WORK="));
    PathBuf::from(line.unwrap_or_else(|| panic!("no WORK in\n{transcript}")))
}

/// Pastes a transcript into a shell, in an environment with more in it than the one it was made in.
pub fn paste<'a>(sandbox: &'a Sandbox, transcript: &str) -> Run<'a> {
    sandbox.command("/bin/sh").args(["-e"]).input(transcript)
}

/// The one binary in the cache.
#[track_caller]
pub fn binary(sandbox: &Sandbox) -> PathBuf {
    let found = files_below(&sandbox.cache().join("v1/bin"));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}
