//! `runner new`: files that are made whole, where nothing is yet.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::sandbox::Sandbox;

#[test]
fn it_makes_an_executable_script_with_its_directories() {
    let sandbox = Sandbox::fake();
    sandbox.runner(["new", "tools/report"]).run().prints("created tools/report\nrunner tools/report\n");
    let path = sandbox.path("tools/report");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "#!/usr/bin/env runner\n---\n[package]\nedition = \"2024\"\n---\nprintln!(\"Hello, world!\");\n"
    );
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111);
    sandbox.sh("umask 077; runner new -q private.rs; stat -c %a private.rs").run().prints("700\n");
    // To the standard output nothing is written but the script.
    let ran = sandbox.runner(["new", "-"]).run();
    assert!(ran.code == 0 && ran.stdout.starts_with("#!/usr/bin/env runner\n---\n"), "{}", ran.stdout);
}

#[test]
fn what_is_there_is_left_alone() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "mine\n");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    sandbox
        .runner(["new", "x.rs"])
        .run()
        .fails(125, "runner: x.rs: it is there already\n  hint: `--force` replaces it");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine\n");
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    std::os::unix::fs::symlink("nowhere", sandbox.path("link.rs")).unwrap();
    sandbox.runner(["new", "link.rs"]).run().fails(125, "hint: `--force` replaces it");
    assert!(!sandbox.path("nowhere").exists());
    fs::create_dir(sandbox.path("d")).unwrap();
    sandbox.runner(["new", "d"]).run().fails(125, "runner: d: it is a directory\n  hint: name a file in it");
    sandbox.runner(["new", "--force", "-q", "x.rs"]).run().prints("");
    assert!(fs::read_to_string(&path).unwrap().contains("Hello"));
    // A directory that is none, or where nothing may be written.
    sandbox.runner(["new", "x.rs/y.rs"]).run().fails(125, "cannot create the directory `x.rs`: File exists");
    assert!(
        fs::read_dir(sandbox.work())
            .unwrap()
            .flatten()
            .all(|entry| { !entry.file_name().to_string_lossy().starts_with(".runner-") })
    );
}

#[test]
fn of_many_who_make_the_same_file_one_does() {
    let sandbox = Sandbox::fake();
    let children: Vec<_> = (0..16).map(|_| sandbox.runner(["new", "-q", "x.rs"]).start()).collect();
    let codes: Vec<_> =
        children.into_iter().map(|child| child.wait_with_output().unwrap().status.code().unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert!(fs::read_to_string(sandbox.path("x.rs")).unwrap().contains("Hello"));
}

#[test]
fn the_extension_or_lang_says_the_language() {
    let sandbox = Sandbox::fake();
    for (arguments, file, first) in [
        (&["new", "-q", "a.c"][..], "a.c", "#!/usr/bin/env runner\n#include"),
        (&["new", "-q", "b", "--lang", "go"], "b", "#!/usr/bin/env -S runner --lang go\npackage main\n"),
        (&["new", "-q", "c.hs"], "c.hs", "#!/usr/bin/env runner\nmain :: IO ()\n"),
        (
            &["new", "-q", "deps.rs"],
            "deps.rs",
            "#!/usr/bin/env runner\n---\n[package]\nname = \"deps-script\"\n",
        ),
    ] {
        sandbox.runner(arguments).run().prints("");
        let text = fs::read_to_string(sandbox.path(file)).unwrap();
        assert!(text.starts_with(first), "{text}");
    }
    sandbox
        .runner(["new", "x", "--lang", "cobol"])
        .run()
        .fails(125, "runner: x: unknown language `cobol`\n  hint: `runner help languages` lists them");
    sandbox.runner(["new", "x", "--template", "clo"]).run().fails(125, "hint: did you mean `cli`?");
    sandbox.runner(["new", "x.c", "--template", "cli"]).run().fails(
        125,
        "runner: x.c: `cli` is no template of C scripts\n  hint: they have `hello`, and those of your own",
    );
    assert!(!sandbox.path("x").exists() && !sandbox.path("x.c").exists());
}

#[test]
fn own_templates_come_first_and_know_the_name() {
    let sandbox = Sandbox::fake();
    let own = sandbox.home().join(".config/runner/templates");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("hello"), "// {{name}} and {{other}}\n").unwrap();
    sandbox.runner(["new", "-q", "x.rs", "--template", "hello"]).run().prints("");
    assert_eq!(fs::read_to_string(sandbox.path("x.rs")).unwrap(), "// x and {{other}}\n");
    sandbox.write("t.rs", "// here {{name}}\n");
    sandbox.runner(["new", "-q", "y.rs", "--template", "./t.rs"]).run().prints("");
    assert_eq!(fs::read_to_string(sandbox.path("y.rs")).unwrap(), "// here y\n");
    let ran = sandbox.runner(["new", "z.rs", "--template", "./none"]).run();
    ran.fails(125, "runner: z.rs: cannot read the template `./none`: No such file or directory");
}
