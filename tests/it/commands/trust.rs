//! Scripts by URL: none runs before the user or a pin has said yes to its text.

use std::fs;

use crate::support::cache_server::{CacheServer, Manner};
use crate::support::children::wait_until;
use crate::support::confined::has_sandbox;
use crate::support::machine::{has, works};
use crate::support::provisional::{large_script, profiles};
use crate::support::sandbox::{Ran, Run, Sandbox, skipped};
use crate::support::terminal::Terminal;

/// A sandbox and a server with `/x.rs`, which says `hi`; `None`, said aloud, without curl and setsid.
fn served() -> Option<(Sandbox, CacheServer, String)> {
    if !has("curl") || !works("setsid", &["--version"]) {
        skipped("no curl and no setsid(1) for scripts by URL");
        return None;
    }
    let server = CacheServer::start();
    server.put("/x.rs", b"print hi\n".to_vec());
    let url = format!("{}/x.rs", server.address());
    Some((Sandbox::fake(), server, url))
}

/// `runner ARGUMENT…` without a terminal to ask on.
fn alone<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    sandbox.command("setsid").args(["--wait", "runner"]).args(arguments)
}

/// How many programs are cached. The log of the fake compiler is out of reach of one that is confined.
fn builds(sandbox: &Sandbox) -> usize {
    sandbox.cached("bin").len()
}

/// The digest in the hint of a refusal.
fn digest(refused: &Ran) -> String {
    let (_, rest) = refused.stderr.split_once("--blake3 ").unwrap();
    rest[..64].to_owned()
}

#[test]
fn without_a_terminal_only_a_pin_runs_it() {
    let Some((sandbox, server, url)) = served() else { return };
    let ran = alone(&sandbox, &[&url]).input("y\ny\n").run();
    let pin = digest(&ran);
    ran.fails(
        126,
        &format!(
            "runner: {url}: its text is not trusted, and there is no terminal to ask on\n  hint: `runner --blake3 {pin} {url}` runs what was downloaded now"
        ),
    );
    assert_eq!(builds(&sandbox), 0, "nothing of it is looked at by a compiler");

    alone(&sandbox, &["--blake3", &pin, &url]).run().prints("hi\n");
    let asked = server.requests();
    for form in [vec![format!("--blake3={pin}"), url.clone()], vec![format!("{url}#blake3={pin}")]] {
        let form: Vec<&str> = form.iter().map(String::as_str).collect();
        alone(&sandbox, &form).run().prints("hi\n");
    }
    assert_eq!((server.requests(), builds(&sandbox)), (asked, 1), "the kept copy runs");
    // The pin says nothing of runs without it.
    alone(&sandbox, &[&url]).run().fails(126, "runs what was downloaded now");

    // Other bytes at the URL: who has the pin goes on, and who comes anew is refused.
    server.put("/x.rs", b"print other\n".to_vec());
    alone(&sandbox, &["--blake3", &pin, &url]).run().prints("hi\n");
    fs::remove_dir_all(sandbox.home().join(".local/share/runner/urls")).unwrap();
    let ran = alone(&sandbox, &["--blake3", &pin, &url]).run();
    assert!(ran.stderr.contains(": its text is not the pinned one: its blake3 is "), "{}", ran.stderr);
    ran.fails(126, "hint: look at what has changed before you pin that");
    assert_eq!(builds(&sandbox), 1);
}

#[test]
fn the_user_is_asked_on_the_terminal_and_once() {
    let Some((sandbox, server, url)) = served() else { return };
    let Some(mut terminal) = Terminal::open(&sandbox) else { return };
    let question = "May it run? [y/N/v] ";
    // Standard input is the script's.
    terminal.command(&format!("yes | runner {url}"));
    terminal.expect(&format!("runner: {url} is not trusted yet"));
    terminal.expect("9 bytes, 1 lines");
    terminal.expect(question);
    terminal.send("n\n");
    terminal.expect("it is not trusted");
    assert_eq!(terminal.code(), 126);
    terminal.command(&format!("runner {url}"));
    terminal.expect(question);
    terminal.send("\u{3}");
    assert_eq!(terminal.code(), 130, "^C at the question");
    assert_eq!(builds(&sandbox), 0);

    terminal.command(&format!("PAGER='sed s/^/seen:/' runner {url}"));
    terminal.expect(question);
    terminal.send("v\n");
    terminal.expect("seen:print hi");
    terminal.expect(question);
    terminal.send("y\n");
    terminal.expect("hi\r\n");
    assert_eq!(terminal.code(), 0);
    let asked = server.requests();
    alone(&sandbox, &[&url, "--help"]).run().prints("hi\n");
    assert_eq!(server.requests(), asked, "what is trusted is not asked for again");

    // `update` asks again, and shows what has changed.
    alone(&sandbox, &["update", &url]).run().prints(&format!("{url}: up to date\n"));
    server.put("/x.rs", b"print bye\n\x1b[2J\n".to_vec());
    alone(&sandbox, &["update", &url]).run().fails(126, "runs what was downloaded now");
    alone(&sandbox, &[&url]).run().prints("hi\n");
    terminal.command(&format!("runner update {url}"));
    terminal.expect("-print hi");
    terminal.expect("+print bye");
    terminal.expect("+\\u{1b}[2J");
    terminal.expect("has changed since it was trusted");
    terminal.expect(question);
    terminal.send("y\n");
    terminal.code();
    alone(&sandbox, &[&url]).run().prints("bye\n");
}

#[test]
fn what_is_trusted_is_listed_removed_and_believed_only_whole() {
    let Some((sandbox, server, url)) = served() else { return };
    let pin = digest(&alone(&sandbox, &[&url]).run());
    sandbox.runner(["trust", "list"]).run().prints("");
    alone(&sandbox, &["trust", &url]).run().fails(126, "runs what was downloaded now");
    alone(&sandbox, &["trust", "add", "--blake3", &pin, &url]).run().prints(&format!("trusted {url}\n"));
    alone(&sandbox, &[&url]).run().prints("hi\n");
    sandbox.runner(["trust"]).run().prints(&format!("{pin}        now  {url}\n"));
    let listed = sandbox.runner(["trust", "list", "--json"]).run().stdout;
    assert!(listed.contains(&format!("\"url\":\"{url}\"")) && listed.contains(&pin), "{listed}");

    // A copy that is not what was trusted is no script: it is downloaded again, and needs no question.
    let urls = sandbox.home().join(".local/share/runner/urls");
    let copies = || crate::support::files::files_below(&urls);
    let copy = copies().into_iter().find(|path| path.ends_with("x.rs")).unwrap();
    fs::write(&copy, "print evil\n").unwrap();
    alone(&sandbox, &[&url]).run().prints("hi\n");
    // A record that others could have written is none.
    let record = copies().into_iter().find(|path| path.ends_with("trusted")).unwrap();
    let mode =
        |mode| fs::set_permissions(&record, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(0o666);
    alone(&sandbox, &[&url]).run().fails(126, "runs what was downloaded now");
    mode(0o600);
    alone(&sandbox, &[&url]).run().prints("hi\n");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("x.rs", "y.rs")).unwrap();
    alone(&sandbox, &[&url]).run().fails(126, "runs what was downloaded now");

    sandbox.runner(["trust", "remove", &url]).run().prints(&format!("removed {url}\n"));
    assert_eq!(copies(), Vec::<std::path::PathBuf>::new());
    sandbox.runner(["trust", "remove", &url]).run().fails(125, "hint: `runner trust list` lists what is");
    server.set(Manner::Status("500 Oops"));
    alone(&sandbox, &[&url]).run().fails(125, "cannot download it: HTTP status 500");
}

#[test]
fn a_promoted_url_is_built_again_when_another_text_is_trusted() {
    let Some((sandbox, server, url)) = served() else { return };
    let pin = digest(&alone(&sandbox, &[&url]).run());
    alone(&sandbox, &["trust", "-q", "--blake3", &pin, &url]).run().prints("");
    alone(&sandbox, &["promote", "-q", &url]).run().prints("");
    let installed = sandbox.home().join(".local/bin/x");
    sandbox.command(&installed).run().prints("hi\n");
    let list = || sandbox.runner(["list"]).run().stdout;
    assert!(list().contains("current") && list().contains(&url), "{}", list());
    alone(&sandbox, &["upgrade"]).run().prints("x: up to date\n");

    server.put("/x.rs", b"print new\n".to_vec());
    alone(&sandbox, &["upgrade", "--dry-run"]).run().prints("x: source changed; would be built again\n");
    let ran = alone(&sandbox, &["upgrade"]).run();
    let pin = digest(&ran);
    ran.fails(126, "runs what was downloaded now");
    sandbox.command(&installed).run().prints("hi\n");
    alone(&sandbox, &["upgrade", "--offline"]).run().prints("x: up to date\n");
    alone(&sandbox, &["trust", "-q", "--blake3", &pin, &url]).run().prints("");
    alone(&sandbox, &["upgrade"]).run().prints("x: source changed; built again\n");
    sandbox.command(&installed).run().prints("new\n");

    // A pinned one never changes.
    let pinned = format!("{url}#blake3={pin}");
    alone(&sandbox, &["promote", "-q", "--name", "y", &pinned]).run().prints("");
    server.put("/x.rs", b"print evil\n".to_vec());
    alone(&sandbox, &["upgrade", "y"]).run().prints("y: up to date\n");
    sandbox.runner(["trust", "remove", "-q", &url]).run().prints("");
    assert!(list().contains("source gone"), "{}", list());
    sandbox.command(&installed).run().prints("new\n");
}

#[test]
fn what_is_no_script_is_refused_and_not_kept() {
    let Some((sandbox, server, url)) = served() else { return };
    let at = |path: &str| format!("{}/{path}", server.address());
    server.put("/page.rs", b"\n <!DOCTYPE html><p>".to_vec());
    server.put("/zero.rs", b"print hi\n\0".to_vec());
    server.put("/empty.rs", Vec::new());
    server.put("/large.rs", vec![b'#'; (1 << 20) + 1]);
    let run = |url: &str| alone(&sandbox, &[url]).run();
    run(&at("none.rs")).fails(127, "there is no such script");
    run(&at("page.rs")).fails(126, "hint: give the URL of the text alone, which many pages call `raw`");
    run(&at("zero.rs")).fails(126, "it is not a text");
    run(&at("empty.rs")).fails(126, "it is not a text");
    run(&at("large.rs")).fails(126, "it is larger than 1 MiB");
    for (manner, code, message) in [
        (Manner::Page, 126, "which many pages call `raw`"),
        (Manner::Endless, 126, "it is larger than 1 MiB"),
        (Manner::Huge, 126, "it is larger than 1 MiB"),
        (Manner::Short, 125, "bytes remaining to read"),
        (Manner::To("/x.rs"), 125, "redirects followed"),
        (Manner::To("file:///etc/passwd"), 125, "\"file\" not supported or disabled in libcurl"),
        (Manner::To("http://127.0.0.2:9/x.rs"), 125, ""),
        (Manner::Status("403 Forbidden"), 125, "HTTP status 403"),
    ] {
        server.set(manner);
        let ran = run(&url);
        let said = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count();
        assert_eq!((ran.code, said), (code, 1), "{manner:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message) && ran.stdout.is_empty(), "{manner:?}: {}", ran.stderr);
    }
    assert!(!sandbox.home().join(".local/share/runner/urls").exists());
    assert_eq!(builds(&sandbox), 0);
}

#[test]
fn a_url_that_others_can_answer_or_that_cannot_be_asked_is_refused() {
    let Some((sandbox, server, url)) = served() else { return };
    let refused = |url: &str, message: &str| {
        alone(&sandbox, &[url]).run().fails(125, message);
    };
    refused("http://example.org/x.rs", "hint: https://example.org/x.rs");
    refused("file:///etc/passwd", "only scripts at `https:` are run");
    refused("https://me:word@example.org/x.rs", "a URL with a user name or a password is not asked");
    refused(&format!("{url}#blake3=12"), "a pin is `#blake3=` and 64 hexadecimal digits");
    for form in [["--blake3", "12", &url].as_slice(), &["--blake3"], &["run", "--blake3", "12", &url]] {
        alone(&sandbox, form).run().fails(125, "hint: a first run without it shows the digest");
    }
    let pin = "0".repeat(64);
    alone(&sandbox, &["--blake3", &pin, "x.rs"]).run().fails(
        125,
        "`--blake3` needs a script by URL, and one only\n  hint: of several, each may be `URL#blake3=HEX`",
    );
    assert_eq!(server.requests(), 0);

    // A directory that looks as a URL is none.
    sandbox.script("http:/127.0.0.1/x.rs", "print file\n");
    sandbox.runner(["http:/127.0.0.1/x.rs"]).run().prints("file\n");
    alone(&sandbox, &["http://127.0.0.1:9/x.rs"]).run().fails(125, "");
    let direct = alone(&sandbox, &["http://127.0.0.1/x.rs"]).run();
    assert!(direct.code != 0 && direct.stdout.is_empty(), "{}", direct.stdout);

    let ran = alone(&sandbox, &["--offline", &url]).run();
    ran.fails(126, "hint: it is not asked for while `--offline` or `--frozen` is set");
    assert_eq!(server.requests(), 0);
    let empty = sandbox.root().join("empty");
    fs::create_dir(&empty).unwrap();
    sandbox
        .runner([&url])
        .env("PATH", empty)
        .run()
        .fails(127, "`curl` is not on PATH\n  hint: install `curl`, which downloads scripts");
}

#[test]
fn two_at_once_keep_one_whole_text() {
    let Some((sandbox, _server, url)) = served() else { return };
    let pin = digest(&alone(&sandbox, &[&url]).run());
    let running: Vec<_> = (0..8).map(|_| alone(&sandbox, &["--blake3", &pin, &url]).start()).collect();
    for child in running {
        Ran::of(&*url, child).prints("hi\n");
    }
    assert_eq!(builds(&sandbox), 1);
}

#[test]
fn nothing_beside_it_is_there_and_nothing_rewrites_the_copy() {
    let Some((sandbox, server, url)) = served() else { return };
    server.put("/x.rs", b"---\n[dependencies]\na = { path = \"/tmp\" }\n---\nprint hi\n".to_vec());
    let pin = digest(&alone(&sandbox, &[&url]).run());
    let pinned = format!("{url}#blake3={pin}");
    alone(&sandbox, &[&pinned])
        .run()
        .fails(125, "a script by URL may not depend on a directory\n  hint: save it beside the directory, and run the file");
    for command in [&["fmt", &pinned][..], &["migrate", &pinned], &["edit", "--open", "true", &pinned]] {
        let ran = alone(&sandbox, command).run();
        assert!(
            ran.code == 125 && ran.stderr.contains("there is no file to "),
            "{command:?}: {}",
            ran.stderr
        );
    }
}

#[test]
fn it_is_compiled_in_the_build_sandbox_in_the_background_too_unless_somebody_says_otherwise() {
    let Some((sandbox, server, url)) = served() else { return };
    if !has_sandbox() {
        return skipped("no sandbox for the builds of scripts by URL");
    }
    server.put("/x.rs", large_script("hi").into_bytes());
    let pin = digest(&alone(&sandbox, &[&url]).run());
    let pinned = format!("{url}#blake3={pin}");
    // The log is out of reach of a compiler that is confined.
    alone(&sandbox, &[&pinned]).run().prints("hi\n");
    assert_eq!((profiles(&sandbox), sandbox.compiles()), (vec!["quick".to_owned()], 0));
    alone(&sandbox, &[&pinned]).run().prints("hi\n");
    wait_until("there is a release build", || profiles(&sandbox).contains(&"release".to_owned()));
    assert_eq!(sandbox.compiles(), 0);
    alone(&sandbox, &["--force", &pinned]).env("RUNNER_SANDBOX_BUILD", "0").run().prints("hi\n");
    assert!(sandbox.compiles() > 0);
}

#[test]
fn a_directory_that_is_called_as_a_url_is_not_taken_for_it() {
    let Some((sandbox, server, url)) = served() else { return };
    let path = url.replace("//", "/");
    sandbox.script(format!("{path}/y.rs"), "#!/usr/bin/env runner\nprint evil\n");
    let pin = digest(&alone(&sandbox, &["check", &url]).run());
    alone(&sandbox, &["--blake3", &pin, &url]).run().prints("hi\n");
    alone(&sandbox, &["test", &url]).run().fails(126, "runs what was downloaded now");
    assert!(server.requests() > 0);
}
