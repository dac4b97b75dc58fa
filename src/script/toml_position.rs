//! Finds the position of a field of the metadata in the script.

use toml::de::{DeTable, DeValue};

use crate::base::error::{Error, Step};
use crate::base::text_position::TextPosition;
use crate::script::header::Metadata;

/// Which part of a field an error is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Key,
    Value,
}

/// An error about a field, named by the keys that lead to it: `line 4, column 9: …`.
pub(crate) fn error(metadata: &Metadata, keys: &[&str], part: Part, text: impl Into<String>) -> Error {
    Error::message(Step::Metadata, text.into()).placed(position_of(metadata, keys, part))
}

/// The position of a field in the script.
pub(crate) fn position_of(metadata: &Metadata, keys: &[&str], part: Part) -> Option<TextPosition> {
    Some(metadata.position(offset(&metadata.toml, keys, part)?))
}

/// The byte at which a field begins.
fn offset(toml: &str, keys: &[&str], part: Part) -> Option<usize> {
    let table = DeTable::parse(toml).ok()?;
    let mut table = table.into_inner();
    let (last, outer) = keys.split_last()?;
    for key in outer {
        let value = table.into_iter().find(|(name, _)| name.get_ref() == key)?.1;
        match value.into_inner() {
            DeValue::Table(inner) => table = inner,
            _ => return None,
        }
    }
    let (key, value) = table.into_iter().find(|(name, _)| name.get_ref() == last)?;
    Some(if part == Part::Key { key.span().start } else { value.span().start })
}

/// The keys that lead to what stands at a byte, and which part of the last field that is.
pub(crate) fn keys_at(toml: &str, at: usize) -> Option<(Vec<String>, Part)> {
    let mut table = DeTable::parse(toml).ok()?.into_inner();
    let mut keys = Vec::new();
    loop {
        let (key, value) = table.into_iter().find(|(key, value)| {
            key.span().contains(&at) || value.span().contains(&at) || holds(value.get_ref(), at)
        })?;
        let part = if key.span().contains(&at) { Part::Key } else { Part::Value };
        keys.push(key.into_inner().into_owned());
        match value.into_inner() {
            DeValue::Table(inner) if holds(&DeValue::Table(inner.clone()), at) => table = inner,
            _ => return Some((keys, part)),
        }
    }
}

/// Whether something in a table stands at a byte.
fn holds(value: &DeValue<'_>, at: usize) -> bool {
    let DeValue::Table(table) = value else { return false };
    table.iter().any(|(key, value)| {
        key.span().contains(&at) || value.span().contains(&at) || holds(value.get_ref(), at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_however_they_are_written() {
        let toml = "\n[package]\nname = \"x\"\nmetadata.a.b = 1\n[dependencies.c]\nversion='1'\n";
        for (keys, part, expected) in [
            (&["package", "name"][..], Part::Key, "name = "),
            (&["package", "name"], Part::Value, "\"x\""),
            (&["package", "metadata", "a", "b"], Part::Value, "1\n"),
            (&["dependencies", "c", "version"], Part::Value, "'1'"),
        ] {
            let offset = offset(toml, keys, part).unwrap();
            assert!(toml[offset..].starts_with(expected), "{keys:?}: {:?}", &toml[offset..]);
        }
        assert_eq!(offset(toml, &["package", "none"], Part::Key), None);
        for (text, keys, part) in [
            ("name = ", "package.name", Part::Key),
            ("\"x\"", "package.name", Part::Value),
            ("[dependencies.c]", "dependencies.c", Part::Value),
            ("'1'", "dependencies.c.version", Part::Value),
        ] {
            let (found, at) = keys_at(toml, toml.find(text).unwrap()).unwrap();
            assert_eq!((found.join(".").as_str(), at == part), (keys, true), "{text}");
        }
    }
}
