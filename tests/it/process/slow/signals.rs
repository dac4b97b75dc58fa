//! Where a script cannot take runner's place it is its child, and nobody can tell: signals, stops, ends.
//!
//! Every question is asked in all [`WAYS`], of which the first is the answer: there the script is the process. On a
//! pseudo-terminal an interactive shell asks, as a person would.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::children::becomes;
use crate::support::machine::works;
use crate::support::sandbox::skipped;
use crate::support::signal_probe::{Probe, WAYS, probe};

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
