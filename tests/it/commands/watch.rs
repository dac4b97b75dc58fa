//! `runner watch`: what restarts a program, what does not, and how the old one ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::children::wait_until;
use crate::support::sandbox::Sandbox;
use crate::support::strace;

/// A watch whose lines are read as they come.
struct Watched {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

/// So long a line is waited for that has to come; nobody waits so long for one that has come.
const PATIENCE: Duration = Duration::from_secs(60);

impl Watched {
    fn start(sandbox: &Sandbox, arguments: &[&str]) -> Watched {
        let mut child = sandbox.runner([&["watch", "-v"], arguments].concat()).start();
        let lines = read(child.stdout.take().unwrap());
        let errors = read(child.stderr.take().unwrap());
        Watched { child, lines, errors }
    }

    #[track_caller]
    fn says(&self, expected: &str) {
        let line = self.lines.recv_timeout(PATIENCE);
        assert_eq!(line.as_deref(), Ok(expected), "{:?}", self.errors.try_iter().collect::<Vec<_>>());
    }

    /// Waits until stderr has a line with this in it.
    #[track_caller]
    fn tells(&self, expected: &str) {
        loop {
            let line = self.errors.recv_timeout(PATIENCE).expect(expected);
            if line.contains(expected) {
                return;
            }
        }
    }

    /// Ends it, and asserts that nothing else was printed.
    #[track_caller]
    fn ends_of(mut self, signal: i32, code: i32) {
        // SAFETY: none is needed: `kill` is the command.
        let number = signal.to_string();
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args([format!("-{number}"), pid]).status();
        assert!(sent.unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
        let more: Vec<String> = self.lines.iter().collect();
        assert!(more.is_empty(), "{more:?}");
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A script that says something and goes on until it is ended.
fn endless(word: &str) -> String {
    format!("#!/usr/bin/env runner\nshell echo {word} && exec sleep 1000\n")
}

fn by_rename(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

#[test]
fn an_edit_restarts_however_an_editor_saves() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", endless("one"));
    let watched = Watched::start(&sandbox, &["x.rs"]);
    watched.says("one");
    // In place.
    fs::write(&script, endless("two")).unwrap();
    watched.says("two");
    // A new file of the name.
    by_rename(&script, &endless("three"));
    watched.says("three");
    // The old one moved away first, as a backup.
    fs::rename(&script, script.with_extension("rs~")).unwrap();
    fs::write(&script, endless("four")).unwrap();
    watched.says("four");
    // Removed and written.
    fs::remove_file(&script).unwrap();
    fs::write(&script, endless("five")).unwrap();
    watched.says("five");
    // In pieces.
    let mut file = fs::File::create(&script).unwrap();
    let text = endless("six");
    for part in text.as_bytes().chunks(7) {
        file.write_all(part).unwrap();
        file.sync_all().unwrap();
    }
    drop(file);
    watched.says("six");
    watched.ends_of(15, 143);
}

#[test]
fn a_save_that_changes_nothing_restarts_nothing() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", endless("one"));
    let watched = Watched::start(&sandbox, &["x.rs"]);
    watched.says("one");
    watched.tells("cached as");
    // Touched, saved as it was, and a file that is none of its business.
    fs::write(&script, endless("one")).unwrap();
    by_rename(&script, &endless("one"));
    sandbox.write("other.txt", "x");
    // What comes after that is the next thing that is said.
    fs::write(&script, endless("two")).unwrap();
    watched.says("two");
    watched.ends_of(15, 143);
}

#[test]
fn a_broken_edit_is_shown_and_the_program_goes_on() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", endless("one"));
    let watched = Watched::start(&sandbox, &["x.rs"]);
    watched.says("one");
    fs::write(&script, "fail here\n").unwrap();
    watched.tells("error: here");
    fs::write(&script, endless("two")).unwrap();
    watched.says("two");
    watched.ends_of(2, 130);
}

#[test]
fn a_script_that_is_gone_comes_back() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", endless("one"));
    let watched = Watched::start(&sandbox, &["x.rs"]);
    watched.says("one");
    fs::remove_file(&script).unwrap();
    watched.tells("no such script");
    fs::write(&script, endless("two")).unwrap();
    watched.says("two");
    watched.ends_of(15, 143);
}

#[test]
fn all_that_the_program_started_has_ended_before_it_is_started_again() {
    let sandbox = Sandbox::fake();
    // The port is a directory here: only one can have it, and whoever ends gives it back late.
    let text = |word: &str| {
        format!(
            "#!/usr/bin/env runner\nshell mkdir port || echo busy; (trap 'sleep 0.2; rmdir port; exit' TERM; \
             echo {word}; while :; do sleep 0.05; done) & trap '' TERM; wait; wait\n"
        )
    };
    let script = sandbox.script("x.rs", text("0"));
    let watched = Watched::start(&sandbox, &["--grace", "2", "x.rs"]);
    watched.says("0");
    for round in 1..4 {
        let word = round.to_string();
        fs::write(&script, text(&word)).unwrap();
        watched.says(&word);
    }
    watched.ends_of(15, 143);
    assert!(!sandbox.path("port").exists());
}

#[test]
fn a_program_that_does_not_end_is_killed_after_its_grace() {
    let sandbox = Sandbox::fake();
    let stubborn = "#!/usr/bin/env runner\nshell trap '' TERM; echo one; sleep 1000; sleep 1000\n";
    let script = sandbox.script("x.rs", stubborn);
    let watched = Watched::start(&sandbox, &["--grace", "0.2", "x.rs"]);
    watched.says("one");
    by_rename(&script, &endless("two"));
    watched.says("two");
    watched.ends_of(15, 143);
}

#[test]
fn a_burst_of_saves_restarts_once() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", endless("one"));
    let watched = Watched::start(&sandbox, &["x.rs"]);
    watched.says("one");
    for count in 0..500 {
        by_rename(&script, &endless("one"));
        fs::write(sandbox.path("note"), count.to_string()).unwrap();
    }
    by_rename(&script, &endless("two"));
    watched.says("two");
    watched.ends_of(15, 143);
}

#[test]
fn a_watch_that_is_killed_leaves_no_program() {
    let sandbox = Sandbox::fake();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nshell echo $$; exec sleep 1000\n");
    let mut watched = Watched::start(&sandbox, &["x.rs"]);
    let program = watched.lines.recv_timeout(PATIENCE).unwrap();
    watched.child.kill().unwrap();
    watched.child.wait().unwrap();
    let is_there = || {
        let kill = std::process::Command::new("kill")
            .args(["-0", &program])
            .stderr(std::process::Stdio::null())
            .status();
        kill.unwrap().success()
    };
    crate::support::children::wait_until("the program has ended", || !is_there());
}

#[test]
fn it_ends_with_the_program_if_asked_to_and_tells_it_that_it_is_watched() {
    let sandbox = Sandbox::fake();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nshell echo $RUNNER_WATCH $1; exit 7\n");
    sandbox.runner(["watch", "--once", "x.rs"]).run().ends(7, "1\n", "");
    sandbox
        .runner(["watch", "--temp", "x.rs"])
        .run()
        .fails(125, "`watch` and `--temp` cannot be used together");
    sandbox.runner(["watch", "--signal", "NO", "x.rs"]).run().fails(125, "USR2, KILL");
    sandbox.runner(["watch", "-"]).run().fails(125, "hint: save the script first");
}

#[test]
fn a_command_runs_in_place_of_the_script_after_each_change() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", "print one\n");
    let command = "echo $1 $RUNNER_WATCH; \"$0\"; exec sleep 1000";
    let watched = Watched::start(&sandbox, &["--on-change", command, "x.rs", "an argument"]);
    watched.says("an argument 1");
    watched.says("one");
    // The same program is no change.
    fs::write(&script, "print one\n").unwrap();
    fs::write(&script, "print two\n").unwrap();
    watched.says("an argument 1");
    watched.says("two");
    watched.ends_of(15, 143);
    sandbox.runner(["watch", "--on-change", "true", "--test", "x.rs"]).run().fails(
        125,
        "`--on-change` cannot be used together with `--test` or `--check`\n  hint: give one of them",
    );
}

#[test]
fn without_the_system_s_help_files_are_looked_at() {
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", endless("one"));
    let watched = Watched::start(&sandbox, &["--poll", "x.rs"]);
    watched.says("one");
    fs::write(&script, endless("two")).unwrap();
    watched.says("two");
    watched.ends_of(15, 143);
}

#[test]
fn at_rest_it_makes_no_system_call() {
    if !strace::is_there() {
        return;
    }
    let sandbox = Sandbox::fake();
    let script = sandbox.script("x.rs", endless("one"));
    let watched = Watched::start(&sandbox, &["x.rs"]);
    watched.says("one");
    watched.tells("cached as");
    let pid = watched.child.id().to_string();
    let proc = Path::new("/proc").join(&pid);
    // The thread of the last look has ended, and the main one waits.
    let is_at_rest = || {
        let threads = fs::read_dir(proc.join("task")).map_or(0, Iterator::count);
        let stat = fs::read_to_string(proc.join("stat")).unwrap_or_default();
        threads == 1 && stat.contains(") S ")
    };
    wait_until("one thread that waits", is_at_rest);
    // Not in a directory above the script, which is watched for a `runner.toml`: the log would wake who is logged.
    let out = sandbox.root().join("tmp/trace");
    let mut strace = std::process::Command::new("strace")
        .arg("-f")
        .arg("-o")
        .arg(&out)
        .args(["-p", &pid])
        .spawn()
        .unwrap();
    let is_traced = || {
        let status = fs::read_to_string(proc.join("status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    };
    wait_until("it is traced", is_traced);
    // A rest that a clock at every second or less would show in.
    std::thread::sleep(Duration::from_secs(2));
    fs::write(&script, endless("two")).unwrap();
    watched.says("two");
    let _ = std::process::Command::new("kill").arg(strace.id().to_string()).status();
    let _ = strace.wait();
    let traced = fs::read_to_string(&out).unwrap();
    let first = traced.lines().find(|line| !line.contains("SIG")).unwrap_or_default();
    // The first call that ended is the wait, and what ended it is the change.
    assert!(first.contains("poll(") && first.contains("revents=POLLIN"), "{first}");
    watched.ends_of(15, 143);
}
