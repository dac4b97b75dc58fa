//! A pseudo-terminal with an interactive shell on it.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::children::PATIENCE;
use crate::support::machine::works;
use crate::support::sandbox::{Sandbox, skipped};

/// Of the shell; nothing else prints it.
pub const PROMPT: &str = "what now? ";

/// A terminal with an interactive shell on it.
pub struct Terminal {
    pub master: File,
    shell: Child,
    seen: String,
    /// Where in it nothing has been looked for yet.
    at: usize,
}

impl Terminal {
    /// `None` if there is no shell with job control, having said so.
    pub fn open(sandbox: &Sandbox) -> Option<Terminal> {
        if !works("bash", &["-c", "true"]) || !works("setsid", &["--version"]) {
            skipped("no bash and no setsid(1) for a terminal with job control");
            return None;
        }
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let shell = sandbox
            .command("/bin/sh")
            .env("TERM", "dumb")
            .env("PS1", "")
            .args([
                "-c",
                "exec setsid --ctty bash --norc --noprofile --noediting -i <\"$1\" >\"$1\" 2>&1",
                "sh",
                &name,
            ])
            .start();
        let mut terminal = Terminal { master: master.into(), shell, seen: String::new(), at: 0 };
        // In two parts, so that what is typed is not what is looked for.
        terminal.send(&format!("stty -echo; PS1='{PROMPT}'\n"));
        // What was typed, as far as it was echoed.
        terminal.expect("\n");
        Some(terminal)
    }

    /// Types a command when the shell asks for one.
    #[track_caller]
    pub fn command(&mut self, text: &str) {
        self.expect(PROMPT);
        self.send(&format!("{text}\n"));
    }

    pub fn send(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until both have come, in any order.
    #[track_caller]
    pub fn expect_both(&mut self, one: &str, two: &str) {
        let start = self.at;
        self.expect(one);
        let first = std::mem::replace(&mut self.at, start);
        self.expect(two);
        self.at = self.at.max(first);
    }

    /// Reads until `text` has come; returns what came before it.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.seen[self.at..].find(text) {
                let before = self.seen[self.at..self.at + found].to_owned();
                self.at += found + text.len();
                return before;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: 0 };
            let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
            let ready = poll(&mut fds, Some(&left)).unwrap();
            let mut buffer = [0; 4096];
            let count = if ready == 0 { 0 } else { self.master.read(&mut buffer).unwrap_or(0) };
            assert!(
                count > 0,
                "`{}` did not come; seen since:\n{}",
                text.escape_debug(),
                &self.seen[self.at..]
            );
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    /// Starts the probe in a way; its process and runner's, which may be the same.
    #[track_caller]
    pub fn probe(&mut self, way: &str, arguments: &str) -> (i32, i32) {
        self.command(&format!("runner {way} probe {arguments}"));
        self.expect("ready ");
        let line = self.expect("\r\n");
        let (own, parent) = line.split_once(' ').unwrap();
        let (own, parent): (i32, i32) = (own.parse().unwrap(), parent.parse().unwrap());
        (own, if way.is_empty() { own } else { parent })
    }

    /// The exit code of the last job, as the shell sees it.
    #[track_caller]
    pub fn code(&mut self) -> i32 {
        self.command("echo code $?.");
        self.expect("code ");
        self.expect(".").parse().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
