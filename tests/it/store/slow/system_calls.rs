//! Faults at every system call of a miss: whatever happens, the next run works, and nothing is left behind but what trim removes.

use crate::support::faults::{
    RIGHT, assert_heals, cold, edited, points, remembered, strike_everywhere, struck,
};
use crate::support::strace::{self, Call};

#[test]
fn killed_at_any_system_call_of_a_first_run_the_next_one_works() {
    strike_everywhere(cold, "first run", &["signal=KILL"]);
}

#[test]
fn killed_at_any_system_call_of_a_run_after_an_edit_the_next_one_works() {
    strike_everywhere(edited, "run after an edit", &["signal=KILL"]);
}

#[test]
fn killed_at_any_system_call_of_a_run_that_is_remembered_the_next_one_works() {
    strike_everywhere(remembered, "run after an edit that is remembered", &["signal=KILL"]);
}

#[test]
fn any_system_call_of_a_run_that_is_remembered_may_fail() {
    strike_everywhere(remembered, "run after an edit that is remembered", &["error=ENOSPC"]);
}

#[test]
fn any_system_call_of_a_first_run_may_fail() {
    strike_everywhere(cold, "first run", &["error=ENOSPC", "error=EIO", "error=EACCES", "error=EMFILE"]);
}

#[test]
fn any_system_call_of_a_run_after_an_edit_may_fail() {
    strike_everywhere(edited, "run after an edit", &["error=ENOSPC", "error=EIO"]);
}

#[test]
fn whatever_cannot_be_read_the_output_is_right_or_an_error_says_why() {
    if !strace::is_there() {
        return;
    }
    let reads =
        ["openat", "statx", "read", "newfstatat", "lstat", "getcwd", "readlink", "access", "getdents64"];
    let is_read =
        |call: &Call| !call.changes_files() && call.descriptor_path().is_none_or(|path| path.is_absolute());
    let all = points(edited, is_read);
    let all = all.iter().filter(|point| reads.contains(&point.name.as_str()));
    let mut count = 0;
    // What the loader reads is not ours.
    for point in
        all.filter(|point| !point.call.arguments.contains("/lib/") && !point.call.arguments.contains("ld.so"))
    {
        for fault in ["error=EIO", "error=EMFILE"] {
            if fault.contains("EMFILE") && point.name != "openat" {
                continue;
            }
            let context = format!("{fault} at {} {} ({})", point.name, point.number, point.call.arguments);
            let sandbox = edited();
            let Some(ran) = struck(&sandbox, point, fault) else { continue };
            let lines: Vec<&str> = ran.stderr.lines().collect();
            let is_right = ran.code == 0 && ran.stdout == RIGHT && lines.len() <= 1;
            let is_clean = (125..=127).contains(&ran.code)
                && ran.stdout.is_empty()
                && lines.iter().filter(|line| !line.starts_with("  hint: ")).count() == 1;
            let is_ours = lines.first().is_none_or(|line| line.starts_with("runner: "));
            assert!(
                is_ours && (is_right || is_clean),
                "{context}: {} {:?} {:?}",
                ran.code,
                ran.stdout,
                ran.stderr
            );
            assert_heals(&sandbox, &context);
            count += 1;
        }
    }
    println!("faults: {count} in what a run after an edit reads");
}
