//! Job control: on a pseudo-terminal an interactive shell asks, as a person would.

use std::fs::File;

use crate::support::children::{becomes, state};
use crate::support::signal_probe::{WAYS, probe};
use crate::support::terminal::{PROMPT, Terminal};

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
