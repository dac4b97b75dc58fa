//! `--sandbox` and the kernel: a refusal runs nothing, and a cached run stays one exec.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use crate::support::confined::{Scene, has, has_sandbox, run, succeeds};
use crate::support::sandbox::Sandbox;

/// Nothing to look for: depending on how it was compiled, the wrapper says that, or aborts.
const BAD_DESCRIPTOR: &str = "";

#[test]
fn a_kernel_that_cannot_do_all_of_it_runs_nothing() {
    if !has_sandbox() || !has("strace") {
        return;
    }
    let scene = Scene::new();
    let out = scene.open_directory("out");
    let no_landlock = "this kernel has no Landlock, `--sandbox` needs ABI 6 (Linux 6.12)";
    let old = "this kernel has Landlock ABI 3, `--sandbox` needs 6 (Linux 6.12)";
    for (injected, text) in [
        ("landlock_create_ruleset:error=ENOSYS", no_landlock),
        ("landlock_create_ruleset:error=EOPNOTSUPP", "this kernel was started without Landlock"),
        ("landlock_create_ruleset:retval=3", old),
        ("landlock_create_ruleset:retval=5", "this kernel has Landlock ABI 5, `--sandbox` needs 6"),
        ("landlock_create_ruleset:error=EPERM", "landlock_create_ruleset: Operation not permitted"),
        // It says it can, and then it cannot.
        ("landlock_create_ruleset:retval=77", BAD_DESCRIPTOR),
        ("landlock_create_ruleset:error=EINVAL:when=2", "landlock_create_ruleset: Invalid argument"),
        ("landlock_add_rule:error=EINVAL", "Invalid argument"),
        // Each C library has its own words for it.
        ("landlock_add_rule:error=ENOMEM:when=5", "memory"),
        ("landlock_restrict_self:error=E2BIG", "Argument list too long"),
        ("seccomp:error=EINVAL", "Invalid argument"),
        ("seccomp:error=ENOSYS", "Function not implemented"),
        ("prctl:error=EINVAL", "Invalid argument"),
        ("capget:error=EPERM", "capget: Operation not permitted"),
    ] {
        let mut command = scene.command("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &format!("inject={injected}")]);
        command.arg(scene.confined()).arg(format!("--allow-write={}", out.display()));
        let marker = out.join("marker");
        let output = run(command.args(["/bin/sh", "-c", &format!("echo ran >{}", marker.display())]));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!marker.exists(), "{injected}");
        // A descriptor that is none ends the process one way or the other.
        let code = if text == BAD_DESCRIPTOR { output.status.code() } else { Some(125) };
        assert_eq!(output.status.code(), code, "{injected}: {errors}");
        assert!(!output.status.success(), "{injected}");
        assert!(errors.contains(text), "{injected}: {errors}");
    }
}

#[test]
fn a_run_is_one_exec_with_the_callers_pid() {
    if !has_sandbox() || !has("strace") {
        return;
    }
    let scene = Scene::new();
    let log = scene.path("log");
    scene.confined();
    let mut command = scene.command("strace");
    command.args(["-f", "-o"]).arg(&log).arg(scene.path("runner")).arg("--sandbox");
    succeeds(command.arg(scene.path("tool/launcher.c")));
    let text = fs::read_to_string(&log).unwrap();
    let calls = |name: &str| text.lines().filter(|line| line.contains(&format!(" {name}("))).count();
    assert_eq!(calls("execve"), 2, "runner and the program:\n{text}");
    for fork in ["fork", "vfork", "clone", "clone3"] {
        assert_eq!(calls(fork), 0, "{text}");
    }
    let sandbox: usize =
        ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"]
            .map(calls)
            .iter()
            .sum();
    println!("{sandbox} calls of Landlock and seccomp, {} rules", calls("landlock_add_rule"));
    assert_eq!(calls("landlock_restrict_self"), 1);
    let child = scene
        .command(scene.confined())
        .args(["/bin/sh", "-c", "echo $$"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), pid.to_string());
}

#[test]
fn descriptors_arguments_and_exit_statuses_are_those_without_it() {
    if !has_sandbox() {
        return;
    }
    let scene = Scene::new();
    let input = scene.write("input", "from outside\n");
    let mut command = scene.command(scene.confined());
    command.args(["/bin/sh", "-c", "cat; echo \"$0 $1\"; exit 7", "zero", "one two"]);
    let output = run(command.stdin(Stdio::from(File::open(&input).unwrap())));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "from outside\nzero one two\n");
    assert_eq!(output.status.code(), Some(7));
    let output = run(scene.command(scene.confined()).args(["/bin/sh", "-c", "kill -TERM $$"]));
    assert_eq!(output.status.signal(), Some(15));
}

#[test]
fn a_program_in_memory_runs_in_it() {
    if !has_sandbox() {
        return;
    }
    let scene = Scene::new();
    assert_eq!(succeeds(scene.command(scene.confined()).arg("--memory")), "it runs\n");
}

#[test]
fn what_a_program_starts_is_in_it_too() {
    if !has_sandbox() {
        return;
    }
    let scene = Scene::new();
    let out = scene.open_directory("out");
    let target = out.join("x");
    let script =
        format!("sh -c 'sh -c \"echo hi >{0}\"'; (setsid sh -c 'echo hi >{0}'); true", target.display());
    run(scene.command(scene.confined()).args(["/bin/sh", "-c", &script]));
    assert!(!target.exists());
    run(Command::new("/bin/sh").args(["-c", &script]));
    assert!(target.exists());
}

#[test]
fn a_path_that_is_named_and_missing_is_an_error_with_a_hint() {
    if !has_sandbox() {
        return;
    }
    let scene = Scene::new();
    let missing = scene.path("missing");
    let flag = format!("--allow-write={}", missing.display());
    let output = run(scene.command(scene.confined()).arg(flag).arg("/bin/true"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125));
    assert!(errors.contains(&format!("cannot allow `{}`", missing.display())), "{errors}");
    assert!(errors.contains("hint: create it first"), "{errors}");
}

#[test]
fn seventeen_sandboxes_within_each_other_are_one_too_many() {
    if !has_sandbox() {
        return;
    }
    let scene = Scene::new();
    let nested = |count: usize| {
        let wrapper = scene.confined();
        let mut command = scene.command(&wrapper);
        for _ in 1..count {
            command.arg("-A").arg(&wrapper);
        }
        run(command.args(["-A", "/bin/true"]))
    };
    assert!(nested(16).status.success());
    let output = nested(17);
    assert_eq!(output.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Argument list too long"));
}

#[test]
fn signals_from_outside_arrive_and_stop_it() {
    if !has_sandbox() {
        return;
    }
    let scene = Scene::new();
    let mut command = scene.command(scene.confined());
    command.args(["/bin/sh", "-c", "echo ready; read x"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    // This signal stops nobody whose group is an orphan, as that of a test in the background is.
    let mut child = command.process_group(0).spawn().unwrap();
    let mut ready = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut ready).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let wait = |options| rustix::process::waitpid(Some(pid), options).unwrap().unwrap().1;
    rustix::process::kill_process(pid, rustix::process::Signal::TSTP).unwrap();
    assert!(wait(rustix::process::WaitOptions::UNTRACED).stopped());
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(wait(rustix::process::WaitOptions::CONTINUED).continued());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

#[test]
fn a_script_or_the_configuration_asks_for_it_and_only_others_allow_something() {
    if !has_sandbox() {
        return;
    }
    let sandbox = Sandbox::new();
    let own = sandbox.root().join("out");
    fs::create_dir(&own).unwrap();
    let body =
        format!("fn main() {{ println!(\"{{}}\", std::fs::write({:?}, \"x\").is_ok()); }}\n", own.join("x"));
    sandbox.write("line.rs", format!("#!/usr/bin/env -S runner --sandbox\n{body}"));
    let metadata = |setting: &str| format!("---\n[package.metadata.runner]\n{setting}\n---\n{body}");
    sandbox.write("metadata.rs", metadata("sandbox = true"));
    sandbox.write("plain.rs", &body);
    let allow = format!("--allow-write={}", own.display());
    // The first run compiles, the second is a hit: both are in the sandbox.
    for _ in 0..2 {
        for script in ["line.rs", "metadata.rs"] {
            sandbox.runner([script]).run().prints("false\n");
            sandbox.runner([allow.as_str(), script]).run().prints("true\n");
        }
        sandbox.runner(["plain.rs"]).run().prints("true\n");
        sandbox.runner(["plain.rs"]).env("RUNNER_SANDBOX", "1").run().prints("false\n");
    }
    sandbox.write("grant.rs", metadata("allow-write = [\"/\"]"));
    let ran = sandbox.runner(["grant.rs"]).run();
    assert!(ran.code == 125 && ran.stderr.contains("cannot be set in a script"), "{}", ran.stderr);
    let configuration = sandbox.home().join(".config/runner/config.toml");
    fs::create_dir_all(configuration.parent().unwrap()).unwrap();
    for (settings, expected) in [
        ("sandbox = true\n".to_owned(), "false\n"),
        (format!("sandbox = true\nallow-write = [{own:?}]\n"), "true\n"),
        ("sandbox = true\n".to_owned(), "false\n"),
    ] {
        fs::write(&configuration, settings).unwrap();
        for _ in 0..2 {
            sandbox.runner(["plain.rs"]).run().prints(expected);
        }
    }
}
