//! Reads a table of phrases: a line is a language code, a space, and the phrase.

/// The codes, in the order of the table.
pub fn languages(table: &str) -> impl Iterator<Item = &str> {
    entries(table).map(|(code, _)| code)
}

/// The phrase in that language.
pub fn find<'t>(table: &'t str, language: &str) -> Option<&'t str> {
    entries(table).find(|&(code, _)| code == language).map(|(_, phrase)| phrase)
}

fn entries(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| line.split_once(' '))
}
