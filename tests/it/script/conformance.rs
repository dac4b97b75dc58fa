//! Conformance of the formats that metadata is written in (REFERENCE C1, C2, C4, C9).

use crate::support::conformance::{DEPENDS, Error, Output, check, check_texts};
use crate::support::sandbox::Sandbox;

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
