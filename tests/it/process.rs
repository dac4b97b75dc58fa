//! The process contract: the script is the process.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Child;

use crate::machine::{mounts, shown, terminal, works};
use crate::sandbox::{Ran, Sandbox, files_below, skipped};

/// Tells of itself what its first argument asks for. Without Rust's own start-up, which changes SIGPIPE.
const PROBE: &str = r#"#!/usr/bin/env runner
#![no_main]
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut arguments = std::env::args_os();
    let own_name = arguments.next().unwrap();
    let question = arguments.next().unwrap_or_default();
    let mut out = std::io::stdout();
    match question.to_str().unwrap() {
        "arguments" => {
            out.write_all(own_name.as_bytes()).unwrap();
            for argument in arguments {
                out.write_all(b"|").unwrap();
                out.write_all(argument.as_bytes()).unwrap();
            }
        }
        "pid" => print!("{}", std::process::id()),
        "script" => {
            let script = std::env::var_os("RUNNER_SCRIPT").unwrap_or("unset".into());
            out.write_all(script.as_bytes()).unwrap();
        }
        "environment" => {
            let mut all: Vec<_> = std::env::vars().filter(|(name, _)| name != "RUNNER_SCRIPT").collect();
            all.sort();
            print!("{all:?}");
        }
        "directory" => print!("{}", std::env::current_dir().unwrap().display()),
        "descriptors" => {
            let numbers = (0..200).filter(|n| std::fs::read_link(format!("/proc/self/fd/{n}")).is_ok());
            print!("{:?}", numbers.collect::<Vec<_>>());
        }
        "signals" => {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            for line in status.lines().filter(|line| line.starts_with("Sig") && !line.starts_with("SigQ")) {
                let (name, mask) = line.split_once(":\t").unwrap();
                // Signals 32 and 33 are the C library's own, which it sets when it starts a thread.
                println!("{name} {:x}", u64::from_str_radix(mask, 16).unwrap() & !(3 << 31));
            }
        }
        "exit" => return arguments.next().unwrap().to_str().unwrap().parse().unwrap(),
        "abort" => std::process::abort(),
        "cat" => {
            let mut text = Vec::new();
            std::io::stdin().read_to_end(&mut text).unwrap();
            out.write_all(&text).unwrap();
            eprint!("and this to stderr");
        }
        "wait" => {
            println!("ready");
            let _ = std::io::stdin().read(&mut [0]);
        }
        other => panic!("{other}"),
    }
    out.flush().unwrap();
    0
}
"#;

fn probe() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("probe", PROBE);
    sandbox
}

/// As a user would say it: the first run compiles, the second does not, the third leaves nothing behind.
const WAYS: [&[&str]; 3] = [&[], &[], &["--temp"]];

/// The probe as a program of its own, which owes runner nothing when it runs: what it tells is what is to be expected.
fn plain(sandbox: &Sandbox) -> &'static str {
    sandbox.runner(["build", "probe", "-o", "plain/probe"]).run().prints("");
    "plain/probe"
}

fn ways(script: &str) -> impl Iterator<Item = Vec<&str>> {
    WAYS.iter().map(move |options| options.iter().copied().chain([script]).collect())
}

#[test]
fn a_fake_script_runs_and_is_cached() {
    let sandbox = Sandbox::fake();
    sandbox.write("sub/y.txt", "print one\ninclude z.txt\nprint after\n");
    sandbox.write("sub/z.txt", "print two\n");
    sandbox.write("m/mod.rs", "print module\n");
    // Last: an input that is newer than the script may be of the very moment the compiler starts, and then it is
    // compiled once more.
    sandbox.write("x.rs", "include sub/y.txt\nmod m\nenv A\nprint end\n");
    for _ in 0..3 {
        sandbox.runner(["x.rs"]).run().prints("one\ntwo\nafter\nmodule\nunset\nend\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn the_script_is_the_process_that_was_started() {
    let sandbox = probe();
    for way in ways("probe") {
        let child = sandbox.runner(way).args(["pid"]).start();
        let pid = child.id().to_string();
        Ran::of("pid", child).prints(&pid);
    }
}

#[test]
fn argv0_is_the_script_as_typed_and_the_rest_is_untouched() {
    let sandbox = probe();
    let odd = ["--help", "-V", "--", "--release", "", "a b", "$HOME", "new\nline", "+nightly", "run"];
    for typed in ["probe", "./probe", "../work/probe"] {
        for way in ways(typed) {
            let expected = format!("{typed}|{}", odd.join("|"));
            sandbox.runner(way).args(["arguments"]).args(odd).run().prints(&expected);
        }
    }
    let absolute = sandbox.path("probe");
    let expected = format!("{}|x", absolute.display());
    sandbox.runner([absolute.as_os_str(), "arguments".as_ref(), "x".as_ref()]).run().prints(&expected);
    // Bytes that are not text come through as they are; `Ran` shows them as U+FFFD.
    let bytes = [OsStr::new("arguments"), OsStr::from_bytes(b"\xff\xfe")];
    sandbox.runner(["probe"]).args(bytes).run().prints("probe|\u{fffd}\u{fffd}");
}

#[test]
fn exit_codes_are_the_scripts_own() {
    let sandbox = probe();
    for code in [0, 1, 2, 3, 124, 125, 126, 127, 128, 200, 255] {
        sandbox.runner(["probe", "exit", &code.to_string()]).run().ends(code, "", "");
    }
    sandbox.runner(["--temp", "probe", "exit", "42"]).run().ends(42, "", "");
}

#[test]
fn a_script_that_dies_of_a_signal_is_seen_to() {
    let sandbox = probe();
    for way in ways("probe") {
        let output = sandbox.runner(way).args(["abort"]).start().wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(6));
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn stdin_stdout_and_stderr_are_the_scripts_own() {
    let sandbox = probe();
    // Also on the first run: the compiler takes nothing of it.
    for way in ways("probe") {
        let ran = sandbox.runner(way).args(["cat"]).input("all\nof it\n").run();
        ran.ends(0, "all\nof it\n", "and this to stderr");
    }
}

#[test]
fn the_working_directory_is_the_callers() {
    let sandbox = probe();
    fs::create_dir_all(sandbox.path("else/where")).unwrap();
    let place = sandbox.path("else/where");
    for way in ways("../../probe") {
        let ran = sandbox.runner(way).args(["directory"]).within(&place).run();
        ran.prints(place.to_str().unwrap());
    }
}

#[test]
fn a_working_directory_that_is_gone_is_no_obstacle() {
    let sandbox = probe();
    let script = sandbox.path("probe");
    let script = script.to_str().unwrap();
    let gone = format!("mkdir gone && cd gone && rmdir ../gone && exec runner {script} exit 7");
    for _ in 0..2 {
        sandbox.sh(&gone).run().ends(7, "", "");
    }
}

#[test]
fn the_environment_is_the_callers_with_the_path_of_the_script() {
    let sandbox = probe().with("CARGO_TARGET_DIR", "/nowhere").with("MAKEFLAGS", "-j");
    let expected = sandbox.command(plain(&sandbox)).args(["environment"]).run().stdout;
    assert!(expected.contains("CARGO_TARGET_DIR"));
    for way in ways("probe") {
        sandbox.runner(way).args(["environment"]).run().prints(&expected);
    }
    for way in ways("probe") {
        let script = sandbox.path("probe");
        let script = script.to_str().unwrap();
        // One that was inherited, from a script that called this one, is replaced.
        sandbox.runner(way).args(["script"]).env("RUNNER_SCRIPT", "/other").run().prints(script);
    }
    let through_pipe = "cat probe | runner /dev/stdin script";
    sandbox.sh(through_pipe).env("RUNNER_SCRIPT", "/other").run().prints("unset");
}

#[test]
fn no_descriptor_of_ours_is_left_open_and_none_of_the_callers_is_closed() {
    let sandbox = probe();
    let plain = plain(&sandbox);
    for more in ["", "7</dev/null 9>kept"] {
        let expected = sandbox.sh(&format!("{plain} descriptors {more}")).run().stdout;
        for way in ways("probe") {
            let way = way.join(" ");
            sandbox.sh(&format!("runner {way} descriptors {more}")).run().prints(&expected);
        }
    }
}

#[test]
fn closed_descriptors_stay_closed() {
    let sandbox = probe();
    let plain = plain(&sandbox);
    let how = "<&- 2>&-";
    let expected = sandbox.sh(&format!("{plain} descriptors {how}")).run().stdout;
    for options in ["", "--force", "-v --force", "--temp", ""] {
        for how in ["<&- >&- 2>&-", "<&- 2>&-", "2>&-", "<&-", ">&-"] {
            let ran = sandbox.sh(&format!("runner {options} probe exit 9 {how}")).run();
            assert!(ran.code == 9 && ran.stdout.is_empty(), "{options} {how}: {} {}", ran.code, ran.stderr);
        }
        sandbox.sh(&format!("runner {options} probe descriptors {how}")).run().prints(&expected);
    }
}

#[test]
fn signal_dispositions_and_the_mask_are_inherited() {
    let sandbox = probe();
    if !works("env", &["--ignore-signal=PIPE", "--block-signal=USR1", "true"]) {
        return skipped("an env(1) that cannot ignore and block signals");
    }
    let plain = plain(&sandbox);
    for how in ["--default-signal", "--ignore-signal=PIPE,HUP,INT --block-signal=USR1,CHLD,TERM"] {
        let of = |command: &str| sandbox.sh(&format!("exec env {how} {command}")).run();
        let expected = of(&format!("{plain} signals")).stdout;
        for way in ways("probe") {
            of(&format!("runner {} signals", way.join(" "))).prints(&expected);
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_listing_quietly() {
    let sandbox = Sandbox::fake();
    sandbox.sh("runner --help | head -n 1 >/dev/null; runner --help >/dev/full").run().ends(0, "", "");
}

#[test]
fn a_script_is_found_on_path_with_and_without_extension() {
    let sandbox = probe();
    fs::copy(sandbox.path("probe"), sandbox.root().join("bin/tool")).unwrap();
    fs::copy(sandbox.path("probe"), sandbox.root().join("bin/tool.rs")).unwrap();
    let elsewhere = sandbox.root().join("tmp");
    for name in ["tool", "tool.rs"] {
        let path = sandbox.root().join("bin").join(name);
        let expected = format!("{}|x", path.display());
        // Through its `#!` line, and by name as `sh NAME` does it.
        sandbox.sh(&format!("{name} arguments x")).within(&elsewhere).run().prints(&expected);
        let by_name = sandbox.runner([name, "arguments", "x"]).within(&elsewhere).run();
        by_name.prints(&format!("{name}|x"));
        sandbox.runner([name, "script"]).within(&elsewhere).run().prints(path.to_str().unwrap());
    }
}

#[test]
fn a_script_in_the_working_directory_comes_before_one_on_path() {
    let sandbox = Sandbox::fake();
    sandbox.script("tool", "print here\n");
    fs::write(sandbox.root().join("bin/tool"), "print on PATH\n").unwrap();
    sandbox.runner(["tool"]).run().prints("here\n");
}

#[test]
fn a_script_behind_a_link_finds_its_siblings_and_its_own_name() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nmod part;\nfn main() { print!(\"{} {} {}\", part::NAME, \
                std::env::args().next().unwrap(), std::env::var(\"RUNNER_SCRIPT\").unwrap()) }";
    sandbox.script("real/tool.rs", text);
    sandbox.write("real/part.rs", "pub const NAME: &str = \"part\";\n");
    let link = sandbox.root().join("bin/linked");
    symlink(sandbox.path("real/tool.rs"), &link).unwrap();
    let link = link.to_str().unwrap();
    for _ in 0..2 {
        sandbox.sh("linked").run().prints(&format!("part {link} {link}"));
    }
    // A link to the directory is as good.
    symlink("real", sandbox.path("dir")).unwrap();
    let path = sandbox.path("dir/tool.rs");
    sandbox.sh("dir/tool.rs").run().prints(&format!("part dir/tool.rs {}", path.display()));
    sandbox.write("real/part.rs", "pub const NAME: &str = \"changed\";\n");
    sandbox.sh("linked").run().prints(&format!("changed {link} {link}"));
}

#[test]
fn a_script_and_its_links_share_one_compile() {
    let sandbox = Sandbox::fake();
    sandbox.script("real/x.rs", "#!/usr/bin/env runner\nprint hi\n");
    symlink("real/x.rs", sandbox.path("link")).unwrap();
    symlink("link", sandbox.path("link-to-link")).unwrap();
    for path in ["link", "link-to-link", "real/x.rs", "real/../link"] {
        sandbox.sh(&format!("./{path}")).run().prints("hi\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn a_script_runs_from_a_read_only_directory() {
    let sandbox = Sandbox::fake();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nprint hi\n");
    let work = sandbox.work();
    let work = work.display();
    let script = format!(
        "mount --bind {work} {work} && mount -o remount,bind,ro {work} && cd {work}\n\
         ! touch y 2>/dev/null\n./x.rs\nx.rs 2>/dev/null || ./x.rs"
    );
    let Some(run) = mounts(&sandbox, &script) else { return };
    run.run().prints("hi\nhi\n");
    assert_eq!(files_below(&sandbox.work()).len(), 1);
}

#[test]
fn nothing_is_left_beside_the_script() {
    let sandbox = Sandbox::new();
    sandbox.script("x.rs", "#!/usr/bin/env runner\nfn main() {}\n");
    let names = ["home", "work", "bin", "tmp"];
    for options in ["", "", "--debug", "--temp"] {
        sandbox.sh(&format!("runner {options} x.rs")).run().prints("");
    }
    let mut entries: Vec<_> =
        fs::read_dir(sandbox.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    entries.sort();
    let mut names = names.map(std::ffi::OsString::from);
    names.sort();
    assert_eq!(entries, names);
    assert_eq!(files_below(&sandbox.work()).len(), 1);
    assert!(files_below(&sandbox.root().join("tmp")).is_empty());
    let home: Vec<_> =
        fs::read_dir(sandbox.home()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(home, [".cache"]);
}

#[test]
fn a_script_may_come_through_a_descriptor() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\ninclude beside.txt\n");
    sandbox.write("beside.txt", "print and beside it\n");
    // A descriptor of a file is that file, siblings included.
    sandbox.sh("runner /proc/self/fd/7 7<x.rs").run().prints("hi\nand beside it\n");
    sandbox.sh("runner /dev/fd/7 7<x.rs").run().prints("hi\nand beside it\n");
    sandbox.sh("runner /dev/stdin <x.rs").run().prints("hi\nand beside it\n");
    assert_eq!(sandbox.compiles(), 1);
    // One that is read through a pipe is compiled once for each directory it is run in.
    for _ in 0..2 {
        sandbox.sh("echo print piped | runner /dev/stdin").run().prints("piped\n");
        sandbox.sh("echo print piped | runner /proc/self/fd/0").run().prints("piped\n");
    }
    assert_eq!(sandbox.compiles(), 2);
    // Its file is gone, but it can still be read.
    sandbox
        .sh("cp x.rs y.rs; exec 7<y.rs; rm y.rs; grep -v include <&7 | runner /dev/fd/0")
        .run()
        .prints("hi\n");
}

#[test]
fn a_script_may_be_a_process_substitution() {
    let sandbox = Sandbox::fake();
    if !works("bash", &["-c", "true"]) {
        return skipped("no bash, which has <(…)");
    }
    let run = |script: &str| sandbox.command("bash").args(["-c", script]).run();
    for _ in 0..2 {
        run("runner <(echo print substituted)").prints("substituted\n");
    }
    assert_eq!(sandbox.compiles(), 1);
}

#[test]
fn the_interpreter_line_may_name_runner_in_any_way() {
    let sandbox = Sandbox::fake();
    let runner = sandbox.root().join("bin/runner");
    let runner = runner.display();
    let lines = [
        "/usr/bin/env runner".to_owned(),
        format!("{runner}"),
        format!(" {runner} "),
        format!("{runner} --debug"),
        format!("{runner} --profile dev -q"),
        format!("{runner} --profile=dev --"),
        format!("{runner} run"),
        "/usr/bin/env -S runner --debug".to_owned(),
    ];
    for (index, line) in lines.iter().enumerate() {
        for name in [format!("with-{index}.rs"), format!("without-{index}")] {
            sandbox.script(&name, format!("#!{line}\nprint {index}\n"));
            for _ in 0..2 {
                sandbox
                    .command(sandbox.path(&name))
                    .args(["--debug", "x"])
                    .run()
                    .prints(&format!("{index}\n"));
            }
        }
    }
    assert_eq!(sandbox.compiles(), 2 * lines.len());
    // What the line asks for is what is done, whether or not the kernel reads it.
    let listed = sandbox.sh("runner cache list | grep -c ' dev '; runner with-3.rs").run();
    listed.prints("8\n3\n");
    assert_eq!(sandbox.compiles(), 2 * lines.len());
}

#[test]
fn directories_and_scripts_may_have_any_name() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nmod part;\nconst TEXT: &str = include_str!(\"text\");\n\
                fn main() { print!(\"{}{TEXT}\", part::X) }";
    let names: [&[u8]; 5] =
        [b"a b", b"it's \"quoted\" $HOME `x`", b"new\nline", b"\xff\xfe bytes", b"-d=ash: ; #\\"];
    for name in names {
        let directory = sandbox.path(OsStr::from_bytes(name));
        // A name that rustc cannot be told of would have no modules beside it.
        let name = std::str::from_utf8(name).unwrap_or("script");
        let script = directory.join(name);
        sandbox.script(&script, text);
        sandbox.write(directory.join("part.rs"), "pub const X: u8 = 1;");
        sandbox.write(directory.join("text"), "2");
        for _ in 0..2 {
            sandbox.command(&script).run().prints("12");
        }
        sandbox.write(directory.join("text"), "3");
        sandbox.command(&script).run().prints("13");
    }
    let bytes = sandbox.path(OsStr::from_bytes(b"\xff"));
    sandbox.script(&bytes, "#!/usr/bin/env runner\nfn main() { print!(\"bytes\") }");
    sandbox.command(&bytes).run().prints("bytes");
    sandbox.command(&bytes).run().prints("bytes");
}

#[test]
fn a_temporary_run_leaves_nothing_behind_even_when_killed() {
    let sandbox = probe();
    let before = everything(sandbox.root());
    for (signal, options) in [(9, "--temp"), (15, "--temp"), (9, "--temp --debug")] {
        let mut child: Child =
            sandbox.sh(&format!("mkfifo gate; exec runner {options} probe wait 8<>gate <&8")).start();
        wait_for_ready(&mut child);
        let now: Vec<_> = files_below(&sandbox.root().join("tmp"));
        assert!(now.is_empty(), "{now:?}");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::from_named_raw(signal).unwrap()).unwrap();
        let status = child.wait().unwrap();
        assert!(status.signal() == Some(signal) || status.success());
    }
    let staged = |path: &&std::path::PathBuf| path.components().any(|part| part.as_os_str() == "staging");
    let after = everything(sandbox.root());
    let left: Vec<_> = after.iter().filter(|path| !before.contains(path)).filter(staged).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(sandbox.cached("bin").is_empty() && sandbox.cached("traces").is_empty());
}

fn everything(root: &Path) -> Vec<std::path::PathBuf> {
    let mut found = files_below(root);
    found.sort();
    found
}

fn wait_for_ready(child: &mut Child) {
    let mut line = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
    assert_eq!(&line, b"ready\n");
}

#[test]
fn what_a_killed_compile_of_a_temporary_run_left_goes_with_the_next() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print x\n");
    let staged = || sandbox.cached("staging").len();
    sandbox.runner(["--temp", "x.rs"]).env("FAKE_DIE", "half").run();
    assert_ne!(staged(), 0);
    // The compiler may outlive its caller for a moment, and still be writing there.
    let is_gone = (0..100).any(|_| {
        sandbox.runner(["--temp", "x.rs"]).run();
        staged() == 0
    });
    assert!(is_gone);
    // The same where the cache cannot be used, in a place shared with others.
    let temporary = sandbox.root().join("tmp");
    let others = temporary.join("runner-of-somebody/file");
    fs::create_dir(others.parent().unwrap()).unwrap();
    fs::write(&others, "").unwrap();
    sandbox.runner(["x.rs"]).env("RUNNER_CACHE", "/proc/none").env("FAKE_DIE", "half").run();
    assert!(files_below(&temporary).len() > 1);
    let is_gone = (0..100).any(|_| {
        sandbox.runner(["x.rs"]).env("RUNNER_CACHE", "/proc/none").run();
        files_below(&temporary) == [others.as_path()]
    });
    assert!(is_gone);
}

#[test]
fn a_temporary_run_takes_a_cached_binary_for_nothing_and_keeps_none() {
    let sandbox = probe();
    sandbox.runner(["--temp", "probe", "exit", "1"]).run().ends(1, "", "");
    assert!(sandbox.cached("bin").is_empty());
    sandbox.runner(["probe", "exit", "2"]).run().ends(2, "", "");
    assert_eq!(sandbox.cached("bin").len(), 1);
    sandbox.runner(["--temp", "probe", "exit", "3"]).run().ends(3, "", "");
    assert_eq!(sandbox.cached("bin").len(), 1);
}

#[test]
fn progress_is_shown_on_a_terminal_and_erased() {
    let sandbox = Sandbox::fake().with("FAKE_SLEEP", "1");
    sandbox.script("slow.rs", "#!/usr/bin/env runner\nprint done\n");
    let Some(run) = terminal(&sandbox, "./slow.rs") else { return };
    let ran = run.run();
    assert!(ran.stdout.contains("compiling slow"), "{:?}", ran.stdout);
    assert_eq!(shown(&ran.stdout), "done\n");
    // A hit says nothing, not even an escape sequence.
    terminal(&sandbox, "./slow.rs").unwrap().run().prints("done\r\n");
}

#[test]
fn the_bar_of_cargo_is_shown_while_dependencies_are_built_and_erased() {
    let sandbox = Sandbox::new().with("RUNNER_TIER", "off");
    let manifest = "[package]\nname = \"slow\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    sandbox.write("slow/Cargo.toml", manifest);
    sandbox.write("slow/src/lib.rs", "");
    sandbox.write("slow/build.rs", "fn main() { std::thread::sleep(std::time::Duration::from_secs(2)) }");
    let text = "#!/usr/bin/env runner\n---\n[dependencies]\nslow = { path = \"slow\" }\n---\n\
                fn main() { println!(\"done\") }\n";
    sandbox.script("x.rs", text);
    let Some(run) = terminal(&sandbox, "./x.rs") else { return };
    let ran = run.run();
    assert!(ran.stdout.contains("Building [") && ran.stdout.contains("slow"), "{:?}", ran.stdout);
    assert_eq!(shown(&ran.stdout), "done\n");
    // On a pipe nothing is said, whatever takes long.
    sandbox.write("slow/src/lib.rs", "// changed\n");
    sandbox.sh("./x.rs").run().prints("done\n");
}

#[test]
fn progress_is_not_shown_when_quiet_nor_on_a_pipe() {
    let sandbox = Sandbox::fake().with("FAKE_SLEEP", "1");
    sandbox.script("slow.rs", "#!/usr/bin/env runner\nprint done\n");
    sandbox.sh("./slow.rs").run().prints("done\n");
    let Some(run) = terminal(&sandbox, "runner -q --force slow.rs") else { return };
    run.run().prints("done\r\n");
}

#[test]
fn progress_that_was_shown_is_erased_before_an_error() {
    let sandbox = Sandbox::fake().with("FAKE_SLEEP", "1");
    sandbox.script("slow.rs", "#!/usr/bin/env runner\nfail too late\n");
    let Some(run) = terminal(&sandbox, "./slow.rs") else { return };
    let ran = run.run();
    assert_eq!(ran.code, 125);
    let expected = "error: too late\nrunner: ./slow.rs: rustc failed (exit status: 1); nothing was cached\n";
    assert_eq!(shown(&ran.stdout), expected);
}

#[test]
fn warnings_and_colors_are_for_terminals() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nfn main() { let unused = 1; println!(\"ran\"); }\n";
    sandbox.script("warns.rs", text);
    sandbox.sh("./warns.rs").run().prints("ran\n");
    let verbose = sandbox.sh("runner -v --force warns.rs").run();
    assert!(verbose.stderr.contains("warning: unused variable: `unused`"), "{}", verbose.stderr);
    let Some(run) = terminal(&sandbox, "runner --force warns.rs") else { return };
    let ran = run.run();
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("\x1b[") && ran.stdout.contains("unused variable"), "{:?}", ran.stdout);
    assert!(shown(&ran.stdout).ends_with("\nran\n"), "{:?}", ran.stdout);
    terminal(&sandbox, "runner -q --force warns.rs").unwrap().run().prints("ran\r\n");
}

#[test]
fn a_script_has_the_terminal_it_was_started_on() {
    let sandbox = Sandbox::new();
    let text = "#!/usr/bin/env runner\nuse std::io::IsTerminal as _;\n\
                fn main() { print!(\"{} {}\", std::io::stdin().is_terminal(), std::io::stdout().is_terminal()) }";
    sandbox.script("tty.rs", text);
    let Some(run) = terminal(&sandbox, "./tty.rs") else { return };
    assert_eq!(shown(&run.run().stdout), "true true");
    sandbox.sh("./tty.rs").run().prints("false false");
}
