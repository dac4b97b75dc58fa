//! Tests with one row per rule of cargo's frontmatter, of rust-script's forms, and of what is accepted beyond them.
//!
//! The rows were compared with cargo 1.97 nightly, rustc 1.95 and rust-script 0.36.0. Where a row differs from them
//! on purpose, it says so.

pub(crate) mod comments;

use super::*;
use crate::base::text_position::TextPosition;

/// What a script's manifest is: its form, its line, its TOML, its margin.
type Expected = Option<(Form, usize, &'static str, usize)>;

fn frontmatter(line: usize, toml: &'static str) -> Expected {
    Some((Form::Frontmatter, line, toml, 0))
}

fn block(line: usize, toml: &'static str, margin: usize) -> Expected {
    Some((Form::Block, line, toml, margin))
}

fn short(line: usize, toml: &'static str) -> Expected {
    Some((Form::Short, line, toml, 0))
}

fn assert_metadata(rows: &[(&str, &str, Expected)]) {
    for (rule, text, expected) in rows {
        let header = parse(text).unwrap_or_else(|error| panic!("{rule}: {text:?}: {error:?}"));
        let found = header.metadata.as_ref().map(|m| (m.form, m.line, m.toml.as_str(), m.margin));
        assert_eq!(found, *expected, "{rule}: {text:?}");
        check_places(text, &header);
    }
}

/// Every line, range and margin of a header is true of the script.
fn check_places(text: &str, header: &Header<'_>) {
    let lines: Vec<&str> = text.split('\n').collect();
    for note in &header.notes {
        assert!((1..=lines.len()).contains(&note.line), "{note:?} in {text:?}");
    }
    let Some(metadata) = &header.metadata else { return };
    assert_eq!(TextPosition::of(text, metadata.range.start).line, metadata.line, "{text:?}");
    let source =
        text.get(metadata.range.clone()).unwrap_or_else(|| panic!("{:?} in {text:?}", metadata.range));
    let opening = match metadata.form {
        Form::Frontmatter => ["---", "---"],
        Form::Block => ["```", "~~~"],
        Form::Scriptisto => ["//", "/*"],
        Form::Short => return assert!(source.starts_with("//") && !source.contains('\n'), "{source:?}"),
    };
    assert!(opening.iter().any(|opening| source.starts_with(opening)), "{source:?}");
    for (toml, script) in metadata.toml.lines().zip(lines).filter(|(toml, _)| !toml.trim().is_empty()) {
        let indent = toml.len() - toml.trim_start().len();
        let script = script.get(metadata.margin + indent..).unwrap_or_default();
        assert!(script.starts_with(toml.trim()), "{toml:?} is not where it should be in {text:?}");
    }
}

fn assert_errors(rows: &[(&str, (usize, usize), &str)]) {
    for (text, place, message) in rows {
        let HeaderError { position, message: found, .. } = parse(text).expect_err(text);
        assert_eq!(((position.line, position.column), found.as_str()), (*place, *message), "{text:?}");
    }
}

#[test]
fn a_shebang_is_the_first_line_unless_it_is_an_attribute() {
    let rows = [
        ("none", "fn main() {}", None),
        ("empty script", "", None),
        (
            "whole line",
            "#!/usr/bin/env -S runner --debug\nfn main() {}",
            Some("/usr/bin/env -S runner --debug"),
        ),
        ("spaces are kept", "#! /bin/sh \n", Some(" /bin/sh ")),
        ("last line without an end", "#!/x", Some("/x")),
        ("nothing in it", "#!\nfn main() {}", Some("")),
        ("not in the first column", " #!/x\n", None),
        ("bracket further on", "#! /bin/[ x\n", Some(" /bin/[ x")),
        ("attribute", "#![allow(unused)]\n", None),
        ("attribute after a space; rust-script would take it", "#! [allow(unused)]\n", None),
        ("attribute after line ends", "#!\n\r\n [allow(unused)]\n", None),
        ("attribute after white space of Rust", "#!\u{200e}[allow(unused)]\n", None),
        ("other white space; cargo would skip it", "#!\u{a0}[x]\n", Some("\u{a0}[x]")),
        ("attribute after comments; cargo would take it", "#!// x\n/* /* y */ */[allow(unused)]\n", None),
        ("a doc comment is not skipped", "#!//! x\n[allow(unused)]\n", Some("//! x")),
        ("polyglot", "#!/bin/sh\n//usr/bin/env rustc $0; exit\n", Some("/bin/sh")),
    ];
    for (rule, text, expected) in rows {
        assert_eq!(parse(text).map(|header| header.shebang), Ok(expected), "{rule}");
    }
}

#[test]
fn a_bom_and_a_carriage_return_are_reported_with_a_shebang() {
    let rows = [
        ("#!/x\n", false, false, Some("/x")),
        ("#!/x\r\n", false, true, Some("/x")),
        ("#!/x\r", false, true, Some("/x")),
        ("\u{feff}#!/x\n", true, false, Some("/x")),
        ("\u{feff}#![x]\n", true, false, None),
        ("\u{feff}", true, false, None),
        ("\r\n", false, false, None),
    ];
    for (text, bom, crlf, shebang) in rows {
        let header = parse(text).unwrap();
        assert_eq!((header.bom, header.shebang_crlf, header.shebang), (bom, crlf, shebang), "{text:?}");
    }
}

#[test]
fn frontmatter_is_read_as_cargo_reads_it() {
    let blank = "\t\u{b}\u{c}\r \u{85}\u{200e}\u{200f}\u{2028}\u{2029}\n---\na=1\n---\n";
    assert_metadata(&[
        ("no shebang", "---\na=1\n---\nfn main() {}\n", frontmatter(1, "\na=1\n")),
        ("after a shebang", "#!/x\n---\na=1\n---\n", frontmatter(2, "\n\na=1\n")),
        ("after a BOM, where cargo 1.97 misses it", "\u{feff}---\na=1\n---\n", frontmatter(1, "\na=1\n")),
        ("after a BOM and a shebang", "\u{feff}#!/x\n---\na=1\n---\n", frontmatter(2, "\n\na=1\n")),
        ("after blank lines", "#!/x\n\n \t\n---\na=1\n---\n", frontmatter(4, "\n\n\n\na=1\n")),
        ("all of Pattern_White_Space is blank", blank, frontmatter(2, "\n\na=1\n")),
        ("other white space is not", "\u{a0}\n---\na=1\n---\n", None),
        ("no second BOM", "\u{feff}\u{feff}---\na=1\n---\n", None),
        ("infostring", "---cargo\na=1\n---\n", frontmatter(1, "\na=1\n")),
        ("infostring with white space", "---\t cargo \na=1\n---\n", frontmatter(1, "\na=1\n")),
        ("white space for infostring", "--- \na=1\n---\n", frontmatter(1, "\na=1\n")),
        ("white space after the close", "---\na=1\n---\t \nx", frontmatter(1, "\na=1\n")),
        ("close at the end of the script", "---\na=1\n---", frontmatter(1, "\na=1\n")),
        ("empty", "---\n---\n", frontmatter(1, "\n")),
        ("blank", "---\n\n---\n", frontmatter(1, "\n\n")),
        ("longer fence holds shorter ones", "-----\n---\n----\n-----\n", frontmatter(1, "\n---\n----\n")),
        ("dashes within lines", "---\na=1 # ---\n ---\n---\n", frontmatter(1, "\na=1 # ---\n ---\n")),
        ("CRLF", "#!/x\r\n---cargo\r\na=1\r\n--- \r\n", frontmatter(2, "\n\na=1\r\n")),
        ("lone CR is left to TOML", "---\na=1\r#\n---\n", frontmatter(1, "\na=1\r#\n")),
        ("indented dashes below it are code", "---\na=1\n---\n  ---\n---\n", frontmatter(1, "\na=1\n")),
        ("a minus that is indented is code", " --x\n", None),
        ("below an attribute spread over lines", "#!\n[allow(unused)]\nfn main() {}\n", None),
        ("it comes before a block", "---\n---\n//! ```cargo\n//! a=1\n//! ```\n", frontmatter(1, "\n")),
    ]);
    let longest = "-".repeat(255);
    assert!(parse(&format!("{longest}\na=1\n{longest}\n")).unwrap().metadata.is_some());
    let metadata = parse("\u{feff}#!/x\n\n---cargo \na=1\n---\t\nfn main() {}\n").unwrap().metadata.unwrap();
    assert_eq!(metadata.range, 9..26);
}

#[test]
fn malformed_frontmatter_is_an_error_in_the_words_of_cargo() {
    let long = format!("{0}\n{0}\n", "-".repeat(256));
    let too_many =
        "too many `-` symbols: frontmatter openings may be delimited by up to 255 `-` symbols, but found 256";
    let unknown = "unsupported frontmatter infostring `toml`; specify `cargo` for embedding a manifest";
    assert_errors(&[
        ("-\na=1\n-\n", (1, 1), "found 1 `-` in rust frontmatter, expected at least 3"),
        ("#!/x\n\n--\na=1\n--\n", (3, 1), "found 2 `-` in rust frontmatter, expected at least 3"),
        (&long, (1, 1), too_many),
        ("---", (1, 1), "unclosed frontmatter; expected `---`"),
        ("#!/x\n-----cargo", (2, 1), "unclosed frontmatter; expected `-----`"),
        ("\n---\na=1\nfn main() {}\n", (2, 1), "unclosed frontmatter; expected `---`"),
        ("---\na=1\n ---\n", (1, 1), "unclosed frontmatter; expected `---`"),
        ("---\na=1\n-----\n", (3, 4), "closing code fence has 2 more `-` than the opening fence"),
        ("-----\na=1\n----\n", (3, 1), "closing code fence has 1 less `-` than the opening fence"),
        // Cargo says 1 here too, by a mistake in its arithmetic.
        ("-----\na=1\n---\n", (3, 1), "closing code fence has 2 less `-` than the opening fence"),
        ("----\n-\n---cargo\n---\n", (3, 1), "closing code fence has 1 less `-` than the opening fence"),
        ("---\na=1\n--- x\n", (3, 5), "unexpected characters after frontmatter close"),
        ("---\na=1\n---\u{c}\n", (3, 4), "unexpected characters after frontmatter close"),
        ("---\na=1\n---\r", (3, 4), "unexpected characters after frontmatter close"),
        ("---\na=1\n---\n\n---\n---\n", (5, 1), "only one frontmatter is supported"),
        ("---\na=1\n---\n-1\n", (4, 1), "only one frontmatter is supported"),
        ("---toml\n---\n", (1, 4), unknown),
        ("\u{feff}---  toml \r\n---\n", (1, 6), unknown),
        (
            "---\u{1b}[2J\n---\n",
            (1, 4),
            "unsupported frontmatter infostring `\\u{1b}[2J`; specify `cargo` for embedding a manifest",
        ),
        ("---cargo, x\n---\n", (1, 4), "unsupported frontmatter infostring attributes: ` x`"),
        // What cargo passes over and rustc refuses, in the words of rustc.
        ("#!/x\n  ---\na=1\n---\n", (2, 1), "invalid preceding whitespace for frontmatter opening"),
        ("\u{2028}---\n---\n", (1, 1), "invalid preceding whitespace for frontmatter opening"),
    ]);
    for name in ["Cargo", "cargo x", ".cargo", "cargo.toml", "é"] {
        let message = parse(&format!("---{name}\n---\n")).unwrap_err().message;
        assert!(message.starts_with(&format!("unsupported frontmatter infostring `{name}`;")), "{message}");
    }
}

#[test]
fn frontmatter_in_the_wrong_place_or_an_abandoned_form_gets_a_hint() {
    let rows = [
        ("#!/x\n// c\n---\na=1\n---\n", (3, 1), "move it above the comment on line 2"),
        ("#!/x\n\n#![allow(x)]\n---cargo\na=1\n---\n", (4, 1), "move it above the attribute on line 3"),
        ("/* c */ ---\na=1\n---\n", (1, 9), "move it above the comment on line 1"),
        (
            "#!/x\n```cargo\na=1\n```\n",
            (2, 1),
            "`runner migrate SCRIPT` writes `---` in place of the backticks",
        ),
        ("```\na=1\n```\n", (1, 1), "`runner migrate SCRIPT` writes `---` in place of the backticks"),
    ];
    for (text, place, hint) in rows {
        let HeaderError { position, hint: found, .. } = parse(text).expect_err(text);
        assert_eq!(((position.line, position.column), found.as_deref()), (place, Some(hint)), "{text:?}");
    }
    // A negation of a negation of a negation is an expression, also for a script without `main`.
    assert_metadata(&[("expression", "// c\n---x\n", None), ("no close", "// c\n---\nx\n", None)]);
}

#[test]
fn an_abandoned_form_is_written_as_it_is_today() {
    for (text, expected) in [
        ("```cargo\na = 1\n```\nfn main() {}\n", Some("---cargo\na = 1\n---\nfn main() {}\n")),
        ("#!/x\r\n\r\n````\r\n```\r\n```` \r\nx", Some("#!/x\r\n\r\n----\r\n```\r\n---- \r\nx")),
        ("\u{feff}```\n```", Some("\u{feff}---\n---")),
        ("```\na = 1\n", None),
        ("// a\n```\n```\n", None),
        ("---\n---\n```\n```\n", None),
        ("", None),
    ] {
        assert_eq!(with_dashes(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn real_scripts_are_read() {
    let tables = "#!/usr/bin/env rust-script\n//! Draws a plot.\n//!\n//! ```sh\n//! plot x.csv\n//! ```\n\
                  //! ```cargo\n//! edition = \"2021\"\n//! [target.'cfg(windows)'.dependencies]\n\
                  //! [features]\n//! default = []\n//! ```\nuse std::io;\n";
    let toml =
        "\n\n\n\n\n\n\nedition = \"2021\"\n[target.'cfg(windows)'.dependencies]\n[features]\ndefault = []\n";
    let comments =
        "#!/usr/bin/env -S cargo +nightly -Zscript\n\n--- \n# TOML comment\n[package]\n--- \n\n//! Docs.\n";
    assert_metadata(&[
        ("tables and other fences", tables, block(7, toml, 4)),
        ("TOML comments, trailing spaces", comments, frontmatter(3, "\n\n\n# TOML comment\n[package]\n")),
        ("only a package", "/*!\n```cargo\n[package]\n```\n*/\n", block(2, "\n\n[package]\n", 0)),
        ("no main, no manifest", "#!/usr/bin/env rust-script\nlet x = 1?;\nreturn Ok(())", None),
    ]);
}

/// Pieces of scripts in any order, which is where byte offsets go wrong.
#[test]
fn no_script_makes_it_panic_and_every_place_is_true() {
    const PIECES: [&str; 45] = [
        "\n",
        "\n",
        "\n",
        "\r\n",
        " ",
        "\t",
        "\u{2028}",
        "é",
        "\u{feff}",
        "#!",
        "#![",
        "]",
        "[",
        "\"",
        "'",
        "r#\"",
        "\"#",
        "\\",
        "-",
        "---",
        "----",
        "cargo",
        "cargo,x",
        "//",
        "//!",
        "///",
        "////",
        "/*",
        "/*!",
        "/**",
        "*/",
        " * ",
        "*",
        "```",
        "~~~",
        "````",
        "```cargo",
        "a=1",
        "x",
        "// cargo-deps:",
        "a=\"1\"",
        "={",
        "}",
        ",",
        "=",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..50_000 {
        let text: String = (0..random(24)).map(|_| PIECES[random(PIECES.len())]).collect();
        match parse(&text) {
            Ok(header) => check_places(&text, &header),
            Err(error) => {
                let TextPosition { line, column } = error.position;
                let line = text.split('\n').nth(line - 1).unwrap_or_else(|| panic!("{error:?} in {text:?}"));
                assert!(column <= line.chars().count() + 1, "{error:?} in {text:?}");
            }
        }
    }
}
