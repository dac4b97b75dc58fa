//! The host programs that tests start: see [`crate::support::hosts`].

use std::path::PathBuf;

use runner::{Options, Runner, Script};

use crate::support::hosts::{MODE, ROOT, build, runner, settings};

/// One of the hosts, by its variable.
#[test]
#[ignore = "a host program, which other tests start"]
fn host_program() {
    let mode = std::env::var(MODE).expect("it is started by other tests");
    let root = PathBuf::from(std::env::var_os(ROOT).unwrap());
    match mode.as_str() {
        "many" => many(&root, 64),
        "reaper" => reaper(&root),
        "exec" => exec(&root),
        other => panic!("there is no host {other}"),
    }
}

/// Becomes a script whose program is `env`, with one variable of the settings.
fn exec(root: &std::path::Path) {
    let settings =
        settings(root).variable("GREETING", Some("hello")).variable("FAKE_PROGRAM", Some("/usr/bin/env"));
    let script = Script::open(&root.join("work/x.rs"), &settings).unwrap();
    panic!("{:?}", Runner::new(settings).exec(&script, &Options::default(), &[]));
}

/// Builds many scripts at once, and says how many came out right.
fn many(root: &std::path::Path, count: usize) {
    let runner = runner(root, &[]);
    let results = at_once(&runner, root, count);
    let right = results.iter().filter(|result| result.is_ok()).count();
    println!("{right} right");
    results.iter().filter_map(|result| result.as_ref().err()).for_each(|error| println!("{error}"));
}

/// The same beside a thread that waits for every child there is.
fn reaper(root: &std::path::Path) {
    std::thread::spawn(|| {
        loop {
            if rustix::process::wait(rustix::process::WaitOptions::empty()).is_err() {
                std::thread::yield_now();
            }
        }
    });
    let runner = runner(root, &[]);
    for result in at_once(&runner, root, 8) {
        println!("{}", result.map_or_else(|error| error, |_| "right".to_owned()));
    }
}

fn at_once(runner: &Runner, root: &std::path::Path, count: usize) -> Vec<Result<PathBuf, String>> {
    let start = std::sync::Barrier::new(count);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (path, start) = (root.join(format!("work/{number}.rs")), &start);
                scope.spawn(move || {
                    std::fs::write(&path, format!("print {number}\n")).unwrap();
                    start.wait();
                    build(runner, &path, &Options::default()).map_err(|error| error.to_string())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
