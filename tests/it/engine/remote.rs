//! The remote cache: what one machine compiled, another does not; unless it would have compiled something else, or somebody
//! else put it there.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::cache_server::{Fleet, Head, Manner};
use crate::support::hosts;
use crate::support::sandbox::{Ran, Sandbox, say};
use crate::support::strace;

const SCRIPT: &str = "print x\nenv GREETING\ninclude part.txt\nmod m\n";
const FILES: &[(&str, &str)] = &[("x.rs", SCRIPT), ("part.txt", "print part\n"), ("m.rs", "print m\n")];
const SAID: &str = "x\nunset\npart\nm\n";

/// A fleet whose first machine has pushed `x.rs`.
fn pushed() -> Option<Fleet> {
    let fleet = Fleet::new(Sandbox::fake(), FILES)?;
    fleet.push("x.rs").ends(0, "pushed x.rs\n", "");
    assert_eq!(fleet.sandbox.compiles(), 1, "the second build of a push cannot write to the log");
    Some(fleet)
}

fn run(fleet: &Fleet) -> Ran {
    fleet.on("b", &["-v", "x.rs"]).run()
}

/// A run on the second machine, which compiles, and says this.
#[track_caller]
fn compiles_and_says(fleet: &Fleet, stdout: &str, why: &str) {
    let before = fleet.sandbox.compiles();
    let ran = run(fleet);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, stdout), "{}", ran.stderr);
    assert_eq!(fleet.sandbox.compiles(), before + 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(why), "{why}\n{}", ran.stderr);
}

#[test]
fn what_one_machine_pushed_another_does_not_compile() {
    let Some(fleet) = pushed() else { return };
    let questions = fleet.server.questions();
    fleet.on("b", &["x.rs"]).run().prints(SAID);
    assert_eq!((fleet.sandbox.compiles(), fleet.server.questions()), (1, questions + 1));
    // From now on it is an entry like any other.
    let why = fleet.on("b", &["why", "x.rs"]).run();
    assert!(why.stdout.contains("cached as"), "{}", why.stdout);
    fleet.on("b", &["x.rs"]).run().prints(SAID);
    assert_eq!((fleet.sandbox.compiles(), fleet.server.questions()), (1, questions + 1));
    let stats = fleet.on("b", &["cache", "stats"]).run().stdout;
    assert!(stats.contains("remote   asked 1, got 1, failed 0\n"), "{stats}");
}

#[test]
fn a_fetched_program_is_a_hit_like_any_other() {
    if !strace::is_there() {
        return;
    }
    let Some(fleet) = pushed() else { return };
    fleet.on("b", &["x.rs"]).run().prints(SAID);
    let calls = |machine: &str| {
        let log = fleet.sandbox.root().join(format!("calls-{machine}"));
        let words = ["-f", "-qq", "-o"];
        let traced = fleet.sandbox.command("strace").args(words).args([log.as_path()]);
        let traced = traced.args([fleet.sandbox.root().join("bin/runner").as_path(), Path::new("x.rs")]);
        let home = fleet.home(machine);
        traced
            .env("HOME", home)
            .env("LOGNAME", machine)
            .within(fleet.sandbox.path(machine))
            .run()
            .prints(SAID);
        let text = fs::read_to_string(&log).unwrap();
        // Up to the program itself.
        let until = text.match_indices("execve(").nth(1).map_or(text.len(), |(at, _)| at);
        let names = text[..until].lines().filter_map(|line| line.split(' ').nth(1)?.split('(').next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let local = calls("a");
    assert_eq!(calls("b"), local);
    assert!(local.iter().all(|name| name != "socket" && name != "clone3"), "{local:?}");
}

#[test]
fn a_signature_is_verified_on_a_kernel_without_memory_files() {
    if !strace::is_there() {
        return;
    }
    for refusal in ["ENOSYS", "EPERM"] {
        let Some(fleet) = pushed() else { return };
        let inject = format!("inject=memfd_create:error={refusal}");
        let words = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=memfd_create", "-e", &inject];
        let traced = fleet.sandbox.command("strace").args(words);
        let traced = traced.args([fleet.sandbox.root().join("bin/runner").as_path(), Path::new("x.rs")]);
        let traced = traced.env("HOME", fleet.home("b")).env("LOGNAME", "b");
        traced.within(fleet.sandbox.path("b")).run().prints(SAID);
        assert_eq!(fleet.sandbox.compiles(), 1, "{refusal}");
    }
}

#[test]
fn each_input_that_differs_is_compiled_here() {
    for (file, text, said) in [
        ("x.rs", "print y\nenv GREETING\ninclude part.txt\nmod m\n", "y\nunset\npart\nm\n"),
        ("part.txt", "print other\n", "x\nunset\nother\nm\n"),
        ("m.rs", "print other\n", "x\nunset\npart\nother\n"),
    ] {
        let Some(fleet) = pushed() else { return };
        fs::write(fleet.path("b", file), text).unwrap();
        compiles_and_says(&fleet, said, "remote cache");
    }
}

#[test]
fn a_variable_that_the_program_holds_is_compared_and_not_told() {
    let Some(fleet) = Fleet::new(Sandbox::fake(), FILES) else { return };
    let set = |machine: &str, words: &[&str], value: &str| {
        let key = fleet.sandbox.root().join("key");
        let run = fleet.on(machine, words).env("GREETING", value);
        run.env("RUNNER_REMOTE_WRITE", "1").env("RUNNER_REMOTE_KEY", key).run()
    };
    set("a", &["cache", "push", "x.rs"], "swordfish").ends(0, "pushed x.rs\n", "");
    let has_it = |bytes: &[u8]| bytes.windows(9).any(|window| window == b"swordfish");
    let told: Vec<String> =
        fleet.server.files().into_iter().filter(|(_, bytes)| has_it(bytes)).map(|(path, _)| path).collect();
    // The program says it; the entry does not.
    assert!(told.iter().all(|path| path.starts_with("/cas/")), "{told:?}");
    set("b", &["x.rs"], "swordfish").prints("x\nswordfish\npart\nm\n");
    assert_eq!(fleet.sandbox.compiles(), 1);
    set("b", &["x.rs"], "trout").prints("x\ntrout\npart\nm\n");
    assert_eq!(fleet.sandbox.compiles(), 2);
}

#[test]
fn another_compiler_profile_or_flag_is_asked_for_by_another_key() {
    let Some(fleet) = pushed() else { return };
    for (name, value) in [("FAKE_VERSION", "1.96.0"), ("RUNNER_PROFILE", "dev"), ("RUSTFLAGS", "--cfg x")] {
        let before = fleet.sandbox.compiles();
        // A cache of its own: the version of a compiler is remembered by its file.
        let cache = fleet.sandbox.root().join(name);
        let ran = fleet.on("b", &["-v", "x.rs"]).env(name, value).env("RUNNER_CACHE", cache).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, SAID), "{}", ran.stderr);
        assert_eq!(fleet.sandbox.compiles(), before + 1, "{name}\n{}", ran.stderr);
        assert!(ran.stderr.contains("it has no such entry"), "{}", ran.stderr);
    }
    let toolchain = fleet.sandbox.root().join("fake/rustc");
    let mut text = fs::read_to_string(&toolchain).unwrap();
    text.push_str("# another\n");
    fs::write(&toolchain, text).unwrap();
    compiles_and_says(&fleet, SAID, "it has no such entry");
}

#[test]
fn code_for_this_processor_is_neither_asked_for_nor_pushed() {
    let files = [("x.rs", "print x\n// -Ctarget-cpu=native\n")];
    let Some(fleet) = Fleet::new(Sandbox::fake(), &files) else { return };
    fleet.push("x.rs").fails(
        125,
        "runner: x.rs: cannot push: it is compiled for the processor of this machine (`native`)\n  hint: `runner help cache`",
    );
    compiles_and_says(&fleet, "x\n", "`native`");
    assert_eq!(fleet.server.questions(), 0);
}

#[test]
fn a_server_that_fails_costs_a_local_build_and_is_left_alone_for_a_minute() {
    for manner in [
        Manner::Short,
        Manner::Status("500 Internal Server Error"),
        Manner::Status("401 Unauthorized"),
        Manner::Status("302 Found"),
        Manner::Endless,
        Manner::Huge,
        Manner::Wrong,
    ] {
        let Some(fleet) = pushed() else { return };
        fleet.server.set(manner);
        compiles_and_says(&fleet, SAID, "the remote cache failed: ");
        let questions = fleet.server.questions();
        // The next miss asks nothing.
        fs::write(fleet.path("b", "y.rs"), "print y\n").unwrap();
        let ran = fleet.on("b", &["-v", "y.rs"]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "y\n"));
        assert!(ran.stderr.contains("left alone for a minute"), "{manner:?}\n{}", ran.stderr);
        assert_eq!(fleet.server.questions(), questions, "{manner:?}");
        let stats = fleet.on("b", &["cache", "stats"]).run().stdout;
        assert!(stats.contains("remote   asked 1, got 0, failed 1\n"), "{stats}");
    }
}

#[test]
fn a_server_that_is_slow_or_gone_is_not_waited_for() {
    for manner in [Some(Manner::Silent), Some(Manner::Trickle), None] {
        let Some(fleet) = pushed() else { return };
        let address = match manner {
            Some(manner) => {
                fleet.server.set(manner);
                fleet.server.address()
            }
            // Nobody listens at port 1.
            None => "http://127.0.0.1:1".to_owned(),
        };
        let start = Instant::now();
        let run =
            fleet.on("b", &["-v", "x.rs"]).env("RUNNER_REMOTE", address).env("RUNNER_REMOTE_TIMEOUT", "0.5");
        let ran = run.run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, SAID), "{}", ran.stderr);
        assert!(ran.stderr.contains("the remote cache failed: "), "{}", ran.stderr);
        // Both of these servers would go on for hours.
        assert!(start.elapsed() < Duration::from_secs(300));
    }
}

#[test]
fn what_nobody_signed_who_is_believed_is_not_run() {
    let resigned = |fleet: &Fleet, key: &str, namespace: &str| {
        // The entry as it is, with another signature.
        let files = fleet.server.files();
        let (_, message) = files.iter().find(|(path, _)| path.starts_with("/ac/")).unwrap();
        let start = message.windows(14).position(|window| window == b"runner-trace 1").unwrap();
        let end = message.windows(29).position(|window| window == b"-----BEGIN SSH SIGNATURE-----").unwrap();
        // A tag and a length of two bytes lie between.
        let text = &message[start..end - 3];
        let path = fleet.sandbox.root().join("text");
        fs::write(&path, text).unwrap();
        let words = ["-Y", "sign", "-n", namespace, "-f"];
        let key = fleet.sandbox.root().join(key);
        let signed = fleet.sandbox.command("ssh-keygen").args(words).args([&key, &path]).run();
        assert_eq!(signed.code, 0, "{}", signed.stderr);
        let signature = fs::read(path.with_extension("sig")).unwrap();
        assert_eq!(
            signature.len(),
            message.len() - end,
            "a signature of another length needs another message"
        );
        let message = [&message[..end], &signature].concat();
        fleet.server.change("/ac/", |_| Some(message.clone()));
    };
    let flip = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        Some(bytes)
    };
    type Poison = Box<dyn Fn(&Fleet)>;
    let cases: Vec<(&str, Poison)> = vec![
        ("no signer", Box::new(move |fleet| resigned(fleet, "other", "runner-cache"))),
        ("no signer", Box::new(move |fleet| resigned(fleet, "key", "runner-other"))),
        (
            "no signer",
            Box::new(move |fleet| fleet.server.change("/ac/", |bytes| flip(bytes, bytes.len() / 3))),
        ),
        (
            "no entry",
            Box::new(|fleet| fleet.server.change("/ac/", |bytes| Some(bytes[..bytes.len() / 2].to_vec()))),
        ),
        ("not the one", Box::new(move |fleet| fleet.server.change("/cas/", |bytes| flip(bytes, 30)))),
        ("is gone", Box::new(|fleet| fleet.server.change("/cas/", |_| None))),
    ];
    for (why, poison) in cases {
        let Some(fleet) = pushed() else { return };
        poison(&fleet);
        compiles_and_says(&fleet, SAID, why);
    }
    // The same signature again is believed: it is the poison that is refused.
    let Some(fleet) = pushed() else { return };
    resigned(&fleet, "key", "runner-cache");
    fleet.on("b", &["x.rs"]).run().prints(SAID);
    assert_eq!(fleet.sandbox.compiles(), 1);
}

#[test]
fn an_entry_of_another_key_is_not_believed() {
    let Some(fleet) = pushed() else { return };
    let theirs = fleet.server.files().into_iter().find(|(path, _)| path.starts_with("/ac/")).unwrap().1;
    fs::write(fleet.path("b", "x.rs"), "print other\n").unwrap();
    compiles_and_says(&fleet, "other\n", "no such entry");
    // What was asked for is known to whoever has the server.
    let ran = fleet.on("b", &["cache", "clean"]).run();
    assert_eq!(ran.code, 0);
    fleet.server.set(Manner::Honest);
    let asked = fleet.server.last_question();
    fleet.server.put(&asked, theirs);
    compiles_and_says(&fleet, "other\n", "another key");
}

#[test]
fn a_program_for_another_kind_of_machine_is_not_taken() {
    let mut foreign = fs::read(say()).unwrap();
    // The machine of an ELF file: x86-64 there, and AArch64 here, or the other way round.
    foreign[18] = if foreign[18] == 0x3e { 0xb7 } else { 0x3e };
    let mut sandbox = Sandbox::fake();
    let path = sandbox.root().join("foreign");
    fs::write(&path, foreign).unwrap();
    sandbox.set("FAKE_PROGRAM", path);
    let Some(mut fleet) = Fleet::new(sandbox, &[("x.rs", "print x\n")]) else { return };
    fleet.push("x.rs").ends(0, "pushed x.rs\n", "");
    fleet.sandbox.set("FAKE_PROGRAM", say());
    // The program of this test holds its script's directory.
    let ran = fleet.on("b", &["-v", "x.rs"]).within(fleet.sandbox.path("a")).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "x\n"), "{}", ran.stderr);
    assert_eq!(fleet.sandbox.compiles(), 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("another kind of machine"), "{}", ran.stderr);
}

#[test]
fn a_host_with_a_policy_takes_nothing_that_it_could_not_look_at() {
    let Some(fleet) = pushed() else { return };
    let questions = fleet.server.questions();
    let (home, signers) = (fleet.home("b"), fleet.sandbox.root().join("signers"));
    let variables = hosts::variables(fleet.sandbox.root()).into_iter().filter(|(name, _)| name != "HOME");
    let settings = runner::Settings::new(home.join("cache"))
        .variables(variables)
        .variable("HOME", Some(home))
        .variable("RUNNER_REMOTE", Some(fleet.server.address()))
        .variable("RUNNER_REMOTE_SIGNERS", Some(signers))
        .policy(runner::Policy::trusting().packages(false));
    let script = runner::Script::open(&fleet.path("b", "x.rs"), &settings).unwrap();
    runner::Runner::new(settings).build(&script, &runner::Options::default()).unwrap();
    assert_eq!((fleet.server.questions(), fleet.sandbox.compiles()), (questions, 2));
}

/// Whether a request is signed as S3 has it (version 4), with this key.
fn is_signed(head: &Head, id: &str, secret: &str) -> bool {
    let value = |name: &str| head.headers.get(name).map_or("", String::as_str);
    let part = |name: &str| {
        let (_, rest) = value("authorization").split_once(name).unwrap_or_default();
        rest.split(',').next().unwrap_or_default().to_owned()
    };
    let (credential, names, signature) = (part("Credential="), part("SignedHeaders="), part("Signature="));
    let Some((key_id, scope)) = credential.split_once('/') else { return false };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", value(name))).collect();
    let mut words = head.request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let body = value("x-amz-content-sha256");
    let canonical = format!("{method}\n{path}\n\n{headers}\n{names}\n{body}");
    let digest = hex(&hmac_sha256::Hash::hash(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{digest}", value("x-amz-date"));
    let secret = format!("AWS4{secret}").into_bytes();
    let key = scope.split('/').fold(secret, |key, part| hmac_sha256::HMAC::mac(part, &key).to_vec());
    // Without the header S3 refuses a request, whatever its signature.
    key_id == id && !body.is_empty() && hex(&hmac_sha256::HMAC::mac(&text, &key)) == signature
}

#[test]
fn requests_to_a_bucket_are_signed_as_the_recipe_says() {
    let Some(mut fleet) = Fleet::new(Sandbox::fake(), FILES) else { return };
    let text = include_str!("../../../src/docs/fleet.md");
    let (_, list) = text.split_once("`remote-args = [").unwrap();
    let setting = format!("remote-args = [{}]\n", list.split(']').next().unwrap());
    let bucket = format!("{}/bucket", fleet.server.address());
    fleet.sandbox.set("RUNNER_REMOTE", bucket);
    for machine in ["a", "b"] {
        let logins = "machine 127.0.0.1 login AKID password swordfish\n";
        fs::write(fleet.home(machine).join(".netrc"), logins).unwrap();
        let place = fleet.home(machine).join(".config/runner");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("config.toml"), &setting).unwrap();
    }
    fleet.push("x.rs").ends(0, "pushed x.rs\n", "");
    fleet.on("b", &["x.rs"]).run().prints(SAID);
    assert_eq!(fleet.sandbox.compiles(), 1);
    let heads = fleet.server.heads();
    let count = |method: &str| heads.iter().filter(|head| head.request.starts_with(method)).count();
    assert!(
        count("PUT /bucket/cas/") == 1 && count("PUT /bucket/ac/") == 1 && count("GET ") >= 2,
        "{heads:?}"
    );
    for head in &heads {
        assert!(is_signed(head, "AKID", "swordfish"), "{head:?}");
        assert!(!is_signed(head, "AKID", "trout"), "{head:?}");
    }
}

#[test]
fn without_signers_nothing_is_asked() {
    let Some(fleet) = pushed() else { return };
    let questions = fleet.server.questions();
    let ran = fleet.on("b", &["-v", "x.rs"]).without("RUNNER_REMOTE_SIGNERS").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, SAID));
    assert!(ran.stderr.contains("`remote-signers` is not set"), "{}", ran.stderr);
    assert_eq!((fleet.server.questions(), fleet.sandbox.compiles()), (questions, 2));
}

#[test]
fn nothing_is_asked_when_a_build_is_wanted_here() {
    let Some(fleet) = pushed() else { return };
    let questions = fleet.server.questions();
    for option in ["--force", "--temp", "--offline"] {
        let ran =
            fleet.on("b", &[option, "x.rs"]).env("RUNNER_CACHE", fleet.sandbox.root().join(option)).run();
        ran.prints(SAID);
    }
    // Nor for a script that is being edited here: it was compiled a moment ago.
    let cache = fleet.sandbox.root().join("edited");
    fleet.on("b", &["--offline", "x.rs"]).env("RUNNER_CACHE", &cache).run().prints(SAID);
    fs::write(fleet.path("b", "x.rs"), "print edited\n").unwrap();
    fleet.on("b", &["x.rs"]).env("RUNNER_CACHE", &cache).run().prints("edited\n");
    assert_eq!(fleet.server.questions(), questions);
}

#[test]
fn first_runs_at_once_ask_once() {
    let Some(fleet) = pushed() else { return };
    let questions = fleet.server.questions();
    let children: Vec<_> = (0..16).map(|_| fleet.on("b", &["x.rs"]).start()).collect();
    for child in children {
        Ran::of("x.rs", child).prints(SAID);
    }
    assert_eq!((fleet.server.questions(), fleet.sandbox.compiles()), (questions + 1, 1));
}

#[test]
fn a_push_needs_leave_and_a_key() {
    let Some(fleet) = Fleet::new(Sandbox::fake(), FILES) else { return };
    let refused = |why: &str| format!("runner: x.rs: cannot push: {why}\n  hint: `runner help cache`");
    let push = || fleet.on("a", &["cache", "push", "x.rs"]);
    push().without("RUNNER_REMOTE").run().fails(125, &refused("`remote` is not set"));
    push().run().fails(125, &refused("`remote-write` is not set"));
    let unnamed = refused("`remote-key` names no file by an absolute path");
    push().env("RUNNER_REMOTE_WRITE", "1").run().fails(125, &unnamed);
    assert_eq!(fleet.server.files().len(), 0);
    fleet.on("a", &["cache", "push"]).run().fails(125, "needs a script\n  hint: `runner help cache`");
}

#[test]
fn what_a_second_build_does_not_give_again_is_not_pushed() {
    // The compiler's own arguments hold a directory of this build.
    let files = [("x.rs", "argument --emit=*\n")];
    let Some(fleet) = Fleet::new(Sandbox::fake(), &files) else { return };
    let pushed = fleet.push("x.rs");
    assert_eq!((pushed.code, pushed.stdout.as_str()), (125, ""), "{}", pushed.stderr);
    assert!(pushed.stderr.contains("gave another program"), "{}", pushed.stderr);
    assert_eq!(fleet.server.files().len(), 0);
}

#[test]
fn a_helper_stands_for_a_server() {
    let Some(fleet) = Fleet::new(Sandbox::fake(), FILES) else { return };
    let place = fleet.sandbox.root().join("kept");
    fs::create_dir_all(place.join("ac")).unwrap();
    fs::create_dir_all(place.join("cas")).unwrap();
    let text = format!(
        "#!/bin/sh\ncd '{}'\ncase $1 in\nget) [ -e \"$2\" ] || exit 1; cat \"$2\" ;;\nput) cp \"$3\" \"$2\" ;;\nesac\n",
        place.display()
    );
    let helper = fleet.sandbox.script("helper", text);
    let remote = format!("exec:{}", helper.display());
    let key = fleet.sandbox.root().join("key");
    let push = fleet.on("a", &["cache", "push", "x.rs"]).env("RUNNER_REMOTE", &remote);
    push.env("RUNNER_REMOTE_WRITE", "1").env("RUNNER_REMOTE_KEY", key).run().ends(0, "pushed x.rs\n", "");
    fleet.on("b", &["x.rs"]).env("RUNNER_REMOTE", &remote).run().prints(SAID);
    assert_eq!(fleet.sandbox.compiles(), 1);
}
