//! A compiler's diagnostics as data: [`Diagnostic`] and [`Span`], read from rustc's JSON and written as it.
//!
//! rustc is always asked for JSON with the rendered text in it, one object a line (`--error-format=json`), so that people,
//! editors and host programs are told the same. The names of fields are rustc's:
//! <https://doc.rust-lang.org/rustc/json.html>. What is no JSON (a linker's words, a panic of the compiler) stays text.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// How serious a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// A bug of the compiler.
    InternalError,
    /// The compiler gives no program.
    Error,
    /// The program is made all the same.
    Warning,
    /// More about another diagnostic.
    Note,
    /// What may mend it.
    Help,
    /// What is said once at the end of a failure.
    FailureNote,
}

/// The levels and rustc's names for them.
const LEVELS: &[(Level, &str)] = &[
    (Level::InternalError, "error: internal compiler error"),
    (Level::Error, "error"),
    (Level::Warning, "warning"),
    (Level::Note, "note"),
    (Level::Help, "help"),
    (Level::FailureNote, "failure-note"),
];

impl Level {
    /// rustc's name for it.
    pub fn as_str(self) -> &'static str {
        LEVELS.iter().find(|(level, _)| *level == self).map_or("note", |(_, name)| name)
    }

    fn named(name: &str) -> Level {
        LEVELS.iter().find(|(_, known)| *known == name).map_or(Level::Note, |(level, _)| *level)
    }
}

/// One message of a compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How serious it is.
    pub level: Level,
    /// The message, without level and place.
    pub message: String,
    /// `E0308`, or the name of a lint.
    pub code: Option<String>,
    /// Where it is, in the script's own lines and columns.
    pub spans: Vec<Span>,
    /// Notes and suggestions.
    pub children: Vec<Diagnostic>,
    /// As a person reads it, with colors if they were asked for. Children have none of their own.
    pub rendered: String,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// The file, as the compiler calls it.
    pub path: PathBuf,
    /// Where it begins.
    pub start: Position,
    /// Where it ends; that character is not in it.
    pub end: Position,
    /// Whether the diagnostic is about this part; others only explain it.
    pub is_primary: bool,
    /// What is said of this part.
    pub label: Option<String>,
    /// What may be put in its place, and how sure the compiler is of that.
    pub suggestion: Option<(String, Applicability)>,
    /// The lines it is on.
    pub text: Vec<String>,
    /// The macro whose code this is.
    pub expansion: Option<Box<Expansion>>,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The byte, from 0.
    pub byte: usize,
}

/// How sure a compiler is of what it suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applicability {
    /// It can be applied by a machine.
    MachineApplicable,
    /// Perhaps it is not what the author means.
    MaybeIncorrect,
    /// Something in it has to be filled in.
    HasPlaceholders,
    /// Not known.
    Unspecified,
}

/// The names rustc has for them.
const APPLICABILITIES: &[(Applicability, &str)] = &[
    (Applicability::MachineApplicable, "MachineApplicable"),
    (Applicability::MaybeIncorrect, "MaybeIncorrect"),
    (Applicability::HasPlaceholders, "HasPlaceholders"),
    (Applicability::Unspecified, "Unspecified"),
];

/// The call of a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expansion {
    /// Where it is called.
    pub span: Span,
    /// The macro as it is called: `println!`, `#[derive(Debug)]`.
    pub macro_name: String,
}

impl Diagnostic {
    /// Reads a line of a compiler's JSON; `None` if it is anything else.
    pub(crate) fn parse(line: &[u8]) -> Option<Diagnostic> {
        let value: Value = line.starts_with(b"{").then(|| serde_json::from_slice(line).ok())??;
        let is_other = value.get("$message_type").is_some_and(|kind| kind != "diagnostic");
        if is_other || value.get("message").is_none() || value.get("spans").is_none() {
            return None;
        }
        Some(Diagnostic::read(&value))
    }

    /// Reads an object of a compiler's JSON.
    pub(crate) fn read(value: &Value) -> Diagnostic {
        let text = |name: &str| value[name].as_str().unwrap_or_default();
        let list = |name: &str| value[name].as_array().into_iter().flatten();
        Diagnostic {
            level: Level::named(text("level")),
            message: text("message").to_owned(),
            code: value["code"]["code"].as_str().map(str::to_owned),
            spans: list("spans").map(Span::read).collect(),
            children: list("children").map(Diagnostic::read).collect(),
            rendered: text("rendered").to_owned(),
        }
    }

    /// As rustc writes it.
    pub fn to_json(&self) -> Value {
        let rendered = (!self.rendered.is_empty()).then_some(&self.rendered);
        json!({
            "$message_type": "diagnostic",
            "message": self.message,
            "code": self.code.as_ref().map(|code| json!({"code": code, "explanation": null})),
            "level": self.level.as_str(),
            "spans": self.spans.iter().map(Span::to_json).collect::<Vec<_>>(),
            "children": self.children.iter().map(Diagnostic::to_json).collect::<Vec<_>>(),
            "rendered": rendered,
        })
    }
}

impl Span {
    fn read(value: &Value) -> Span {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let number = |name: &str| value[name].as_u64().unwrap_or_default() as usize;
        let place = |end: &str| Position {
            line: number(&format!("line_{end}")),
            column: number(&format!("column_{end}")),
            byte: number(&format!("byte_{end}")),
        };
        let applicability = text("suggestion_applicability").unwrap_or_default();
        let applicability = APPLICABILITIES
            .iter()
            .find(|(_, name)| *name == applicability)
            .map_or(Applicability::Unspecified, |(applicability, _)| *applicability);
        let lines = value["text"].as_array().into_iter().flatten();
        let expansion = value["expansion"].as_object().map(|expansion| {
            let name = expansion["macro_decl_name"].as_str().unwrap_or_default();
            Box::new(Expansion { span: Span::read(&expansion["span"]), macro_name: name.to_owned() })
        });
        Span {
            path: PathBuf::from(text("file_name").unwrap_or_default()),
            start: place("start"),
            end: place("end"),
            is_primary: value["is_primary"].as_bool().unwrap_or_default(),
            label: text("label"),
            suggestion: text("suggested_replacement").map(|text| (text, applicability)),
            text: lines.map(|line| line["text"].as_str().unwrap_or_default().to_owned()).collect(),
            expansion,
        }
    }

    fn to_json(&self) -> Value {
        let last = self.text.len().saturating_sub(1);
        let lines = self.text.iter().enumerate().map(|(index, text)| {
            let start = if index == 0 { self.start.column } else { 1 };
            let end = if index == last { self.end.column } else { text.chars().count() + 1 };
            json!({"text": text, "highlight_start": start, "highlight_end": end})
        });
        let suggestion = self.suggestion.as_ref();
        let applicability = suggestion.and_then(|(_, applicability)| {
            APPLICABILITIES.iter().find(|(known, _)| known == applicability).map(|(_, name)| *name)
        });
        let expansion = self.expansion.as_ref().map(|expansion| {
            let mut definition = expansion.span.clone();
            definition.expansion = None;
            json!({
                "span": expansion.span.to_json(),
                "macro_decl_name": expansion.macro_name,
                "def_site_span": definition.to_json(),
            })
        });
        json!({
            "file_name": self.path.to_string_lossy(),
            "byte_start": self.start.byte, "byte_end": self.end.byte,
            "line_start": self.start.line, "line_end": self.end.line,
            "column_start": self.start.column, "column_end": self.end.column,
            "is_primary": self.is_primary,
            "text": lines.collect::<Vec<_>>(),
            "label": self.label,
            "suggested_replacement": suggestion.map(|(text, _)| text),
            "suggestion_applicability": applicability,
            "expansion": expansion,
        })
    }

    /// Whether it is in a file of the compiler's own, of which nobody has the text.
    pub(crate) fn is_of_compiler(&self) -> bool {
        self.path.starts_with("/rustc/") || self.path == Path::new("")
    }
}

/// What a compiler printed: diagnostics, and text between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Diagnostic(Diagnostic),
    /// With its line end.
    Text(Vec<u8>),
}

impl Message {
    /// Reads everything that a compiler printed.
    pub(crate) fn read_all(printed: &[u8]) -> Vec<Message> {
        let lines = printed.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| match Diagnostic::parse(line) {
                Some(diagnostic) => Message::Diagnostic(diagnostic),
                None => Message::Text(line.to_vec()),
            })
            .collect()
    }

    /// Makes the text that a person reads the line that a program reads.
    pub(crate) fn as_json(&mut self) {
        if let Message::Diagnostic(diagnostic) = self {
            *self = Message::Text(format!("{}\n", diagnostic.to_json()).into_bytes());
        }
    }

    /// Those that are data.
    pub(crate) fn diagnostics_of(messages: &[Message]) -> Vec<Diagnostic> {
        let data = messages.iter().filter_map(|message| match message {
            Message::Diagnostic(diagnostic) => Some(diagnostic.clone()),
            Message::Text(_) => None,
        });
        data.collect()
    }

    /// All of them as a person reads them.
    pub(crate) fn text_of(messages: &[Message]) -> Vec<u8> {
        let text = |message: &Message| match message {
            Message::Diagnostic(diagnostic) => diagnostic.rendered.clone().into_bytes(),
            Message::Text(text) => text.clone(),
        };
        messages.iter().flat_map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustc_writes_is_read_and_written_again() {
        let line = r#"{"$message_type":"diagnostic","message":"m","code":{"code":"E0308","explanation":null},"level":"error","spans":[{"file_name":"a.rs","byte_start":24,"byte_end":26,"line_start":1,"line_end":1,"column_start":25,"column_end":27,"is_primary":true,"text":[{"text":"let x: u8 = \"\";","highlight_start":25,"highlight_end":27}],"label":"l","suggested_replacement":"1","suggestion_applicability":"MaybeIncorrect","expansion":null}],"children":[{"$message_type":"diagnostic","message":"n","code":null,"level":"note","spans":[],"children":[],"rendered":null}],"rendered":"r\n"}"#;
        let read = Diagnostic::parse(line.as_bytes()).unwrap();
        assert_eq!(
            (read.level, read.code.as_deref(), read.spans[0].start.column),
            (Level::Error, Some("E0308"), 25)
        );
        assert_eq!(read.spans[0].suggestion, Some(("1".to_owned(), Applicability::MaybeIncorrect)));
        assert_eq!(read.to_json(), serde_json::from_str::<Value>(line).unwrap());
    }

    #[test]
    fn what_is_no_diagnostic_stays_text() {
        for line in ["", "{", "{}", "error: x\n", r#"{"$message_type":"artifact","artifact":"x"}"#, "[1]\n"] {
            assert_eq!(Diagnostic::parse(line.as_bytes()), None, "{line}");
            assert_eq!(Message::text_of(&Message::read_all(line.as_bytes())), line.as_bytes());
        }
    }
}
