//! Expressions on the command line: `runner -e EXPR`, `runner --loop EXPR`.
//!
//! As in rust-script `-e` and `--loop` are switches, and the expression is the first word that is no option, where a script
//! would be. A word that begins with a dash and is none of our options is an expression too: `runner -e -1`.

use std::ffi::OsString;
use std::path::PathBuf;

use runner::command_line::{Expression, ExpressionKind, usage_error};
use runner::{Options, Result};

use crate::action::Action;
use crate::end::end_as;
use crate::parse::options::common;
use crate::parse::positional::{no_more, words};
use crate::parse::split::parser;
use crate::parse::values::{path, texts};
use crate::run::help::help_or_version;

/// An expression, with the options that stand before it and the arguments that stand after it.
pub(crate) fn parse(
    options: Vec<OsString>,
    text: Option<OsString>,
    arguments: Vec<OsString>,
) -> Result<Action> {
    if let Some(asked) = help_or_version(None, &options) {
        return Ok(asked);
    }
    let mut parser = parser(options);
    let (is_value, is_loop) = (parser.contains(["-e", "--expr"]), parser.contains(["-l", "--loop"]));
    let kind = match (is_value, is_loop, parser.contains("--count")) {
        (true, true, _) => {
            return Err(
                usage_error("`-e` and `--loop` cannot be used together").with_hint("give one of them")
            );
        }
        (true, _, true) => return Err(usage_error("`--count` needs `--loop`")),
        (true, ..) => ExpressionKind::Value,
        (_, _, false) => ExpressionKind::Loop,
        (_, _, true) => ExpressionKind::CountedLoop,
    };
    let externs = texts(&mut parser, "--extern")?;
    let features = texts(&mut parser, "--unstable-feature")?;
    let base = path(&mut parser, "--base-path")?.unwrap_or_else(|| PathBuf::from("."));
    let mut options = common(&mut parser, "expr")?;
    options.edition.get_or_insert_with(|| Expression::EDITION.to_owned());
    no_more(words(parser, "runner", Some(&mut options))?, "run")?;
    let Some(text) = text else {
        return Err(usage_error("an expression is missing").with_hint("for example `runner -e '1 + 1'`"));
    };
    let text = text.into_string().map_err(|_| usage_error("the expression is not UTF-8"))?;
    let expression = Expression { text, kind, externs, features };
    Ok(evaluate(expression, base, options, arguments))
}

/// Runs an expression.
pub(crate) fn evaluate(
    expression: Expression,
    base: PathBuf,
    options: Options,
    arguments: Vec<OsString>,
) -> Action {
    Box::new(move |call| call.runner.exec(&expression.script(&base), &options, &arguments).map(end_as))
}
