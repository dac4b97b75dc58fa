//! A script as a child of the host: what it is told, its streams, its limits, its end.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use runner::{Cancel, Ended, Flow, Options, Output, Program, ResourceLimits, Run, Script, Stdin, Variables};

use crate::support::hosts::{left, runner};
use crate::support::sandbox::Sandbox;

/// A shell script as the program of a script: what the fake compiler makes is replaced by it.
fn program(sandbox: &Sandbox, text: &str) -> Program {
    // The fake compiler appends what the script says.
    let made = sandbox.script("program", format!("{text}exit\n"));
    let runner = runner(sandbox.root(), &[("FAKE_PROGRAM", made.to_str().unwrap())]);
    sandbox.write("x.rs", "print x\n");
    let script = Script::open(&sandbox.path("x.rs"), &runner.settings()).unwrap();
    runner.build(&script, &Options::default()).unwrap()
}

#[test]
fn a_child_is_told_what_an_executed_script_is() {
    let sandbox = Sandbox::fake();
    let program = program(&sandbox, "#!/bin/sh\necho \"$0 $# $RUNNER_SCRIPT $GREETING $HOME\"\nexit 3\n");
    let run = Run::new().args(["one", "two words"]).env("GREETING", "hello");
    let ran = program.run(run).unwrap();
    let path = sandbox.path("x.rs");
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.trim_end().ends_with(&format!("2 {} hello", path.display())), "{said}");
    assert_eq!((ran.status.code(), ran.ended), (Some(3), Ended::Itself));
    assert!(ran.most_memory > 0);
    // As a command of std's.
    let mut command = program.command().unwrap();
    let output = command.arg("one").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.trim_end().ends_with(&format!("1 {}", path.display())), "{said}");
    // With what the compilers see.
    let ran = program.run(Run::new().variables(Variables::Settings));
    assert!(String::from_utf8(ran.unwrap().stdout).unwrap().contains(sandbox.home().to_str().unwrap()));
}

#[test]
fn a_trim_takes_no_program_that_is_held() {
    let sandbox = Sandbox::fake();
    let program = program(&sandbox, "#!/bin/sh\necho still here\n");
    let mut command = program.command().unwrap();
    std::fs::remove_dir_all(sandbox.cache()).unwrap();
    assert_eq!(program.run(Run::new()).unwrap().stdout, b"still here\n");
    assert_eq!(program.clone().command().unwrap().output().unwrap().stdout, b"still here\n");
    // A command that was made before names the file.
    assert!(command.output().is_err());
}

#[test]
fn streams_go_where_they_are_sent() {
    let sandbox = Sandbox::fake();
    let program = program(&sandbox, "#!/bin/sh\ncat\necho err >&2\n");
    let ran = program.run(Run::new().stdin(Stdin::Text(b"text\n".to_vec()))).unwrap();
    assert_eq!((&*ran.stdout, &*ran.stderr), (&b"text\n"[..], &b"err\n"[..]));
    let file = std::fs::File::create(sandbox.path("out")).unwrap();
    let run = Run::new().stdin(Stdin::Text(b"filed\n".to_vec())).stdout(Output::To(file.into()));
    let ran = program.run(run.stderr(Output::Null)).unwrap();
    assert!(ran.stdout.is_empty() && ran.stderr.is_empty());
    assert_eq!(std::fs::read(sandbox.path("out")).unwrap(), b"filed\n");
    let mut running = program.spawn(Run::new().stdin(Stdin::Pipe).stdout(Output::Pipe)).unwrap();
    running.stdin.as_mut().unwrap().write_all(b"piped\n").unwrap();
    drop(running.stdin.take());
    let mut said = String::new();
    running.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let ran = running.wait().unwrap();
    assert_eq!((said.as_str(), &*ran.stderr, ran.status.code()), ("piped\n", &b"err\n"[..], Some(0)));
}

#[test]
fn a_listener_of_the_output_may_stop_the_program() {
    let sandbox = Sandbox::fake();
    let program = program(&sandbox, "#!/bin/sh\necho one\nsleep 1000\n");
    let run = Run::new().stdout(Output::Hear(Box::new(|_| Flow::Stop)));
    assert_eq!(program.run(run).unwrap().ended, Ended::Cancelled);
    assert_eq!(left(&sandbox), Vec::<String>::new());
}

#[test]
fn a_program_ends_at_its_limits() {
    let sandbox = Sandbox::fake();
    let endless = program(
        &sandbox,
        "#!/bin/sh\ncase $1 in cpu) while :; do :; done ;; out) yes ;; *) sleep 1000 ;; esac\n",
    );
    let ran = endless.run(Run::new().deadline(Duration::from_millis(100))).unwrap();
    assert_eq!(ran.ended, Ended::Deadline);
    let limits = ResourceLimits::none().output(1000);
    let ran = endless.run(Run::new().args(["out"]).env("PATH", "/usr/bin:/bin").limits(limits)).unwrap();
    assert_eq!((ran.ended, ran.stdout.len()), (Ended::OutputLimit, 1000));
    let limits = ResourceLimits::none().cpu(Duration::from_secs(1));
    let ran = endless.run(Run::new().args(["cpu"]).limits(limits)).unwrap();
    assert_eq!((ran.ended, ran.status.signal()), (Ended::Itself, Some(24)), "SIGXCPU");
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(endless.run(Run::new().cancel(&cancel)).unwrap().ended, Ended::Cancelled);
    assert_eq!(left(&sandbox), Vec::<String>::new());
}

#[test]
fn the_end_of_a_script_is_not_the_hosts() {
    let sandbox = Sandbox::fake();
    let aborts = program(&sandbox, "#!/bin/sh\nkill -ABRT $$\n");
    let ran = aborts.run(Run::new()).unwrap();
    assert_eq!((ran.ended, ran.status.signal()), (Ended::Itself, Some(6)));
    let core = rustix::process::getrlimit(rustix::process::Resource::Core);
    assert_ne!(core.maximum, Some(0), "the host may still dump a core");
}

#[test]
fn a_program_that_nobody_waits_for_is_killed_with_all_it_started() {
    let sandbox = Sandbox::fake();
    let sleeper = program(&sandbox, "#!/bin/sh\n(echo; exec sleep 1000) & wait\n");
    let run = Run::new().env("PATH", "/usr/bin:/bin").env("HERE", sandbox.root()).stdout(Output::Pipe);
    let mut running = sleeper.spawn(run).unwrap();
    // Its child is there when it has said so.
    running.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    assert!(running.try_wait().unwrap().is_none() && running.pid() > 0);
    drop(running);
    assert_eq!(left(&sandbox), Vec::<String>::new());
}
