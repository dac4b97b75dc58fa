//! Where a script is, by programs that look for themselves and for what is beside them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use crate::support::files::{copy, files_below};
use crate::support::process_probe::probe;
use crate::support::sandbox::Sandbox;

#[test]
fn a_script_is_found_on_path_with_and_without_extension() {
    let sandbox = probe();
    copy(sandbox.path("probe"), sandbox.root().join("bin/tool"));
    copy(sandbox.path("probe"), sandbox.root().join("bin/tool.rs"));
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
