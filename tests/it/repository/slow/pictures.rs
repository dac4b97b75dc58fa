//! `scripts/pictures`: that the pictures of the documentation are those it makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::sandbox::{Sandbox, skipped, tested};

/// The text of a picture, without numbers, which differ from day to day.
fn text(svg: &str) -> String {
    let lines = svg.lines().filter(|line| line.starts_with("<text "));
    let text = |line: &str| {
        let mut text = String::new();
        let mut is_tag = false;
        for character in line.chars() {
            match character {
                '<' => is_tag = true,
                '>' => is_tag = false,
                c if !is_tag && !c.is_ascii_hexdigit() => text.push(c),
                _ => {}
            }
        }
        text
    };
    lines.map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_picture_is_what_the_terminal_shows() {
    if Command::new("tmux").arg("-V").output().is_err() {
        return skipped("no tmux (apt-get install tmux)");
    }
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("scripts/pictures");
    let ran = sandbox
        .runner(["--quiet"])
        .args([&script])
        .args(["--output", ".", "--runner"])
        .args([tested()])
        .run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let made = fs::read_to_string(sandbox.path("first-run.svg")).unwrap();
    let kept = fs::read_to_string(root.join("src/docs/first-run.svg")).unwrap();
    assert!(made.len() < 20_000 && made.starts_with("<svg "), "{made}");
    assert_eq!(text(&made), text(&kept), "`scripts/pictures` makes it again");
}
