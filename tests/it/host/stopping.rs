//! Cancellation and deadlines: an operation that is stopped says so, and nothing of it is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runner::{Cancel, Event, Flow, Kind, Options, Runner};

use crate::support::hosts::{build, left, runner, settings};
use crate::support::sandbox::Sandbox;

/// Nothing of a build is left, and the next one is right.
fn is_clean(sandbox: &Sandbox) {
    assert_eq!(left(sandbox), Vec::<String>::new());
    assert!(sandbox.cached("staging").is_empty(), "{:?}", sandbox.cached("staging"));
    let program = build(&runner(sandbox.root(), &[]), &sandbox.path("x.rs"), &Options::default()).unwrap();
    sandbox.command(program).run().prints("hi\n");
}

#[test]
fn a_build_ends_at_its_deadline() {
    let sandbox = Sandbox::fake_hi();
    let options = Options { deadline: Some(Duration::from_millis(300)), ..Options::default() };
    let slow = runner(sandbox.root(), &[("FAKE_SLEEP", "1000")]);
    let error = build(&slow, &sandbox.path("x.rs"), &options).unwrap_err();
    assert_eq!(error.kind(), Kind::Deadline, "{error}");
    assert!(error.to_string().ends_with("cannot go on: the deadline has passed"), "{error}");
    is_clean(&sandbox);
}

#[test]
fn a_build_is_cancelled_from_another_thread() {
    let sandbox = Sandbox::fake_hi();
    let cancel = Cancel::new();
    let options = Options { cancel: Some(cancel.clone()), ..Options::default() };
    let slow = runner(sandbox.root(), &[("FAKE_SLEEP", "1000")]);
    let error = std::thread::scope(|scope| {
        let building = scope.spawn(|| build(&slow, &sandbox.path("x.rs"), &options).unwrap_err());
        // The compiler says in its log that it is there.
        while sandbox.compiles() == 0 {
            std::thread::yield_now();
        }
        cancel.cancel();
        building.join().unwrap()
    });
    assert_eq!(error.kind(), Kind::Cancelled, "{error}");
    is_clean(&sandbox);
    // It stays cancelled, and so does what it is given to.
    let error = build(&slow, &sandbox.path("y.rs"), &options).unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
}

#[test]
fn a_build_is_stopped_at_every_event() {
    let mut stopped = 0;
    for wanted in 0.. {
        let sandbox = Sandbox::fake_hi();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let runner = Runner::new(settings(sandbox.root()).events(move |event, _| {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let is_it = number == wanted && !matches!(event, Event::Log { .. });
            if is_it { Flow::Stop } else { Flow::Go }
        }));
        let options = Options { verbosity: runner::Verbosity::Verbose, ..Options::default() };
        let result = build(&runner, &sandbox.path("x.rs"), &options);
        if count.load(Ordering::SeqCst) <= wanted {
            result.unwrap();
            break;
        }
        match result {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), Kind::Cancelled, "at event {wanted}: {error}");
                stopped += 1;
            }
        }
        is_clean(&sandbox);
    }
    assert!(stopped > 0);
}

#[test]
fn who_waits_for_another_builder_can_be_stopped() {
    let sandbox = Sandbox::fake_hi();
    let cancel = Cancel::new();
    let first = Options { cancel: Some(cancel.clone()), ..Options::default() };
    let slow = runner(sandbox.root(), &[("FAKE_SLEEP", "1000")]);
    std::thread::scope(|scope| {
        let building = scope.spawn(|| build(&slow, &sandbox.path("x.rs"), &first).unwrap_err());
        while sandbox.compiles() == 0 {
            std::thread::yield_now();
        }
        let options = Options { deadline: Some(Duration::from_millis(100)), ..Options::default() };
        let error = build(&slow, &sandbox.path("x.rs"), &options).unwrap_err();
        assert_eq!(error.kind(), Kind::Deadline, "{error}");
        cancel.cancel();
        assert_eq!(building.join().unwrap().kind(), Kind::Cancelled);
    });
    is_clean(&sandbox);
}
