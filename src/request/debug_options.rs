//! What is shown of a run, and done with it, that has no part in its result: `-x`, `-n`, `--work`, `--timings`, `--exec`.

/// What is shown of a run, and done with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DebugOptions {
    /// Show every command on stderr, as a shell would be given it (`-x`).
    pub shows_commands: bool,
    /// Show them, and run none (`-n`).
    pub is_dry_run: bool,
    /// Keep the directory that it is built in, and tell where that is (`--work`).
    pub keeps_work: bool,
    /// Tell where the time went (`--timings`).
    pub times: bool,
    /// The program that the script's is run under, with its own arguments before the path (`--exec`): `gdb --args`.
    pub exec: Vec<String>,
}

impl DebugOptions {
    /// Whether there is something to write down of a build.
    pub(crate) fn needs_journal(&self) -> bool {
        self.shows_commands || self.keeps_work || self.times
    }
}
