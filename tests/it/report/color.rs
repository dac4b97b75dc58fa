//! Colors: `--color`, and the variables that other tools heed.

use crate::support::sandbox::Sandbox;

/// What the fake compiler is told where its messages shall have colors.
const COLORED: &str = "--json=diagnostic-rendered-ansi\n";

#[test]
fn messages_have_colors_where_they_are_asked_for() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "argument --json*\n");
    for (variable, options, expected) in [
        ("", &[][..], ""),
        ("", &["--color", "always"], COLORED),
        ("", &["--color=always"], COLORED),
        ("", &["--color", "auto"], ""),
        ("CLICOLOR_FORCE", &[], COLORED),
        ("CLICOLOR_FORCE", &["--color", "never"], ""),
        ("NO_COLOR", &["--color", "always"], COLORED),
        ("NO_COLOR", &["--color", "always", "--color=never"], ""),
    ] {
        let run = sandbox.runner(options).args(["--force", "x.rs"]);
        let run = if variable.is_empty() { run } else { run.env(variable, "1") };
        run.run().prints(expected);
    }
    // Behind the script it is the script's.
    sandbox.sh("printf 'print x\\n' > y.rs; runner y.rs --color neon").run().prints("x\n");
}

#[test]
fn every_subcommand_takes_the_option() {
    let sandbox = Sandbox::fake_hi();
    for words in
        [&["list"][..], &["cache", "size"], &["check", "x.rs"], &["build", "x.rs"], &["env"], &["--help"]]
    {
        for color in [&["--color", "never"][..], &["--color=always"]] {
            assert_eq!(sandbox.runner([color, words].concat()).run().code, 0, "{words:?}");
            assert_eq!(sandbox.runner([words, color].concat()).run().code, 0, "{words:?}");
        }
    }
    sandbox
        .runner(["--color", "neon", "x.rs"])
        .run()
        .fails(125, "`--color` needs `auto`, `always` or `never`\n  hint: for example `--color never`");
}

#[test]
fn differences_have_colors_where_they_are_asked_for() {
    let sandbox = Sandbox::fake();
    sandbox.script(sandbox.root().join("bin/clang-format"), "#!/bin/sh\ntr x y\n");
    sandbox.write("s.c", "x\n");
    for (options, is_colored) in [(&[][..], false), (&["--color=always"], true)] {
        let ran = sandbox.runner([options, &["fmt", "--check", "s.c"]].concat()).run();
        assert_eq!((ran.code, ran.stdout.contains('\u{1b}')), (1, is_colored), "{}", ran.stdout);
    }
}
