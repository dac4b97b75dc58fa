//! Tests of the translation between a script and its served text.

use serde_json::json;

use super::*;
use crate::editor::lsp::projects::{Changes, Insertion};
use crate::editor::lsp::text::{Encoding, apply};

const URI: &str = "file:///s.rs";

fn served(script: &str, head_end: usize, items_start: usize, insertions: &[(usize, &str, bool)]) -> Served {
    let insertions = insertions
        .iter()
        .map(|(at, text, before)| Insertion { at: *at, text: (*text).to_owned(), is_before_cursor: *before })
        .collect();
    let changes = Changes { insertions, head_end, items_start, ..Changes::default() };
    Served::new(script, &changes, Encoding::Utf16)
}

fn restored(served: &Served, mut value: Value) -> Option<Value> {
    let lookup = |uri: &str| (uri == URI).then_some(served);
    let fate = Translation { lookup: &lookup }.restore(&mut value, Some(served));
    (fate == Kept).then_some(value)
}

fn range(line: u64, from: u64, to: u64) -> Value {
    json!({"start": {"line": line, "character": from}, "end": {"line": line, "character": to}})
}

/// The script `x();` in the line 0, its opening 5 wide.
fn small() -> Served {
    served("x();\n", 0, 0, &[(0, "OPEN{", true), (4, "}", false)])
}

#[test]
fn results_of_every_shape_are_where_the_script_has_them() {
    for (given, expected) in [
        (json!(null), json!(null)),
        (
            json!({"contents": "x", "range": range(0, 5, 6)}),
            json!({"contents": "x", "range": range(0, 0, 1)}),
        ),
        (json!({"contents": "x", "range": range(0, 1, 3)}), json!({"contents": "x"})),
        (json!([{"uri": URI, "range": range(0, 5, 6)}]), json!([{"uri": URI, "range": range(0, 0, 1)}])),
        (json!([{"uri": URI, "range": range(0, 1, 3)}]), json!([])),
        // Another document's are not ours to change.
        (
            json!([{"uri": "file:///o.rs", "range": range(0, 5, 6)}]),
            json!([{"uri": "file:///o.rs", "range": range(0, 5, 6)}]),
        ),
        (
            json!([{"originSelectionRange": range(0, 5, 6), "targetUri": "file:///o.rs", "targetRange": range(0, 5, 6)}]),
            json!([{"originSelectionRange": range(0, 5, 6), "targetUri": "file:///o.rs", "targetRange": range(0, 5, 6)}]),
        ),
        (
            json!([{"startLine": 0, "startCharacter": 3, "endLine": 0, "endCharacter": 9}, {"startLine": 0, "endLine": 3}]),
            json!([{"startLine": 0, "startCharacter": 0, "endLine": 0, "endCharacter": 4}, {"startLine": 0, "endLine": 3}]),
        ),
        // The `main` that we inserted is no symbol; what is in it is.
        (
            json!([{"name": "main", "range": range(0, 0, 10), "selectionRange": range(0, 1, 3),
                    "children": [{"name": "x", "range": range(0, 5, 6), "selectionRange": range(0, 5, 6)}]}]),
            json!([{"name": "x", "range": range(0, 0, 1), "selectionRange": range(0, 0, 1)}]),
        ),
        (
            json!([{"position": {"line": 0, "character": 9}, "label": "h"}]),
            json!([{"position": {"line": 0, "character": 4}, "label": "h"}]),
        ),
        (json!([{"position": {"line": 0, "character": 2}, "label": "h"}]), json!([])),
        (
            json!([{"from": {"uri": "file:///o.rs"}, "fromRanges": [range(0, 5, 6)]}]),
            json!([{"from": {"uri": "file:///o.rs"}, "fromRanges": [range(0, 5, 6)]}]),
        ),
        (
            json!({"changes": {URI: [{"range": range(0, 5, 6), "newText": "y"}], "file:///o.rs": [{"range": range(0, 1, 2), "newText": "y"}]}}),
            json!({"changes": {URI: [{"range": range(0, 0, 1), "newText": "y"}], "file:///o.rs": [{"range": range(0, 1, 2), "newText": "y"}]}}),
        ),
    ] {
        let given_text = given.to_string();
        let result = match given.pointer("/0/originSelectionRange") {
            // This one is asked for from a document that is no script.
            Some(_) => restored(&Served::default(), given),
            None => restored(&small(), given),
        };
        assert_eq!(result, Some(expected), "{given_text}");
    }
}

#[test]
fn an_edit_of_inserted_text_takes_its_whole_change_with_it() {
    for change in [
        json!({"changes": {URI: [{"range": range(0, 5, 6), "newText": "y"}, {"range": range(0, 1, 2), "newText": "y"}]}}),
        json!({"documentChanges": [{"textDocument": {"uri": URI}, "edits": [{"range": range(0, 0, 10), "newText": ""}]}]}),
    ] {
        assert_eq!(restored(&small(), change.clone()), None, "{change}");
        let actions = json!([{"title": "bad", "edit": change}, {"title": "good"}]);
        assert_eq!(restored(&small(), actions), Some(json!([{"title": "good"}])));
    }
    let item = json!({"label": "x", "additionalTextEdits": [{"range": range(0, 1, 1), "newText": "y"}]});
    assert_eq!(restored(&small(), item), Some(json!({"label": "x", "additionalTextEdits": []})));
}

#[test]
fn parameters_are_where_the_server_has_them() {
    let (ours, lookup_ours) = (small(), small());
    let lookup = |uri: &str| (uri == URI).then_some(&lookup_ours);
    let mut value = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1},
        "context": {"diagnostics": [{"range": range(0, 0, 1), "relatedInformation": [{"location": {"uri": "file:///o.rs", "range": range(0, 0, 1)}}]}]}});
    Translation { lookup: &lookup }.serve(&mut value, Some(&ours));
    assert_eq!(value["position"]["character"], 6);
    assert_eq!(value["context"]["diagnostics"][0]["range"], range(0, 5, 6));
    assert_eq!(
        value["context"]["diagnostics"][0]["relatedInformation"][0]["location"]["range"],
        range(0, 0, 1)
    );
}

/// What rust-analyzer does where there is no `use` yet: `{line 1, char 0} "\n\nuse regex::Regex; "`.
#[test]
fn imports_that_would_land_in_the_head_land_below_it() {
    const IMPORT: &str = "\n\nuse regex::Regex; ";
    for (head, attributes, code, expected) in [
        ("#!/usr/bin/env runner\n---\n---\n", "", "fn main() {}\n", "use regex::Regex;\n\nfn main() {}\n"),
        ("#!/usr/bin/env runner\n---\n---\n", "", "\nfn main() {}\n", "use regex::Regex;\n\nfn main() {}\n"),
        (
            "---\n---\n",
            "#![allow(unused)]\n",
            "fn main() {}\n",
            "#![allow(unused)]\nuse regex::Regex;\n\nfn main() {}\n",
        ),
        ("#!/usr/bin/env runner\n---\n---\n", "", "use a::B;\n", "use regex::Regex;\nuse a::B;\n"),
        ("#!/usr/bin/env runner\n---\n---", "", "", "\nuse regex::Regex;\n"),
    ] {
        let script = [head, attributes, code].concat();
        let ours = served(&script, head.len(), head.len() + attributes.len(), &[]);
        let line = u64::from(head.starts_with("#!"));
        let edit = json!({"range": range(line, 0, 0), "newText": IMPORT});
        for value in [
            json!({"additionalTextEdits": [edit]}),
            json!({"documentChanges": [{"textDocument": {"uri": URI, "version": 1}, "edits": [edit]}]}),
            json!({"changes": {URI: [edit]}}),
        ] {
            let value = restored(&ours, value).unwrap();
            let edits = value.get("additionalTextEdits").or(value.pointer("/documentChanges/0/edits"));
            let edits = edits.unwrap_or_else(|| &value["changes"][URI]).as_array().unwrap();
            assert_eq!(edits.len(), 1);
            assert_eq!(edits[0].as_object().unwrap().len(), 2, "{edits:?}");
            let mut text = std::sync::Arc::new(script.clone());
            let mut change = json!({"range": edits[0]["range"], "text": edits[0]["newText"]});
            apply(&mut text, &mut change, Encoding::Utf16);
            assert_eq!(*text, format!("{head}{expected}"));
        }
        // Two of them stay two lines, and what would replace something of the head is refused.
        let two = json!({"additionalTextEdits": [edit, edit]});
        let two = restored(&ours, two).unwrap();
        let text = two["additionalTextEdits"][0]["newText"].as_str().unwrap();
        assert_eq!(text.matches("use regex::Regex;\n").count(), 2);
        assert_eq!(two["additionalTextEdits"].as_array().unwrap().len(), 1);
        assert_eq!(restored(&ours, json!([{"range": range(0, 0, 1), "newText": "x"}])), None);
    }
}
