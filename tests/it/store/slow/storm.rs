//! Many at once, with edits, trims and cleans among them, for seconds.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::files::files_below;
use crate::support::sandbox::Sandbox;

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
