//! `runner check --json` and `clippy --json`: the diagnostics of rustc as data, one object a line, for editors.
//!
//! An object is rustc's own (`"$message_type": "diagnostic"`). File names are absolute; places on the line that the script
//! shares with the opening of its `main` are its own; `rendered` is as a person reads it. What runner itself says of a script is a
//! diagnostic too, at the line of the metadata it is about. The last object has no spans: rust-analyzer 1.95 forgets what it
//! was told of a file only when it is told something new, and shows nothing of what has no place.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use crate::base::diagnostic::{Diagnostic, Message, Span};
use crate::base::environment::absolute;
use crate::base::error::{At, Error, Result, Step};
use crate::base::text_position::TextPosition;
use crate::commands::check::{Lint, complaints, component, run_on, with_confined_recipe};
use crate::engine::context::Context;
use crate::request::options::Options;
use crate::rust::invocation::{self, Purpose};
use crate::rust::source::Source;
use crate::script::script_file::Script;
use crate::store::staging::Staging;

/// Hands every diagnostic of a script to `tell`; whether there was no error.
///
/// # Errors
/// As `Runner::build`, if the compiler could not be asked; what is wrong with the metadata is a diagnostic.
pub(crate) fn check(
    context: &Context,
    script: &Script,
    options: &Options,
    lint: Lint,
    arguments: &[OsString],
    tell: &dyn Fn(&Value),
) -> Result<bool> {
    let counts = Counts::default();
    let told = |diagnostic: &Value| {
        counts.add(diagnostic);
        tell(diagnostic);
    };
    match ask(context, script, options, lint, arguments, &told) {
        Ok(()) => {}
        Err(error) if matches!(error.step(), Step::Metadata | Step::Dependencies) => {
            let position = error.position().unwrap_or(TextPosition { line: 1, column: 1 });
            told(&own(script, "error", &error.reason(), error.cure().as_deref(), position));
        }
        Err(error) => return Err(error),
    }
    let (errors, warnings) = counts.all();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let text = format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"));
    tell(&json!({"$message_type": "diagnostic", "message": text, "code": null, "level": "note", "spans": [],
        "children": [], "rendered": format!("{text}\n")}));
    Ok(errors == 0)
}

#[derive(Default)]
struct Counts {
    errors: std::cell::Cell<usize>,
    warnings: std::cell::Cell<usize>,
}

impl Counts {
    /// What has no place is rustc's own count.
    fn add(&self, diagnostic: &Value) {
        let has_place = diagnostic["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        let count = match diagnostic["level"].as_str() {
            Some("error") if has_place => &self.errors,
            Some("error") if !is_summary(diagnostic) => &self.errors,
            Some("warning") if has_place => &self.warnings,
            _ => return,
        };
        count.set(count.get() + 1);
    }

    fn all(&self) -> (usize, usize) {
        (self.errors.get(), self.warnings.get())
    }
}

/// `aborting due to 1 previous error`.
fn is_summary(diagnostic: &Value) -> bool {
    diagnostic["message"].as_str().is_some_and(|text| text.starts_with("aborting due to"))
}

fn ask(
    context: &Context,
    script: &Script,
    options: &Options,
    lint: Lint,
    arguments: &[OsString],
    tell: &dyn Fn(&Value),
) -> Result<()> {
    with_confined_recipe(context, script, options, |context, cache, read, rust, reporter| {
        if lint == Lint::Check {
            for text in complaints(read, rust) {
                let (line, text) = placed(&text);
                tell(&own(script, "warning", text, None, TextPosition { line, column: 1 }));
            }
        }
        let tool = match lint {
            Lint::Check => rust.toolchain.rustc.clone(),
            Lint::Clippy => component(rust, "clippy-driver", "clippy")?,
        };
        let staging = Staging::create(&cache.join("staging")).at(Step::Cache)?;
        let output = staging.path().join("metadata");
        let purpose = Purpose::Check { tool: &tool, output: &output };
        let environment = context.environment();
        let call = invocation::call(rust, cache, environment, reporter)?;
        let ask = |source: &Source| run_on(rust, &call, source, purpose, arguments, environment, reporter);
        let plain = Source::place_plain(rust, staging.path()).at(Step::Compile)?;
        let first =
            plain.map(|source| ask(&source).map(|(name, finished)| (source, name, finished))).transpose()?;
        let (source, name, finished) = match first.filter(|(.., finished)| finished.status.success()) {
            Some(first) => first,
            None => {
                let source = Source::place(rust, staging.path()).at(Step::Compile)?;
                let (name, finished) = ask(&source)?;
                (source, name, finished)
            }
        };
        let (mut has_said, mut words) = (false, Vec::new());
        for message in source.in_its_words(&finished.stderr, reporter.look()) {
            match message {
                Message::Diagnostic(mut diagnostic) => {
                    name_files(&mut diagnostic, rust.base(), script.path());
                    has_said = true;
                    tell(&diagnostic.to_json());
                }
                Message::Text(text) => words.extend(text),
            }
        }
        match finished.status.success() || has_said {
            true => Ok(()),
            false => {
                let said = String::from_utf8_lossy(&words);
                let text = format!("{name} failed ({}): {}", finished.status, said.trim());
                Err(Error::message(Step::Compile, text))
            }
        }
    })
}

/// Makes the names of files absolute.
fn name_files(diagnostic: &mut Diagnostic, base: &Path, script: Option<&Path>) {
    fn name(span: &mut Span, base: &Path, script: Option<&Path>) {
        if span.path.is_relative() && !span.path.as_os_str().as_encoded_bytes().starts_with(b"<") {
            let found = [absolute(span.path.clone()), base.join(&span.path)];
            let is_script = script.is_some_and(|script| script.file_name() == span.path.file_name());
            let found = found.into_iter().find(|path| path.exists());
            let unsaved = script.filter(|_| is_script).map(Path::to_owned);
            span.path = found.or(unsaved).unwrap_or_else(|| base.join(&span.path));
        }
        if let Some(expansion) = &mut span.expansion {
            name(&mut expansion.span, base, script);
        }
    }
    diagnostic.spans.iter_mut().for_each(|span| name(span, base, script));
    diagnostic.children.iter_mut().for_each(|child| name_files(child, base, script));
}

/// `line 3: …` and the rest.
fn placed(text: &str) -> (usize, &str) {
    let parts = text.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    match parts.and_then(|(line, rest)| Some((line.parse().ok()?, rest))) {
        Some(found) => found,
        None => (1, text),
    }
}

/// A diagnostic of runner's own.
fn own(script: &Script, level: &str, message: &str, hint: Option<&str>, at: TextPosition) -> Value {
    let text = String::from_utf8_lossy(script.bytes());
    let path = script.path().unwrap_or(Path::new(script.typed()));
    let line = text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
    let end = TextPosition { line: at.line, column: line.chars().count().max(at.column) + 1 };
    let span = json!({
        "file_name": path.to_string_lossy(), "is_primary": true, "label": null, "expansion": null,
        "byte_start": at.offset(&text), "byte_end": end.offset(&text),
        "line_start": at.line, "line_end": at.line, "column_start": at.column, "column_end": end.column,
        "suggested_replacement": null, "suggestion_applicability": null,
        "text": [{"text": line, "highlight_start": at.column, "highlight_end": end.column}],
    });
    let help = hint.map(|hint| {
        json!({"message": hint, "code": null, "level": "help", "spans": [], "children": [], "rendered": null})
    });
    let place = format!("{}:{}:{}", path.display(), at.line, at.column);
    let help_line = hint.map(|hint| format!("  = help: {hint}\n")).unwrap_or_default();
    json!({"$message_type": "diagnostic", "message": message, "level": level, "spans": [span],
        "code": {"code": "runner", "explanation": null}, "children": help.into_iter().collect::<Vec<_>>(),
        "rendered": format!("{level}: {message}\n --> {place}\n{help_line}")})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_have_lines() {
        for (text, expected) in
            [("line 3: x: y", (3, "x: y")), ("line x: y", (1, "line x: y")), ("x", (1, "x"))]
        {
            assert_eq!(placed(text), expected);
        }
    }
}
