//! `runner fmt`: formats scripts with rustfmt, those without `main` too.
//!
//! rustfmt reads whole programs. The statements of a script without `main` are given to it as the body of a function, and
//! what it makes of them loses that function and its indentation again:
//!
//! ```text
//! #!/usr/bin/env runner          #!/usr/bin/env runner
//! #![allow(unused)]              #![allow(unused)]
//! let x=1;                 ──►   fn __runner_main() {      ──►   …   let x = 1;
//!                                    let x=1;
//!                                }
//! ```
//!
//! All lines are moved by the same width before and after, so that what rustfmt leaves alone (macros, `#[rustfmt::skip]`)
//! comes back as it was; but not lines that begin within a string, whose white space is its own. rustfmt is allowed that
//! much more width. Where it cannot read a script, it is asked again about the text that the compiler is given (see
//! [`crate::rust::source::main_wrapper`]), whose lines and columns are the script's.

pub(crate) mod diff;

use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use proc_macro2::{TokenStream, TokenTree};

use crate::base::error::{At, Error, Result, Step, cannot_run};
use crate::base::named_output::{self, Permission};
use crate::commands::check::component;
use crate::engine::context::Context;
use crate::process::signals;
use crate::process::task::Task;
use crate::report::event::{Event, EventSink, Flow};
use crate::report::reporter::Reporter;
use crate::request::options::Options;
use crate::rust::recipe::RustRecipe;
use crate::rust::source::main_wrapper;
use crate::rust::source::outline::Outline;
use crate::script::header::{self, Header};
use crate::script::script_file::Script;

/// What the statements stand in while rustfmt has them.
const OPENING: &str = "fn __runner_main() {";

/// Settings of rustfmt that follow from the width, and would grow with it.
const WIDTHS: &[&str] = &[
    "fn_call_width",
    "attr_fn_like_width",
    "struct_lit_width",
    "struct_variant_width",
    "array_width",
    "chain_width",
    "single_line_if_else_max_width",
    "single_line_let_else_max_width",
];

/// Formats a script where it is, or with `--check` among the `arguments` shows what would change; rustfmt's exit code.
///
/// # Errors
/// [`Step::Script`] and [`Step::Metadata`] if it is not a script, [`Step::Toolchain`] if there is no rustfmt.
pub(crate) fn format(
    context: &Context,
    script: &Script,
    options: &Options,
    arguments: &[OsString],
) -> Result<u8> {
    if script.is_fetched() {
        return Err(Error::message(Step::Script, "there is no file to format").about(script.display_name()));
    }
    let other = crate::commands::check::language::format_language(context, script, options, arguments);
    if let Some(code) = other.map_err(|error| error.about(script.display_name()))? {
        return Ok(code);
    }
    crate::commands::check::with_recipe(context, script, options, |context, _, _, rust, reporter| {
        if script.path().is_none() {
            return Err(Error::message(Step::Script, "there is no file to format"));
        }
        let tool = component(rust, "rustfmt", "rustfmt")?;
        let rustfmt = |arguments: &[OsString]| {
            let mut command = Command::new(&tool);
            command.arg("--edition").arg(&rust.edition).args(arguments);
            command.env_clear().envs(context.environment().for_compilers());
            command
        };
        match Statements::find(rust) {
            Some(statements) => {
                let is_colored = context.environment().has_output_color();
                statements.format(rust, arguments, rustfmt, &tool, reporter, is_colored)
            }
            None => {
                let mut command = rustfmt(arguments);
                let is_colored = context.environment().has_output_color()
                    && !arguments.iter().any(|word| word.as_encoded_bytes().starts_with(b"--color"));
                command.args(is_colored.then_some("--color=always")).arg("--").arg(script.typed());
                // Whole, not line by line: other scripts may be formatted at the same time.
                let output = Task::new(&command, context.environment().supervision())
                    .output()
                    .map_err(|error| cannot_run(&tool, error))?;
                reporter.send(&Event::Output { text: &output.stdout });
                reporter.show(&output.stderr, true);
                Ok(signals::exit_code(output.status))
            }
        }
    })
}

/// The text of a script, formatted; `None` if the formatter cannot read it.
///
/// # Errors
/// As `format`.
pub(crate) fn formatted(context: &Context, script: &Script, options: &Options) -> Result<Option<Vec<u8>>> {
    if let Some(other) = crate::commands::check::language::formatted_language(context, script, options, &[])?
    {
        return Ok(other.ok());
    }
    // Statements are formatted by what says them; everything else rustfmt reads from its standard input.
    let said: Arc<Mutex<Vec<u8>>> = Arc::default();
    let heard = Arc::clone(&said);
    let context = context.heard_by(EventSink::new(move |event, _| {
        if let (Event::Output { text }, Ok(mut heard)) = (event, heard.lock()) {
            heard.extend_from_slice(text);
        }
        Flow::Go
    }));
    crate::commands::check::with_recipe(&context, script, options, |context, _, _, rust, reporter| {
        let tool = component(rust, "rustfmt", "rustfmt")?;
        let rustfmt = |arguments: &[OsString]| {
            let mut command = Command::new(&tool);
            command.arg("--edition").arg(&rust.edition).args(arguments);
            command.env_clear().envs(context.environment().for_compilers());
            command
        };
        if let Some(statements) = Statements::find(rust) {
            let arguments = ["--emit".into(), "stdout".into()];
            let code = statements.format(rust, &arguments, rustfmt, &tool, reporter, false)?;
            let text = said.lock().map(|mut said| std::mem::take(&mut *said)).unwrap_or_default();
            return Ok((code == 0 && !text.is_empty()).then_some(text));
        }
        let mut command = rustfmt(&[]);
        command.current_dir(if rust.base().is_dir() { rust.base() } else { Path::new("/") });
        let supervision = context.environment().supervision();
        let output = Task::new(&command, supervision).text(script.bytes()).and_then(Task::output);
        let output = output.map_err(|error| cannot_run(&tool, error))?;
        Ok(output.status.success().then_some(output.stdout))
    })
}

/// A script whose statements are not in a function.
struct Statements<'a> {
    text: &'a str,
    /// Where what must stay above them ends.
    head: usize,
}

/// rustfmt's settings that matter here.
struct Layout {
    indent: String,
    line_ends: String,
    /// As options: the width with the indentation, and what follows from the width as it was.
    widths: Vec<String>,
}

impl<'a> Statements<'a> {
    fn find(rust: &RustRecipe<'a>) -> Option<Statements<'a>> {
        let text = std::str::from_utf8(rust.script.bytes()).ok()?;
        rust.code.text.as_ref()?;
        let header = header::parse(text).ok()?;
        let outline = Outline::read(&main_wrapper::without_head(text, &header))?;
        let has_statements = outline.pieces.iter().any(|piece| piece.kind.is_statement());
        has_statements.then(|| Statements { text, head: head(text, &header, &outline) })
    }

    fn format(
        &self,
        rust: &RustRecipe<'_>,
        arguments: &[OsString],
        rustfmt: impl Fn(&[OsString]) -> Command,
        tool: &Path,
        reporter: &Reporter,
        is_colored: bool,
    ) -> Result<u8> {
        let asked = Asked::read(arguments)?;
        let name = rust.script.display_name();
        let path = rust.script.path().unwrap_or(Path::new(rust.script.typed()));
        let rustfmt = |more: &[String]| {
            let mut command = rustfmt(&asked.others);
            // Its configuration is what lies above the script, wherever runner was called.
            if !asked.others.iter().any(|text| text.as_encoded_bytes().starts_with(b"--config-path")) {
                command.current_dir(rust.base());
            }
            command.args(more);
            command
        };
        let ask = |command: Command, text: &str| {
            let task = Task::new(&command, reporter.supervision()).text(text.as_bytes());
            task.and_then(Task::output).map_err(|error| cannot_run(tool, error))
        };
        let question = ["--print-config".to_owned(), "current".to_owned(), path.display().to_string()];
        let config = ask(rustfmt(&question), "")?;
        let layout = Layout::read(&String::from_utf8_lossy(&config.stdout));
        let unexpected = || {
            Error::message(Step::Script, "rustfmt has made something else of it, and it is left as it was")
        };
        let given = self.within_function(&layout).ok_or_else(unexpected)?;
        let output = ask(rustfmt(&layout.widths), &given)?;
        if !output.status.success() {
            let again = ask(rustfmt(&[]), rust.code.text.as_deref().unwrap_or_default())?;
            let said = if again.status.success() { &output.stderr } else { &again.stderr };
            let said = rust.code.inserted.taken_out(&String::from_utf8_lossy(said), "<stdin>");
            reporter.show(said.replace("<stdin>", &name).as_bytes(), true);
            return Ok(signals::exit_code(output.status));
        }
        let formatted = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        let after = self.without_function(&formatted, &layout).ok_or_else(unexpected)?;
        let has_returns = match layout.line_ends.as_str() {
            "Auto" => self.text.split('\n').next().is_some_and(|line| line.ends_with('\r')),
            style => style == "Windows",
        };
        let after = if has_returns { after.replace('\n', "\r\n") } else { after };
        let is_changed = after != self.text;
        let mut shown = String::new();
        if asked.names && is_changed {
            shown = format!("{name}\n");
        } else if asked.check && !asked.names {
            shown = diff::show(&name, self.text, &after, is_colored);
        } else if asked.print && !asked.check {
            shown.clone_from(&after);
        }
        reporter.send(&Event::Output { text: shown.as_bytes() });
        if is_changed && !asked.check && !asked.print {
            named_output::write(path, Permission::OfText, &mut after.as_bytes()).at(Step::Script)?;
        }
        Ok(u8::from(is_changed && asked.check))
    }

    /// What rustfmt is given; `None` if it is not made of tokens.
    fn within_function(&self, layout: &Layout) -> Option<String> {
        let (head, body) = self.text.split_at(self.head);
        let body = body.trim_end();
        let gap = &body[..body.len() - body.trim_start().len()];
        let mut out = head.to_owned();
        if !head.is_empty() {
            out.push_str(if gap.matches('\n').count() > 1 { "\n\n" } else { "\n" });
        }
        let body = shifted(body.trim_start(), |line| match line.trim().is_empty() {
            true => line.to_owned(),
            false => layout.indent.clone() + line,
        })?;
        Some(format!("{out}{OPENING}\n{body}\n}}\n"))
    }

    /// The script in what rustfmt made of that.
    fn without_function(&self, formatted: &str, layout: &Layout) -> Option<String> {
        let (head, rest) = formatted.split_once(OPENING)?;
        let body = rest.strip_prefix('\n')?.trim_end().strip_suffix('}')?;
        let body =
            shifted(body.trim_end(), |line| line.strip_prefix(&layout.indent).unwrap_or(line).to_owned())?;
        Some(format!("{head}{body}\n"))
    }
}

/// The text with each line moved, but those that begin within a string; `None` if it is not made of tokens.
fn shifted(text: &str, shift: impl Fn(&str) -> String) -> Option<String> {
    let tokens: TokenStream = text.parse().ok()?;
    let mut strings: Vec<Range<usize>> = Vec::new();
    // Not by recursion: brackets may be nested as deep as the file is long.
    let mut streams = vec![tokens];
    while let Some(stream) = streams.pop() {
        for token in stream {
            match token {
                TokenTree::Group(group) => streams.push(group.stream()),
                TokenTree::Literal(literal) => strings.push(literal.span().byte_range()),
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
    proc_macro2::extra::invalidate_current_thread_spans();
    // A doc comment is made into a string.
    strings.retain(|range| {
        text.get(range.clone()).is_some_and(|text| text.contains('\n') && !text.starts_with('/'))
    });
    let mut at = 0;
    let moved = text.split_inclusive('\n').map(|line| {
        let start = at;
        at += line.len();
        match strings.iter().any(|string| string.start < start && start < string.end) {
            true => line.to_owned(),
            false => shift(line),
        }
    });
    Some(moved.collect())
}

/// Where what must stand at the head of the file ends: the first line, frontmatter, inner attributes and inner comments,
/// with a comment behind them.
fn head(text: &str, header: &Header<'_>, outline: &Outline) -> usize {
    let metadata = header.frontmatter().map_or(0, |metadata| metadata.range.end);
    let end = outline.inner_end.max(header.shebang_end()).max(metadata);
    let rest = text[end..].split('\n').next().unwrap_or_default();
    match rest.trim_start().starts_with("//") {
        true => end + rest.trim_end().len(),
        false => end,
    }
}

/// What is asked of rustfmt.
#[derive(Default)]
struct Asked {
    check: bool,
    /// Names of files that are formatted otherwise, in place of what would change.
    names: bool,
    print: bool,
    /// How to format.
    others: Vec<OsString>,
}

impl Asked {
    fn read(arguments: &[OsString]) -> Result<Asked> {
        let mut asked = Asked::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            let emit = match text.as_ref() {
                "--emit" => arguments.next().map(|value| value.to_string_lossy()),
                other => other.strip_prefix("--emit=").map(Into::into),
            };
            match (text.as_ref(), emit.as_deref()) {
                (_, Some("files")) => {}
                (_, Some("stdout")) => asked.print = true,
                (_, Some(_)) | ("--emit", _) => {
                    let text = "of a script without `main`, `--emit` gives `files` or `stdout`";
                    return Err(Error::message(Step::Arguments, text));
                }
                ("--check", _) => asked.check = true,
                ("-l" | "--files-with-diff", _) => asked.names = true,
                _ => asked.others.push(argument.clone()),
            }
        }
        Ok(asked)
    }
}

impl Layout {
    /// Reads what rustfmt says of its configuration.
    fn read(config: &str) -> Layout {
        let value = |key: &str| {
            let line = config.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
            line.map(str::trim)
        };
        let number = |key: &str| value(key).and_then(|value| value.parse::<usize>().ok());
        let spaces = number("tab_spaces").unwrap_or(4);
        let width = number("max_width").unwrap_or(100).saturating_add(spaces);
        let mut widths = vec![format!("max_width={width}")];
        widths.extend(WIDTHS.iter().filter_map(|key| Some(format!("{key}={}", number(key)?))));
        let indent = if value("hard_tabs") == Some("true") { "\t".to_owned() } else { " ".repeat(spaces) };
        let line_ends = value("newline_style").unwrap_or("Auto").trim_matches('"').to_owned();
        Layout { indent, line_ends, widths: vec!["--config".to_owned(), widths.join(",")] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_moved_but_not_those_of_strings() {
        let text = "let a = \"x\n  y\n\";\n/* a\n b */\nm! {\n  1 2\n}\n/** c\n d */\nlet r = r#\"\n\"#;";
        let moved = shifted(text, |line| format!("> {line}")).unwrap();
        let expected = "> let a = \"x\n  y\n\";\n> /* a\n>  b */\n> m! {\n>   1 2\n> }\n> /** c\n>  d */\n> let r = r#\"\n\"#;";
        assert_eq!(moved, expected);
        assert_eq!(shifted("let a = (", str::to_owned), None);
    }

    #[test]
    fn rustfmts_settings_are_widened() {
        let layout = Layout::read("max_width = 80\nhard_tabs = false\ntab_spaces = 2\nchain_width = 60\n");
        assert_eq!(
            (layout.indent.as_str(), layout.widths.join(" ").as_str()),
            ("  ", "--config max_width=82,chain_width=60")
        );
        assert_eq!(Layout::read("hard_tabs = true\n").indent, "\t");
    }
}
