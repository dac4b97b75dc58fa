//! Names a process so that no other is taken for it: by its number, its start time and its PID namespace.
//!
//! A number alone may be another process by now, or be another process in another container. Written as
//! `PID START NAMESPACE`; the last two are 0 where `/proc` is not there, and then only the number is compared.

use std::fmt;

use rustix::process::Pid;

/// A process of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessIdentity {
    pub(crate) pid: u32,
    /// When the process was started, in ticks since the machine was.
    start: u64,
    /// The inode of the PID namespace that the number is from.
    namespace: u64,
}

impl ProcessIdentity {
    /// This process.
    pub(crate) fn own() -> ProcessIdentity {
        let pid = std::process::id();
        ProcessIdentity { pid, start: start_of(pid), namespace: own_namespace() }
    }

    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<ProcessIdentity> {
        let mut numbers = text.split(' ');
        let pid = numbers.next()?.parse().ok()?;
        let mut next = || numbers.next().map_or(Some(0), |number| number.parse().ok());
        Some(ProcessIdentity { pid, start: next()?, namespace: next()? })
    }

    /// Whether it is running, and can be seen from here under its number.
    pub(crate) fn is_running_here(self) -> bool {
        if self.namespace != own_namespace() {
            return false;
        }
        match self.start {
            0 => self.number().is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok()),
            start => start_of(self.pid) == start,
        }
    }

    /// Its number, as system calls take it.
    pub(crate) fn number(self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.pid).ok()?)
    }
}

impl fmt::Display for ProcessIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.pid, self.start, self.namespace)
    }
}

/// The start time from `/proc/PID/stat`: `PID (NAME) STATE …`, where NAME may hold anything. 0 if it is not there.
fn start_of(pid: u32) -> u64 {
    /// Counted from the state.
    const START_FIELD: usize = 19;
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().nth(START_FIELD).and_then(|field| field.parse().ok()).unwrap_or(0)
}

/// From `/proc/self/ns/pid`, a link to `pid:[INODE]`. 0 if it is not there.
fn own_namespace() -> u64 {
    let link = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let digits = link.to_string_lossy().chars().filter(char::is_ascii_digit).collect::<String>();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_more_than_its_number() {
        let own = ProcessIdentity::own();
        assert_eq!(ProcessIdentity::parse(&own.to_string()), Some(own));
        assert!(own.is_running_here());
        if own.start != 0 {
            assert!(!ProcessIdentity { start: own.start + 1, ..own }.is_running_here());
            assert!(!ProcessIdentity { namespace: own.namespace + 1, ..own }.is_running_here());
        }
        assert_eq!(ProcessIdentity::parse("12").map(|one| one.pid), Some(12));
        for bad in ["", "x", "1 x", "-1 2 3"] {
            assert_eq!(ProcessIdentity::parse(bad), None, "{bad}");
        }
    }
}
