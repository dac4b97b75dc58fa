//! Scripts without `main`: what the compiler is given in their place.
//!
//! rust-script makes of a script without `main`
//!
//! ```text
//! fn main() -> Result<(), Box<dyn Error + Sync + Send>> { { SCRIPT } Ok(()) }
//! ```
//!
//! in another file, by which lines move, and modules, inner attributes and relative paths are lost. Here the text is the
//! script's own, with that opening put where only white space and comments were and the closing after the last statement,
//! so that no line of the script's code moves, and no column (but those of a line that code shares with the opening, for which
//! see [`crate::rust::source::diagnostics`]).
//! Items above the first statement and below the last one stay outside, where `crate::`, `super::`, `mod` and `#[test]` mean
//! what they say. If items stand *among* the statements, everything goes inside, where items may name each other, as
//! rust-script has it; `mod name;` and `extern crate` are then moved above the opening, because the compiler does not accept
//! them inside.
//!
//! If a statement waits (`.await`) and the script depends on a runtime, that runs the statements.
//!
//! So what rust-script gets wrong is right here: a `main` in a comment or a string is none, one that is indented by a tab is
//! one; lines, relative paths, `mod`, inner attributes and doc comments survive; a script may end in `Ok(())`. A macro that
//! holds a `main`, in a file that is otherwise items and macro calls, counts as one, as for rust-script's pattern.
//!
//! Where all statements are calls of macros that may expand to items (`criterion_main!`, `include!`), the file is compiled as
//! it is first, and only if that fails with a `main` round them.
//!
//! A script that only holds items is a program whose `main` is missing, and that is the compiler's to say; unless it is
//! written for rust-script, under which it does nothing. Under a test harness the statements are left out: there the items
//! are the script.

use std::ops::Range;

use proc_macro2::TokenStream;

use crate::request::dialect::Dialect;
use crate::request::options::Harness;
use crate::rust::manifest::Manifest;
use crate::rust::source::diagnostics::{Inserted, Moved};
use crate::rust::source::outline::{Kind, Outline, Piece};
use crate::script::header::Header;

/// The opening. What it allows is how it is made, and not the script's choice.
const OPEN: &str =
    "#[allow(clippy::unnecessary_wraps, clippy::items_after_statements)] fn main() -> __RunnerResult { {";
/// What stands below the closing. `std` alone is not qualified: in the 2015 edition it cannot be, and nobody calls anything
/// else so.
const RESULT: &str = " type __RunnerResult = std::result::Result<(), std::boxed::Box<dyn std::error::Error + \
                      std::marker::Sync + std::marker::Send>>;";
/// The name that the statements get when another `main` runs them.
const ASYNC: &str = "async fn __runner_main";
const CLOSE: &str =
    " } #[allow(unreachable_code, clippy::needless_return)] return std::result::Result::Ok(()); }";
/// If the script itself ends in `Ok(())`.
const CLOSE_OK: &str = " } }";

/// Runtimes, the fullest first, and how they run a future.
const RUNTIMES: &[(&str, &str)] = &[
    ("tokio", "tokio::runtime::Runtime::new()?.block_on"),
    ("async-std", "async_std::task::block_on"),
    ("smol", "smol::block_on"),
    ("futures", "futures::executor::block_on"),
    ("futures-lite", "futures_lite::future::block_on"),
    ("pollster", "pollster::block_on"),
];

/// A script's code, as far as it tells whether there is a `main`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Code {
    /// What the compiler is given in place of the file; `None` if that is fine as it is.
    pub(crate) text: Option<String>,
    /// What is ours in it.
    pub(crate) inserted: Inserted,
    /// What is tried first: the text without a `main` of ours, where what macros expand to may hold one.
    pub(crate) plain: Option<String>,
    /// Whether there are test functions and nothing to run.
    pub(crate) only_tests: bool,
}

impl Code {
    /// Looks for a `main` in a script, and supplies what is missing.
    pub(crate) fn read(
        text: &str,
        header: &Header<'_>,
        manifest: &Manifest,
        harness: Option<Harness>,
    ) -> Code {
        let plain = without_head(text, header);
        let Some(outline) = Outline::read(&plain) else { return Code::default() };
        let pieces = &outline.pieces;
        let mut statements = pieces.iter().filter(|piece| piece.kind.is_statement());
        if outline.no_main || outline.has(Kind::Main) {
            return Code::default();
        }
        // A macro that holds a `main` and whatever calls it make one together.
        if outline.has(Kind::MaybeMain) && statements.clone().all(is_call) {
            return Code::default();
        }
        let may_expand = match statements.clone().next() {
            Some(_) => statements.clone().all(|piece| piece.kind == Kind::MaybeItems),
            None => harness.is_none() && outline.has(Kind::Expanded),
        };
        let mut inserted = Inserted::default();
        let wrapped = match (statements.next(), harness) {
            (Some(_), Some(_)) => Some(without_statements(&plain, &outline)),
            (Some(_), None) => {
                let runtime = if outline.awaits { runtime(manifest) } else { None };
                let (text, ours) = wrap(&plain, &outline, runtime);
                inserted = ours;
                Some(text)
            }
            (None, None) if manifest.dialect() == Dialect::RustScript => {
                Some(plain.trim_end().to_owned() + "\nfn main() {}\n")
            }
            (None, _) => None,
        };
        let only_tests = outline.has(Kind::Test) && !pieces.iter().any(|piece| piece.kind.is_statement());
        let plain = wrapped.is_some().then_some(plain).filter(|_| may_expand);
        Code { text: wrapped, inserted, plain, only_tests }
    }
}

fn is_call(piece: &Piece) -> bool {
    matches!(piece.kind, Kind::Call | Kind::MaybeItems)
}

/// The text without what rustc takes away before it reads tokens, every byte of it a space. A frontmatter that stays would
/// need a compiler that knows it.
pub(crate) fn without_head(text: &str, header: &Header<'_>) -> String {
    let mut text = text.to_owned();
    blank(&mut text, 0..header.shebang_end());
    if let Some(metadata) = header.frontmatter() {
        blank(&mut text, metadata.range.clone());
    }
    text
}

/// How the runtime that a script depends on is called to run a future.
fn runtime(manifest: &Manifest) -> Option<&'static str> {
    let threads = |features: &[&str]| features.iter().any(|one| matches!(*one, "full" | "rt-multi-thread"));
    RUNTIMES.iter().find_map(|(name, call)| match (*name, manifest.features_of(name)?) {
        ("tokio", features) if !threads(&features) => {
            Some("tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on")
        }
        _ => Some(*call),
    })
}

/// A `main` for a script that has none, by its places in the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrapper {
    /// Where what is wrapped begins: its first statement or item.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Where what stands above it ends: an item, or an inner attribute.
    pub(crate) before: usize,
    /// What the opening repeats and is taken away where it stands: `mod name;` and `extern crate`.
    /// Each with the characters of the opening that repeat it.
    pub(crate) moved: Vec<(Range<usize>, Range<usize>)>,
    /// In one line, after a space.
    pub(crate) opening: String,
    /// In one line.
    pub(crate) closing: String,
}

impl Wrapper {
    /// The `main` that a text needs, if it needs one; `outline` is that of [`without_head`].
    pub(crate) fn of(text: &str, outline: &Outline, manifest: &Manifest) -> Option<Wrapper> {
        let pieces = &outline.pieces;
        let mut statements = pieces.iter().filter(|piece| piece.kind.is_statement());
        let is_whole = outline.no_main
            || outline.has(Kind::Main)
            || outline.has(Kind::MaybeMain) && statements.clone().all(is_call);
        statements.next().filter(|_| !is_whole)?;
        let runtime = if outline.awaits { runtime(manifest) } else { None };
        Some(Wrapper::round(text, outline, runtime))
    }

    fn round(text: &str, outline: &Outline, runtime: Option<&str>) -> Wrapper {
        let pieces = &outline.pieces;
        let is_statement = |piece: &Piece| piece.kind.is_statement();
        let mut first = pieces.iter().position(is_statement).unwrap_or(0);
        let mut last = pieces.iter().rposition(is_statement).unwrap_or(0);
        let mut moved: &[Piece] = &[];
        if !pieces[first..last].iter().all(is_statement) {
            let stays = |piece: &Piece| matches!(piece.kind, Kind::File | Kind::Crate);
            first = pieces.iter().position(|piece| !stays(piece)).unwrap_or(0);
            last = pieces.len() - 1;
            moved = &pieces[first..];
        }
        let moved = moved.iter().filter(|piece| matches!(piece.kind, Kind::File | Kind::Crate));
        let start = pieces[first].range.start;
        let end = pieces[last].range.end;
        let before = first.checked_sub(1).map_or(outline.head, |index| pieces[index].range.end);
        let mut opening = String::from(" ");
        let mut repeated = Vec::new();
        for piece in moved {
            let from = opening.chars().count();
            opening.push_str(&in_one_line(text.get(piece.range.clone()).unwrap_or_default()));
            repeated.push((piece.range.clone(), from..opening.chars().count()));
            opening.push(' ');
        }
        let mut close = match pieces[last].kind {
            Kind::Statement { is_ok: true } => CLOSE_OK.to_owned(),
            _ => CLOSE.to_owned(),
        };
        match runtime {
            None => opening.push_str(OPEN),
            Some(call) => {
                opening.push_str(&OPEN.replace("fn main", ASYNC));
                close = format!("{close} {}{call}(__runner_main()) }}", OPEN.trim_end_matches('{'));
            }
        }
        Wrapper { start, end, before, moved: repeated, opening, closing: close + RESULT }
    }
}

/// The text with a `main` round its statements, as one would write it; `None` if it needs none. It has no head.
pub(crate) fn written_out(text: &str, manifest: &Manifest) -> Option<String> {
    const RESULT: &str = "std::result::Result<(), Box<dyn std::error::Error + Send + Sync>>";
    let outline = Outline::read(text)?;
    let Wrapper { start, end, moved, closing, .. } = Wrapper::of(text, &outline, manifest)?;
    let mut inside = text[start..end].to_owned();
    let mut above = String::new();
    for (range, _) in moved.iter().rev() {
        above.insert_str(0, &format!("{}\n", &text[range.clone()]));
        inside.replace_range(range.start - start..range.end - start, "");
    }
    let end_of_main = if closing.starts_with(CLOSE_OK) { "\n}\n" } else { "\nOk(())\n}\n" };
    let runtime = if outline.awaits { runtime(manifest) } else { None };
    let opening = match runtime {
        None => format!("fn main() -> {RESULT} {{\n"),
        Some(call) => {
            format!("fn main() -> {RESULT} {{\n    {call}(run())\n}}\n\nasync fn run() -> {RESULT} {{\n")
        }
    };
    Some([&text[..start], &above, &opening, inside.trim_matches('\n'), end_of_main, &text[end..]].concat())
}

/// The text with a `main` round its statements, and what was added.
fn wrap(text: &str, outline: &Outline, runtime: Option<&str>) -> (String, Inserted) {
    let Wrapper { start, end, before, moved, opening, closing } = Wrapper::round(text, outline, runtime);
    let mut inside = text[start..end].to_owned();
    for (range, _) in &moved {
        blank(&mut inside, range.start - start..range.end - start);
    }
    if swallows(&inside) {
        inside.push('\n');
    }
    let mut gap = text[before..start].to_owned();
    blank_by_column(&mut gap);
    // At the end of the line above, or if there is none right here.
    let place = gap.rfind('\n').unwrap_or(gap.len());
    let gap_length = gap.len();
    let above = [&text[..before], &gap[..place]].concat();
    let column = above.chars().rev().take_while(|c| *c != '\n').count();
    gap.insert_str(place, &opening);
    let wrapped = [&text[..before], &gap, &inside, &closing, &text[end..]].concat();
    let line = above.matches('\n').count() + 1;
    let anchor = if place < gap_length { (line + 1, 0) } else { (line, column) };
    let end = place_in(text, end);
    let places = moved
        .into_iter()
        .map(|(range, at)| Moved { at, start: place_in(text, range.start), end: place_in(text, range.end) })
        .collect();
    (wrapped, Inserted { line, column, opening, closing, end, anchor, moved: places, is_last: false })
}

/// The line of a byte, from 1, and the characters before it there.
fn place_in(text: &str, at: usize) -> (usize, usize) {
    let above = text.get(..at).unwrap_or(text);
    (above.matches('\n').count() + 1, above.chars().rev().take_while(|c| *c != '\n').count())
}

/// Whether what is written behind the text is a part of its last line: of a comment that documents nothing.
pub(crate) fn swallows(text: &str) -> bool {
    let last = text.lines().next_back().unwrap_or_default();
    // Else the brace would have no partner.
    last.contains("//") && [text, "}"].concat().parse::<TokenStream>().is_ok()
}

/// The text without its statements: the items are what can be tested.
fn without_statements(text: &str, outline: &Outline) -> String {
    let mut text = text.to_owned();
    for piece in outline.pieces.iter().filter(|piece| piece.kind.is_statement()) {
        blank(&mut text, piece.range.clone());
    }
    text
}

/// The same tokens without comments, which would swallow what follows.
fn in_one_line(text: &str) -> String {
    text.parse::<TokenStream>().map(|tokens| tokens.to_string()).unwrap_or_default()
}

/// Makes spaces of some bytes, of all but line ends.
fn blank(text: &mut String, range: Range<usize>) {
    let Some(part) = text.get(range.clone()) else { return };
    let spaces: String = part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(range, &spaces);
}

/// Makes a space of each character but white space, so that what follows on the line keeps its column.
fn blank_by_column(text: &mut String) {
    *text = text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { ' ' }).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::header;

    fn code(text: &str, dialect: Dialect, harness: Option<Harness>) -> Code {
        let header = header::parse(text).unwrap();
        let manifest = Manifest::read(header.metadata.clone(), dialect).unwrap();
        Code::read(text, &header, &manifest, harness)
    }

    fn read(text: &str) -> Option<String> {
        code(text, Dialect::Runner, None).text
    }

    /// What is given for a text, with short words for the opening and the closing.
    fn wrapped(text: &str) -> String {
        let text = read(text).unwrap_or_else(|| panic!("{text:?} is not wrapped"));
        text.replace(RESULT, "")
            .replace(OPEN, "OPEN")
            .replace(CLOSE, " CLOSE")
            .replace(CLOSE_OK, " OK")
            .replace(" OPEN", "OPEN")
    }

    #[test]
    fn statements_are_wrapped_where_they_stand() {
        for (text, expected) in [
            ("x();\n", "OPENx(); CLOSE\n"),
            ("#!/usr/bin/env r\nx();", "                OPEN\nx(); CLOSE"),
            ("// why\n  /* é */ x();", "      OPEN\n          x(); CLOSE"),
            ("//! docs\n\n/// docs\nx() // end\n", "        \n\n        OPEN\nx() CLOSE // end\n"),
            ("use a; // b\nx();\n", "use a;     OPEN\nx(); CLOSE\n"),
            ("use a; x();", "use a; OPENx(); CLOSE"),
            ("#![a]\nx();\nfn f() {}", "#![a]OPEN\nx(); CLOSE\nfn f() {}"),
            ("mod m;\nx();\nuse a;\ny();", "mod m;OPEN\nx();\nuse a;\ny(); CLOSE"),
            ("x();\n#[a] mod m;\ny();", " # [a] mod m ;OPENx();\n           \ny(); CLOSE"),
            ("x()?;\nOk(())\n", "OPENx()?;\nOk(()) OK\n"),
            ("---\n---\nx();", "   \n   OPEN\nx(); CLOSE"),
            ("\u{feff}x();", "   OPENx(); CLOSE"),
            ("x();\n/// why", "OPENx();\n/// why\n CLOSE"),
            ("x() //! why\n", "OPENx() //! why\n CLOSE\n"),
            ("x(\"//\");\nfn f() {}", "OPENx(\"//\"); CLOSE\nfn f() {}"),
        ] {
            assert_eq!(wrapped(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_moves() {
        let text = "#!/usr/bin/env rust-script\n//! ```cargo\n//! ```\n#![allow(unused)]\nuse a;\n\nlet x = 1;\n\tlet y = \"\n\";\n\nfn f() {}\n";
        let ours = read(text).unwrap();
        for (line, (theirs, ours)) in text.lines().zip(ours.lines()).enumerate() {
            let is_code = !theirs.starts_with("//") && !theirs.starts_with("#!/") && !theirs.is_empty();
            assert!(!is_code || ours.starts_with(theirs), "{line}: {ours}");
        }
        assert_eq!(text.lines().count(), ours.lines().count());
    }

    /// Whatever stands in a script in whatever order, `main` is there, every statement is in it, and nothing has moved.
    #[test]
    fn nothing_moves_in_any_script() {
        const PIECES: &[&str] = &[
            "use z::{a, b};",
            "mod z;",
            "#[cfg(unix)] extern crate z;",
            "fn z<T>() -> [T; { 1 }] { if a { b } }",
            "pub(crate) struct z { a: u8 }",
            "const z: &str = \"}\\\"{\";",
            "#[test]\n\tfn z() {}",
            "macro_rules! z { () => { } }",
            "println!(\"{}\", z);",
            "let z = r#\"\" fn main() { \"#;",
            "if z { '\\'' } else { 'a' }",
            "'a: while z { break 'a }",
            "z(|x| { x });",
            "match z { _ => {} }",
            "loop { z() }",
            "z!{ a }",
        ];
        const BETWEEN: &[&str] =
            &["\n", "\n\n", " // fn main() {\n  ", "\n/* é } */\t", "\r\n", "\n/// z0\n"];
        let mut state = 1_u64;
        let mut pick = |list: &[&str]| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            list[(state >> 33) as usize % list.len()].to_owned()
        };
        let places = |text: &str, name: &str| {
            let found = text.lines().enumerate().find_map(|(number, line)| Some((number, line.find(name)?)));
            found.map(|(number, at)| (number, text.lines().nth(number).unwrap()[..at].chars().count()))
        };
        for round in 0..2000 {
            let mut text = "#!/usr/bin/env runner\n#![allow(unused)]\n".to_owned();
            let count = 1 + round % 6;
            for index in 1..=count {
                text += &(pick(BETWEEN) + &pick(PIECES).replace('z', &format!("z{index}")));
            }
            let plain = without_head(&text, &header::parse(&text).unwrap());
            let before = Outline::read(&plain).unwrap();
            assert_eq!(before.pieces.len(), count, "{text}");
            let Some(ours) = read(&text) else {
                assert!(!before.pieces.iter().any(|piece| piece.kind.is_statement()), "{text}");
                continue;
            };
            let after = Outline::read(&ours).unwrap_or_else(|| panic!("{text}\n{ours}"));
            assert!(
                after.has(Kind::Main) && !after.pieces.iter().any(|piece| piece.kind.is_statement()),
                "{text}\n{ours}"
            );
            for (index, piece) in (1..=count).zip(&before.pieces) {
                let name = format!("z{index}");
                let moved = matches!(piece.kind, Kind::File | Kind::Crate)
                    && places(&ours, &name) != places(&text, &name);
                assert!(moved || places(&ours, &name) == places(&text, &name), "{name}\n{text}\n{ours}");
            }
        }
    }

    #[test]
    fn what_has_a_main_or_is_no_rust_is_left_alone() {
        for text in [
            "fn main() {}",
            "#![no_main]",
            "fn f() {}",
            "// nothing",
            "fn f(",
            "m! { fn main() {} }",
            "x(); fn main() {}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_runtime_that_is_there_runs_what_waits() {
        let read = |text: &str| read(text).unwrap();
        let on = |toml: &str, code: &str| read(&format!("---\n[dependencies]\n{toml}\n---\n{code}"));
        let with_threads = "tokio = { version = \"1\", features = [\"full\"] }";
        assert!(
            on(with_threads, "x().await?;")
                .contains("tokio::runtime::Runtime::new()?.block_on(__runner_main())")
        );
        assert!(on("tokio = \"1\"", "for i in y { x(i).await }").contains("new_current_thread()"));
        assert!(on("pollster = \"1\"", "f(x.await, 1);").contains("pollster::block_on("));
        // Nobody waits here, or what waits has its own.
        for code in [
            "x();",
            "b(async { x().await });",
            "b(async move { x.await; { y.await } });",
            "async fn f() { x.await }\nf();",
        ] {
            assert!(!on(with_threads, code).contains("block_on"), "{code}");
        }
        assert!(!read("x().await;").contains("__runner_main"));
    }

    #[test]
    fn items_alone_do_nothing_under_rust_script() {
        let read = |text: &str| code(text, Dialect::RustScript, None).text.unwrap();
        assert_eq!(read("fn f() {}"), "fn f() {}\nfn main() {}\n");
        assert_eq!(read("// nothing"), "// nothing\nfn main() {}\n");
        assert!(code("#[test] fn t() {}", Dialect::RustScript, None).only_tests);
    }

    #[test]
    fn a_harness_gets_the_items() {
        let text = "let x = 1;\n#[test]\nfn t() {}\nx();\n";
        let code = code(text, Dialect::Runner, Some(Harness::Test));
        assert_eq!(code.text.unwrap(), "          \n#[test]\nfn t() {}\n    \n");
    }
}
