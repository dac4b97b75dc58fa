//! What the command itself makes is no input of it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::process::observe::observation::Observation;
use crate::process::observe::policy::Policy;
use crate::process::observe::tests::support::Site;

#[test]
fn a_file_written_before_it_is_read_is_no_look() {
    let Some(site) = Site::observed() else { return };
    let seen = site.sh("echo 1 > a; cat a; mkdir d; echo 2 > d/b; cat d/b; ls d >/dev/null").ok();
    assert_eq!((seen.what("a"), seen.what("d"), seen.what("d/b")), ("-".into(), "-".into(), "-".into()));
    assert!(seen.wrote("a") && seen.wrote("d") && seen.wrote("d/b"));
}

#[test]
fn a_file_read_before_it_is_written_is_a_look_that_says_so() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "1");
    let seen = site.sh("cat a no; echo 2 > a; echo 3 > no; true").ok();
    for (name, what) in [("a", "content"), ("no", "absent no")] {
        assert_eq!(seen.what(name), what);
        assert!(seen.look(name).unwrap().rewritten, "{name}");
    }
}

#[test]
fn a_file_that_is_replaced_before_it_is_read_is_no_look() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "old");
    let seen = site.sh("echo new > t; mv t a; cat a").ok();
    assert_ne!(seen.what("a"), "content");
    assert!(seen.wrote("a") && seen.wrote("t"));
    assert!(site.run_c("rename(\"a\", \"b\"); open(\"b\", 0); return 0;").ok().what("b") == "-");
}

#[test]
fn what_is_renamed_into_place_and_then_read_was_the_old_name() {
    let Some(site) = Site::observed() else { return };
    site.write("old", "1");
    let seen = site.run_c("rename(\"old\", \"new\"); open(\"new\", 0); return 0;").ok();
    assert_eq!((seen.what("old"), seen.what("new")), ("content".into(), "-".into()));
    assert!(seen.look("old").unwrap().rewritten);
}

#[test]
fn another_name_for_a_file_is_the_file() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "1");
    let seen = site
        .run_c("link(\"a\", \"b\"); open(\"b\", 0); symlink(\"a\", \"c\"); open(\"c\", 0); return 0;")
        .ok();
    assert_eq!((seen.what("a"), seen.what("b"), seen.what("c")), ("content".into(), "-".into(), "-".into()));
    assert!(!seen.look("a").unwrap().disturbed);
}

#[test]
fn a_write_that_fails_makes_no_product() {
    let Some(site) = Site::observed() else { return };
    site.write("d/a", "1");
    site.write("b", "1");
    // A directory that exists, a file where one exists, a rename of nothing, a file in a directory that is none.
    let body = "mkdir(\"d\", 0755); open(\"d/a\", 0); open(\"b\", O_CREAT | O_EXCL | O_WRONLY, 0644); open(\"b\", 0);\
                rename(\"no\", \"b\"); open(\"b/x\", O_CREAT | O_WRONLY, 0644); return 0;";
    let seen = site.run_c(body).ok();
    assert_eq!(
        (seen.what("d/a"), seen.what("b"), seen.what("no")),
        ("content".into(), "content".into(), "absent no".into())
    );
    assert!(seen.observed.written.is_empty(), "{seen:#?}");
}

#[test]
fn a_truncation_that_is_refused_makes_no_product() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "1");
    // A busy program cannot be written to, and that does not depend on who we are.
    let body = "int p = open(argv[0], O_WRONLY | O_TRUNC); int e = errno; open(argv[0], 0); open(\"a\", 0);\
                return p == -1 && e == ETXTBSY ? 0 : 1;";
    let seen = site.run_c(body).ok();
    assert_eq!((seen.what(".program/main"), seen.what("a")), ("content".into(), "content".into()));
    assert!(!seen.wrote(".program/main"));
    assert!(!seen.look(".program/main").unwrap().rewritten);
}

#[test]
fn a_directory_that_fails_to_appear_keeps_what_is_missed_in_it() {
    let Some(site) = Site::observed() else { return };
    site.write("f", "");
    let seen = site.run_c("mkdir(\"f/d\", 0755); open(\"f/d/a\", 0); return 0;").ok();
    assert_eq!(seen.what("f/d/a"), "absent f/d");
}

#[test]
fn files_without_a_name_are_nothing() {
    let Some(site) = Site::observed() else { return };
    let seen =
        site.run_c("int f = open(\".\", O_TMPFILE | O_RDWR, 0600); write(f, \"1\", 1); return f < 0;").ok();
    assert!(seen.observed.written.is_empty(), "{seen:#?}");
}

#[test]
fn a_file_without_a_name_that_gets_one_is_a_product() {
    let Some(site) = Site::observed() else { return };
    let body = "int f = open(\".\", O_TMPFILE | O_RDWR, 0600); write(f, \"1\", 1); char p[64]; sprintf(p, \"/proc/self/fd/%d\", f);\
                if (linkat(AT_FDCWD, p, AT_FDCWD, \"a\", AT_SYMLINK_FOLLOW)) return 1; open(\"a\", 0);\
                linkat(f, \"\", AT_FDCWD, \"b\", AT_EMPTY_PATH); open(\"b\", 0); return 0;";
    let seen = site.run_c(body).ok();
    assert!(seen.wrote("a"), "{seen:#?}");
    // An older kernel refuses the second way to all but root; then `b` is absent.
    assert_eq!((seen.what("a"), seen.names().len()), ("-".into(), usize::from(!seen.wrote("b"))));
}

#[test]
fn what_is_removed_is_written_and_what_is_not_there_to_remove_is_no_look() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "1");
    let seen = site.run_c("unlink(\"a\"); unlink(\"b\"); open(\"a\", 0); return 0;").ok();
    assert!(seen.wrote("a"));
    assert_eq!((seen.what("a"), seen.what("b")), ("-".into(), "-".into()));
}

#[test]
fn a_listing_of_a_directory_in_which_it_makes_names_says_so() {
    let Some(site) = Site::observed() else { return };
    site.write("d/a", "");
    site.write("e/a", "");
    let seen = site.sh("ls d e >/dev/null; echo > d/b").ok();
    assert_eq!((seen.what("d"), seen.what("e")), ("listing own".into(), "listing".into()));
}

#[test]
fn a_link_made_by_the_command_leads_to_an_input() {
    let Some(site) = Site::observed() else { return };
    site.write("v1/a", "");
    let seen = site.sh("ln -s v1 current; cat current/a").ok();
    assert_eq!((seen.what("current"), seen.what("v1/a")), ("-".into(), "content".into()));
}

/// What somebody else changed, as it is called in the site.
fn disturbed(observation: Observation, site: &Site) -> Vec<String> {
    let looks = observation.finish().unwrap().looks;
    let disturbed = looks.iter().filter(|look| look.disturbed);
    disturbed
        .filter_map(|look| Some(look.path.strip_prefix(&site.root).ok()?.display().to_string()))
        .collect()
}

#[test]
fn what_somebody_else_changes_meanwhile_is_disturbed() {
    let Some(site) = Site::observed() else { return };
    for name in ["a", "b", "gone"] {
        site.write(name, "1");
    }
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg("cat a b gone no >/dev/null 2>&1; ls . >/dev/null; echo ready; read x; exit 0");
    shell.current_dir(&site.root).env("PWD", &site.root).stdin(Stdio::piped()).stdout(Stdio::piped());
    let (mut child, observation) = Observation::start(&mut shell, Policy::default()).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    site.write("a", "22");
    std::fs::remove_file(site.path("gone")).unwrap();
    site.write("no", "");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    child.wait().unwrap();
    let disturbed = disturbed(observation, &site);
    // The directory first: a shell asks whether it is where it was told.
    assert_eq!(disturbed, ["", "a", "gone", "no"]);
}

#[test]
fn what_was_written_a_moment_ago_is_read_when_the_clock_has_left_it_behind() {
    let Some(site) = Site::observed() else { return };
    for round in 0..10 {
        site.write("d/a", "1");
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg("read x; read y < d/a; echo d/* >/dev/null; exit 0");
        shell.current_dir(&site.root).stdin(Stdio::piped());
        let (mut child, observation) = Observation::start(&mut shell, Policy::default()).unwrap();
        site.write("d/a", "2");
        site.write(format!("d/{round}"), "");
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        child.wait().unwrap();
        assert_eq!(disturbed(observation, &site), Vec::<String>::new());
    }
}

/// By the end all is as it was; what was read in between is not.
#[test]
fn what_comes_and_goes_between_two_looks_is_disturbed() {
    let Some(site) = Site::observed() else { return };
    let names = ["in-place", "quiet", "one/file", "two/file", "seen-once"];
    for name in names {
        site.write(name, name);
    }
    let mut shell = Command::new("/bin/sh");
    let look = "cat in-place quiet no none/no one/file >/dev/null 2>&1";
    shell.arg("-c").arg(format!(
        "{look}; cat seen-once no-once 2>/dev/null; echo; read x; {look}; echo; read x; exit 0"
    ));
    shell.current_dir(&site.root).stdin(Stdio::piped()).stdout(Stdio::piped());
    let (mut child, observation) = Observation::start(&mut shell, Policy::default()).unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut step = || {
        stdout.read_line(&mut String::new()).unwrap();
    };
    let swap = |from: &str, to: &str| std::fs::rename(site.path(from), site.path(to)).unwrap();
    step();
    site.write("no", "");
    site.write("no-once", "");
    site.write("none/no", "");
    swap("one", "kept");
    swap("two", "one");
    stdin.write_all(b"\n").unwrap();
    step();
    ["no", "no-once", "none/no"].iter().for_each(|name| std::fs::remove_file(site.path(name)).unwrap());
    std::fs::remove_dir(site.path("none")).unwrap();
    swap("one", "two");
    swap("kept", "one");
    stdin.write_all(b"\n").unwrap();
    child.wait().unwrap();
    let disturbed = disturbed(observation, &site);
    let below: Vec<&String> = disturbed.iter().filter(|name| !name.is_empty()).collect();
    assert_eq!(below, ["no", "none/no", "one/file"]);
}
