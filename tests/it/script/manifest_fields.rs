//! Conformance of the fields of a manifest (REFERENCE C2), and what they do: see [`crate::support::conformance`].

use crate::support::sandbox::Sandbox;

#[test]
fn fields() {
    let script = |toml: &str| format!("---\n{toml}\n---\nprint x\n");
    let sandbox = Sandbox::fake();
    let fails = |toml: &str, message: &str| {
        sandbox.write("s.rs", script(toml));
        let ran = sandbox.runner(["s.rs"]).run();
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert_eq!((ran.code, first), (125, format!("runner: s.rs: {message}").as_str()), "{toml}");
    };
    for field in
        ["workspace", "lib", "bin", "example", "test", "bench", "build-dependencies", "build_dependencies"]
    {
        fails(
            &format!("[{field}]"),
            &format!("line 2, column 2: `{field}` is not allowed in embedded manifests"),
        );
    }
    for field in [
        "workspace",
        "build",
        "metabuild",
        "links",
        "autolib",
        "autobins",
        "autoexamples",
        "autotests",
        "autobenches",
        "default-run",
    ] {
        fails(
            &format!("[package]\n{field} = \"x\""),
            &format!("line 3, column 1: `package.{field}` is not allowed in embedded manifests"),
        );
    }
    fails(
        "[lib]\n[package]\nbuild = \"x\"",
        "line 2, column 2: `lib`, `package.build` are not allowed in embedded manifests",
    );
    for (toml, message) in [
        ("package.name = \"\"", "line 2, column 16: package name cannot be empty"),
        (
            "package.name = \"4b\"",
            "line 2, column 16: invalid character `4` in package name: `4b`, the name cannot start with a digit",
        ),
        (
            "package.name = \"a b\"",
            "line 2, column 16: invalid character ` ` in package name: `a b`, characters must be Unicode XID \
             characters (numbers, `-`, `_`, or most letters)",
        ),
        (
            "package.name = \"-a\"",
            "line 2, column 16: invalid character `-` in package name: `-a`, the first character must be a Unicode \
             XID start character (most letters or `_`)",
        ),
        (
            "package.name = \"deps\"",
            "line 2, column 16: the binary target name `deps` is forbidden, it conflicts with cargo's build \
             directory names",
        ),
        (
            "package.edition = \"2099\"",
            "line 2, column 19: supported edition values are `2015`, `2018`, `2021`, or `2024`, but `2099` is \
             unknown",
        ),
        ("package.edition = 2021", "line 2, column 19: invalid type: integer `2021`, expected a string"),
        (
            "package.version = \"1\"",
            "line 2, column 19: unexpected end of input while parsing major version number",
        ),
        (
            "package.rust-version = \"1.999\"",
            "line 2, column 24: it needs Rust 1.999 or newer, and this is rustc 1.95.0",
        ),
        (
            "package.rust-version = \"^1.70\"",
            "line 2, column 24: unexpected version requirement, expected a version like \"1.32\"",
        ),
        (
            "package.authors = \"me\"",
            "line 2, column 19: invalid type: string \"me\", expected a vector of strings",
        ),
        ("package = 1", "line 2, column 11: invalid type: integer `1`, expected a table"),
        ("dependencies = 1", "line 2, column 16: invalid type: integer `1`, expected a table"),
        ("[features]\n\"a b\" = []", "line 3, column 1: `a b` is not the name of a feature"),
        (
            "project.name = \"x\"",
            "line 2, column 1: `[project]` is not supported as of the 2024 Edition, please use `[package]`",
        ),
        (
            "[package.metadata.runner]\nargs = 1",
            "line 3, column 8: `package.metadata.runner.args` must be a list of strings",
        ),
        (
            "[package.metadata.runner]\nstatic = 1",
            "line 3, column 10: `package.metadata.runner.static` must be true or false",
        ),
        (
            "[package.metadata.runner]\nrustflags = [\"-O\", \"--emit=asm\"]",
            "line 3, column 13: `package.metadata.runner.rustflags` may not have `--emit=asm`",
        ),
        ("[package.metadata.runner]\nprofile = \"none\"", "line 3, column 11: profile `none` is not defined"),
        (
            "[package.metadata.runner]\nenv = [\"A=B\"]",
            "line 3, column 7: `package.metadata.runner.env` names `A=B`, which no variable can be",
        ),
        (
            "[package.metadata.runner]\ninputs = [\"a\", \"[\"]",
            "line 3, column 10: `package.metadata.runner.inputs` has `[`: invalid range pattern",
        ),
        (
            "[package.metadata.runner]\nflags = []",
            "line 3, column 1: `package.metadata.runner.flags` is not a setting",
        ),
    ] {
        fails(toml, message);
    }
    sandbox.write("s.rs", script("[package.metadata.runner]\ntoolchain = \"none\""));
    sandbox.runner(["s.rs"]).run().ends(
        127,
        "",
        "runner: s.rs: line 3, column 13: toolchain `none` is not installed\n  hint: `rustup toolchain install none`\n",
    );
    for allowed in [
        "[package.metadata.runner]\nprofile = \"mine\"\n[profile.mine]\ninherits = \"dev\"",
        "",
        "[package]\nname = \"n\"\nversion = \"1.2.3-rc.1\"\nedition = \"2021\"\nrust-version = \"1.70\"\nauthors = [\"me\"]",
        "[package]\ndescription = \"d\"\nhomepage = \"h\"\nrepository = \"r\"\nlicense = \"MIT\"\nkeywords = [\"k\"]",
        "[package]\npublish = true\nresolver = \"2\"\nreadme = \"x.md\"\nexclude = []",
        "project.name = \"x\"\nproject.edition = \"2021\"",
        "[badges]\n[hints]\nmostly-unused = true",
        "[features]\ndefault = [\"a\"]\na = []",
        "[dependencies]\n[dev-dependencies]",
        "[dev-dependencies]\nregex = \"1\"",
        "[lints.rust]\nunused = \"allow\"",
        "[profile.dev]\nopt-level = 1\n[profile.dev.package.\"*\"]\nopt-level = 3",
        "[patch.crates-io]\n[replace]",
        "[package.metadata.other]\nanything = [1, \"x\"]",
    ] {
        sandbox.write("s.rs", script(allowed));
        sandbox.runner(["s.rs"]).run().prints("x\n");
    }
    // What nobody reads is told once, to a person: when it is compiled.
    sandbox.write("s.rs", script("edition = \"2018\"\nfoo = 1\n[package]\nbar = 1\nlicence = \"MIT\"\n[depndencies]\n[profile.dev]\nopt_level = 1"));
    let notes = "line 2: `edition` belongs under `[package]`, and is taken as if it were there\n\
                 line 3: unused manifest key: foo\nline 5: unused manifest key: package.bar\n\
                 line 6: unused manifest key: package.licence; did you mean `license`?\n\
                 line 7: unused manifest key: depndencies; did you mean `dependencies`?\n\
                 line 9: unused manifest key: profile.dev.opt_level; did you mean `opt-level`?\n";
    let ran = sandbox.runner(["-v", "s.rs"]).run();
    let told: String = ran
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("runner: s.rs: note: "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(told, notes);
    let again = sandbox.runner(["-v", "s.rs"]).run();
    assert!(!again.stderr.contains("note:"), "{}", again.stderr);
}

#[test]
fn a_script_that_fails_is_told_what_nobody_reads() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "---\n[depndencies]\nregex = \"1\"\n---\nprint x\n");
    sandbox.runner(["s.rs"]).run().prints("x\n");
    sandbox.write("s.rs", "---\n[depndencies]\nregex = \"1\"\n---\nfail here\n");
    sandbox.runner(["s.rs"]).run().ends(
        125,
        "",
        "error: here\nrunner: s.rs: note: line 2: unused manifest key: depndencies; did you mean `dependencies`?\n\
         runner: s.rs: rustc failed (exit status: 1); nothing was cached\n",
    );
}
