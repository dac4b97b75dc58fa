//! Never stale: files that the compiler reads and files that are declared; times that lie.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use crate::support::files::{overwrite_keeping_time, replace, set_modified};
use crate::support::machine::has;
use crate::support::sandbox::Sandbox;
use crate::support::watched::{FAILED, LONG_AGO, changed, run, touched, unchanged};

#[test]
fn a_module() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    let module = sandbox.write("m.rs", "print one\n");
    changed(run(&sandbox), "one\n");
    touched(&module, || unchanged(run(&sandbox), "one\n"));
    sandbox.write("m.rs", "print two\n");
    changed(run(&sandbox), "two\n");
    overwrite_keeping_time(&module, "print six\n");
    changed(run(&sandbox), "six\n");
    sandbox.write("m.rs", "print one\n");
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_module_in_a_directory_and_one_within_it() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    let outer = sandbox.write("m/mod.rs", "mod inner\nprint outer\n");
    let inner = sandbox.write("m/inner.rs", "print one\n");
    changed(run(&sandbox), "one\nouter\n");
    touched(&outer, || unchanged(run(&sandbox), "one\nouter\n"));
    touched(&inner, || unchanged(run(&sandbox), "one\nouter\n"));
    sandbox.write("m/inner.rs", "print two\n");
    changed(run(&sandbox), "two\nouter\n");
    sandbox.write("m/mod.rs", "mod inner\nprint OUTER\n");
    changed(run(&sandbox), "two\nOUTER\n");
    fs::rename(sandbox.path("m/inner.rs"), sandbox.path("m/other.rs")).unwrap();
    run(&sandbox).run().fails(125, FAILED);
    fs::rename(sandbox.path("m/other.rs"), sandbox.path("m/inner.rs")).unwrap();
    unchanged(run(&sandbox), "two\nOUTER\n");
}

#[test]
fn a_rival_module_that_appears() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print one\n");
    changed(run(&sandbox), "one\n");
    sandbox.write("m/other.rs", "print no\n");
    unchanged(run(&sandbox), "one\n");
    sandbox.write("m/mod.rs", "print two\n");
    run(&sandbox).run().fails(125, FAILED);
    fs::rename(sandbox.path("m.rs"), sandbox.path("gone.rs")).unwrap();
    changed(run(&sandbox), "two\n");
    sandbox.write("m.rs", "print one\n");
    run(&sandbox).run().fails(125, FAILED);
    fs::remove_file(sandbox.path("m/mod.rs")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_rival_module_that_is_a_dangling_link_until_it_is_not() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    sandbox.write("m.rs", "print one\n");
    fs::create_dir(sandbox.path("m")).unwrap();
    symlink("../later.rs", sandbox.path("m/mod.rs")).unwrap();
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    sandbox.write("later.rs", "print two\n");
    run(&sandbox).run().fails(125, FAILED);
    fs::remove_file(sandbox.path("later.rs")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn a_file_that_only_looks_like_a_rival_module_compiles_nothing() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include m.rs\ninclude m/mod.rs\n");
    sandbox.write("m.rs", "print one\n");
    sandbox.write("m/mod.rs", "print two\n");
    changed(run(&sandbox), "one\ntwo\n");
    unchanged(run(&sandbox), "one\ntwo\n");
}

#[test]
fn an_included_file_and_one_it_includes() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include sub/a.txt\n");
    let outer = sandbox.write("sub/a.txt", "print outer\ninclude b.txt\n");
    let inner = sandbox.write("sub/b.txt", "print one\n");
    changed(run(&sandbox), "outer\none\n");
    touched(&outer, || unchanged(run(&sandbox), "outer\none\n"));
    touched(&inner, || unchanged(run(&sandbox), "outer\none\n"));
    overwrite_keeping_time(&inner, "print two\n");
    changed(run(&sandbox), "outer\ntwo\n");
}

#[test]
fn a_link_to_an_included_file() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include link\n");
    sandbox.write("one", "print one\n");
    sandbox.write("two", "print two\n");
    let link = sandbox.path("link");
    symlink("one", &link).unwrap();
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    fs::remove_file(&link).unwrap();
    symlink("two", &link).unwrap();
    changed(run(&sandbox), "two\n");
    fs::remove_file(&link).unwrap();
    run(&sandbox).run().fails(125, FAILED);
    symlink("one", &link).unwrap();
    unchanged(run(&sandbox), "one\n");
    sandbox.write("one", "print ONE\n");
    changed(run(&sandbox), "ONE\n");
}

#[test]
fn a_directory_above_an_included_file() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include d/e/f.txt\n");
    sandbox.write("d/e/f.txt", "print one\n");
    sandbox.write("other/e/f.txt", "print two\n");
    changed(run(&sandbox), "one\n");
    fs::rename(sandbox.path("d"), sandbox.path("old")).unwrap();
    fs::rename(sandbox.path("other"), sandbox.path("d")).unwrap();
    changed(run(&sandbox), "two\n");
    fs::rename(sandbox.path("d"), sandbox.path("other")).unwrap();
    symlink("old", sandbox.path("d")).unwrap();
    unchanged(run(&sandbox), "one\n");
}

#[test]
fn declared_files() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"t/*.html\", \".secret\", \"one.txt\"]\n---\n";
    sandbox.write("s.rs", format!("{head}secretly t/a.html\n"));
    let declared = sandbox.write("t/a.html", "one\n");
    changed(run(&sandbox), "one\n");
    touched(&declared, || unchanged(run(&sandbox), "one\n"));
    overwrite_keeping_time(&declared, "two\n");
    changed(run(&sandbox), "two\n");
    sandbox.write("t/b.html", "new\n");
    changed(run(&sandbox), "two\n");
    sandbox.write("other.txt", "not declared\n");
    sandbox.write(".secret", "not there before\n");
    changed(run(&sandbox), "two\n");
    sandbox.write(".secret", "something else\n");
    changed(run(&sandbox), "two\n");
    sandbox.write("one.txt", "not there before\n");
    changed(run(&sandbox), "two\n");
    fs::remove_file(sandbox.path("t/b.html")).unwrap();
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn declared_patterns_match_what_appears_under_any_name() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"*/x.txt\", \"**/y.txt\", \"z/*\"]\n---\n";
    sandbox.write("s.rs", format!("{head}print one\n"));
    sandbox.write("z/first", "");
    changed(run(&sandbox), "one\n");
    for name in ["a/x.txt", "target/x.txt", "deep/er/y.txt", "z/plain", "z/target"] {
        sandbox.write(name, "");
        changed(run(&sandbox), "one\n");
        unchanged(run(&sandbox), "one\n");
    }
}

#[test]
fn a_declared_file_that_is_a_link() {
    let sandbox = Sandbox::fake();
    let head = "---\npackage.metadata.runner.inputs = [\"data\"]\n---\n";
    sandbox.write("s.rs", format!("{head}secretly data\n"));
    sandbox.write("one", "one\n");
    sandbox.write("two", "two\n");
    symlink("one", sandbox.path("data")).unwrap();
    changed(run(&sandbox), "one\n");
    fs::remove_file(sandbox.path("data")).unwrap();
    symlink("two", sandbox.path("data")).unwrap();
    changed(run(&sandbox), "two\n");
    unchanged(run(&sandbox), "two\n");
}

#[test]
fn a_file_that_changes_as_fast_as_it_can_while_size_and_time_stay() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    let text = sandbox.write("t", "print 000\n");
    for round in 0..40 {
        fs::write(&text, format!("print {round:03}\n")).unwrap();
        set_modified(&text, SystemTime::UNIX_EPOCH + LONG_AGO);
        changed(run(&sandbox), &format!("{round:03}\n"));
        // Twice at once: a stamp renewed by the run between must not vouch for the second.
        overwrite_keeping_time(&text, format!("print {:03}\n", round + 500));
        changed(run(&sandbox), &format!("{:03}\n", round + 500));
    }
}

#[test]
fn a_file_that_changes_right_after_its_stamp_was_renewed() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    let text = sandbox.write("t", "print aaa\n");
    changed(run(&sandbox), "aaa\n");
    for round in 0..40 {
        let (old, new) = if round % 2 == 0 { ("aaa", "bbb") } else { ("bbb", "aaa") };
        fs::write(&text, format!("print {old}\n")).unwrap();
        run(&sandbox).run().prints(&format!("{old}\n"));
        overwrite_keeping_time(&text, format!("print {new}\n"));
        run(&sandbox).run().prints(&format!("{new}\n"));
    }
}

#[test]
fn a_file_from_the_past_or_the_future() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "include t\n");
    let text = sandbox.write("t", "print one\n");
    let past = SystemTime::UNIX_EPOCH + LONG_AGO;
    let future = SystemTime::now() + Duration::from_secs(400_000_000);
    set_modified(&text, future);
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    for (word, time) in [("two", future), ("six", past), ("ten", past), ("odd", future)] {
        fs::write(&text, format!("print {word}\n")).unwrap();
        set_modified(&text, time);
        changed(run(&sandbox), &format!("{word}\n"));
        unchanged(run(&sandbox), &format!("{word}\n"));
    }
    set_modified(&text, SystemTime::UNIX_EPOCH);
    unchanged(run(&sandbox), "odd\n");
    let archive = "print tar\n";
    replace(&text, archive);
    set_modified(&text, past);
    sandbox.sh("tar cf ../t.tar t").run().prints("");
    fs::write(&text, "print not\n").unwrap();
    changed(run(&sandbox), "not\n");
    sandbox.sh("tar xf ../t.tar").run().prints("");
    changed(run(&sandbox), "tar\n");
    sandbox.sh("cp -p t ../kept && echo 'print new' >t").run().prints("");
    changed(run(&sandbox), "new\n");
    sandbox.sh("cp -p ../kept t").run().prints("");
    unchanged(run(&sandbox), "tar\n");
}

#[test]
fn a_file_that_is_mapped_and_written_again() {
    if !has("python3") {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "mod m\n");
    let module = sandbox.write("m.rs", "print one\n");
    // The first store changes the times; those after it do not, until the page has been written back.
    let program = "import mmap, sys\nf = open('m.rs', 'r+b')\nm = mmap.mmap(f.fileno(), 0)\nm[6:9] = b'one'\n\
        print(flush=True)\nsys.stdin.readline()\nm[6:9] = b'two'\nprint(flush=True)\nsys.stdin.readline()\n";
    let mut writer = sandbox.command("python3").args(["-c", program]).start_with_input();
    let mut says = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut stdin = writer.stdin.take().unwrap();
    says.next();
    sleep_a_tick(&module);
    changed(run(&sandbox), "one\n");
    unchanged(run(&sandbox), "one\n");
    stdin.write_all(b"\n").unwrap();
    says.next();
    changed(run(&sandbox), "two\n");
    drop(stdin);
    writer.wait().unwrap();
    unchanged(run(&sandbox), "two\n");
}

/// Waits until a file's times are past.
fn sleep_a_tick(path: &std::path::Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    crate::support::children::wait_until("the clock has gone on", || {
        SystemTime::now() > modified + Duration::from_millis(50)
    });
}

#[test]
fn declared_files_that_are_none_hang_nothing() {
    let sandbox = Sandbox::fake();
    fs::create_dir(sandbox.path("data")).unwrap();
    sandbox.write("data/a.txt", "a");
    symlink("/dev/zero", sandbox.path("data/endless")).unwrap();
    assert!(sandbox.command("mkfifo").args(["data/fifo"]).run().code == 0);
    for pattern in ["data/*", "data/fifo", "data/endless"] {
        sandbox.write(
            "s.rs",
            format!("---\n[package.metadata.runner]\ninputs = [\"{pattern}\"]\n---\nprint {pattern}\n"),
        );
        changed(run(&sandbox), &format!("{pattern}\n"));
        unchanged(run(&sandbox), &format!("{pattern}\n"));
    }
    sandbox.write("data/a.txt", "b");
    sandbox.write("s.rs", "---\n[package.metadata.runner]\ninputs = [\"data/*\"]\n---\nprint data/*\n");
    changed(run(&sandbox), "data/*\n");
    // A file in the place of one of them is another input.
    fs::remove_file(sandbox.path("data/fifo")).unwrap();
    sandbox.write("data/fifo", "");
    changed(run(&sandbox), "data/*\n");
}
