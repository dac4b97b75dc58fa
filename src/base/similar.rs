//! Finds what a misspelt word was probably meant to be.

/// Whether a word was probably meant to be `known`: one or two letters differ.
pub fn is_similar(known: &str, word: &str) -> bool {
    known != word && strsim::levenshtein(known, word) <= if known.len() > 4 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_wrong_letter_or_two_is_similar() {
        for (known, word, expected) in [
            ("promote", "promot", true),
            ("list", "lsit", false),
            ("clippy", "clpipy", true),
            ("list", "lst", true),
            ("list", "list", false),
            ("naïve", "naive", true),
        ] {
            assert_eq!(is_similar(known, word), expected, "{known} {word}");
        }
    }
}
