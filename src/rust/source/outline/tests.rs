//! Tables of what stands at the top level of a file.

use super::*;

fn kinds(text: &str) -> Vec<Kind> {
    Outline::read(text).unwrap().pieces.into_iter().map(|piece| piece.kind).collect()
}

const STATEMENT: Kind = Kind::Statement { is_ok: false };

#[test]
fn a_main_is_recognized_in_any_spelling() {
    for text in [
        "fn main() {}",
        "pub fn main() {}",
        "pub(crate) fn main() {}",
        "pub(in crate::a) fn main() {}",
        "async fn main() {}",
        "#[tokio::main]\nasync fn main() -> Result<()> {}",
        "#[cfg(not(test))]\nfn main() {}",
        "#[no_mangle] pub extern \"C\" fn main() -> i32 { 0 }",
        "unsafe extern fn main() {}",
        "const fn main() {}",
        "\tfn\tmain\n(\n)\n{}",
        "fn /* which */ main // this\n() {}",
        "fn r#main() {}",
        "/// Starts.\n/** Here. */ fn main() {}",
    ] {
        assert_eq!(kinds(text), [Kind::Main], "{text}");
    }
}

#[test]
fn what_only_looks_like_a_main_is_not_one() {
    for (text, expected) in [
        ("// fn main() {}\nlet x = 1;", vec![STATEMENT]),
        ("/* /* fn main() {} */ fn main() {} */ x();", vec![STATEMENT]),
        ("let s = \"\nfn main() {}\n\";", vec![STATEMENT]),
        ("let s = r##\"\"#fn main() {}\"##;", vec![STATEMENT]),
        ("mod app { pub fn main() {} }", vec![Kind::Item]),
        ("impl App { fn main() {} }", vec![Kind::Item]),
        ("fn run() { fn main() {} }", vec![Kind::Item]),
        ("let f: fn() = main;", vec![STATEMENT]),
        ("fn main_loop() {}", vec![Kind::Item]),
        ("struct main;", vec![Kind::Item]),
        ("println!(stringify!(fn main() {}));", vec![Kind::Call]),
        ("quote! { fn main() {} }.to_string();", vec![STATEMENT]),
        ("m! { x }", vec![Kind::Expanded]),
        ("cfg_if! { if #[cfg(unix)] { fn main() {} } }", vec![Kind::MaybeMain]),
        ("macro_rules! m { () => { fn main() {} } }", vec![Kind::MaybeMain]),
    ] {
        assert_eq!(kinds(text), expected, "{text}");
    }
}

#[test]
fn items_and_statements_are_told_apart() {
    let item = Kind::Item;
    for (text, expected) in [
        ("use a::{b, c}; println!(\"x\"); fn f() {}", vec![item, Kind::Call, item]),
        ("if a { b } else if c { d } else { e } fn f() {}", vec![STATEMENT, item]),
        ("while { a } { b } struct S { a: u8 }", vec![STATEMENT, item]),
        ("match x? { _ => {} } struct S(u8);", vec![STATEMENT, item]),
        ("for i in 0.. { } enum E { A }", vec![STATEMENT, item]),
        ("match x { _ => y }.go(); fn f() {}", vec![STATEMENT, item]),
        ("'a: loop { break 'a } fn f<'a>() {}", vec![STATEMENT, item]),
        ("unsafe { x() } unsafe fn f() {} unsafe impl Send for S {}", vec![STATEMENT, item, item]),
        ("const { x() } const X: S = S { a: 1 }; const _: () = ();", vec![STATEMENT, item, item]),
        ("async { x }; async move { x }; async fn f() {}", vec![STATEMENT, STATEMENT, item]),
        ("static mut N: u8 = { 1 }; type T = u8; union U { a: u8 }", vec![item, item, item]),
        ("union = 1; type_of(x);", vec![STATEMENT, STATEMENT]),
        (
            "extern crate a; extern \"C\" { fn f(); } extern { } mod m;",
            vec![Kind::Crate, item, item, Kind::File],
        ),
        ("unsafe extern \"C\" { safe fn f(); } x()", vec![item, STATEMENT]),
        ("impl A<{ 1 }, { 2 }> for B {} fn f() -> A<{ 1 }> { a }", vec![item, item]),
        ("fn f() where A<{ 1 }>: B {} x", vec![item, STATEMENT]),
        ("let Some(x) = y else { return Ok(()) }; fn f() {}", vec![STATEMENT, item]),
        ("println! { \"x\" } fn f() {}", vec![STATEMENT]),
        ("log::info!(\"x\"); ::log::info!(\"x\")", vec![Kind::MaybeItems, Kind::MaybeItems]),
        ("include!(\"a\"); vec![1]; x!{}", vec![Kind::MaybeItems, Kind::Call, Kind::Expanded]),
        ("lazy_static! { static ref A: u8 = 1; } x();", vec![Kind::Expanded, STATEMENT]),
        (
            "#[cfg(unix)] { x() } #[allow(unused)] let x = 1; #[inline] fn f() {}",
            vec![STATEMENT, STATEMENT, item],
        ),
        ("S { a: 1 }.go(); |x| { x }; (a)(b); *p = 1; { x } ;", vec![STATEMENT; 6]),
        ("x()?; Ok(())", vec![STATEMENT, Kind::Statement { is_ok: true }]),
        (
            "#[test] fn t() {} #[cfg(test)] mod t { #[tokio::test] async fn u() {} }",
            vec![Kind::Test, Kind::Test],
        ),
        ("pub struct S; pub(crate) enum E {} pub use a::b;", vec![item, item, item]),
        (";;", vec![STATEMENT, STATEMENT]),
    ] {
        assert_eq!(kinds(text), expected, "{text}");
    }
}

#[test]
fn the_head_ends_with_the_last_real_inner_attribute() {
    let outline = |text: &str| Outline::read(text).unwrap();
    assert_eq!(outline("//! docs\n/*! more */\nx();").head, 0);
    assert_eq!(outline("#![a]\n#! [b(c)]\n//! docs\nx();").head, 15);
    assert!(outline("#![no_std]\n#![no_main]").no_main);
    assert!(outline("#![cfg_attr(x, no_main)]").no_main);
    assert_eq!(outline("/// doc\n#[a]\nx();").pieces[0].range, 8..17);
}

#[test]
fn what_is_not_made_of_tokens_has_no_outline() {
    for text in ["fn main() {", "}", "\"", "/*", "'ab'", "r#\"x", "let x = )"] {
        assert!(Outline::read(text).is_none(), "{text}");
    }
}
