//! The outline of a Rust file: which items and statements stand at its top level, and where.
//!
//! The text is read as Rust, by `proc-macro2`: what stands in comments, strings or brackets is not at the top level. It is
//! not parsed further than it takes to see where one thing ends and the next begins. A script may hold statements where
//! Rust wants items, and neither has to be right: what is wrong with them is the compiler's to say, and text that is no
//! tokens at all has no outline.

#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What stands at the top level of a file.
#[derive(Debug)]
pub(crate) struct Outline {
    /// The end of the last inner attribute at its head that is not a doc comment.
    pub(crate) head: usize,
    /// The end of the last inner attribute or inner doc comment at its head.
    pub(crate) inner_end: usize,
    /// Whether a statement waits for something, outside of any `async` of the script's own.
    pub(crate) awaits: bool,
    /// Whether it says that it has no `main` because it has something else.
    pub(crate) no_main: bool,
    pub(crate) pieces: Vec<Piece>,
}

/// One item or statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    /// From its first attribute to its last token, in bytes. Doc comments above it are left out.
    pub(crate) range: Range<usize>,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `fn main`.
    Main,
    /// A function with `#[test]` or `#[bench]`, or a module with such functions in it.
    Test,
    /// `mod name;`
    File,
    /// `extern crate name;`
    Crate,
    /// Any other item.
    Item,
    /// `macro!{…}`, which may be several items.
    Expanded,
    /// An item that makes a `main` when it is expanded, or a macro that may.
    MaybeMain,
    /// `macro!(…);` of a macro that is only ever called for what it does.
    Call,
    /// `macro!(…);` of any other macro: a statement, or items with perhaps a `main` among them, as of `include!`.
    MaybeItems,
    /// Any other statement.
    Statement {
        /// Whether it is `Ok(())` and nothing follows it.
        is_ok: bool,
    },
}

impl Kind {
    pub(crate) fn is_statement(self) -> bool {
        matches!(self, Kind::Call | Kind::MaybeItems | Kind::Statement { .. })
    }
}

/// Macros that are only ever called for what they do: `println! { "x" }` is no item.
const STATEMENT_MACROS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "bail",
    "dbg",
    "debug_assert",
    "eprint",
    "eprintln",
    "format",
    "panic",
    "print",
    "println",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

impl Outline {
    /// Reads a file whose first line is no `#!` line and that has no frontmatter (see [`crate::rust::source::main_wrapper`]); `None` if it is
    /// not made of tokens.
    pub(crate) fn read(text: &str) -> Option<Outline> {
        let tokens: TokenStream = text.parse().ok()?;
        let mut reader = Reader { text, tokens: tokens.into_iter().collect(), at: 0 };
        let outline = reader.outline();
        drop(reader);
        // What the spans point into would be kept until the thread ends.
        proc_macro2::extra::invalidate_current_thread_spans();
        // A comment that documents is several tokens of one place, so a piece may end within it where there is no item that
        // it documents. rustc says what is wrong there.
        let is_in_order = outline.pieces.windows(2).all(|two| two[0].range.end <= two[1].range.start);
        is_in_order.then_some(outline)
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.pieces.iter().any(|piece| piece.kind == kind)
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<TokenTree>,
    at: usize,
}

impl Reader<'_> {
    fn outline(&mut self) -> Outline {
        let mut outline =
            Outline { head: 0, inner_end: 0, awaits: false, no_main: false, pieces: Vec::new() };
        while self.punct(0, '#') && self.punct(1, '!') {
            let Some(attribute) = self.group(2, Delimiter::Bracket) else { break };
            outline.no_main |= mentions(&attribute.stream(), &["no_main"]);
            outline.inner_end = self.end_of(2);
            if !self.is_doc_comment(0) {
                outline.head = outline.inner_end;
            }
            self.at += 3;
        }
        while self.at < self.tokens.len() {
            let start = self.at;
            let piece = self.piece();
            outline.awaits |=
                piece.kind.is_statement() && self.tokens.get(start..self.at).is_some_and(awaits);
            outline.pieces.push(piece);
        }
        outline
    }

    fn piece(&mut self) -> Piece {
        while self.is_doc_comment(0) && self.attribute(0) {
            self.at += 2;
        }
        let start = self.tokens.get(self.at).map_or(self.text.len(), |token| token.span().byte_range().start);
        let mut is_test = false;
        while self.attribute(0) {
            let names = self.group(1, Delimiter::Bracket).map(|group| group.stream());
            is_test |= names.is_some_and(|names| is_test_attribute(&names));
            self.at += 2;
        }
        let first = self.at;
        let kind = match self.item() {
            Some(Kind::Item) if is_test => Kind::Test,
            Some(kind) => kind,
            None => {
                self.at = first;
                self.statement()
            }
        };
        // Something is always taken, so that the end is reached.
        self.at = self.at.max(first + 1).min(self.tokens.len());
        let end = self.end_of_last();
        Piece { kind, range: start.min(end)..end }
    }

    /// Goes past an item, if there is one here.
    fn item(&mut self) -> Option<Kind> {
        if self.word(0) == "pub" {
            let is_scope = |group: &Group| {
                let first = group.stream().into_iter().next();
                first.is_some_and(|first| {
                    ["crate", "self", "super", "in"].iter().any(|word| is_word(&first, word))
                })
            };
            self.at += if self.group(1, Delimiter::Parenthesis).is_some_and(is_scope) { 2 } else { 1 };
        }
        let next_is_word = |reader: &Self| !reader.word(1).is_empty();
        match self.word(0).as_str() {
            "fn" => Some(self.function()),
            "use" => Some(self.until_semicolon(Kind::Item)),
            "static" | "type" if next_is_word(self) => Some(self.until_semicolon(Kind::Item)),
            "struct" | "enum" | "trait" | "impl" | "macro" => Some(self.until_body(Kind::Item)),
            "union" | "auto" if next_is_word(self) => Some(self.until_body(Kind::Item)),
            "mod" if self.punct(2, ';') => Some(self.until_semicolon(Kind::File)),
            "mod" => {
                let has_tests = self
                    .group(2, Delimiter::Brace)
                    .is_some_and(|body| any(&body.stream(), &mut |token, rest| {
                        is_punct(token, '#') && matches!(rest, Some(TokenTree::Group(group)) if is_test_attribute(&group.stream()))
                    }));
                Some(self.until_body(if has_tests { Kind::Test } else { Kind::Item }))
            }
            "extern" if self.word(1) == "crate" => Some(self.until_semicolon(Kind::Crate)),
            "extern" | "unsafe" | "async" | "const" | "safe" => self.qualified(),
            "macro_rules" if self.punct(1, '!') => Some(self.macro_call(3)),
            _ => {
                // `path::to::name! {…}`
                let mut ahead = 0;
                while self.punct(ahead, ':') && self.punct(ahead + 1, ':')
                    || !self.word(ahead).is_empty()
                        && self.punct(ahead + 1, ':')
                        && self.punct(ahead + 2, ':')
                {
                    ahead += if self.punct(ahead, ':') { 2 } else { 3 };
                }
                let name = self.word(ahead);
                let is_call = !name.is_empty() && self.punct(ahead + 1, '!');
                (is_call && matches!(self.tokens.get(self.at + ahead + 2), Some(TokenTree::Group(_))))
                    .then(|| self.call(&name, ahead + 2))
                    .flatten()
            }
        }
    }

    /// An item that begins with `extern`, `unsafe`, `async` or `const`, unless it is a block or a closure.
    fn qualified(&mut self) -> Option<Kind> {
        let mut ahead = 0;
        while matches!(self.word(ahead).as_str(), "extern" | "unsafe" | "async" | "const" | "safe") {
            ahead += 1;
            if matches!(self.tokens.get(self.at + ahead), Some(TokenTree::Literal(_))) {
                ahead += 1;
            }
        }
        let is_extern = (0..ahead).any(|ahead| self.word(ahead) == "extern");
        match self.word(ahead).as_str() {
            "fn" => {
                self.at += ahead;
                Some(self.function())
            }
            "impl" | "trait" | "mod" | "auto" => Some(self.until_body(Kind::Item)),
            _ if is_extern => Some(self.until_body(Kind::Item)),
            "move" | "" => None,
            "static" | "type" => Some(self.until_semicolon(Kind::Item)),
            _ => (self.word(0) == "const").then(|| self.until_semicolon(Kind::Item)),
        }
    }

    fn function(&mut self) -> Kind {
        let is_main = matches!(self.word(1).as_str(), "main" | "r#main");
        self.until_body(if is_main { Kind::Main } else { Kind::Item })
    }

    /// A call of a macro whose arguments are `ahead`.
    fn call(&mut self, name: &str, ahead: usize) -> Option<Kind> {
        let braces = self.group(ahead, Delimiter::Brace).is_some();
        let is_item = braces && !STATEMENT_MACROS.contains(&name) && !self.is_continued(ahead + 1);
        if is_item {
            return Some(match self.macro_call(ahead) {
                Kind::Item => Kind::Expanded,
                kind => kind,
            });
        }
        let ends = self.punct(ahead + 1, ';') || self.at + ahead + 1 >= self.tokens.len();
        if ends && !braces {
            self.at += ahead + 2;
            return Some(match STATEMENT_MACROS.contains(&name) {
                true => Kind::Call,
                false => Kind::MaybeItems,
            });
        }
        None
    }

    /// Goes past the arguments of a macro that may be an item.
    fn macro_call(&mut self, ahead: usize) -> Kind {
        let mut kind = Kind::Item;
        if let Some(TokenTree::Group(group)) = self.tokens.get(self.at + ahead) {
            let mut is_main = |token: &TokenTree, next: Option<&TokenTree>| {
                is_word(token, "fn") && next.is_some_and(|next| is_word(next, "main"))
            };
            if any(&group.stream(), &mut is_main) {
                kind = Kind::MaybeMain;
            }
            let needs_semicolon = group.delimiter() != Delimiter::Brace;
            self.at += ahead + 1;
            self.at += usize::from(needs_semicolon && self.punct(0, ';'));
        } else {
            self.at += ahead;
        }
        kind
    }

    fn until_semicolon(&mut self, kind: Kind) -> Kind {
        while self.at < self.tokens.len() {
            self.at += 1;
            if self.tokens.get(self.at - 1).is_some_and(|token| is_punct(token, ';')) {
                break;
            }
        }
        kind
    }

    /// To the braces that are a body, or a semicolon in their place. Braces that are a constant in a type are followed by
    /// what goes on with that type.
    fn until_body(&mut self, kind: Kind) -> Kind {
        while self.at < self.tokens.len() {
            self.at += 1;
            let is_body = self.tokens.get(self.at - 1).is_some_and(is_braces);
            let is_end = self.tokens.get(self.at - 1).is_some_and(|token| is_punct(token, ';'));
            if is_end || is_body && !self.punct(0, '>') && !self.punct(0, ',') {
                break;
            }
        }
        kind
    }

    fn statement(&mut self) -> Kind {
        let start = self.at;
        if self.punct(0, '\'') && self.punct(2, ':') {
            self.at += 3;
        }
        let is_block = self.group(0, Delimiter::Brace).is_some();
        match self.word(0).as_str() {
            "if" => loop {
                self.block_after_condition();
                if self.word(0) != "else" {
                    break;
                }
                self.at += 1;
                if self.word(0) != "if" {
                    self.block_after_condition();
                    break;
                }
            },
            "match" | "while" | "for" | "loop" => self.block_after_condition(),
            "unsafe" | "const" if self.group(1, Delimiter::Brace).is_some() => self.at += 2,
            _ if is_block => self.at += 1,
            _ => return self.expression(start),
        }
        if self.is_continued(0) { self.expression(start) } else { Kind::Statement { is_ok: false } }
    }

    /// To the end of a statement that ends in a semicolon, or with the file.
    fn expression(&mut self, start: usize) -> Kind {
        self.until_semicolon(Kind::Item);
        let start = self.tokens.get(start).map_or(0, |token| token.span().byte_range().start);
        let text = self.text.get(start..self.end_of_last()).unwrap_or_default();
        let is_ok = text.chars().filter(|c| !c.is_whitespace()).eq("Ok(())".chars());
        Kind::Statement { is_ok }
    }

    /// Goes past a keyword, what stands between it and a block, and the block. A block that stands where an operand is
    /// expected is an operand, if another one follows it.
    fn block_after_condition(&mut self) {
        let start = self.at;
        while self.at < self.tokens.len() {
            let token = &self.tokens[self.at];
            if is_punct(token, ';') {
                return;
            }
            self.at += 1;
            if is_braces(token) {
                let before = self.at.checked_sub(2).and_then(|index| self.tokens.get(index));
                let is_operand = self.at > start + 1
                    && before.is_some_and(|before| {
                        matches!(before, TokenTree::Punct(_))
                            || ["if", "while", "match", "in"].iter().any(|word| is_word(before, word))
                    })
                    && self.tokens.get(self.at).is_some_and(is_braces);
                if !is_operand {
                    return;
                }
            }
        }
    }

    /// Whether what stands here goes on with an expression that could have ended before it.
    fn is_continued(&self, ahead: usize) -> bool {
        self.punct(ahead, '?') || self.punct(ahead, '.') && !self.punct(ahead + 1, '.')
    }

    fn attribute(&self, ahead: usize) -> bool {
        self.punct(ahead, '#') && self.group(ahead + 1, Delimiter::Bracket).is_some()
    }

    /// Whether the token is one that a doc comment was made into.
    fn is_doc_comment(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| {
            is_punct(token, '#') && self.text.get(token.span().byte_range()).is_some_and(|text| text != "#")
        })
    }

    fn punct(&self, ahead: usize, character: char) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| is_punct(token, character))
    }

    /// The identifier there, or nothing.
    fn word(&self, ahead: usize) -> String {
        match self.tokens.get(self.at + ahead) {
            Some(TokenTree::Ident(word)) => word.to_string(),
            _ => String::new(),
        }
    }

    fn group(&self, ahead: usize, delimiter: Delimiter) -> Option<&Group> {
        match self.tokens.get(self.at + ahead)? {
            TokenTree::Group(group) if group.delimiter() == delimiter => Some(group),
            _ => None,
        }
    }

    fn end_of(&self, ahead: usize) -> usize {
        self.tokens.get(self.at + ahead).map_or(0, |token| token.span().byte_range().end)
    }

    fn end_of_last(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|index| self.tokens.get(index));
        last.map_or(0, |token| token.span().byte_range().end)
    }
}

/// Whether there is an `.await` that no `async` before it is for.
fn awaits(tokens: &[TokenTree]) -> bool {
    // Not by recursion: brackets may be nested as deep as the file is long.
    let mut pending = vec![tokens.to_vec()];
    while let Some(tokens) = pending.pop() {
        let mut is_async = false;
        let mut before: Option<&TokenTree> = None;
        for token in &tokens {
            is_async |= is_word(token, "async");
            if is_word(token, "await") && before.is_some_and(|before| is_punct(before, '.')) {
                return true;
            }
            match token {
                TokenTree::Group(group) if !(is_async && is_braces(token)) => {
                    pending.push(group.stream().into_iter().collect());
                }
                TokenTree::Group(_) => is_async = false,
                _ => {}
            }
            before = Some(token);
        }
    }
    false
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// `test`, `bench`, `tokio::test`, `test_case(…)` and the like.
fn is_test_attribute(attribute: &TokenStream) -> bool {
    let path = attribute
        .clone()
        .into_iter()
        .take_while(|token| matches!(token, TokenTree::Ident(_)) || is_punct(token, ':'));
    let last = path.filter(|token| matches!(token, TokenTree::Ident(_))).last();
    let last = last.map(|token| token.to_string()).unwrap_or_default();
    matches!(last.as_str(), "test" | "bench" | "rstest" | "test_case" | "quickcheck" | "wasm_bindgen_test")
}

fn mentions(stream: &TokenStream, words: &[&str]) -> bool {
    any(stream, &mut |token, _| words.iter().any(|word| is_word(token, word)))
}

/// Whether there is such a token, with the one after it, however deep.
fn any(stream: &TokenStream, is_wanted: &mut dyn FnMut(&TokenTree, Option<&TokenTree>) -> bool) -> bool {
    // Not by recursion: brackets may be nested as deep as the file is long.
    let mut streams = vec![stream.clone()];
    while let Some(stream) = streams.pop() {
        let mut tokens = stream.into_iter().peekable();
        while let Some(token) = tokens.next() {
            if is_wanted(&token, tokens.peek()) {
                return true;
            }
            if let TokenTree::Group(group) = &token {
                streams.push(group.stream());
            }
        }
    }
    false
}
