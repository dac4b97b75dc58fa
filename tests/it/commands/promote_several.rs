//! `runner promote` and `demote` of several: all or none.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::files::files_below;
use crate::support::installed::three;

#[test]
fn several_scripts_are_promoted_at_once() {
    let sandbox = three();
    let bin = sandbox.commands();
    let bin = bin.display();
    let said = format!(
        "installed {bin}/one\ninstalled {bin}/two\ninstalled {bin}/three\n  \
         `{bin}` is not on PATH; for example: export PATH=\"{bin}:$PATH\"\n"
    );
    sandbox.runner(["promote", "one.rs", "two.rs", "three.rs"]).run().prints(&said);
    for name in ["one", "two", "three"] {
        assert_eq!(sandbox.says(name), format!("{name}\n"));
    }
    sandbox.runner(["promote", "-q", "one.rs", "two.rs", "--to", "there"]).run().prints("");
    assert_eq!(files_below(&sandbox.path("there")).len(), 2);
}

#[test]
fn whatever_can_be_refused_is_refused_before_anything_is_built() {
    let sandbox = three();
    fs::create_dir_all(sandbox.commands()).unwrap();
    fs::write(sandbox.commands().join("two"), "mine\n").unwrap();
    sandbox.script("other/one.rs", "print other\n");
    let bin = sandbox.commands();
    let bin = bin.display();
    let cases: &[(&[&str], i32, String)] = &[
        (
            &["one.rs", "two.rs"],
            125,
            format!("two.rs: `{bin}/two` exists and runner did not put it there\n  hint: `--force` replaces it\n"),
        ),
        (
            &["one.rs", "other/one.rs"],
            125,
            format!(
                "other/one.rs: it would be installed as `{bin}/one`, and so would `one.rs`\n  \
                 hint: promote one of them by itself, with `--name NAME`\n"
            ),
        ),
        (
            &["one.rs", "three.rs", "--name", "x"],
            125,
            "one name is given for several executables\n  hint: promote them one by one, or without `--name`\n".into(),
        ),
        (
            &["one.rs", "nope.rs"],
            127,
            "nope.rs: no such script\n  hint: there is `one.rs`\n".into(),
        ),
    ];
    for (arguments, code, message) in cases {
        let ran = sandbox.runner(["promote"]).args(*arguments).run();
        ran.ends(*code, "", &format!("runner: {message}"));
    }
    assert_eq!(sandbox.compiles(), 0);
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}

#[test]
fn if_one_of_several_cannot_be_built_none_is_installed() {
    let sandbox = three();
    sandbox.script("two.rs", "fail now\n");
    let ran = sandbox.runner(["promote", "one.rs", "two.rs", "three.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (125, ""));
    assert_eq!(files_below(&sandbox.commands()), Vec::<PathBuf>::new());
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}

#[test]
fn if_one_of_several_cannot_be_demoted_none_is() {
    let sandbox = three();
    sandbox.quiet(&["promote", "one.rs", "two.rs"]);
    let message = "runner: `nope` was not promoted\n  hint: `runner list` lists them\n";
    sandbox.runner(["demote", "one", "nope"]).run().ends(125, "", message);
    fs::write(sandbox.commands().join("two"), "mine\n").unwrap();
    sandbox.runner(["demote", "one", "two"]).run().fails(125, "hint: `--force` removes it all the same");
    assert_eq!(sandbox.says("one"), "one\n");
    let bin = sandbox.commands();
    let bin = bin.display();
    let said = format!("removed {bin}/one\nremoved {bin}/two\n");
    sandbox.runner(["demote", "--force", "one", "two", "one"]).run().prints(&said);
    assert_eq!(sandbox.listed(), Value::Array(Vec::new()));
}
