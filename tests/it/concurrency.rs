//! Many at once: one compile, right outputs, no error, whoever dies or stops meanwhile.

use std::fs;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Ran, Sandbox, files_below};
use crate::strace;

fn signal(child: &Child, name: &str) {
    signal_to(child.id(), name);
}

fn signal_to(process: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &process.to_string()]).status().unwrap().success());
}

/// Waits until something is so; a test that waits a minute for it has failed.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

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
fn sixteen_real_first_runs_at_once_are_all_right() {
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "fn main() { println!(\"right\"); }\n");
    let children: Vec<Child> = (0..16).map(|_| sandbox.runner(["x.rs"]).start()).collect();
    for child in children {
        Ran::of("one of sixteen", child).prints("right\n");
    }
    assert_eq!(sandbox.cached("bin").len(), 1);
    assert_eq!(sandbox.cached("traces").len(), 1);
}

#[test]
fn when_the_builder_is_killed_a_waiter_takes_over_at_once() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let mut builder = sandbox.runner(["x.rs"]).env("FAKE_SLEEP", "30").start();
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
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    assert_eq!(sandbox.compiles(), 2, "the one that was killed, and one more");
}

#[test]
fn when_the_builder_is_stopped_waiters_say_so_and_go_on() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let builder = sandbox.runner(["x.rs"]).env("FAKE_SLEEP", "0.5").start();
    wait_until("the builder compiles", || sandbox.compiles() == 1);
    signal(&builder, "STOP");
    let told = Ran::of("a waiter", sandbox.runner(["x.rs"]).start());
    let process = builder.id();
    told.ends(
        0,
        "right\n",
        &format!(
            "runner: x.rs: process {process}, which is compiling it, is stopped; compiling without it\n"
        ),
    );
    assert_eq!(sandbox.compiles(), 2);
    // Continued, the first one finishes as if nothing had been.
    signal(&builder, "CONT");
    Ran::of("the builder", builder).prints("right\n");
    sandbox.runner(["x.rs"]).run().prints("right\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn scripts_that_have_nothing_to_do_with_each_other_do_not_wait() {
    let sandbox = Sandbox::fake();
    sandbox.write("slow.rs", "print slow\n");
    sandbox.write("quick.rs", "print quick\n");
    let mut slow = sandbox.runner(["slow.rs"]).env("FAKE_SLEEP", "30").start();
    wait_until("the slow one compiles", || sandbox.compiles() == 1);
    let began = Instant::now();
    sandbox.runner(["quick.rs"]).run().prints("quick\n");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(slow.try_wait().unwrap().is_none());
    signal(&slow, "KILL");
    slow.wait().unwrap();
}

#[test]
fn two_cold_scripts_with_dependencies_do_not_wait_for_each_other() {
    let sandbox = Sandbox::new();
    let go = sandbox.path("go");
    // A dependency whose build script waits: whoever comes meanwhile would wait with it on cargo's lock.
    sandbox.write("slow/Cargo.toml", "[package]\nname = \"slow\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("slow/src/lib.rs", "pub const WORD: &str = \"slow\";\n");
    sandbox.write(
        "slow/build.rs",
        format!(
            "fn main() {{ std::fs::write({:?}, \"\").unwrap(); while !std::path::Path::new({go:?}).exists() \
             {{ std::thread::sleep(std::time::Duration::from_millis(5)); }} }}\n",
            sandbox.path("begun")
        ),
    );
    sandbox
        .write("quick/Cargo.toml", "[package]\nname = \"quick\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("quick/src/lib.rs", "pub const WORD: &str = \"quick\";\n");
    for name in ["slow", "quick"] {
        sandbox.write(
            format!("{name}.rs"),
            format!("---\n[dependencies]\n{name} = {{ path = \"{name}\" }}\n---\nfn main() {{ println!(\"{{}}\", {name}::WORD); }}\n"),
        );
    }
    let slow = sandbox.runner(["--profile", "quick", "slow.rs"]).start();
    wait_until("the slow build script runs", || sandbox.path("begun").exists());
    sandbox.runner(["--profile", "quick", "quick.rs"]).run().prints("quick\n");
    assert!(!go.exists());
    sandbox.write("go", "");
    Ran::of("the slow one", slow).prints("slow\n");
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

// ── The storm ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Ends the storm when a thread of it panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

/// A small generator of numbers: the same seed, the same storm.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

const PROCESSES: usize = 64;
const SCRIPTS: usize = 20;
const STORM: Duration = Duration::from_secs(10);

/// Puts version `number` of a script in its place at once. Every third has the text in a file it includes.
fn put(sandbox: &Sandbox, script: usize, number: usize) {
    let (name, text) = match script % 3 {
        0 => (format!("{script}.txt"), format!("print script {script} version {number}\n")),
        _ => (format!("{script}.rs"), format!("print script {script} version {number}\n")),
    };
    let new = sandbox.path(format!("{name}.new"));
    fs::write(&new, text).unwrap();
    fs::rename(&new, sandbox.path(name)).unwrap();
}

#[test]
fn in_a_storm_of_edits_trims_and_cleans_every_output_is_right() {
    let sandbox = Sandbox::fake_with_machine_code();
    for script in 0..SCRIPTS {
        if script % 3 == 0 {
            sandbox.write(format!("{script}.rs"), format!("include {script}.txt\n"));
        }
        put(&sandbox, script, 0);
    }
    // What a run may say: a version that was there between its start and its end. The newer is announced before it is put
    // in its place, and the older given up after.
    let newest: Vec<AtomicUsize> = (0..SCRIPTS).map(|_| AtomicUsize::new(0)).collect();
    let oldest: Vec<AtomicUsize> = (0..SCRIPTS).map(|_| AtomicUsize::new(0)).collect();
    let over = AtomicBool::new(false);
    let counts = [const { AtomicUsize::new(0) }; 3];
    let [runs, edits, cleans] = &counts;
    thread::scope(|scope| {
        for process in 0..PROCESSES {
            let (sandbox, newest, oldest, over) = (&sandbox, &newest, &oldest, &over);
            scope.spawn(move || {
                let _over = Over(over);
                let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (process as u64) << 7);
                while !over.load(Ordering::SeqCst) {
                    let script = dice.roll(SCRIPTS);
                    let first = oldest[script].load(Ordering::SeqCst);
                    let name = format!("{script}.rs");
                    // The short way and the long one.
                    let arguments: &[&str] = if dice.roll(4) == 0 { &["--offline", &name] } else { &[&name] };
                    let ran = sandbox.runner(arguments).run();
                    let last = newest[script].load(Ordering::SeqCst);
                    let version = ran
                        .stdout
                        .strip_prefix(&format!("script {script} version "))
                        .and_then(|rest| rest.trim_end().parse::<usize>().ok());
                    assert!(
                        ran.code == 0
                            && ran.stderr.is_empty()
                            && version.is_some_and(|version| first <= version && version <= last),
                        "script {script}, versions {first} to {last}: {} {:?} {:?}",
                        ran.code,
                        ran.stdout,
                        ran.stderr
                    );
                    runs.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let (sandbox, newest, oldest, over) = (&sandbox, &newest, &oldest, &over);
        scope.spawn(move || {
            let _over = Over(over);
            let mut dice = Dice(42);
            while !over.load(Ordering::SeqCst) {
                let script = dice.roll(SCRIPTS);
                let number = newest[script].fetch_add(1, Ordering::SeqCst) + 1;
                put(sandbox, script, number);
                oldest[script].store(number, Ordering::SeqCst);
                edits.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(dice.roll(60) as u64));
            }
        });
        scope.spawn(move || {
            let _over = Over(over);
            let mut dice = Dice(43);
            while !over.load(Ordering::SeqCst) {
                let name = format!("{}.rs", dice.roll(SCRIPTS));
                let arguments: &[&str] = match dice.roll(6) {
                    0 => &["cache", "clean"],
                    1 | 2 => &["cache", "clean", &name],
                    3 => &["cache", "list"],
                    _ => &["cache", "trim"],
                };
                let ran = sandbox.runner(arguments).run();
                assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
                cleans.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(dice.roll(150) as u64));
            }
        });
        let began = Instant::now();
        while began.elapsed() < STORM && !over.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(50));
        }
        over.store(true, Ordering::SeqCst);
    });
    let [runs, edits, cleans] = counts.map(AtomicUsize::into_inner);
    println!(
        "storm: {runs} runs by {PROCESSES} processes, {edits} edits, {cleans} trims and cleans, {} compiles",
        sandbox.compiles()
    );
    // After it the cache is as after any other day.
    let clean = sandbox.runner(["cache", "clean"]).run();
    assert_eq!((clean.code, clean.stderr.as_str()), (0, ""));
    for part in ["traces", "bin", "staging"] {
        assert_eq!(sandbox.cached(part).len(), 0, "{part}");
    }
}

#[test]
fn without_cleans_a_storm_compiles_every_version_at_most_once() {
    let sandbox = Sandbox::fake_with_machine_code();
    const ROUNDS: usize = 6;
    for number in 0..ROUNDS {
        for script in 0..SCRIPTS {
            if script % 3 == 0 {
                sandbox.write(format!("{script}.rs"), format!("include {script}.txt\n"));
            }
            put(&sandbox, script, number);
        }
        // Nothing is edited while these run, so that how often has to be compiled is known exactly.
        thread::scope(|scope| {
            for process in 0..PROCESSES {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    let script = process % SCRIPTS;
                    let right = format!("script {script} version {number}\n");
                    sandbox.runner([format!("{script}.rs")]).run().prints(&right);
                });
            }
        });
        assert_eq!(sandbox.compiles(), (number + 1) * SCRIPTS);
    }
    println!(
        "storm: {} runs of {SCRIPTS} scripts in {ROUNDS} versions, each compiled once",
        ROUNDS * PROCESSES
    );
}

#[test]
fn a_cache_that_is_removed_by_hand_all_the_time_does_no_harm() {
    let sandbox = Sandbox::fake_with_machine_code();
    sandbox.write("x.rs", "print right\n");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let _ = fs::remove_dir_all(sandbox.cache());
                thread::sleep(Duration::from_millis(7));
            }
        });
        let _over = Over(&over);
        for _ in 0..40 {
            let ran = sandbox.runner(["x.rs"]).run();
            assert_eq!((ran.code, ran.stdout.as_str()), (0, "right\n"), "{}", ran.stderr);
            assert!(ran.stderr.lines().count() <= 1, "{}", ran.stderr);
        }
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(files_below(&sandbox.root().join("tmp")), Vec::<std::path::PathBuf>::new());
}
