//! Large answers: translated item by item, so that at no time more than one of them is taken apart.
//!
//! A completion of all that is in scope is a megabyte of JSON, and ten times that as values.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::editor::lsp::session::state::{Pending, Session};
use crate::editor::lsp::translate::Fate;

/// Methods whose answers are lists of items that have nothing to do with each other.
const LISTS: &[&str] = &[
    "textDocument/completion",
    "textDocument/documentHighlight",
    "textDocument/foldingRange",
    "textDocument/inlayHint",
    "textDocument/references",
    "workspace/symbol",
];

impl Session {
    /// The body of the answer to a request whose result is this text; `None` if it has to be seen as a whole.
    pub(super) fn large_answer(&self, pending: &Pending, result: &str) -> Option<Vec<u8>> {
        if !LISTS.contains(&pending.method.as_str()) || pending.gathering.is_some() {
            return None;
        }
        let mut body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":"#, pending.id).into_bytes();
        if result.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(result).ok()?;
            self.add_items(pending, &items, &mut body)?;
        } else {
            let parts: BTreeMap<String, &RawValue> = serde_json::from_str(result).ok()?;
            // What holds for all items holds for their marks too.
            if parts.contains_key("itemDefaults") {
                return None;
            }
            let items: Vec<&RawValue> = serde_json::from_str(parts.get("items")?.get()).ok()?;
            body.push(b'{');
            for (key, part) in parts.iter().filter(|(key, _)| *key != "items") {
                body.extend(format!("{}:{},", Value::from(key.as_str()), part.get()).into_bytes());
            }
            body.extend(b"\"items\":");
            self.add_items(pending, &items, &mut body)?;
            body.push(b'}');
        }
        body.push(b'}');
        Some(body)
    }

    fn add_items(&self, pending: &Pending, items: &[&RawValue], body: &mut Vec<u8>) -> Option<()> {
        body.push(b'[');
        let mut is_first = true;
        for item in items {
            let mut list = Value::Array(vec![serde_json::from_str(item.get()).ok()?]);
            if self.restore(&mut list, pending.document.as_deref()) == Fate::Lost {
                return None;
            }
            if super::answers::WITH_ITEMS.contains(&pending.method.as_str()) {
                self.tag_items(pending, &mut list);
            }
            for item in list.as_array()? {
                if !std::mem::take(&mut is_first) {
                    body.push(b',');
                }
                // Writing to memory does not fail.
                drop(serde_json::to_writer(&mut *body, item));
            }
        }
        body.push(b']');
        Some(())
    }
}
