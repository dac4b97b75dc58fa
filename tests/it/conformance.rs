//! Conformance: one row a rule of the formats that scripts are written in (REFERENCE C1, C2, C4, C9), each run.
//!
//! The compiler is the fake one, which says what the script's lines ask it to say: `print`, `env` and `argument`. A script
//! that has dependencies is told by the missing cargo. The rows with cargo's messages were compared with cargo 1.97 nightly.

use crate::sandbox::Sandbox;

/// What running a script gives.
enum Gives<'a> {
    /// This output, and silence.
    Output(&'a str),
    /// This message, after the script's name.
    Error(&'a str),
}
use Gives::{Error, Output};

/// That it has dependencies.
const DEPENDS: Gives<'static> = Error("`cargo` is not installed, and this script has dependencies");

#[track_caller]
fn check(rows: &[(&str, &str, &str, Gives<'_>)]) {
    let sandbox = Sandbox::fake();
    for (rule, name, text, expected) in rows {
        sandbox.write(name, text);
        let ran = sandbox.runner([format!("./{name}")]).run();
        let (code, stdout, stderr) = match expected {
            Output(text) => (0, (*text).to_owned(), String::new()),
            Error(text) => (125, String::new(), format!("runner: ./{name}: {text}")),
        };
        let first = ran.stderr.lines().next().unwrap_or_default();
        let code_is_right = ran.code == code || (code == 125 && ran.code == 127);
        assert!(
            code_is_right && ran.stdout == stdout && first == stderr,
            "{rule}\n{text}\ncode {}\nstdout: {}\nstderr: {}\nexpected: {code} {stdout:?} {stderr:?}",
            ran.code,
            ran.stdout,
            ran.stderr
        );
    }
}

/// Rows with one name for all.
#[track_caller]
fn check_texts(rows: &[(&str, &str, Gives<'_>)]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(rule, text, gives)| {
            let gives = match gives {
                Output(text) => Output(text),
                Error(text) => Error(text),
            };
            (*rule, "s.rs", *text, gives)
        })
        .collect();
    check(&rows);
}

#[test]
fn frontmatter() {
    let two = "line 1, column 1: found 2 `-` in rust frontmatter, expected at least 3";
    let many = format!("{0}\n{0}\nprint x\n", "-".repeat(256));
    let most = format!("{0}\n{0}\nprint x\n", "-".repeat(255));
    check_texts(&[
        ("C1.1 a BOM is dropped", "\u{feff}#!/usr/bin/env runner\n---\n---\nprint x\n", Output("x\n")),
        ("C1.1 a shebang is the first line", "#!/usr/bin/env runner\n---\n---\nprint x\n", Output("x\n")),
        ("C1.1 an attribute is none", "#![allow(unused)]\nprint x\n", Output("x\n")),
        ("C1.2 blank lines", "#!/usr/bin/env runner\n\n \t\n---\n---\nprint x\n", Output("x\n")),
        (
            "C1.2 an indented fence, which rustc refuses",
            " ---\n---\nprint x\n",
            Error("line 1, column 1: invalid preceding whitespace for frontmatter opening"),
        ),
        ("C1.3 none", "print x\n", Output("x\n")),
        (
            "C1.3 one",
            "-\n-\nprint x\n",
            Error("line 1, column 1: found 1 `-` in rust frontmatter, expected at least 3"),
        ),
        ("C1.3 two", "--\n--\nprint x\n", Error(two)),
        ("C1.3 255", &most, Output("x\n")),
        (
            "C1.3 256",
            &many,
            Error(
                "line 1, column 1: too many `-` symbols: frontmatter openings may be delimited by up to 255 `-` symbols, \
                 but found 256",
            ),
        ),
        ("C1.4 infostring", "---cargo\n---\nprint x\n", Output("x\n")),
        ("C1.4 with white space", "--- \tcargo \n---\nprint x\n", Output("x\n")),
        ("C1.4 empty with white space", "--- \n---\nprint x\n", Output("x\n")),
        (
            "C1.4 attributes",
            "---cargo,x\n---\nprint x\n",
            Error("line 1, column 4: unsupported frontmatter infostring attributes: `x`"),
        ),
        (
            "C1.4 another",
            "---toml\n---\nprint x\n",
            Error(
                "line 1, column 4: unsupported frontmatter infostring `toml`; specify `cargo` for embedding a manifest",
            ),
        ),
        ("C1.4 no line end", "---", Error("line 1, column 1: unclosed frontmatter; expected `---`")),
        (
            "C1.5 more",
            "---\n----\nprint x\n",
            Error("line 2, column 4: closing code fence has 1 more `-` than the opening fence"),
        ),
        (
            "C1.5 less",
            "-----\n---\nprint x\n",
            Error("line 2, column 1: closing code fence has 2 less `-` than the opening fence"),
        ),
        (
            "C1.5 text after it",
            "---\n--- x\nprint x\n",
            Error("line 2, column 5: unexpected characters after frontmatter close"),
        ),
        ("C1.5 none", "---\nprint x\n", Error("line 1, column 1: unclosed frontmatter; expected `---`")),
        ("C1.5 dashes elsewhere", "---\n# --- \n---\nprint x\n", Output("x\n")),
        ("C1.5 empty", "---\n---\nprint x\n", Output("x\n")),
        (
            "C1.6 a second one",
            "---\n---\n\n---\n---\nprint x\n",
            Error("line 4, column 1: only one frontmatter is supported"),
        ),
        (
            "C1.7 CR LF",
            "---\r\n[package]\r\nedition = \"2018\"\r\n---\r\nargument --edition*\n",
            Output("--edition=2018\n"),
        ),
        (
            "C1.7 the script's own lines",
            "#!/usr/bin/env runner\n\n---\n[dependencies]\nregex = \n---\n",
            Error("line 5, column 9: string values must be quoted, expected literal string"),
        ),
        (
            "below a comment",
            "// License.\n---\n---\nprint x\n",
            Error("line 2, column 1: frontmatter is not the first thing in the script"),
        ),
        (
            "C9.7 backticks",
            "```cargo\n```\nprint x\n",
            Error("line 1, column 1: backticks do not delimit frontmatter any more"),
        ),
    ]);
}

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
        (
            "[package.metadata.runner]\nflags = []",
            "line 3, column 1: `package.metadata.runner.flags` is not a setting",
        ),
    ] {
        fails(toml, message);
    }
    for allowed in [
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
    sandbox.write("s.rs", script("edition = \"2018\"\nfoo = 1\n[package]\nbar = 1"));
    let notes = "line 2: `edition` belongs under `[package]`, and is taken as if it were there\n\
                 line 3: unused manifest key: foo\nline 5: unused manifest key: package.bar\n";
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
fn names() {
    let text = "---\n---\nenv CARGO_PKG_NAME\nenv CARGO_CRATE_NAME\n";
    check(&[
        ("C2 placeholders", "s-h.w§c!.rs", text, Output("s-h-w-c-\ns_h_w_c_\n")),
        ("C2 an underscore makes it the placeholder", "a_b.c.rs", text, Output("a_b_c\na_b_c\n")),
        ("C2 leading digits", "42answer.rs", text, Output("answer\nanswer\n")),
        ("C2 nothing left", "42.rs", text, Output("package\npackage\n")),
        ("C2 kept", "con.rs", text, Output("con\ncon\n")),
        ("C2 kept", "test.rs", text, Output("test\ntest\n")),
        ("C2 kept", "self.rs", text, Output("self\nself\n")),
        ("C2 no extension", "tool", text, Output("tool\ntool\n")),
        ("C2 given", "deps.rs", "---\npackage.name = \"x\"\n---\nenv CARGO_PKG_NAME\n", Output("x\n")),
        (
            "C2 forbidden",
            "deps.rs",
            text,
            Error(
                "the binary target name `deps` is forbidden, it conflicts with cargo's build directory names",
            ),
        ),
        (
            "C2 forbidden",
            "build.rs",
            text,
            Error(
                "the binary target name `build` is forbidden, it conflicts with cargo's build directory names",
            ),
        ),
        ("C9.2 not for rust-script's forms", "deps.rs", "//! ```cargo\n//! ```\nprint x\n", Output("x\n")),
        ("C9.2 nor without any", "incremental.rs", "print x\n", Output("x\n")),
    ]);
}

#[test]
fn rust_script_forms() {
    check_texts(&[
        ("C4 short", "// cargo-deps: a=\"1\"\nprint x\n", DEPENDS),
        (
            "C4 short after a shebang and blank lines",
            "#!/usr/bin/env rust-script\n\n  // Cargo-Deps : a\nprint x\n",
            DEPENDS,
        ),
        ("C4 not in a block comment", "/* cargo-deps: a */\nprint x\n", Output("x\n")),
        (
            "C4 short, malformed",
            "// cargo-deps: a=1\nprint x\n",
            Error("line 1, column 18: the version of dependency `a` is not a string"),
        ),
        ("C4 block in `//!`", "//! ```cargo\n//! [dependencies]\n//! a = \"1\"\n//! ```\nprint x\n", DEPENDS),
        ("C4 block in `///`", "/// ```cargo\n/// [dependencies]\n/// a = \"1\"\n/// ```\nprint x\n", DEPENDS),
        (
            "C4 block in `/*!`",
            "/*!\n * ```cargo\n * [dependencies]\n * a = \"1\"\n * ```\n */\nprint x\n",
            DEPENDS,
        ),
        (
            "C4 the label in any case",
            "//! ~~~ Cargo\n//! [dependencies]\n//! a = \"1\"\n//! ~~~\nprint x\n",
            DEPENDS,
        ),
        (
            "C9.6 another fence first",
            "//! ```sh\n//! x\n//! ```\n//! ```cargo\n//! [dependencies]\n//! a = \"1\"\n//! ```\nprint x\n",
            DEPENDS,
        ),
        (
            "C9.5 a license above",
            "// License.\n\n//! ```cargo\n//! [dependencies]\n//! a = \"1\"\n//! ```\nprint x\n",
            DEPENDS,
        ),
        (
            "C9.6 no dependencies",
            "//! ```cargo\n//! [package]\n//! edition = \"2018\"\n//! ```\nargument --edition*\n",
            Output("--edition=2018\n"),
        ),
        (
            "C9.6 tables for one platform",
            "//! ```cargo\n//! [target.'cfg(windows)'.dependencies]\n//! a = \"1\"\n//! ```\nprint x\n",
            DEPENDS,
        ),
        (
            "the script's own line and column",
            "//! ```cargo\n//! [dependencies]\n//! a = \n//! ```\nprint x\n",
            Error("line 3, column 9: string values must be quoted, expected literal string"),
        ),
        (
            "C4 frontmatter wins",
            "---\n---\n//! ```cargo\n//! [dependencies]\n//! a = \"1\"\n//! ```\nprint x\n",
            Output("x\n"),
        ),
        (
            "targets are no error in it",
            "//! ```cargo\n//! [[bin]]\n//! name = \"x\"\n//! path = \"x\"\n//! ```\nprint x\n",
            Output("x\n"),
        ),
    ]);
}

#[test]
fn defaults_of_each_dialect() {
    let says = "argument --edition*\nenv CARGO_PKG_VERSION\n";
    let scriptisto = |toml: &str| {
        format!(
            "#!/usr/bin/env scriptisto\n\n// scriptisto-begin\n// script_src: src/main.rs\n// build_cmd: cargo build\n\
             // files:\n//  - path: Cargo.toml\n//    content: |\n//      [package]\n//      {toml}\n// scriptisto-end\n{says}"
        )
    };
    check_texts(&[
        ("none", says, Output("--edition=2024\n0.0.0\n")),
        ("runner", &format!("#!/usr/bin/env runner\n{says}"), Output("--edition=2024\n0.0.0\n")),
        ("cargo", &format!("---\n---\n{says}"), Output("--edition=2024\n0.0.0\n")),
        (
            "cargo by its first line",
            &format!("#!/usr/bin/env -S cargo -Zscript\n{says}"),
            Output("--edition=2024\n0.0.0\n"),
        ),
        ("rust-script", &format!("//! ```cargo\n//! ```\n{says}"), Output("--edition=2021\n0.1.0\n")),
        (
            "rust-script by its first line",
            &format!("#!/usr/bin/env rust-script\n{says}"),
            Output("--edition=2021\n0.1.0\n"),
        ),
        (
            "its ancestor",
            &format!("#!/usr/bin/env run-cargo-script\n{says}"),
            Output("--edition=2021\n0.1.0\n"),
        ),
        (
            "rustc",
            &format!("#!/bin/sh\n//usr/bin/env rustc \"$0\" && exec ./a; exit\n{says}"),
            Output("--edition=2015\n0.0.0\n"),
        ),
        (
            "rustc with an edition",
            &format!("//usr/bin/env rustc --edition 2018 \"$0\"; exit\n{says}"),
            Output("--edition=2018\n0.0.0\n"),
        ),
        ("scriptisto", &scriptisto("version = \"3.0.0\""), Output("--edition=2015\n3.0.0\n")),
        ("scriptisto's own", &scriptisto("edition = \"2018\""), Output("--edition=2018\n0.0.0\n")),
        (
            "the manifest's own",
            "#!/usr/bin/env rust-script\n---\npackage.edition = \"2018\"\n---\nargument --edition*\n",
            Output("--edition=2018\n"),
        ),
    ]);
}

#[test]
fn first_lines() {
    let dev = "argument -C debuginfo=2\n";
    check_texts(&[
        (
            "rust-script --debug",
            &format!("#!/usr/bin/env -S rust-script -c --debug\n{dev}"),
            Output("-C debuginfo=2\n"),
        ),
        (
            "rust-script -t, --force",
            "#!/usr/bin/env -S rust-script -t nightly -c --force\nprint x\n",
            Output("x\n"),
        ),
        (
            "cargo +nightly-DATE -q",
            "#!/usr/bin/env -S cargo +nightly-2026-04-14 -Z script -q --\nprint x\n",
            Output("x\n"),
        ),
        (
            "env NAME=VALUE",
            "#!/usr/bin/env -S RUST_BACKTRACE=1 cargo +nightly -Zscript\nprint x\n",
            Output("x\n"),
        ),
        ("runner's own", &format!("#!/usr/bin/env -S runner --debug\n{dev}"), Output("-C debuginfo=2\n")),
        ("rust-script -d", "#!/usr/bin/env -S rust-script -d a=1 --dep b -c\nprint x\n", DEPENDS),
        (
            "rust-script's metadata",
            "//! ```cargo\n//! [package.metadata.rustscript]\n//! toolchain = \"nightly\"\n//! ```\nprint x\n",
            Output("x\n"),
        ),
        (
            "runner's own toolchain is insisted on",
            "#!/usr/bin/env -S runner +nightly\nprint x\n",
            Error("toolchain `nightly` is not installed"),
        ),
        (
            "a release that is not there",
            "#!/usr/bin/env -S cargo +1.70.0 -Zscript\nprint x\n",
            Error("toolchain `1.70.0` is not installed"),
        ),
        (
            "a feature",
            "#!/usr/bin/env -S cargo +nightly -Zscript\n#![feature(never_type)]\nprint x\n",
            Error("`#![feature(never_type)]` needs toolchain `nightly`, which is not installed"),
        ),
    ]);
}

#[test]
fn a_program_is_told_where_its_script_is() {
    let sandbox = Sandbox::new();
    let tell = "fn main() { for name in [\"CARGO_MANIFEST_DIR\", \"CARGO_MANIFEST_PATH\", \"RUST_SCRIPT_PATH\", \
                \"RUST_SCRIPT_BASE_PATH\", \"RUST_SCRIPT_PKG_NAME\", \"RUST_SCRIPT_SAFE_NAME\"] \
                { if let Ok(value) = std::env::var(name) { println!(\"{name}={value}\"); } } }\n";
    let here = sandbox.work().display().to_string();
    sandbox.write("c.rs", format!("---\n---\n{tell}"));
    let cargo = format!("CARGO_MANIFEST_DIR={here}\nCARGO_MANIFEST_PATH={here}/c.rs\n");
    sandbox.write(
        "R 1.rs",
        format!("#!/usr/bin/env rust-script\nconst _: &str = env!(\"RUST_SCRIPT_PATH\");\n{tell}"),
    );
    let rust_script = format!(
        "RUST_SCRIPT_PATH={here}/R 1.rs\nRUST_SCRIPT_BASE_PATH={here}\nRUST_SCRIPT_PKG_NAME=r_1\nRUST_SCRIPT_SAFE_NAME=R 1\n"
    );
    sandbox.write("n.rs", tell);
    // The second run of each is a hit; what the caller has under these names does not count.
    for _ in 0..2 {
        sandbox.runner(["c.rs"]).env("CARGO_MANIFEST_DIR", "/no").run().prints(&cargo);
        sandbox.runner(["R 1.rs"]).env("RUST_SCRIPT_PATH", "/no").run().prints(&rust_script);
        sandbox.runner(["n.rs"]).run().prints("");
        sandbox.runner(["--temp", "c.rs"]).run().prints(&cargo);
    }
}

#[test]
fn a_nightly_that_is_installed_later_is_taken_then() {
    let sandbox = Sandbox::fake();
    sandbox.write("s.rs", "#!/usr/bin/env -S cargo +nightly -Zscript\nenv NONE\n");
    let note = "runner: s.rs: note: toolchain `nightly` is not installed; using rustc 1.95.0\n";
    let ran = sandbox.runner(["-v", "s.rs"]).run();
    assert!(ran.stderr.ends_with(note), "{}", ran.stderr);
    sandbox.runner(["s.rs"]).run().prints("unset\n");
    assert_eq!(sandbox.compiles(), 1);
    let bin = sandbox.home().join(".rustup/toolchains/nightly-x86_64-unknown-linux-gnu/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::copy(sandbox.root().join("fake/rustc"), bin.join("rustc")).unwrap();
    sandbox.runner(["s.rs"]).run().prints("unset\n");
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn settings_shape_the_build_and_the_run() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "s.rs",
        "---\n[package.metadata.runner]\nargs = [\"a b\", \"\"]\nrustflags = [\"--cfg\", \"told\"]\n---\n\
         #![allow(unexpected_cfgs)]\nfn main() { println!(\"{} {:?}\", cfg!(told), std::env::args().skip(1).collect::<Vec<_>>()); }\n",
    );
    for _ in 0..2 {
        sandbox.runner(["s.rs", "c"]).run().prints("true [\"a b\", \"\", \"c\"]\n");
    }
}

#[test]
fn a_compiler_that_has_frontmatter_is_asked_once_and_told_nothing() {
    let sandbox = Sandbox::fake().with("FAKE_VERSION", "1.99.0");
    let says = "---\n---\nfn main() {}\nargument -Z*\n";
    let allowed = "-Zcrate-attr=feature(frontmatter)\n-Zcrate-attr=allow(unused_features)\n-Zallow-features=frontmatter\n";
    let probes = || std::fs::read_to_string(sandbox.root().join("log")).unwrap().matches("probe\n").count();
    sandbox.write("none.rs", "print x\n");
    sandbox.runner(["none.rs"]).run().prints("x\n");
    assert_eq!(probes(), 0);
    for name in ["a.rs", "b.rs"] {
        sandbox.write(name, says);
        sandbox.runner([name]).run().prints(allowed);
    }
    assert_eq!(probes(), 1);

    // A feature may be asked for once only.
    sandbox.write("c.rs", says.replace("fn main", "#![feature(frontmatter)]\nfn main"));
    let named = allowed.split_once('\n').unwrap().1;
    sandbox.runner(["c.rs"]).run().prints(named);

    let stable = Sandbox::fake().with("FAKE_VERSION", "1.99.0").with("FAKE_FRONTMATTER", "0");
    stable.write("a.rs", says);
    stable.runner(["a.rs"]).run().prints("");
    let old = Sandbox::fake().with("FAKE_VERSION", "1.88.0");
    old.write("a.rs", says);
    old.runner(["a.rs"]).run().ends(
        125,
        "",
        "runner: a.rs: rustc 1.88.0 does not know frontmatter (`---`), which is in the script\n  \
         hint: use Rust 1.89 or newer, or `runner migrate --to block` the script\n",
    );
}

#[test]
fn what_cargo_says_of_a_dependency_is_said_of_the_scripts_own_line() {
    let sandbox = Sandbox::new();
    for (toml, place) in [
        ("regex = \"not a version\"", "line 4, column 9"),
        ("regex = { versio = \"1\" }", "line 4, column 1"),
        ("regex = 1", "s.rs:4:9\n  |\n4 | regex = 1\n  |         ^\n"),
        ("regex = { version = \"1\", features = 1 }", "s.rs:4:9\n"),
        ("[target.'cfg('.dependencies]\nregex = \"1\"", ""),
    ] {
        sandbox.write("s.rs", format!("---\n[dependencies]\n\n{toml}\n---\nfn main() {{}}\n"));
        let ran = sandbox.runner(["s.rs"]).run();
        assert_eq!(ran.code, 125);
        assert!(ran.stderr.contains(place), "{toml}: {}", ran.stderr);
        assert!(!ran.stderr.contains("runner-script"), "{}", ran.stderr);
    }
}
