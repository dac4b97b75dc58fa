//! `scripts/pictures`: that the pictures of the documentation are those it makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::machine::works;
use crate::support::sandbox::{Sandbox, skipped, tested};

/// Makes a picture by `scripts/pictures`, and gives it with the one that is kept.
fn made_and_kept(name: &str) -> Option<(String, String)> {
    if Command::new("tmux").arg("-V").output().is_err() {
        skipped("no tmux (apt-get install tmux)");
        return None;
    }
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = sandbox
        .runner(["--quiet"])
        .args([&root.join("scripts/pictures")])
        .args([name, "--output", ".", "--runner"])
        .args([tested()])
        .run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let file = format!("{name}.svg");
    let made = fs::read_to_string(sandbox.path(&file)).unwrap();
    let kept = fs::read_to_string(root.join("src/docs").join(file)).unwrap();
    assert!(made.len() < 20_000 && made.starts_with("<svg "), "{made}");
    Some((made, kept))
}

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
fn the_first_run_is_what_the_terminal_shows() {
    let Some((made, kept)) = made_and_kept("first-run") else { return };
    assert_eq!(text(&made), text(&kept), "`scripts/pictures` makes it again");
}

/// What a server offers differs from version to version; the script and the method do not.
#[test]
fn the_editor_is_what_neovim_shows() {
    if !works("nvim", &["--version"]) || !works("rust-analyzer", &["--version"]) {
        return skipped("no Neovim, or no rust-analyzer");
    }
    let Some((made, kept)) = made_and_kept("editor") else { return };
    for picture in [made, kept] {
        assert!(picture.contains("find_iter") && !picture.contains("fn main"), "{picture}");
    }
}
