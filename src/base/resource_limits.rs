//! Resource limits of a child (`setrlimit(2)`), and of what it may print.

use std::time::Duration;

/// Limits of one process tree; a limit that is `None` is the caller's own.
///
/// The kernel holds the first four, for each process of the tree by itself: see `setrlimit(2)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceLimits {
    /// Bytes of address space (`RLIMIT_AS`).
    pub memory: Option<u64>,
    /// Processor time (`RLIMIT_CPU`), in whole seconds, rounded up: SIGXCPU at the limit, SIGKILL a second later.
    pub cpu: Option<Duration>,
    /// Processes and threads of this user (`RLIMIT_NPROC`); root has no such limit.
    pub processes: Option<u64>,
    /// Bytes of a file that is written (`RLIMIT_FSIZE`).
    pub file_size: Option<u64>,
    /// Bytes that are read from the standard output and the standard error, of each; the child is stopped when it prints
    /// more.
    pub output: Option<u64>,
}

impl ResourceLimits {
    /// What a small script needs: 1 GiB of memory, 10 seconds of processor time, 64 MiB a file, 1 MiB of output.
    pub fn small() -> ResourceLimits {
        ResourceLimits {
            memory: Some(1 << 30),
            cpu: Some(Duration::from_secs(10)),
            processes: None,
            file_size: Some(64 << 20),
            output: Some(1 << 20),
        }
    }

    /// No limits.
    pub fn none() -> ResourceLimits {
        ResourceLimits::default()
    }

    /// The same with another limit of memory.
    pub fn memory(self, bytes: u64) -> ResourceLimits {
        ResourceLimits { memory: Some(bytes), ..self }
    }

    /// The same with another limit of processor time.
    pub fn cpu(self, time: Duration) -> ResourceLimits {
        ResourceLimits { cpu: Some(time), ..self }
    }

    /// The same with another limit of processes.
    pub fn processes(self, most: u64) -> ResourceLimits {
        ResourceLimits { processes: Some(most), ..self }
    }

    /// The same with another limit of a file's size.
    pub fn file_size(self, bytes: u64) -> ResourceLimits {
        ResourceLimits { file_size: Some(bytes), ..self }
    }

    /// The same with another limit of output.
    pub fn output(self, bytes: u64) -> ResourceLimits {
        ResourceLimits { output: Some(bytes), ..self }
    }
}
