//! Reads the inner attributes at the head of a script that ask for unstable features.

use crate::script::header::lexer::{
    is_whitespace, skip_inner_attribute, skip_trivia, split_block_comment, split_line,
};

/// The unstable features that `code` asks for with `#![feature(…)]`; it begins below the `#!` line and the frontmatter.
pub(super) fn features(code: &str) -> Vec<&str> {
    let mut rest = code;
    let mut found = Vec::new();
    loop {
        rest = skip_trivia(rest);
        if rest.starts_with("//") {
            rest = split_line(rest).1;
        } else if let Some((_, after)) = split_block_comment(rest) {
            rest = after;
        } else if let Some(after) = skip_inner_attribute(rest) {
            let attribute = rest.get(..rest.len() - after.len()).unwrap_or_default();
            found.extend(features_in(attribute));
            rest = after;
        } else {
            return found;
        }
    }
}

fn features_in(attribute: &str) -> impl Iterator<Item = &str> {
    let inner = attribute.split_once('[').map_or("", |(_, inner)| inner).trim_start_matches(is_whitespace);
    let list = inner.strip_prefix("feature").map(|rest| rest.trim_start_matches(is_whitespace));
    let list = list.and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.split(')').next());
    list.into_iter().flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::script::header::parse;

    #[test]
    fn features_are_asked_for_in_inner_attributes() {
        for (text, expected) in [
            ("fn main() {}", &[][..]),
            ("#![feature(a)]\nfn main() {}", &["a"]),
            (
                "#!/x\n---\n#![feature(no)]\n---\n//! Docs.\n/* x */ #![allow(x)]\n#![feature(a, b,)]\n#![feature(c)]",
                &["a", "b", "c"],
            ),
            ("//! ```cargo\n//! a=1\n//! ```\n#![ feature ( a ) ]\n", &["a"]),
            ("// #![feature(a)]\nfn main() { \"#![feature(b)]\"; }\n#![feature(c)]", &[]),
            ("#![cfg_attr(nightly, feature(a))]\n", &[]),
        ] {
            assert_eq!(parse(text).unwrap().features, expected, "{text:?}");
        }
    }
}
