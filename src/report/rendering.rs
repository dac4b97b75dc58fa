//! Rendering of diagnostics that rustc's own text would show in the wrong place: from the data, in rustc's manner.
//!
//! `annotate-snippets` is the renderer that rustc and cargo share; this file alone knows it. It is given what a script says
//! of itself, and reads other files for their lines.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level as Title, Origin, Patch, Renderer, Snippet};

use crate::base::diagnostic::{Diagnostic, Level, Position, Span};

/// How a terminal wants it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) is_colored: bool,
    pub(crate) columns: Option<usize>,
}

/// The texts of files, by the names that spans have for them; `None` for one that cannot be read.
pub(crate) type Texts = BTreeMap<PathBuf, Option<String>>;

/// Reads the text of every file that a diagnostic is about, but those that are known, from `base`.
pub(crate) fn read_texts(diagnostic: &Diagnostic, base: &Path, texts: &mut Texts) {
    let children = diagnostic.children.iter();
    for span in diagnostic.spans.iter().chain(children.flat_map(|child| &child.spans)) {
        let mut span = Some(span);
        while let Some(one) = span {
            let text = || std::fs::read_to_string(base.join(&one.path)).ok();
            texts.entry(one.path.clone()).or_insert_with(text);
            span = one.expansion.as_ref().map(|expansion| &expansion.span);
        }
    }
}

/// A diagnostic as a person reads it, with an empty line at its end.
pub(crate) fn render(diagnostic: &Diagnostic, texts: &Texts, look: Look) -> String {
    let theirs = without_escapes(&diagnostic.rendered);
    let (spans, mut notes) = backtraced(&diagnostic.spans);
    let mut labelled = spans;
    let mut groups = Vec::new();
    let mut below = Vec::new();
    for child in &diagnostic.children {
        let (spans, more) = backtraced(&child.spans);
        notes.extend(more);
        match spans.as_slice() {
            [] => below.push((child.level, child.message.clone())),
            // rustc's own text says which suggestions are short enough to stand beside the code.
            [one] if is_inline(child, one, &theirs) => {
                let replacement = one.suggestion.as_ref().map_or("", |(text, _)| text.as_str());
                let mut label = format!("help: {}", child.message);
                if !replacement.is_empty() {
                    label.push_str(&format!(": `{}`", replacement.trim()));
                }
                match labelled.iter_mut().find(|span| (span.start, span.end) == (one.start, one.end)) {
                    Some(span) => span.label = Some(label),
                    None => labelled.push(Span {
                        label: Some(label),
                        suggestion: None,
                        is_primary: false,
                        ..one.clone()
                    }),
                }
            }
            _ => groups.push((child, spans)),
        }
    }
    below.extend(notes.into_iter().map(|note| (Level::Note, note)));
    let title = title(diagnostic.level).primary_title(diagnostic.message.as_str());
    let title = match &diagnostic.code {
        Some(code) if code.starts_with('E') => title.id(code.as_str()),
        _ => title,
    };
    let mut first = located(title.elements(Vec::<Origin<'_>>::new()), &labelled, texts);
    for (level, message) in &below {
        first = first.element(self::title(*level).message(message.as_str()));
    }
    let mut report = vec![first];
    for (child, spans) in &groups {
        let title = self::title(child.level).secondary_title(child.message.as_str());
        let group = title.elements(Vec::<Origin<'_>>::new());
        report.push(match spans.iter().any(|span| span.suggestion.is_some()) {
            true => patched(group, spans, texts),
            false => located(group, spans, texts),
        });
    }
    let renderer = if look.is_colored { Renderer::styled() } else { Renderer::plain() };
    let renderer = look.columns.map_or(renderer.clone(), |columns| renderer.term_width(columns));
    renderer.render(&report) + "\n\n"
}

fn title(level: Level) -> Title<'static> {
    match level {
        Level::InternalError => Title::ERROR.with_name("internal compiler error"),
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Note | Level::FailureNote => Title::NOTE,
        Level::Help => Title::HELP,
    }
}

/// Spans as rustc shows them: of code that a macro made, where that was called, and what is noted of it.
fn backtraced(spans: &[Span]) -> (Vec<Span>, Vec<String>) {
    let (mut shown, mut notes) = (Vec::with_capacity(spans.len()), Vec::new());
    for span in spans {
        let mut one = span.clone();
        let mut name = None;
        while one.is_of_compiler()
            && let Some(expansion) = one.expansion.take()
        {
            name = Some(expansion.macro_name);
            one = Span {
                is_primary: span.is_primary,
                label: span.label.clone(),
                suggestion: span.suggestion.clone(),
                ..expansion.span
            };
        }
        let mut call = one.expansion.as_deref();
        while let Some(expansion) = call {
            if expansion.span.expansion.is_none() {
                let label = Some(format!("in this {} invocation", kind(&expansion.macro_name)));
                name = Some(expansion.macro_name.clone());
                let place = Span { is_primary: false, label, suggestion: None, ..expansion.span.clone() };
                if !shown.contains(&place) {
                    shown.push(place);
                }
            }
            call = expansion.span.expansion.as_deref();
        }
        let note = name.map(|name| {
            let name = format!("the {} `{}`", kind(&name), name.trim_end_matches('!'));
            format!("this {} originates in {name}", if span.is_primary { "error" } else { "message" })
        });
        notes.extend(note.filter(|note| span.is_primary && !notes.contains(note)));
        shown.push(one);
    }
    (shown, notes)
}

fn kind(macro_name: &str) -> &'static str {
    if macro_name.starts_with("#[derive") { "derive macro" } else { "macro" }
}

/// Whether rustc shows a suggestion beside the code that it is for.
fn is_inline(child: &Diagnostic, span: &Span, rendered: &str) -> bool {
    let help = format!("help: {}", child.message);
    let Some(suggestion) = span.suggestion.as_ref().map(|(text, _)| text) else { return false };
    let beside = match suggestion.trim() {
        "" => help.clone(),
        text => format!("{help}: `{text}`"),
    };
    rendered.contains(&beside) && !rendered.lines().any(|line| line.trim_end() == help)
}

/// A group with the parts of files that are meant, the primary one's file first.
fn located<'a>(mut group: Group<'a>, spans: &'a [Span], texts: &'a Texts) -> Group<'a> {
    for path in paths(spans) {
        let there = spans.iter().filter(|span| &span.path == path);
        let name = path.to_string_lossy();
        let Some(text) = texts.get(path).and_then(Option::as_deref) else {
            for span in there {
                group = group
                    .element(Origin::path(name.clone()).line(span.start.line).char_column(span.start.column));
            }
            continue;
        };
        let annotations = there.map(|span| {
            let kind = if span.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(range(text, span)).label(span.label.as_deref())
        });
        group = group.element(Snippet::source(text).path(name).annotations(annotations));
    }
    group
}

/// A group with what the parts would be.
fn patched<'a>(mut group: Group<'a>, spans: &'a [Span], texts: &'a Texts) -> Group<'a> {
    for path in paths(spans) {
        let Some(text) = texts.get(path).and_then(Option::as_deref) else { continue };
        let there = spans.iter().filter(|span| &span.path == path);
        let patches = there.filter_map(|span| {
            let (replacement, _) = span.suggestion.as_ref()?;
            Some(Patch::new(range(text, span), replacement.as_str()))
        });
        group = group.element(Snippet::source(text).path(path.to_string_lossy()).patches(patches));
    }
    group
}

/// The files of spans, once each, those of primary ones first.
fn paths(spans: &[Span]) -> Vec<&PathBuf> {
    let mut found: Vec<&PathBuf> = Vec::new();
    for is_primary in [true, false] {
        for span in spans.iter().filter(|span| span.is_primary == is_primary) {
            if !found.contains(&&span.path) {
                found.push(&span.path);
            }
        }
    }
    found
}

/// The bytes of a span in the text of its file, by line and column; never outside of the text.
fn range(text: &str, span: &Span) -> Range<usize> {
    let (start, end) = (byte_of(text, span.start), byte_of(text, span.end));
    start..end.max(start)
}

/// The byte of a line and column of a text.
pub(crate) fn byte_of(text: &str, position: Position) -> usize {
    let line = match position.line {
        0 | 1 => 0,
        line => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(at, _)| at + 1),
    };
    let end = text[line..].find('\n').map_or(text.len(), |at| line + at);
    let column = text[line..end].char_indices().nth(position.column.saturating_sub(1));
    column.map_or(end, |(at, _)| line + at)
}

/// Text without the escape sequences that set colors.
pub(crate) fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            out.push(character);
        } else if characters.next() == Some('[') {
            characters.by_ref().find(char::is_ascii_alphabetic);
        }
    }
    out
}
