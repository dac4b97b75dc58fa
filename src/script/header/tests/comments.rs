//! The forms that stand in comments.

use super::*;

#[test]
fn a_short_form_is_read_as_rust_script_reads_it() {
    let time = short(1, "[dependencies]\ntime = \"0.1.25\"\n");
    assert_metadata(&[
        ("one", "// cargo-deps: time=\"0.1.25\"\nfn main() {}\n", time),
        ("any case, any space", " \t//Cargo-DEPS\t:time = \"0.1.25\"  \nfn main() {}\n", time),
        ("CRLF", "// cargo-deps: time=\"0.1.25\"\r\n", time),
        ("at the end of the script, where rust-script misses it", "// cargo-deps: time=\"0.1.25\"", time),
        ("after a shebang", "#!/x\n\n// cargo-deps: a\n", short(3, "[dependencies]\na = \"*\"\n")),
        (
            "several",
            "// cargo-deps: b_2=\"1\", a-x,c = '>=1, <3'\n",
            short(1, "[dependencies]\nb_2 = \"1\"\na-x = \"*\"\nc = '>=1, <3'\n"),
        ),
        (
            "tables, also with commas, where rust-script gives up",
            "// cargo-deps: a={git=\"x,}\"}, b={ version=\"1\", x={y='}'} }\n",
            short(1, "[dependencies]\na = {git=\"x,}\"}\nb = { version=\"1\", x={y='}'} }\n"),
        ),
        ("quoted name", "// cargo-deps: \"a\"=\"1\"\n", short(1, "[dependencies]\na = \"1\"\n")),
        ("name outside ASCII", "// cargo-deps: é=\"1\"\n", short(1, "[dependencies]\n\"é\" = \"1\"\n")),
        (
            "escaped quote",
            r#"// cargo-deps: a="\\\"", b"#,
            short(1, "[dependencies]\na = \"\\\\\\\"\"\nb = \"*\"\n"),
        ),
        ("block comment", "/* cargo-deps: a=\"1\" */\n", None),
        ("doc comment", "//! cargo-deps: a=\"1\"\n", None),
        ("no colon", "// cargo-deps a\n", None),
        ("another word", "// cargo-deps-x: a\n", None),
        ("letters outside ASCII", "// cargo-depé: a\n", None),
        (
            "before a block",
            "// cargo-deps: a\n//! ```cargo\n//! ```\n",
            short(1, "[dependencies]\na = \"*\"\n"),
        ),
        ("after a block", "//! ```cargo\n//! ```\n// cargo-deps: a\n", block(1, "\n", 4)),
    ]);
}

#[test]
fn a_malformed_short_form_is_an_error_with_a_hint() {
    let list = "write `// cargo-deps: name=\"version\", other=\"version\"`";
    let rows = [
        ("// cargo-deps:\n", (1, 15), "expected the name of a dependency", list),
        ("\n // cargo-deps: a, ,b\n", (2, 20), "expected the name of a dependency", list),
        ("// cargo-deps: a,\n", (1, 18), "expected the name of a dependency", list),
        ("// cargo-deps: =\"1\"\n", (1, 16), "expected the name of a dependency", list),
        ("// cargo-deps: é, a@1\n", (1, 19), "`a@1` is not the name of a dependency", list),
        ("// cargo-deps: a b\n", (1, 16), "`a b` is not the name of a dependency", list),
        ("// cargo-deps: \"\"\n", (1, 16), "`\"\"` is not the name of a dependency", list),
        (
            "// cargo-deps: a=1.0, b\n",
            (1, 18),
            "the version of dependency `a` is not a string",
            "write `a=\"1.0\"`",
        ),
        ("// cargo-deps: a=\r\n", (1, 18), "the version of dependency `a` is not a string", list),
        ("// cargo-deps: a=\"1, b\n", (1, 18), "the string of dependency `a` is not closed", list),
        ("// cargo-deps: a=\"1\\\"\n", (1, 18), "the string of dependency `a` is not closed", list),
        ("// cargo-deps: a={x=\"}\"\n", (1, 18), "the table of dependency `a` is not closed", list),
        ("// cargo-deps: a=\"1\" b\n", (1, 22), "expected `,` after dependency `a`", list),
    ];
    for (text, place, message, hint) in rows {
        let position = TextPosition { line: place.0, column: place.1 };
        let error = HeaderError { position, message: message.into(), hint: Some(hint.into()) };
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn a_block_is_read_as_rust_script_reads_it() {
    assert_metadata(&[
        ("inner lines", "//! ```cargo\n//! a=1\n//! ```\nfn main() {}\n", block(1, "\na=1\n", 4)),
        ("outer lines", "#!/x\n\n/// T\n/// ```cargo\n/// a=1\n/// ```\n", block(4, "\n\n\n\na=1\n", 4)),
        ("mixed lines", "/// T\n//! ```cargo\n/// a=1\n//! ```\n", block(2, "\n\na=1\n", 4)),
        ("no space", "//!```cargo\n//!a=1\n//!```\n", block(1, "\na=1\n", 3)),
        (
            "more space",
            "//!   ```cargo\n//!   a=1\n//!\n//!     b=2\n//!   ```\n",
            block(1, "\na=1\n\n  b=2\n", 6),
        ),
        ("indented comment", "  //! ```cargo\n  //! a=1\n  //! ```\n", block(1, "\na=1\n", 6)),
        ("slashes above", "//////\n/// ```cargo\n/// a=1\n/// ```\n", block(2, "\n\na=1\n", 4)),
        ("block comment", "/*!\nT\n```cargo\na=1\n```\n*/\nfn main() {}\n", block(3, "\n\n\na=1\n", 0)),
        (
            "margin of stars",
            "/*!\n * T\n *\n * ```cargo\n * a=1\n * ```\n */\n",
            block(4, "\n\n\n\na=1\n", 3),
        ),
        ("margin of spaces", "/*!\n    ```cargo\n    a=1\n    ```\n*/\n", block(2, "\n\na=1\n", 4)),
        ("fence on the first line", "/*! ```cargo\na=1\n``` */", block(1, "\na=1\n", 0)),
        ("stars on the first line", "/*! * ```cargo\n * a=1\n * ``` */", block(1, "\na=1\n", 3)),
        ("nested comment", "/*! /* x\n*/\n```cargo\na=1\n```\n*/", block(3, "\n\n\na=1\n", 0)),
        ("any case", "//! ``` Cargo \n//! a=1\n//! ```\n", block(1, "\na=1\n", 4)),
        (
            "tildes and long fences",
            "//! ~~~~~cargo\n//! a=1\n//! ~~~\n//! ~~~~~~\n",
            block(1, "\na=1\n~~~\n", 4),
        ),
        (
            "fence three further in",
            "//! T\n//!    ```cargo\n//!    a=1\n//!    ```\n",
            block(2, "\n\na=1\n", 7),
        ),
        ("four further in is an example", "//! T\n//!\n//!     ```cargo\n//!     a=1\n//!     ```\n", None),
        ("CRLF", "//! ```cargo\r\n//! a=1\r\n//! ```\r\n", block(1, "\na=1\n", 4)),
        ("not closed", "//! ```cargo\n//! a=1\nfn main() {}\n", block(1, "\na=1\n", 4)),
        (
            "other fences",
            "//! ```sh\n//! ls\n//! ```\n//! ```cargo\n//! a=1\n//! ```\n",
            block(4, "\n\n\n\na=1\n", 4),
        ),
        ("within another", "//! ````text\n//! ```cargo\n//! a=1\n//! ```\n//! ````\n", None),
        ("other labels", "//! ```toml\n//! a=1\n//! ```\n//! ```cargo x\n//! ```\n//! ```\n//! ```\n", None),
        ("code in a line", "//! ```cargo``` is\n//! a=1\n", None),
        ("no fence", "//! [dependencies]\n//! a=\"1\"\n", None),
        (
            "the first of two",
            "//! ```cargo\n//! a=1\n//! ```\n//! ```cargo\n//! ```\n",
            block(1, "\na=1\n", 4),
        ),
        ("plain comment", "// ```cargo\n// a=1\n// ```\n", None),
        ("without end", "/*!\n```cargo\na=1\n", block(2, "\n\na=1\n\n", 0)),
    ]);
    let metadata = parse("/// T\n/// ```cargo\n/// a=1\n/// ``` \nx").unwrap().metadata.unwrap();
    assert_eq!(metadata.range, 10..34);
}

#[test]
fn a_block_that_rust_script_loses_is_read() {
    assert_metadata(&[
        ("tabs", "//!\t```cargo\n//!\ta=1\n//!\t```\n", block(1, "\na=1\n", 4)),
        ("stars and tabs", "/*!\n *\t```cargo\n *\ta=1\n *\t```\n */\n", block(2, "\n\na=1\n", 3)),
        ("less space further down", "/*!\n    T\n\n```cargo\na=1\n```\n*/\n", block(4, "\n\n\n\na=1\n", 0)),
        // The lines lost three, four and five bytes. Columns are reckoned with the least of them.
        ("ragged", "//! ```cargo\n//! a=1\n//!b=2\n //! c=3\n//! ```\n", block(1, "\n a=1\nb=2\n  c=3\n", 3)),
        (
            "bold text",
            "/*!\n * **T**\n ***U**\n * ```cargo\n * a=1\n * ```\n*/\n",
            block(4, "\n\n\n\na=1\n", 3),
        ),
        ("a list in place of stars", "/*!\n* T\n```cargo\na=1\n```\n*/\n", block(3, "\n\n\na=1\n", 0)),
        ("outer block comment", "/** ```cargo\na=1\n```\n*/\nfn main() {}\n", block(1, "\na=1\n", 0)),
        ("no outer block comment", "/*** ```cargo\na=1\n```\n*/\n", None),
        ("nothing", "/**/ /***/", None),
    ]);
}

#[test]
fn a_manifest_below_comments_and_inner_attributes_is_read_with_a_note() {
    let below = |line, manifest, kind| {
        let text =
            format!("rust-script does not see the manifest on line {manifest}, because of this {kind}");
        vec![Note { line, text }]
    };
    let manifest = "//! ```cargo\n//! a=1\n//! ```\n";
    let rows = [
        ("#!/x\n\n \n".into(), vec![]),
        ("// License\n\n".into(), below(1, 3, "comment")),
        ("#!/x\n/* License\n * /* x */\n */\n".into(), below(2, 5, "comment")),
        ("/* x */ ".into(), below(1, 1, "comment")),
        ("#!/bin/sh\n//usr/bin/env rustc $0; exit\n".into(), below(2, 3, "comment")),
        ("\n//! Another run.\n\n".into(), below(2, 4, "comment")),
        ("/** Another kind. */\n".into(), below(1, 2, "comment")),
        ("#![allow(unused)]\n".into(), below(1, 2, "attribute")),
        ("#! [doc = \"]\\\"]\"]\n#![doc = r#\"]\"]\"#]\n#![x([])]\n".into(), below(1, 4, "attribute")),
        ("#![allow(unused)]\n// x\n".into(), below(1, 3, "attribute")),
    ];
    for (above, expected) in rows {
        let above: String = above;
        for (form, manifest) in [(Form::Block, manifest), (Form::Short, "// cargo-deps: a\n")] {
            let text = format!("{above}{manifest}fn main() {{}}\n");
            let header = parse(&text).unwrap();
            check_places(&text, &header);
            assert_eq!(header.metadata.map(|metadata| metadata.form), Some(form), "{text}");
            assert_eq!(header.notes, expected, "{text}");
        }
    }
    let text = "/**\n```cargo\n```\n*/";
    assert_eq!(parse(text).unwrap().notes, below(1, 2, "comment"));
}

#[test]
fn a_manifest_below_code_is_not_read_and_noted() {
    let note = |line| vec![Note { line, text: "this manifest is not read, because it is below code".into() }];
    let manifest = "//! ```cargo\n//! a=1\n//! ```\n";
    for code in
        ["use std::io;", "#[allow(unused)]", "#![allow(", "#![x = \"", "#![x = r#\"\"", "fn main() {}", "*/"]
    {
        for manifest in [manifest, "  // cargo-deps: a\n"] {
            let header = parse(&format!("{code}\n{manifest}")).map(|header| (header.metadata, header.notes));
            assert_eq!(header, Ok((None, note(2))), "{code}");
        }
    }
    // With a manifest in its place this is only text.
    let text = format!("{manifest}fn main() {{}}\n// cargo-deps: a\n");
    assert_eq!(parse(&text).unwrap().notes, []);
}

#[test]
fn what_looks_like_a_manifest_and_is_none_is_noted() {
    let rows = [
        (
            "//! ```cargo\n//! a=1\nfn main() {}",
            1,
            "this manifest is not closed, so it ends with its comment",
        ),
        (
            "// cargo-deps: a\n// cargo-deps: b\n",
            2,
            "this second manifest is not read; the first is on line 1",
        ),
        (
            "//! ```cargo\n//! ```\n\n/*!\n~~~cargo\n~~~\n*/",
            5,
            "this second manifest is not read; the first is on line 1",
        ),
        ("---\n---\n// cargo-deps: a\n", 3, "this second manifest is not read; the first is on line 1"),
        ("/* cargo-deps: a */\n", 1, "`cargo-deps` is read in a `//` comment only"),
        ("/*!\n * cargo-deps: a\n */\n", 2, "`cargo-deps` is read in a `//` comment only"),
        ("//! T\n//! Cargo-Deps: a\n", 2, "`cargo-deps` is read in a `//` comment only"),
        (
            "//! ```cargo,ignore\n//! ```\n",
            1,
            "only the label `cargo` makes this a manifest, not `cargo,ignore`",
        ),
    ];
    for (text, line, note) in rows {
        assert_eq!(parse(text).unwrap().notes, [Note { line, text: note.into() }], "{text}");
    }
    for silent in ["//! ```cargo\n//! ```\n", "//! ```sh\n//! cargo-deps: a\n//! ```\n"] {
        assert_eq!(parse(silent).unwrap().notes, [], "{silent}");
    }
}
