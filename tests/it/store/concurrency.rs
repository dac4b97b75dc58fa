//! Many at once: one compile, right outputs, no error, whoever dies or stops meanwhile.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::children::{signal, wait_until};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::strace;

#[test]
fn sixteen_first_runs_at_once_make_one_compile_and_sixteen_right_outputs() {
    let sandbox = Sandbox::fake().with("FAKE_SLEEP", "0.2");
    sandbox.write("x.rs", "print right\n");
    let children: Vec<Child> = (0..16).map(|_| sandbox.runner(["x.rs"]).start()).collect();
    for child in children {
        Ran::of("one of sixteen", child).prints("right\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn when_the_builder_is_killed_a_waiter_takes_over_at_once() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let mut builder = sandbox.runner(["x.rs"]).env("FAKE_SLEEP", "600").start();
    wait_until("the builder compiles", || sandbox.compiles() == 1);
    let waiters: Vec<Child> = (0..4).map(|_| sandbox.runner(["x.rs"]).start()).collect();
    thread::sleep(Duration::from_millis(700));
    assert_eq!(sandbox.compiles(), 1, "they wait");
    let killed = Instant::now();
    signal(&builder, "KILL");
    builder.wait().unwrap();
    for child in waiters {
        Ran::of("a waiter", child).prints("right\n");
    }
    assert!(killed.elapsed() < Duration::from_secs(500), "they waited for the compiler that was killed");
    assert_eq!(sandbox.compiles(), 2, "the one that was killed, and one more");
}

#[test]
fn scripts_that_have_nothing_to_do_with_each_other_do_not_wait() {
    let sandbox = Sandbox::fake();
    sandbox.write("slow.rs", "print slow\n");
    sandbox.write("quick.rs", "print quick\n");
    let mut slow = sandbox.runner(["slow.rs"]).env("FAKE_SLEEP", "600").start();
    wait_until("the slow one compiles", || sandbox.compiles() == 1);
    sandbox.runner(["quick.rs"]).run().prints("quick\n");
    assert!(slow.try_wait().unwrap().is_none());
    signal(&slow, "KILL");
    slow.wait().unwrap();
}

#[test]
fn without_locks_everything_is_right_and_at_worst_done_twice() {
    if !strace::is_there() {
        return;
    }
    for error in ["ENOLCK", "EOPNOTSUPP", "ENOSYS", "EINVAL"] {
        let sandbox = Sandbox::fake().with("FAKE_SLEEP", "0.2");
        sandbox.write("x.rs", "print right\n");
        let inject = format!("inject=flock:error={error}");
        let start = |index: usize| {
            let log = sandbox.root().join(format!("strace-{index}"));
            strace::command(&sandbox, &log, &["-f", "-e", "trace=flock", "-e", &inject], &["x.rs"]).start()
        };
        let children: Vec<Child> = (0..4).map(start).collect();
        for child in children {
            Ran::of(error, child).prints("right\n");
        }
        assert!((1..=4).contains(&sandbox.compiles()));
        Ran::of(error, start(9)).prints("right\n");
        // A builder's staging is not swept under it; what is left of the dead is, when locks are there or a day has passed.
        assert_eq!(sandbox.cached("staging").len(), 0, "{error}");
    }
}

#[test]
fn without_locks_another_builders_staging_is_left_alone() {
    if !strace::is_there() {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("slow.rs", "print slow\n");
    sandbox.write("quick.rs", "print quick\n");
    let start = |script: &str, sleep: &str| {
        let log = sandbox.root().join(format!("strace-{script}"));
        let options = ["-f", "-e", "trace=flock", "-e", "inject=flock:error=ENOLCK"];
        strace::command(&sandbox, &log, &options, &[script]).env("FAKE_SLEEP", sleep).start()
    };
    let slow = start("slow.rs", "1");
    wait_until("the slow one compiles", || sandbox.compiles() == 1);
    Ran::of("the quick one", start("quick.rs", "0")).prints("quick\n");
    Ran::of("the slow one", slow).prints("slow\n");
}
