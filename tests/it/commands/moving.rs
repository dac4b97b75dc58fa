//! `runner list --export` and `promote --from`: installed commands go to another machine.

use std::fs;

use serde_json::Value;

use crate::support::cache_server::CacheServer;
use crate::support::machine::{has, works};
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn scripts_go_from_home_to_home_with_names_options_and_places() {
    let sandbox = Sandbox::fake();
    fs::write(sandbox.home().join("x.rs"), "print hi\n").unwrap();
    fs::write(sandbox.home().join("gone.rs"), "print gone\n").unwrap();
    let (x, gone) = (sandbox.home().join("x.rs"), sandbox.home().join("gone.rs"));
    let tools = sandbox.home().join("tools");
    sandbox
        .runner(["promote", "-q", "--debug", "--name", "tool", "--to"])
        .args([&tools, &x])
        .run()
        .prints("");
    sandbox.runner(["promote", "-q"]).args([gone]).run().prints("");
    sandbox.runner(["list", "--export", "moved.json"]).run().prints("wrote 2 commands to moved.json\n");
    let written = fs::read_to_string(sandbox.path("moved.json")).unwrap();
    let list: Value = serde_json::from_str(&written).unwrap();
    let expected = [("name", "gone"), ("source", "~/gone.rs"), ("kind", "script")];
    for (name, value) in expected {
        assert_eq!(list[0][name], value, "{written}");
    }
    assert_eq!((&list[0]["directory"], &list[1]["directory"]), (&Value::Null, &"~/tools".into()));
    assert_eq!(list[1]["options"], serde_json::json!(["--profile", "dev"]));
    assert!(!written.contains(sandbox.home().to_str().unwrap()), "{written}");

    // Another machine has other homes, one of the scripts, and that one edited.
    let other = Sandbox::fake();
    fs::copy(sandbox.path("moved.json"), other.path("moved.json")).unwrap();
    let home = other.home();
    fs::write(home.join("x.rs"), "print hello\n").unwrap();
    let from = ["promote", "--from", "moved.json"];
    let dry = other.runner(from).args(["--dry-run"]).run();
    let (at, home) = (home.join("x.rs"), home.display());
    dry.prints(&format!(
        "gone: would be installed from {home}/gone.rs\ntool: would be installed from {}\n",
        at.display()
    ));
    other.runner(["list"]).run().ends(0, "", "runner: no commands are installed\n");
    let ran = other.runner(from).run();
    assert_eq!((ran.code, ran.stdout), (127, format!("installed {home}/tools/tool\n")));
    assert_eq!(
        ran.stderr,
        format!(
            "runner: {home}/gone.rs: no such script\n  hint: give the path of a file, or `runner --help`\n\
             runner: tool: `{home}/x.rs` has another text than it had there\n"
        )
    );
    other.command(other.home().join("tools/tool")).run().prints("hello\n");
    assert!(other.runner(["list", "--json"]).run().stdout.contains("[\"--profile\",\"dev\"]"));
    fs::write(other.home().join("gone.rs"), "print there\n").unwrap();
    assert_eq!(other.runner(from).args(["-q"]).run().code, 0);
    other.command(other.home().join(".local/bin/gone")).run().prints("there\n");

    // What runner did not put there stays.
    fs::write(other.home().join(".local/bin/gone"), "mine").unwrap();
    let ran = other.runner(from).args(["-q"]).run();
    assert!(ran.code == 125 && ran.stderr.contains("`--force` replaces it"), "{}", ran.stderr);
    assert_eq!(other.runner(from).args(["-q", "--force"]).run().code, 0);
    other.command(other.home().join(".local/bin/gone")).run().prints("there\n");
}

#[test]
fn what_is_no_list_is_refused_whole() {
    let sandbox = Sandbox::fake_hi();
    let entry = |field: &str, value: &str| {
        let mut one = serde_json::json!({
            "name": "x", "source": sandbox.path("x.rs"), "kind": "script", "directory": null, "options": [],
        });
        one[field] = value.into();
        format!("[{one}]")
    };
    for text in [
        String::new(),
        "{}".to_owned(),
        "[1]".to_owned(),
        "[{}]".to_owned(),
        entry("kind", "program"),
        entry("source", "x.rs"),
        entry("options", "--debug"),
        entry("directory", "bin"),
        entry("source", "ftp://x/y").replace("script", "url"),
        entry("source", "https://e.org/y").replace("script", "url"),
    ] {
        sandbox.write("moved.json", &text);
        sandbox
            .runner(["promote", "--from", "moved.json"])
            .run()
            .fails(125, "hint: `runner list --export FILE` on the other machine");
    }
    sandbox.write("moved.json", entry("name", "../evil"));
    assert_eq!(sandbox.runner(["promote", "--from", "moved.json"]).run().code, 125);
    assert!(!sandbox.home().join(".local/evil").exists());
    sandbox.runner(["promote", "--from", "none.json"]).run().fails(125, "No such file or directory");
    let ran = sandbox.runner(["promote", "--from", "moved.json", "x.rs"]).run();
    assert_eq!(ran.code, 125, "{}", ran.stdout);
}

#[test]
fn a_url_goes_with_the_text_that_ran_there_and_with_no_other() {
    if !has("curl") || !works("setsid", &["--version"]) {
        return skipped("no curl and no setsid(1) for scripts by URL");
    }
    let server = CacheServer::start();
    server.put("/x.rs", b"print hi\n".to_vec());
    let url = format!("{}/x.rs", server.address());
    let sandbox = Sandbox::fake();
    let refused = sandbox.command("setsid").args(["--wait", "runner", &url]).run().stderr;
    let (_, pin) = refused.split_once("--blake3 ").unwrap();
    let pin = &pin[..64];
    sandbox.runner(["trust", "-q", "--blake3", pin, &url]).run().prints("");
    sandbox.runner(["promote", "-q", &url]).run().prints("");
    sandbox.runner(["list", "--export", "moved.json"]).run();

    let other = Sandbox::fake();
    fs::copy(sandbox.path("moved.json"), other.path("moved.json")).unwrap();
    server.put("/x.rs", b"print evil\n".to_vec());
    let ran = other.runner(["promote", "--from", "moved.json"]).run();
    assert_eq!(ran.code, 126);
    assert!(ran.stderr.contains("its text is not the pinned one"), "{}", ran.stderr);
    server.put("/x.rs", b"print hi\n".to_vec());
    other.runner(["promote", "-q", "--from", "moved.json"]).run().prints("");
    other.command(other.home().join(".local/bin/x")).run().prints("hi\n");
    assert!(other.runner(["trust"]).run().stdout.contains(&url));
}
