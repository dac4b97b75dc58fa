//! Semantic tokens: numbers that tell places relative to each other and kinds by a legend.
//!
//! The editor learns one legend; each server has its own. Five numbers a token: line and character relative to the token
//! before, length, index of the type, bits of the modifiers.

use serde_json::Value;

use crate::editor::lsp::served::Served;
use crate::editor::lsp::text::Position;

/// From a server's legend to the one that the editor has.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Legend {
    types: Vec<Option<u64>>,
    modifiers: Vec<Option<u64>>,
    is_same: bool,
}

impl Legend {
    /// Both are results of `initialize`'s `capabilities`.
    pub(super) fn between(server: &Value, editor: &Value) -> Legend {
        const LEGEND: &str = "/semanticTokensProvider/legend";
        let (theirs, ours) = (server.pointer(LEGEND), editor.pointer(LEGEND));
        let names = |legend: Option<&Value>, key: &str| -> Vec<String> {
            let list = legend.and_then(|legend| legend[key].as_array()).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let places = |key: &str| -> Vec<Option<u64>> {
            let ours = names(ours, key);
            let place = |name: &String| ours.iter().position(|own| own == name).map(|place| place as u64);
            names(theirs, key).iter().map(place).collect()
        };
        Legend {
            types: places("tokenTypes"),
            modifiers: places("tokenModifiers"),
            is_same: theirs == ours || theirs.is_none(),
        }
    }

    /// Makes the tokens of a result what the editor understands, at the places where the script has them.
    pub(super) fn translate(&self, result: &mut Value, served: Option<&Served>) {
        let served = served.filter(|served| !served.is_in_place());
        if self.is_same && served.is_none() {
            return;
        }
        let Some(data) = result.get_mut("data").and_then(Value::as_array_mut) else { return };
        let (mut line, mut character) = (0, 0);
        let (mut last_line, mut last_character) = (0, 0);
        let mut translated = Vec::with_capacity(data.len());
        for token in data.chunks_exact(5) {
            let number = |index: usize| token[index].as_u64().unwrap_or(0);
            if number(0) > 0 {
                character = 0;
            }
            line += number(0);
            character += number(1);
            let (mut start, mut length) = (Position::new(line, character), number(2));
            if let Some(served) = served {
                let Some((from, to)) = served.range_origin(start, Position::new(line, character + length))
                else {
                    continue;
                };
                start = from;
                length = to.character.saturating_sub(from.character);
            }
            let Some((kind, modifiers)) = self.kind(number(3), number(4)) else { continue };
            let before = if start.line == last_line { last_character } else { 0 };
            translated.extend([start.line - last_line, start.character - before, length, kind, modifiers]);
            (last_line, last_character) = (start.line, start.character);
        }
        *data = translated.into_iter().map(Value::from).collect();
    }

    fn kind(&self, kind: u64, modifiers: u64) -> Option<(u64, u64)> {
        if self.is_same {
            return Some((kind, modifiers));
        }
        let kind = (*self.types.get(usize::try_from(kind).ok()?)?)?;
        let places = self.modifiers.iter().enumerate().filter(|(bit, _)| modifiers >> (bit & 63) & 1 == 1);
        let modifiers =
            places.filter_map(|(_, place)| *place).fold(0, |bits, place| bits | 1 << (place & 63));
        Some((kind, modifiers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::lsp::projects::{Changes, Insertion};
    use crate::editor::lsp::text::Encoding;
    use serde_json::json;

    fn legend(types: &[&str], modifiers: &[&str]) -> Value {
        json!({"semanticTokensProvider": {"legend": {"tokenTypes": types, "tokenModifiers": modifiers}}})
    }

    #[test]
    fn tokens_of_inserted_text_go_and_others_are_where_the_script_has_them() {
        let insertions = vec![Insertion { at: 0, text: "OPEN{".to_owned(), is_before_cursor: true }];
        let changes = Changes { insertions, ..Changes::default() };
        let served = Served::new("x y\nz\n", &changes, Encoding::Utf16);
        let same = Legend::between(&legend(&["a"], &[]), &legend(&["a"], &[]));
        let mut result =
            json!({"resultId": "1", "data": [0, 0, 4, 0, 0, 0, 5, 1, 0, 0, 0, 2, 1, 0, 0, 1, 0, 1, 0, 0]});
        same.translate(&mut result, Some(&served));
        assert_eq!(result["data"], json!([0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 1, 0, 1, 0, 0]));
    }

    #[test]
    fn kinds_are_those_of_the_editors_legend() {
        let map =
            Legend::between(&legend(&["new", "b", "a"], &["m", "n"]), &legend(&["a", "b"], &["x", "n"]));
        let mut result = json!({"data": [0, 0, 1, 0, 0, 0, 2, 1, 1, 3, 1, 4, 1, 2, 1]});
        map.translate(&mut result, None);
        assert_eq!(result["data"], json!([0, 2, 1, 1, 2, 1, 4, 1, 0, 0]));
    }
}
