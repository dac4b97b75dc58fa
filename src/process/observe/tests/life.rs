//! Starting and ending: what cannot be observed, and what outlives its build.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::observe::observation::Observation;
use crate::process::observe::policy::{Policy, StartError};
use crate::process::observe::unavailable::Unavailable;

use crate::process::observe::tests::support::{Site, can_observe};

#[test]
fn it_can_be_had_where_the_kernel_filters_calls() {
    // An emulator of user programs answers so: its own calls are not the program's.
    if rustix::thread::secure_computing_mode() == Err(rustix::io::Errno::INVAL) {
        return println!("skipped: the kernel filters no calls of this program");
    }
    assert_eq!(Observation::probe(), Ok(()));
}

#[test]
fn a_command_that_does_not_exist_is_an_error_of_starting_it() {
    if !can_observe() {
        return;
    }
    let mut command = Command::new("/no/such/command");
    match Observation::start(&mut command, Policy::default()) {
        Err(StartError::Spawn(error)) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_can_be_used_again_observed_or_not() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "1");
    let mut cat = Command::new("cat");
    cat.arg("a").current_dir(&site.root).stdout(Stdio::null());
    for _ in 0..2 {
        assert_eq!(site.run(&mut cat).ok().what("a"), "content");
        assert!(cat.status().unwrap().success());
    }
}

#[test]
fn status_and_output_are_the_commands_own() {
    let Some(site) = Site::observed() else { return };
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg("echo out; exit 7").stdout(Stdio::piped());
    let (child, observation) = Observation::start(&mut shell, Policy::default()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), b"out\n".as_slice()));
    observation.finish().unwrap();
    let seen = site.sh("kill -9 $$");
    assert_eq!(seen.status.signal(), Some(9));
    assert!(seen.observed.gaps.is_empty());
}

/// What a process can do that may not install filters, or is observed already.
fn unavailable(site: &Site, filter: &str) -> Unavailable {
    // The test's own program, started below such a filter, says what it gets.
    let body = format!(
        "struct sock_filter f[] = {{ {filter} }}; struct sock_fprog p = {{ sizeof f / sizeof *f, f }};\
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); if (syscall(SYS_seccomp, 1, 0, &p)) return 99;\
         execv(argv[1], argv + 1); return 98;"
    );
    let launcher = site.program(&body, &[]).unwrap();
    let output = Command::new(launcher)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "process::observe::tests::life::said_by_a_child", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match said.lines().find_map(|line| line.split_once("reason: ")).map(|(_, reason)| reason) {
        Some("Forbidden") => Unavailable::Forbidden,
        Some("Kernel") => Unavailable::Kernel,
        Some("Memory") => Unavailable::Memory,
        other => panic!("{other:?} in {said} {}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
#[ignore = "started by others"]
fn said_by_a_child() {
    let mut command = Command::new("true");
    match Observation::start(&mut command, Policy::default()) {
        Err(StartError::Unavailable(reason)) => println!("reason: {reason:?}"),
        other => println!("{other:?}"),
    }
    // Without it the same command runs.
    assert!(command.status().unwrap().success());
}

fn denies(call: &str, errno: &str) -> String {
    format!(
        "{{0x20, 0, 0, 0}}, {{0x15, 0, 1, {call}}}, {{0x06, 0, 0, SECCOMP_RET_ERRNO | {errno}}}, {{0x06, 0, 0, SECCOMP_RET_ALLOW}}"
    )
}

#[test]
fn where_filters_are_forbidden_it_is_unavailable_and_the_command_runs_without() {
    let Some(site) = Site::observed() else { return };
    assert_eq!(unavailable(&site, &denies("SYS_seccomp", "EPERM")), Unavailable::Forbidden);
    assert_eq!(unavailable(&site, &denies("SYS_prctl", "EPERM")), Unavailable::Forbidden);
}

#[test]
fn where_the_kernel_has_no_notifications_it_is_unavailable() {
    let Some(site) = Site::observed() else { return };
    assert_eq!(unavailable(&site, &denies("SYS_seccomp", "ENOSYS")), Unavailable::Kernel);
    assert_eq!(unavailable(&site, &denies("SYS_seccomp", "EINVAL")), Unavailable::Kernel);
}

#[test]
fn where_memory_cannot_be_read_it_is_unavailable() {
    let Some(site) = Site::observed() else { return };
    assert_eq!(unavailable(&site, &denies("SYS_process_vm_readv", "EPERM")), Unavailable::Memory);
}

#[test]
fn below_another_observation_it_is_unavailable_and_the_outer_one_sees_all() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "1");
    let mut own = Command::new(std::env::current_exe().unwrap());
    own.args(["--exact", "process::observe::tests::life::said_by_a_child", "--ignored", "--nocapture"])
        .stdout(Stdio::piped());
    let (child, observation) = Observation::start(&mut own, Policy::default()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("reason: Observed"), "{said}");
    let observed = observation.finish().unwrap();
    assert!(observed.looks.iter().any(|look| look.path.ends_with("true")));
}

/// Waits until the process has ended: its end of a pipe closes when it does.
fn read_to_end(pipe: &mut impl Read) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn dropping_it_kills_the_command_and_all_that_it_started() {
    if !can_observe() {
        return;
    }
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg("sleep 1000 & (sleep 1000 & sleep 1000) & echo ready; wait").stdout(Stdio::piped());
    let (mut child, observation) = Observation::start(&mut shell, Policy::default()).unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    drop(observation);
    // Every one of them holds the other end.
    assert_eq!(read_to_end(&mut out), "");
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

#[test]
fn what_still_runs_when_the_command_has_ended_goes_on_and_its_calls_are_answered() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "late\n");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg("(read x; cat a) <&3 3<&- & exit 0").current_dir(&site.root);
    let (own, mut theirs) = std::io::pipe().unwrap();
    let script = "exec 3<&0; (read x <&3; cat a) & exit 0";
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(script).current_dir(&site.root).stdin(own).stdout(Stdio::piped());
    let (mut child, observation) = Observation::start(&mut shell, Policy::default()).unwrap();
    assert!(child.wait().unwrap().success());
    let observed = observation.finish().unwrap();
    assert!(observed.left_running);
    theirs.write_all(b"go\n").unwrap();
    assert_eq!(read_to_end(&mut child.stdout.take().unwrap()), "late\n");
}

#[test]
fn nobody_hangs_when_the_supervisor_is_killed() {
    if !can_observe() {
        return;
    }
    // This test, as a process of its own, observes a shell that asks for files again and again, and is killed.
    let mut own = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::observe::tests::life::observes_for_ever", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(own.stdout.take().unwrap());
    let mut line = String::new();
    while line.trim() != "ready" {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0);
    }
    own.kill().unwrap();
    own.wait().unwrap();
    // The shell and what it started hold the other end until they end.
    let _ = read_to_end(&mut out);
}

#[test]
#[ignore = "started by others"]
fn observes_for_ever() {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg("echo ready; while cat /etc/hostname >/dev/null 2>&1; do :; done");
    let (mut child, _observation) = Observation::start(&mut shell, Policy::default()).unwrap();
    child.wait().unwrap();
}

#[test]
fn signals_do_not_break_a_look() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "");
    let body = "void on(int s) {}\nint main() { signal(SIGALRM, on); ualarm(500, 500); int bad = 0;\
                for (int i = 0; i < 20000; i++) { int f = open(\"a\", 0); if (f < 0 && errno != EINTR) bad++; close(f); } return bad != 0; }";
    assert_eq!(site.run_c(body).ok().what("a"), "content");
}

#[test]
fn many_at_once_do_not_mix() {
    if !can_observe() {
        return;
    }
    std::thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let site = Site::new();
                site.write(format!("f{number}"), "");
                let seen = site.sh(&format!("cat f{number}")).ok();
                assert_eq!(seen.names(), [format!("f{number}")]);
            });
        }
    });
    assert!(Path::new("/proc/self").exists());
}
