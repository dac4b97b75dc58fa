//! Other processes: signals to them, and waiting for what they do.

use std::fs;
use std::io::Read;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on the busiest machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Sends a signal, by name or number.
pub fn signal(child: &Child, name: &str) {
    signal_to(child.id(), name);
}

/// As [`signal`], to any process.
pub fn signal_to(process: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &process.to_string()]).status().unwrap().success());
}

/// Waits until something is so; a test that has to wait longer than [`PATIENCE`] has failed.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Reads the line that a program says when it has begun.
pub fn wait_for_ready(child: &mut Child) {
    let mut line = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"ready\n");
}

/// The state of a process in `/proc/PID/stat`: `T` is stopped.
pub fn state(pid: i32) -> char {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('-')
}

/// Waits for a process to be in one of these states.
#[track_caller]
pub fn becomes(pid: i32, states: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !states.contains(state(pid)) {
        assert!(Instant::now() < deadline, "process {pid} is {}, not {states}", state(pid));
        thread::yield_now();
    }
}
