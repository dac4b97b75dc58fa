//! Expressions that are run without a script, as rust-script does with `--expr` and `--loop`.
//!
//! The expression stands in the first lines of a program of ours, so that messages speak of the expression's own lines; columns
//! of the first one are put right in what the compiler says ([`crate::rust::source::diagnostics`]), and not in what a panic says. What the program does is rust-script's, which its users know:
//!
//! - a value is printed as `{:?}`, unless it is `()`; `?` works, and an error is `Error: …` and exit code 1;
//! - a closure is called with each line of standard input, line end included, and what it returns is printed likewise; with
//!   a count it also gets the number of the line, from 1.
//!
//! Where rust-script differs: what a plain closure returns may borrow from its line (`|l| l.trim()`), a line that is not
//! UTF-8 is an error and not the end, and when nobody reads on the program ends without a word.

use std::path::Path;

use proc_macro2::TokenStream;

use crate::base::order;
use crate::script::script_file::{InlineSource, Script};

/// What rust-script gives its expressions.
const EDITION: &str = "2021";

/// An expression to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expression {
    /// The expression, or statements that end in one.
    pub text: String,
    /// What is done with it.
    pub kind: ExpressionKind,
    /// Crates whose macros it uses: `#[macro_use] extern crate …`.
    pub externs: Vec<String>,
    /// Features of a nightly compiler: `#![feature(…)]`.
    pub features: Vec<String>,
}

/// What is done with an expression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionKind {
    /// It is a value, and printed.
    #[default]
    Value,
    /// It is a closure, and called with each line of standard input.
    Loop,
    /// The same, called with the number of the line too.
    CountedLoop,
}

impl Expression {
    /// The edition that expressions are written in, unless another one is asked for.
    pub const EDITION: &str = EDITION;

    /// The program that runs it. As under rust-script, the expression itself is its first argument. Relative paths, such as those of `include_str!`, are taken from `base`.
    pub fn script(&self, base: &Path) -> Script {
        let (stem, name) = match self.kind {
            ExpressionKind::Value => ("expr", "<expression>"),
            ExpressionKind::Loop | ExpressionKind::CountedLoop => ("loop", "<closure>"),
        };
        // Inside brackets of ours, unbalanced ones would be ours too.
        let Ok(tokens) = self.text.parse::<TokenStream>() else {
            let source = InlineSource { name, stem, opening: 0, closing: None };
            return Script::from_inline_source(source, self.text.as_ref(), base, self.text.as_str());
        };
        let last = tokens.into_iter().last().map_or(0, |token| token.span().byte_range().end);
        proc_macro2::extra::invalidate_current_thread_spans();
        // A comment would swallow what follows.
        let is_commented = last < self.text.trim_end().len();
        let (opening, program) = self.program(if is_commented { "\n" } else { "" });
        let closing = (!is_commented).then_some(opening + self.text.len());
        Script::from_inline_source(
            InlineSource { name, stem, opening, closing },
            self.text.as_ref(),
            base,
            program,
        )
    }

    /// With how many bytes of it come before the expression.
    fn program(&self, separator: &str) -> (usize, String) {
        let mut prelude: Vec<String> =
            self.features.iter().map(|feature| format!("#![feature({feature})] ")).collect();
        prelude.extend(self.externs.iter().map(|name| format!("#[macro_use] extern crate {name}; ")));
        order::sort(&mut prelude);
        let (above, below) = match (self.kind, self.is_plain_closure()) {
            (ExpressionKind::Value, _) => (VALUE, VALUE_END.to_owned()),
            (_, false) => (CLOSURE, [CLOSURE_END, LINES].concat()),
            (_, true) => (PLAIN_CLOSURE, [PLAIN_CLOSURE_END, LINES].concat()),
        };
        let (argument, parameter, number_type) = match self.kind {
            ExpressionKind::CountedLoop => (", __runner_number", ", __runner_number: usize", ", usize"),
            ExpressionKind::Value | ExpressionKind::Loop => ("", "", ""),
        };
        let below = below.replace("+ARGUMENT", argument);
        let below = below.replace("+PARAMETER", parameter).replace("+TYPE", number_type);
        let opening = prelude.concat() + above;
        (opening.len(), format!("{opening}{}{separator}{below}{SHOW}", self.text))
    }

    /// Whether it is a closure and nothing else, which has no state, and so can as well be made anew for each line.
    fn is_plain_closure(&self) -> bool {
        let text = self.text.trim_start();
        text.starts_with('|')
            || text.strip_prefix("move").is_some_and(|rest| rest.trim_start().starts_with('|'))
    }
}

/// Printing. The name of a type is no promise, but `()` has had that one since there are names; unlike a `TypeId` it can
/// be had of types that borrow.
const SHOW: &str = r#"#[allow(unused_imports)] use std::any::{Any, TypeId};
fn __runner_show<T: std::fmt::Debug>(value: T) {
    use std::io::Write;
    if std::any::type_name::<T>() == "()" { return; }
    match writeln!(std::io::stdout(), "{:?}", value) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(141),
        result => result.expect("failed printing to stdout"),
    }
}
fn __runner_end(error: &dyn std::fmt::Display) -> ! {
    { use std::io::Write; let _ = writeln!(std::io::stderr(), "Error: {}", error); }
    std::process::exit(1)
}
"#;

// What stands above the expression is short, because messages may show it.
const VALUE: &str =
    "#[allow(unused_braces, unused_parens)] fn __runner_value() -> __RunnerResult { __runner_show({";
const VALUE_END: &str = "}); #[allow(unreachable_code)] return Ok(()); }
type __RunnerResult = Result<(), Box<dyn std::error::Error + Sync + Send>>;
fn main() { if let Err(error) = __runner_value() { __runner_end(&*error) } }
";

const LINES: &str = "#[allow(unused_imports)] use std::io::prelude::*;
fn __runner_lines(mut each: impl FnMut(&str, usize)) {
    let (mut line, mut number) = (String::new(), 0);
    loop {
        line.clear();
        number += 1;
        match std::io::stdin().read_line(&mut line) {
            Ok(0) => return,
            Ok(_) => each(&line, number),
            Err(error) => __runner_end(&error),
        }
    }
}
";

/// The closure is made once, and keeps its state.
const CLOSURE: &str = "fn main() { let mut __runner_closure = __runner_closure({";
const CLOSURE_END: &str = "});
    __runner_lines(|__runner_line, __runner_number| {
        let _ = __runner_number;
        __runner_show(__runner_closure(__runner_line+ARGUMENT))
    })
}
fn __runner_closure<T: std::fmt::Debug, F: FnMut(&str+TYPE) -> T>(closure: F) -> F { closure }
";

/// The closure is made for each line, and may return what borrows from that.
const PLAIN_CLOSURE: &str =
    "fn __runner_each(__runner_line: &str, __runner_number: usize) { __runner_show(__runner_call({";
const PLAIN_CLOSURE_END: &str = "}, __runner_line+ARGUMENT)); let _ = __runner_number; }
fn main() { __runner_lines(__runner_each) }
fn __runner_call<'a, T: std::fmt::Debug, F: FnOnce(&'a str+TYPE) -> T>(
    closure: F, __runner_line: &'a str+PARAMETER
) -> T {
    closure(__runner_line+ARGUMENT)
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_stands_in_the_first_lines() {
        for kind in [ExpressionKind::Value, ExpressionKind::Loop, ExpressionKind::CountedLoop] {
            for text in ["|l| l", "{ let mut n = 0; move |l| n }", "1 // one"] {
                let expression = Expression {
                    text: text.to_owned(),
                    kind,
                    externs: vec!["b".to_owned()],
                    features: vec!["z".to_owned(), "a".to_owned()],
                };
                let (opening, program) = expression.program("\n");
                assert_eq!(program[opening..].lines().next(), Some(text));
                assert!(!program[..opening].contains('\n'));
                let prelude = "#![feature(a)] #![feature(z)] #[macro_use] extern crate b; ";
                assert!(program.starts_with(prelude), "{program}");
                assert!(!["+ARG", "+PAR", "+TYPE"].iter().any(|left| program.contains(left)), "{program}");
            }
        }
    }

    #[test]
    fn closures_are_told_from_what_makes_one() {
        let is_plain =
            |text: &str| Expression { text: text.to_owned(), ..Expression::default() }.is_plain_closure();
        assert!(is_plain("|l| l") && is_plain(" move |l| l") && is_plain("||1"));
        assert!(!is_plain("{ |l| l }") && !is_plain("moves") && !is_plain("str::len"));
    }
}
