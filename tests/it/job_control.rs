//! Where a script cannot take runner's place it is its child, and nobody can tell: signals, stops, ends.
//!
//! Every question is asked in all [`WAYS`], of which the first is the answer: there the script is the process. On a
//! pseudo-terminal an interactive shell asks, as a person would.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::machine::works;
use crate::sandbox::{Sandbox, skipped};

/// The process itself, a child because times are told, a child because of a directory to remove.
const WAYS: [&str; 3] = ["", "--timings", "--temp --exec env"];

/// Longer than anything here takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Of the shell; nothing else prints it.
const PROMPT: &str = "what now? ";

/// Says which signals it gets, of those its arguments name; obeys the lines it reads.
const PROBE: &str = r#"#!/usr/bin/env runner
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

fn main() {
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

fn probe() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("probe", PROBE);
    sandbox.runner(["build", "--cache", "probe"]).run().prints("");
    sandbox
}

/// The probe without a terminal.
struct Probe {
    /// What was started.
    child: Child,
    out: BufReader<ChildStdout>,
    /// The script's own process.
    script: i32,
}

impl Probe {
    fn start(sandbox: &Sandbox, way: &str, arguments: &str) -> Probe {
        let command = format!("exec runner {way} probe {arguments}");
        Probe::attach(sandbox.command("/bin/sh").args(["-c", &command]))
    }

    fn attach(run: crate::sandbox::Run<'_>) -> Probe {
        let mut child = run.start_with_input();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let script = line.split(' ').nth(1).unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        Probe { child, out, script }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32).unwrap()
    }

    fn signal(&self, number: i32) {
        let status = Command::new("kill").args([format!("-{number}"), self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Everything it says until it is gone, having nothing more to read.
    fn rest(mut self) -> (String, ExitStatus) {
        drop(self.child.stdin.take());
        self.end()
    }

    /// Everything it says until it is gone, by itself.
    fn end(mut self) -> (String, ExitStatus) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap())
    }
}

#[test]
fn every_signal_reaches_the_script_once() {
    let sandbox = probe();
    // All that a program can do something about, but for those of faults, and children's.
    let signals: Vec<i32> =
        (1..=31).filter(|number| ![4, 5, 7, 8, 9, 11, 17, 19].contains(number)).chain([34, 50, 64]).collect();
    let arguments = signals.iter().map(i32::to_string).collect::<Vec<_>>().join(" ");
    for way in WAYS {
        let mut probe = Probe::start(&sandbox, way, &arguments);
        for number in &signals {
            probe.signal(*number);
            assert_eq!(probe.line(), format!("got {number:02}"), "{way}");
        }
        probe.say("hello");
        assert_eq!(probe.line(), "heard hello", "{way}");
        assert_eq!(probe.rest().0, "", "{way}");
    }
}

#[test]
fn the_end_is_the_scripts_own() {
    let sandbox = probe();
    for way in WAYS {
        for code in [0, 1, 125, 255] {
            let mut probe = Probe::start(&sandbox, way, "");
            probe.say(&format!("exit {code}"));
            assert_eq!(probe.end().1.code(), Some(code), "{way}");
        }
        for number in [1, 2, 3, 6, 9, 14, 15, 24, 34] {
            let mut probe = Probe::start(&sandbox, way, "");
            probe.say(&format!("die {number}"));
            let status = probe.end().1;
            assert_eq!((status.signal(), status.core_dumped()), (Some(number), false), "{way}");
        }
        // Whatever runner is sent, the script decides: here it dies of it.
        let probe = Probe::start(&sandbox, way, "");
        probe.signal(15);
        assert_eq!(probe.end().1.signal(), Some(15), "{way}");
        // And here it does not.
        let mut probe = Probe::start(&sandbox, way, "15");
        probe.signal(15);
        assert_eq!(probe.line(), "got 15");
        probe.say("exit 3");
        assert_eq!(probe.end().1.code(), Some(3), "{way}");
    }
}

#[test]
fn a_script_that_signals_its_group_is_not_told_again() {
    let sandbox = probe();
    for way in WAYS {
        // In a session of its own, so that the group is not this test's.
        let command = format!("exec setsid runner {way} probe 10");
        let mut probe = Probe::attach(sandbox.command("/bin/sh").args(["-c", &command]));
        probe.say("group 10");
        assert_eq!(probe.line(), "got 10", "{way}");
        probe.say("hello");
        assert_eq!(probe.line(), "heard hello", "{way}");
        probe.rest();
    }
}

#[test]
fn an_alarm_that_was_set_before_rings_for_the_script() {
    let sandbox = probe();
    if !works("perl", &["-e", "1"]) {
        return skipped("no perl to set an alarm with");
    }
    // What is built at each run would be built against the clock.
    for way in &WAYS[..2] {
        let command = format!("exec perl -e 'alarm 3; exec @ARGV' runner {way} probe 14");
        let mut probe = Probe::attach(sandbox.command("/bin/sh").args(["-c", &command]));
        assert_eq!(probe.line(), "got 14", "{way}");
        probe.rest();
    }
}

#[test]
fn a_killed_runner_takes_the_script_with_it() {
    let sandbox = probe();
    for way in WAYS {
        let probe = Probe::start(&sandbox, way, "15 1");
        probe.signal(9);
        // The end of its output is the end of the script: nobody else holds the other end.
        let (rest, status) = probe.end();
        assert_eq!((rest.as_str(), status.signal()), ("", Some(9)), "{way}");
    }
    // What was left in the cache goes at the next miss.
    sandbox.write("other.rs", "fn main() {}");
    sandbox.runner(["other.rs"]).run().prints("");
    assert_eq!(fs::read_dir(sandbox.cache().join("v1/staging")).unwrap().count(), 0);
}

#[test]
fn a_child_finds_signals_as_the_caller_left_them() {
    let sandbox = probe();
    if !works("env", &["--ignore-signal=PIPE", "--block-signal=USR1", "true"]) {
        return skipped("an env(1) that cannot ignore and block signals");
    }
    sandbox.script(
        "status",
        r#"fn main() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    for line in status.lines().filter(|line| line.starts_with("SigBlk") || line.starts_with("SigIgn")) {
        let (name, mask) = line.split_once(":\t").unwrap();
        // Signals 32 and 33 are the C library's own, which it sets when it starts a thread.
        println!("{name} {:x}", u64::from_str_radix(mask, 16).unwrap() & !(3 << 31));
    }
}
"#,
    );
    sandbox.runner(["build", "--cache", "status"]).run().prints("");
    for how in ["--default-signal", "--ignore-signal=PIPE,HUP,INT,CHLD --block-signal=USR1,CHLD,TERM"] {
        let of = |way: &str| sandbox.sh(&format!("exec env {how} runner {way} status")).run().stdout;
        let expected = of("");
        assert!(expected.contains("SigBlk"), "{expected}");
        for way in WAYS {
            assert_eq!(of(way), expected, "{how} {way}");
        }
    }
}

/// The state of a process in `/proc/PID/stat`: `T` is stopped.
fn state(pid: i32) -> char {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('-')
}

/// Waits for a process to be in one of these states.
#[track_caller]
fn becomes(pid: i32, states: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !states.contains(state(pid)) {
        assert!(Instant::now() < deadline, "process {pid} is {}, not {states}", state(pid));
        std::thread::yield_now();
    }
}

#[test]
fn it_stops_and_continues_with_the_script() {
    let sandbox = probe();
    for way in WAYS {
        let mut probe = Probe::start(&sandbox, way, "");
        let (own, script) = (probe.child.id() as i32, probe.script);
        // A group that nobody looks after cannot be stopped by a terminal's signals, but by this one.
        for stopped in [script, script] {
            kill_process(Pid::from_raw(stopped).unwrap(), Signal::STOP).unwrap();
            becomes(script, "T");
            becomes(own, "T");
            kill_process(probe.pid(), Signal::CONT).unwrap();
            becomes(own, "SR");
            becomes(script, "SR");
            probe.say("hello");
            assert_eq!(probe.line(), "heard hello", "{way}");
        }
        assert!(probe.rest().1.success(), "{way}");
    }
}

/// A terminal with an interactive shell on it.
struct Terminal {
    master: File,
    shell: Child,
    seen: String,
    /// Where in it nothing has been looked for yet.
    at: usize,
}

impl Terminal {
    /// `None` if there is no shell with job control, having said so.
    fn open(sandbox: &Sandbox) -> Option<Terminal> {
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
    fn command(&mut self, text: &str) {
        self.expect(PROMPT);
        self.send(&format!("{text}\n"));
    }

    fn send(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until both have come, in any order.
    #[track_caller]
    fn expect_both(&mut self, one: &str, two: &str) {
        let start = self.at;
        self.expect(one);
        let first = std::mem::replace(&mut self.at, start);
        self.expect(two);
        self.at = self.at.max(first);
    }

    /// Reads until `text` has come; returns what came before it.
    #[track_caller]
    fn expect(&mut self, text: &str) -> String {
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
    fn probe(&mut self, way: &str, arguments: &str) -> (i32, i32) {
        self.command(&format!("runner {way} probe {arguments}"));
        self.expect("ready ");
        let line = self.expect("\r\n");
        let (own, parent) = line.split_once(' ').unwrap();
        let (own, parent): (i32, i32) = (own.parse().unwrap(), parent.parse().unwrap());
        (own, if way.is_empty() { own } else { parent })
    }

    /// The exit code of the last job, as the shell sees it.
    #[track_caller]
    fn code(&mut self) -> i32 {
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

#[test]
fn keys_that_end_a_script_end_it_and_the_shell_knows_of_what() {
    let sandbox = probe();
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    for way in WAYS {
        for (key, code) in [("\x03", 130), ("\x1c", 131)] {
            let (script, _) = terminal.probe(way, "");
            terminal.send(key);
            assert_eq!(terminal.code(), code, "{way}");
            assert_eq!(state(script), '-', "{way}");
        }
    }
}

#[test]
fn keys_that_a_script_catches_reach_it_once() {
    let sandbox = probe();
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    for way in WAYS {
        terminal.probe(way, "2 3 28");
        for (key, number) in [("\x03", "02"), ("\x1c", "03"), ("\x03", "02")] {
            terminal.send(key);
            terminal.expect(&format!("got {number}\r\n"));
            terminal.send("hello\n");
            // Nothing but the echo of the terminal between them.
            let between = terminal.expect("heard hello\r\n");
            assert!(!between.contains("got"), "{way}: {between}");
        }
        let size = rustix::termios::tcgetwinsize(&terminal.master).unwrap();
        let wider = rustix::termios::Winsize { ws_col: size.ws_col + 1, ..size };
        rustix::termios::tcsetwinsize(&terminal.master, wider).unwrap();
        terminal.expect("got 28\r\n");
        terminal.send("hello\n");
        let between = terminal.expect("heard hello\r\n");
        assert!(!between.contains("got"), "{way}: {between}");
        terminal.send("exit 7\n");
        assert_eq!(terminal.code(), 7, "{way}");
    }
}

#[test]
fn a_script_is_stopped_and_brought_back_by_the_shell() {
    let sandbox = probe();
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    for way in WAYS {
        let (script, own) = terminal.probe(way, "18");
        for _ in 0..2 {
            terminal.send("\x1a");
            terminal.expect("Stopped");
            becomes(script, "T");
            becomes(own, "T");
            // The shell has the terminal again.
            terminal.command("echo here");
            terminal.expect("here\r\n");
            terminal.command("fg");
            terminal.expect("got 18\r\n");
            terminal.send("hello\n");
            let between = terminal.expect("heard hello\r\n");
            assert!(!between.contains("got"), "{way}: {between}");
        }
        terminal.send("exit 5\n");
        assert_eq!(terminal.code(), 5, "{way}");
    }
}

#[test]
fn a_script_in_the_background_is_stopped_when_it_reads() {
    let sandbox = probe();
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    for way in WAYS {
        let (script, own) = terminal.probe(way, "18");
        terminal.send("\x1a");
        terminal.expect("Stopped");
        becomes(own, "T");
        // Continued where it is, it reads, and may not.
        terminal.command("bg");
        terminal.expect_both("got 18\r\n", PROMPT);
        becomes(script, "T");
        becomes(own, "T");
        terminal.send("jobs -l\n");
        terminal.expect("Stopped (tty input)");
        terminal.command("fg");
        terminal.expect("got 18\r\n");
        terminal.send("hello\n");
        terminal.expect("heard hello\r\n");
        terminal.send("exit 5\n");
        assert_eq!(terminal.code(), 5, "{way}");
    }
}

#[test]
fn a_pipeline_stays_one_job() {
    let sandbox = probe();
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    for way in WAYS {
        terminal.command(&format!("runner {way} probe | sed s/heard/through/"));
        terminal.expect("ready");
        terminal.send("\x1a");
        terminal.expect("Stopped");
        terminal.command("fg");
        terminal.expect("sed");
        terminal.send("hello\n\x04");
        terminal.expect("through hello\r\n");
        assert_eq!(terminal.code(), 0, "{way}");
    }
}

#[test]
fn a_terminal_that_goes_takes_the_script_with_it() {
    let sandbox = probe();
    for way in WAYS {
        let Some(mut terminal) = Terminal::open(&sandbox) else { return };
        let (script, own) = terminal.probe(way, "");
        drop(std::mem::replace(&mut terminal.master, File::open("/dev/null").unwrap()));
        becomes(script, "-Z");
        becomes(own, "-Z");
    }
}

/// A compiler that says it has begun, and then does not end.
fn endless(sandbox: &Sandbox) {
    let fake = sandbox.root().join("fake");
    fs::rename(fake.join("rustc"), fake.join("honest")).unwrap();
    let path = Path::new("../fake/rustc");
    let text = format!(
        "#!/bin/sh\ncase $1 in -vV) exec {}/honest \"$@\" ;; esac\nexec 9>\"$HOME/began\"\necho $$ >&9\nexec sleep 1000\n",
        fake.display()
    );
    sandbox.script(path, text);
    assert!(works("mkfifo", &[sandbox.home().join("began").to_str().unwrap()]));
}

#[test]
fn an_interrupted_build_leaves_no_compiler_behind() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    endless(&sandbox);
    let began = sandbox.home().join("began");
    // Whatever ends runner alone: the compiler's end of the pipe goes with the compiler.
    for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
        let mut runner = sandbox.runner(["x.rs"]).start();
        let mut pipe = BufReader::new(File::open(&began).unwrap());
        let mut line = String::new();
        pipe.read_line(&mut line).unwrap();
        kill_process(Pid::from_raw(runner.id() as i32).unwrap(), signal).unwrap();
        assert_eq!(runner.wait().unwrap().signal(), Some(signal.as_raw()));
        assert_eq!(pipe.read_to_string(&mut line).unwrap(), 0);
    }
    // The next run works.
    fs::rename(sandbox.root().join("fake/honest"), sandbox.root().join("fake/rustc")).unwrap();
    sandbox.runner(["x.rs"]).run().prints("x\n");
}

#[test]
fn the_interrupt_key_ends_a_build() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    endless(&sandbox);
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    terminal.command("runner x.rs");
    let mut pipe = BufReader::new(File::open(sandbox.home().join("began")).unwrap());
    let mut line = String::new();
    pipe.read_line(&mut line).unwrap();
    terminal.send("\x03");
    assert_eq!(terminal.code(), 130);
    assert_eq!(pipe.read_to_string(&mut line).unwrap(), 0);
}
