//! `runner migrate`: the metadata in another form, and every other byte as it was.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use crate::support::files::program;
use crate::support::machine::is_root;
use crate::support::sandbox::Sandbox;

#[test]
fn there_and_back_the_script_says_the_same() {
    let sandbox = Sandbox::fake();
    let block = "#!/usr/bin/env runner\n//! Title.\n//!\n//! ```cargo\n//! [package]\n//! edition = \"2018\" # why\n//! ```\n//!\n//! More.\nargument --edition*\n";
    let script = sandbox.script("s.rs", block);
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o751)).unwrap();
    sandbox.runner(["migrate", "--dry-run", "s.rs"]).run().prints("s.rs: would be rewritten\n");
    assert_eq!(std::fs::read_to_string(&script).unwrap(), block);
    sandbox.runner(["migrate", "s.rs"]).run().prints("s.rs: rewritten\n");
    let text = std::fs::read_to_string(&script).unwrap();
    assert_eq!(
        text,
        "#!/usr/bin/env runner\n---\n[package]\nedition = \"2018\" # why\n---\n//! Title.\n//!\n//!\n//! More.\nargument --edition*\n"
    );
    assert_eq!(std::fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o751);
    sandbox.runner(["s.rs"]).run().prints("--edition=2018\n");
    // Again it changes nothing.
    sandbox.runner(["migrate", "s.rs", "--to", "frontmatter"]).run().prints("s.rs: already in that form\n");
    assert_eq!(std::fs::read_to_string(&script).unwrap(), text);

    sandbox.runner(["migrate", "--to", "block", "s.rs"]).run().prints("s.rs: rewritten\n");
    sandbox.runner(["s.rs"]).run().prints("--edition=2018\n");
    let text = std::fs::read_to_string(&script).unwrap();
    assert!(text.starts_with("#!/usr/bin/env runner\n//! ```cargo\n//! [package]\n"), "{text}");
}

#[test]
fn what_a_dialect_assumes_is_written_down() {
    let sandbox = Sandbox::fake();
    for (name, text, to, edition) in [
        ("b.rs", "//! ```cargo\n//! ```\nargument --edition*\n", "frontmatter", "--edition=2021\n"),
        ("c.rs", "---\n---\nargument --edition*\n", "block", "--edition=2024\n"),
        ("d.rs", "---\npackage.name = \"x\"\n---\nargument --edition*\n", "block", "--edition=2024\n"),
        (
            "e.rs",
            "//! ```cargo\n//! [package]\n//! name = \"x\"\n//! ```\nargument --edition*\n",
            "frontmatter",
            "--edition=2021\n",
        ),
    ] {
        sandbox.write(name, text);
        sandbox.runner([name]).run().prints(edition);
        sandbox.runner(["migrate", name, "--to", to]).run().prints(&format!("{name}: rewritten\n"));
        sandbox.runner([name]).run().prints(edition);
    }
}

#[test]
fn it_refuses_what_would_lose_something() {
    let sandbox = Sandbox::fake();
    for (text, to, message) in [
        ("print x\n", "block", "runner: s.rs: it has no metadata to rewrite"),
        (
            "//! ```cargo\n//! [[bin]]\n//! name = \"x\"\n//! path = \"x\"\n//! ```\n",
            "frontmatter",
            "runner: s.rs: line 2, column 7: `bin` is not allowed in embedded manifests",
        ),
        (
            "/*!\nHi.\n```cargo\n[package]\n```\n*/\n",
            "frontmatter",
            "runner: s.rs: the comment around its manifest holds other text",
        ),
        (
            "// scriptisto-begin\n// script_src: x.rs\n// scriptisto-end\n",
            "block",
            "runner: s.rs: the header of scriptisto says more than metadata can",
        ),
        (
            "---\nx = \n---\n",
            "block",
            "runner: s.rs: line 2, column 5: string values must be quoted, expected literal string",
        ),
    ] {
        let script = sandbox.write("s.rs", text);
        let ran = sandbox.runner(["migrate", "s.rs", "--to", to]).run();
        assert_eq!((ran.code, ran.stderr.lines().next()), (125, Some(message)), "{text}");
        assert_eq!(std::fs::read_to_string(script).unwrap(), text);
    }
    sandbox
        .runner(["migrate", "s.rs", "--to", "yaml"])
        .run()
        .fails(125, "hint: `--to frontmatter` or `--to block`");
}

#[test]
fn an_abandoned_form_is_told_and_rewritten() {
    let sandbox = Sandbox::fake();
    let old = "#!/usr/bin/env -S cargo +nightly -Zscript\n```cargo\n[package]\nedition = \"2021\" # why\n```\nargument --edition*\n";
    for (to, text) in [
        ("frontmatter", old.replace("```", "---")),
        ("block", "#!/usr/bin/env -S cargo +nightly -Zscript\n//! ```cargo\n//! [package]\n//! edition = \"2021\" # why\n//! ```\nargument --edition*\n".to_owned()),
    ] {
        sandbox.write("s.rs", old);
        sandbox.runner(["s.rs"]).run().ends(
            125,
            "",
            "runner: s.rs: line 2, column 1: backticks do not delimit frontmatter any more\n  \
             hint: `runner migrate SCRIPT` writes `---` in place of the backticks\n",
        );
        sandbox.runner(["migrate", "--to", to, "s.rs"]).run().prints("s.rs: rewritten\n");
        assert_eq!(std::fs::read_to_string(sandbox.path("s.rs")).unwrap(), text);
        sandbox.runner(["s.rs"]).run().prints("--edition=2021\n");
    }
}

/// A script that `migrate` rewrites, and one that a formatter on PATH does.
fn rewritten(sandbox: &Sandbox) -> [(&'static str, &'static str); 2] {
    sandbox.write("s.rs", "//! ```cargo\n//! [package]\n//! edition = \"2018\"\n//! ```\nprint hi\n");
    sandbox.write("s.c", "int main(void) {}\n");
    program(&sandbox.root().join("bin/clang-format"), "#!/bin/sh\ncat\necho '// formatted'\n");
    [("migrate", "s.rs"), ("fmt", "s.c")]
}

#[test]
fn a_script_that_is_rewritten_keeps_its_owner_its_links_and_its_attributes() {
    let sandbox = Sandbox::fake();
    for (command, name) in rewritten(&sandbox) {
        let path = sandbox.path(name);
        let before = std::fs::read(&path).unwrap();
        let owner = if is_root() { 65534 } else { std::fs::metadata(&path).unwrap().uid() };
        if is_root() {
            chown(&path, Some(owner), Some(owner)).unwrap();
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o751)).unwrap();
        let run = |typed: &str| assert_eq!(sandbox.runner([command, typed]).run().code, 0, "{command}");
        let is_as_it_was = |what: &str| {
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            assert_ne!(std::fs::read(&path).unwrap(), before, "{command}: {what}");
            let found = (metadata.is_file(), metadata.uid(), metadata.mode() & 0o7777);
            assert_eq!(found, (true, owner, 0o751), "{command}: {what}");
        };
        run(name);
        is_as_it_was("by its name");
        std::fs::write(&path, &before).unwrap();
        let other = sandbox.path(format!("other-{name}"));
        std::fs::hard_link(&path, &other).unwrap();
        run(name);
        is_as_it_was("with two names");
        let inodes = [&path, &other].map(|path| std::fs::metadata(path).unwrap().ino());
        assert_eq!(inodes[0], inodes[1], "{command}");
        std::fs::remove_file(&other).unwrap();
        std::fs::write(&path, &before).unwrap();
        symlink(name, &other).unwrap();
        run(other.to_str().unwrap());
        is_as_it_was("by a link");
        assert!(other.is_symlink(), "{command}");
        let xattr = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(&path, "user.note", b"kept", xattr).is_ok() {
            std::fs::write(&path, &before).unwrap();
            run(name);
            is_as_it_was("with an attribute");
            let mut note = [0; 8];
            assert_eq!(rustix::fs::getxattr(&path, "user.note", &mut note), Ok(4), "{command}");
        }
        let left = std::fs::read_dir(sandbox.work()).unwrap().flatten();
        assert!(left.map(|entry| entry.file_name()).all(|name| !name.as_encoded_bytes().starts_with(b".")));
    }
}

#[test]
fn a_name_with_control_characters_is_printed_escaped() {
    let sandbox = Sandbox::fake();
    let name = "a\u{1b}[2J\nb.rs";
    sandbox.write(name, "//! ```cargo\n//! [package]\n//! edition = \"2018\"\n//! ```\nprint hi\n");
    for says in ["rewritten", "already in that form"] {
        let ran = sandbox.runner(["migrate", name]).run();
        assert_eq!(ran.stdout, format!("a\\u{{1b}}[2J\\nb.rs: {says}\n"));
    }
}

/// In every dialect, to both forms: what the compiler is given stays the same, or nothing is changed.
#[test]
fn a_migrated_script_is_the_same_program() {
    let sandbox = Sandbox::fake();
    let firsts = [
        "",
        "#!/usr/bin/env runner\n",
        "#!/usr/bin/env rust-script\n",
        "#!/usr/bin/env run-cargo-script\n",
        "#!/usr/bin/env -S cargo +nightly -Zscript\n",
        "#!/usr/bin/env cargo-script\n// extern crate x\n",
    ];
    let blocks = [
        "---\n---\n",
        "---\n[package]\nname = \"n\"\n---\n",
        "---\npackage.version = \"1.2.3\"\n---\n",
        "//! ```cargo\n//! ```\n",
        "//! ```cargo\n//! [package]\n//! edition = \"2018\"\n//! ```\n",
        "//! ```cargo\n//! [package]\n//! version = \"4.5.6\"\n//! ```\n",
    ];
    let says = "argument --edition*\nenv CARGO_PKG_VERSION\n";
    let mut rewritten = 0;
    for first in firsts {
        for block in blocks {
            for to in ["frontmatter", "block"] {
                // `extern crate` stands below the metadata.
                let (first, below) =
                    first.split_once("// ").map_or((first, ""), |(first, rest)| (first, rest));
                let text = format!("{first}{block}{below}{says}");
                sandbox.write("s.rs", &text);
                let before = sandbox.runner(["s.rs"]).run();
                assert_eq!(before.code, 0, "{text}{}", before.stderr);
                let migrated = sandbox.runner(["migrate", "--to", to, "s.rs"]).run();
                let after = std::fs::read_to_string(sandbox.path("s.rs")).unwrap();
                match migrated.code {
                    0 => rewritten += usize::from(after != text),
                    _ => assert_eq!(after, text, "{}", migrated.stderr),
                }
                sandbox.runner(["s.rs"]).run().prints(&before.stdout);
            }
        }
    }
    assert_eq!(rewritten, firsts.len() * blocks.len());
    for (text, to) in [
        ("//! ```cargo\n//! ```\nenv RUST_SCRIPT_PATH\n", "frontmatter"),
        ("---\n---\n// std::env::var(\"CARGO_MANIFEST_DIR\")\n", "block"),
    ] {
        sandbox.write("s.rs", text);
        sandbox
            .runner(["migrate", "--to", to, "s.rs"])
            .run()
            .fails(125, "which the other form does not set\n  hint: nothing was changed");
        assert_eq!(std::fs::read_to_string(sandbox.path("s.rs")).unwrap(), text);
    }
}
