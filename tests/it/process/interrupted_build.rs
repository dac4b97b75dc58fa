//! A build that is interrupted leaves nothing behind that it started.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::machine::{is_emulated, works};
use crate::support::sandbox::Sandbox;
use crate::support::strace;
use crate::support::terminal::Terminal;

/// A compiler that says it has begun, and then does not end; nor does what it has started, which does not hear of its end.
fn endless(sandbox: &Sandbox) {
    let fake = sandbox.root().join("fake");
    fs::rename(fake.join("rustc"), fake.join("honest")).unwrap();
    let path = Path::new("../fake/rustc");
    let text = format!(
        "#!/bin/sh\ncase $1 in -vV) exec {}/honest \"$@\" ;; esac\nexec 9>\"$HOME/began\"\n(sleep 1000; :) &\necho $$ >&9\nsleep 1000\n",
        fake.display()
    );
    sandbox.script(path, text);
    assert!(works("mkfifo", &[sandbox.home().join("began").to_str().unwrap()]));
}

#[test]
fn an_interrupted_build_leaves_nothing_behind_that_it_started() {
    if is_emulated("that a process adopts orphans") {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    endless(&sandbox);
    let began = sandbox.home().join("began");
    // Whatever ends runner alone: the other end of the pipe goes with the compiler and all below it.
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP, Signal::INT] {
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
    // What the compiler starts in the background is not interrupted by the key.
    if is_emulated("that a process adopts orphans") {
        return;
    }
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

#[test]
fn a_build_needs_no_signal_for_the_death_of_its_parent() {
    if !strace::is_there() {
        return;
    }
    for error in ["EPERM", "ENOSYS"] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print x\n");
        let log = sandbox.root().join("strace");
        let inject = format!("inject=prctl:error={error}");
        for words in [&["x.rs"][..], &["--temp", "x.rs"], &["build", "x.rs", "-o", "out"]] {
            let ran =
                strace::command(&sandbox, &log, &["-f", "-e", "trace=prctl", "-e", &inject], words).run();
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{error}: {words:?}");
        }
    }
}
