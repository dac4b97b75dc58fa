//! A script that tells of its signals, and the ways to run it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, ExitStatus};

use rustix::process::Pid;

use crate::support::children::signal_to;
use crate::support::sandbox::Sandbox;

/// The process itself, a child because times are told, a child because of a directory to remove.
pub const WAYS: [&str; 3] = ["", "--timings", "--temp --exec env"];

/// Says which signals it gets, of those its arguments name; obeys the lines it reads.
pub const PROBE: &str = r#"#!/usr/bin/env runner
use std::io::{BufRead, Write};

unsafe extern "C" {
    fn signal(number: i32, handler: usize) -> usize;
    fn getppid() -> i32;
    fn write(descriptor: i32, bytes: *const u8, count: usize) -> isize;
    fn kill(process: i32, number: i32) -> i32;
}

extern "C" fn note(number: i32) {
    let digit = |value: i32| b'0' + value as u8;
    let text = [b'g', b'o', b't', b' ', digit(number / 10), digit(number % 10), b'\n'];
    unsafe { write(1, text.as_ptr(), text.len()) };
}

pub fn main() {
    for number in std::env::args().skip(1) {
        unsafe { signal(number.parse().unwrap(), note as *const () as usize) };
    }
    let say = |text: String| {
        let mut out = std::io::stdout();
        writeln!(out, "{text}").unwrap();
        out.flush().unwrap();
    };
    let own = std::process::id() as i32;
    say(format!("ready {own} {}", unsafe { getppid() }));
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        match line.split_once(' ') {
            Some(("exit", code)) => std::process::exit(code.parse().unwrap()),
            Some(("die", number)) => drop(unsafe { kill(own, number.parse().unwrap()) }),
            Some(("group", number)) => drop(unsafe { kill(0, number.parse().unwrap()) }),
            _ => say(format!("heard {line}")),
        }
    }
}
"#;

pub fn probe() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("probe", PROBE);
    sandbox.runner(["build", "--cache", "probe"]).run().prints("");
    sandbox
}

/// The probe without a terminal.
pub struct Probe {
    /// What was started.
    pub child: Child,
    pub out: BufReader<ChildStdout>,
    /// The script's own process.
    pub script: i32,
}

impl Probe {
    pub fn start(sandbox: &Sandbox, way: &str, arguments: &str) -> Probe {
        let command = format!("exec runner {way} probe {arguments}");
        Probe::attach(sandbox.command("/bin/sh").args(["-c", &command]))
    }

    pub fn attach(run: crate::support::sandbox::Run<'_>) -> Probe {
        let mut child = run.start_with_input();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let script = line.split(' ').nth(1).unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        Probe { child, out, script }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32).unwrap()
    }

    pub fn signal(&self, number: i32) {
        signal_to(self.child.id(), &number.to_string());
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Everything it says until it is gone, having nothing more to read.
    pub fn rest(mut self) -> (String, ExitStatus) {
        drop(self.child.stdin.take());
        self.end()
    }

    /// Everything it says until it is gone, by itself.
    pub fn end(mut self) -> (String, ExitStatus) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap())
    }
}
