//! Translation of parameters and results: every position, range and edit in them, from script to served text and back.
//!
//! The protocol has hundreds of shapes, and servers have extensions of their own; but a position is always
//! `{line, character}`, and the document it belongs to is always named by the nearest `uri`, or is the one the request was
//! about. So values are walked through, and no shape has to be known but where a shape says something else:
//! `LocationLink`, call hierarchies, edits by document, folding ranges.

use serde_json::{Map, Value};

use crate::editor::lsp::served::Served;
use crate::editor::lsp::text::{self, Position};

/// Fields that may be missing: if what they hold is inserted text, the rest is still of use.
const OPTIONAL: &[&str] = &[
    "originSelectionRange",
    "relatedInformation",
    "related",
    "parent",
    "command",
    "data",
    "diagnostics",
    "documentation",
    "additionalTextEdits",
    "relatedDocuments",
];

/// Translates between scripts and what servers have in their place.
pub(super) struct Translation<'a> {
    /// The served text of an open script; `None` for any other document.
    pub(super) lookup: &'a dyn Fn(&str) -> Option<&'a Served>,
}

/// Whether a value is still there after its translation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Lost,
}

use Fate::{Kept, Lost};

impl<'a> Translation<'a> {
    /// Translates parameters of the editor for a server. `own` is the document they are about.
    pub(super) fn serve(&self, value: &mut Value, own: Option<&'a Served>) {
        if let (Some(position), Some(served)) = (Position::read(value), own) {
            *value = served.position_served(position).value();
            return;
        }
        match value {
            Value::Object(object) => {
                let inner = self.document_of(object, own);
                for (key, child) in object {
                    let document = if key == "originSelectionRange" { own } else { inner };
                    self.serve(child, document);
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.serve(element, own)),
            _ => {}
        }
    }

    /// Translates what a server says for the editor.
    pub(super) fn restore(&self, value: &mut Value, own: Option<&'a Served>) -> Fate {
        match value {
            Value::Object(_) => self.restore_object(value, own),
            Value::Array(elements) => self.restore_array(elements, own),
            _ => Kept,
        }
    }

    fn restore_object(&self, value: &mut Value, own: Option<&'a Served>) -> Fate {
        if let Some(served) = own {
            if let Some(position) = Position::read(value) {
                let origin = served.origin(position);
                *value = origin.position.value();
                return if origin.is_inserted { Lost } else { Kept };
            }
            if let Some((start, end)) = text::range(value) {
                let Some((start, end)) = served.range_origin(start, end) else { return Lost };
                *value = text::range_value(start, end);
                return Kept;
            }
        }
        let Value::Object(object) = value else { return Kept };
        let own = self.document_of(object, own);
        if let Some(served) = own {
            if object.contains_key("newText") {
                return edit(object, served);
            }
            if object.contains_key("startLine") {
                return fold(object, served);
            }
        }
        let mut fate = Kept;
        // `fromRanges` are places in the caller, which is `from`, or the document that was asked about.
        let caller = object.get("from").and_then(|from| from.get("uri")).and_then(Value::as_str);
        let caller = caller.map_or(own, |uri| (self.lookup)(uri));
        object.retain(|key, child| {
            let is_by_uri = matches!(key.as_str(), "changes" | "relatedDocuments") && child.is_object();
            let is_kept = match child {
                Value::Object(documents) if is_by_uri => {
                    let mut fate = Kept;
                    for (uri, child) in documents {
                        if self.restore(child, (self.lookup)(uri)) == Lost {
                            fate = Lost;
                        }
                    }
                    fate
                }
                Value::Array(edits) if key == "additionalTextEdits" => {
                    let Some(served) = own else { return true };
                    edits.retain_mut(|edit| self.restore(edit, Some(served)) == Kept);
                    gather(edits, served);
                    Kept
                }
                child if key == "fromRanges" => self.restore(child, caller),
                child => self.restore(child, own),
            } == Kept;
            // The documentation of what is hovered over is worth having without its range.
            let is_optional = OPTIONAL.contains(&key.as_str());
            if !is_kept && !is_optional {
                fate = Lost;
            }
            is_kept || !is_optional
        });
        if fate == Lost && object.contains_key("contents") {
            object.remove("range");
            return Kept;
        }
        fate
    }

    fn restore_array(&self, elements: &mut Vec<Value>, own: Option<&'a Served>) -> Fate {
        let mut kept = Vec::with_capacity(elements.len());
        for mut element in std::mem::take(elements) {
            let is_edit = element.get("newText").is_some();
            let is_document_edit =
                element.pointer("/textDocument/uri").is_some() && element.get("edits").is_some();
            if self.restore(&mut element, own) == Kept {
                kept.push(element);
            } else if is_edit || is_document_edit {
                // Half of a change is worse than none.
                return Lost;
            } else if let Some(Value::Array(children)) = element.get_mut("children") {
                // What is in the `main` that we inserted is the script's.
                kept.append(children);
            }
        }
        *elements = kept;
        if let Some(served) = own {
            gather(elements, served);
        }
        Kept
    }

    /// The document that an object's positions belong to.
    fn document_of(&self, object: &Map<String, Value>, own: Option<&'a Served>) -> Option<&'a Served> {
        let uri = object
            .get("uri")
            .or_else(|| object.get("targetUri"))
            .or_else(|| object.get("textDocument").and_then(|document| document.get("uri")));
        uri.and_then(Value::as_str).map_or(own, |uri| (self.lookup)(uri))
    }
}

/// Marks an edit that was moved until [`gather`] has seen it.
const MOVED: &str = "runner/moved";

/// A text edit: it may not touch what was inserted, and one that would put something into the head puts it below.
fn edit(object: &mut Map<String, Value>, served: &Served) -> Fate {
    for key in ["range", "insert", "replace"] {
        let Some((start, end)) = object.get(key).and_then(text::range) else { continue };
        if served.is_touched(start, end) {
            return Lost;
        }
        let Some((start, end)) = served.range_origin(start, end) else { return Lost };
        let mut range = (start, end);
        let new = object.get("newText").and_then(Value::as_str).unwrap_or_default();
        // rust-analyzer separates what it puts behind the first line by empty lines above, and by nothing below.
        let is_squeezed = start == end
            && start <= served.items_start
            && new.starts_with('\n')
            && new.trim_start().starts_with("use ")
            && !new.ends_with('\n');
        if start < served.head_end || served.head_end > Position::default() && is_squeezed {
            let new = new.trim();
            if start != end || new.is_empty() {
                return Lost;
            }
            let new = format!("{}{new}\n", if served.needs_newline { "\n" } else { "" });
            object.insert("newText".to_owned(), new.into());
            object.insert(MOVED.to_owned(), true.into());
            range = (served.items_start, served.items_start);
        }
        object.insert(key.to_owned(), text::range_value(range.0, range.1));
    }
    Kept
}

/// Makes one edit of those that were moved to the same place, with an empty line below if code follows.
fn gather(edits: &mut Vec<Value>, served: &Served) {
    let is_moved = |edit: &Value| edit.get(MOVED).is_some();
    let Some(first) = edits.iter().position(is_moved) else { return };
    let texts: Vec<&str> =
        edits.iter().filter(|edit| is_moved(edit)).filter_map(|edit| edit.get("newText")?.as_str()).collect();
    let mut text = texts.concat();
    if served.needs_gap {
        text.push('\n');
    }
    let mut index = 0;
    edits.retain(|edit| {
        index += 1;
        index - 1 == first || !is_moved(edit)
    });
    if let Some(Value::Object(edit)) = edits.get_mut(first) {
        edit.remove(MOVED);
        edit.insert("newText".to_owned(), text.into());
    }
}

/// A folding range, whose positions are four numbers.
fn fold(object: &mut Map<String, Value>, served: &Served) -> Fate {
    let number = |key: &str| object.get(key).and_then(Value::as_u64);
    let (Some(start), Some(end)) = (number("startLine"), number("endLine")) else { return Kept };
    let characters = (number("startCharacter"), number("endCharacter"));
    if let (Some(from), Some(to)) = characters {
        let range = served.range_origin(Position::new(start, from), Position::new(end, to));
        let Some((from, to)) = range else { return Lost };
        object.insert("startCharacter".to_owned(), from.character.into());
        object.insert("endCharacter".to_owned(), to.character.into());
    }
    Kept
}

#[cfg(test)]
mod tests;
