//! What a policy says to a Rust script before anything is asked of a compiler: its settings, its dependencies and its source.
//!
//! Of the source it wants to know which files and variables a compiler would read for it. That is told from its tokens, and what
//! cannot be told is refused: `include_str!` of anything but a string, its name handed to a macro, a `#[path]` that a macro puts
//! together, assembly (`.incbin` reads files). What the compiler then says it has read is looked at again ([`check_read`]), and
//! variables are kept from it by [`Environment::for_compilers`](crate::base::environment::Environment::for_compilers).

use std::path::{Component, Path};

use proc_macro2::{Delimiter, Ident, Literal, TokenStream, TokenTree};

use crate::base::error::{Error, Result, Step};
use crate::base::policy::{Policy, allows, refusal};
use crate::base::rule::Rule;
use crate::base::text_position::TextPosition;
use crate::rust::manifest::Manifest;
use crate::settings::build_request::BuildRequest;
use crate::settings::policy_check;

/// Macros that read a file.
const READ: &[&str] = &["include", "include_str", "include_bytes"];
/// Macros of assembly.
const ASSEMBLY: &[&str] = &["asm", "global_asm", "naked_asm"];

/// Refuses what a script may not ask for; `source` is its text without its head.
///
/// # Errors
/// [`crate::Kind::Refused`]; [`Step::Script`] if the source is no tokens.
pub(crate) fn check(
    request: &BuildRequest,
    manifest: &Manifest,
    source: &str,
    policy: &Policy,
) -> Result<()> {
    policy_check::settings(request, policy, |name| manifest.place_of_setting(name))?;
    dependencies(manifest, policy)?;
    check_source(source, request.script.base(), policy)
}

fn dependencies(manifest: &Manifest, policy: &Policy) -> Result<()> {
    if let (false, Some(place)) = (policy.flags, manifest.place_of_cargo_features()) {
        return Err(refusal(Rule::Flags, "`cargo-features`", Some(place)));
    }
    for (name, value, place) in manifest.dependencies() {
        let text = |key: &str| value.get(key).map(|value| value.as_str().unwrap_or("?").escape_debug());
        let crate_name = value.get("package").and_then(|name| name.as_str()).unwrap_or(name);
        let crate_name = crate_name.split([':', '@']).next().unwrap_or(crate_name);
        let registry = text("registry").or(text("registry-index"));
        let (rule, kind, source) = match (text("path"), text("git"), registry) {
            (Some(path), ..) if !policy.paths => (Rule::Path, "in directory", path),
            (_, Some(url), _) if !policy.git => (Rule::Git, "of git repository", url),
            (.., Some(registry)) if !allows(&policy.registries, &registry.to_string()) => {
                (Rule::Registry, "of registry", registry)
            }
            _ if names_no(&policy.crates, crate_name) => {
                return Err(refusal(Rule::Crate, format_args!("crate `{}`", name.escape_debug()), place));
            }
            _ => continue,
        };
        let name = name.escape_debug();
        return Err(refusal(rule, format_args!("dependency `{name}` {kind} `{source}`"), place));
    }
    Ok(())
}

/// Whether a grant has no version of a crate.
fn names_no(grant: &Option<Vec<String>>, name: &str) -> bool {
    let is_it = |one: &String| one.split('@').next() == Some(name);
    grant.as_ref().is_some_and(|names| !names.iter().any(is_it))
}

/// Refuses a file that the compiler says it has read, for a script in the directory `base`.
pub(crate) fn check_read(path: &Path, base: &Path, policy: &Policy) -> Result<()> {
    match policy.may_read(path, base) {
        true => Ok(()),
        false => Err(refused_file(path, None)),
    }
}

fn refused_file(path: &Path, place: Option<TextPosition>) -> Error {
    refusal(Rule::File, format_args!("file `{}`", path.display()), place)
}

fn check_source(source: &str, base: &Path, policy: &Policy) -> Result<()> {
    let tokens: TokenStream = source.parse().map_err(|_| {
        Error::message(
            Step::Script,
            "it is not made of Rust's tokens, so the policy cannot be asked about it",
        )
    })?;
    let scan = Scan { source, base, policy, has_modules: has_modules(tokens.clone()) };
    let result = scan.run(tokens);
    proc_macro2::extra::invalidate_current_thread_spans();
    result
}

/// Whether a module may be in another file: any `mod` that is not `mod NAME {…}`.
fn has_modules(tokens: TokenStream) -> bool {
    let mut streams = vec![tokens];
    while let Some(stream) = streams.pop() {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => streams.push(group.stream()),
                TokenTree::Ident(ident) if ident == "mod" => match (tokens.get(at + 1), tokens.get(at + 2)) {
                    (Some(TokenTree::Ident(_)), Some(TokenTree::Group(body)))
                        if body.delimiter() == Delimiter::Brace => {}
                    _ => return true,
                },
                _ => {}
            }
        }
    }
    false
}

/// The search for what a source makes a compiler read.
struct Scan<'a> {
    source: &'a str,
    base: &'a Path,
    policy: &'a Policy,
    has_modules: bool,
}

impl Scan<'_> {
    /// Not by recursion: brackets may be nested as deep as the file is long.
    fn run(&self, tokens: TokenStream) -> Result<()> {
        let mut streams = vec![(tokens, false)];
        while let Some((stream, is_attribute)) = streams.pop() {
            let tokens: Vec<TokenTree> = stream.into_iter().collect();
            for (at, token) in tokens.iter().enumerate() {
                match token {
                    TokenTree::Ident(ident) => self.ident(ident, &tokens[at + 1..], is_attribute)?,
                    TokenTree::Group(group) => {
                        let begins = is_attribute || begins_attribute(&tokens[..at]);
                        streams.push((group.stream(), begins && !is_expression(&tokens[..at])));
                    }
                    TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                }
            }
        }
        Ok(())
    }

    fn ident(&self, ident: &Ident, rest: &[TokenTree], is_attribute: bool) -> Result<()> {
        let name = ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        let place = Some(TextPosition::of(self.source, ident.span().byte_range().start));
        let reads_everything = self.policy.reads_everything();
        if name == "link"
            && is_attribute
            && !self.policy.flags
            && matches!(rest.first(), Some(TokenTree::Group(_)))
        {
            return Err(refusal(Rule::Flags, "a library of the script's choosing", place));
        }
        if READ.contains(&name) && !reads_everything {
            return match argument(rest) {
                Some(path) => self.file(&path, place),
                None => Err(refusal(Rule::File, format_args!("`{name}` of what cannot be told"), place)),
            };
        }
        if ASSEMBLY.contains(&name) && !reads_everything {
            return Err(refusal(Rule::File, format_args!("`{name}`, which may read any file"), place));
        }
        if matches!(name, "env" | "option_env") && is_punct(rest.first(), '!') {
            return match argument(rest) {
                Some(variable) if self.policy.may_ask_for(&variable) => Ok(()),
                Some(variable) => Err(refusal(
                    Rule::Variable,
                    format_args!("variable `{}`", variable.escape_debug()),
                    place,
                )),
                None if self.policy.may_ask_for("") => Ok(()),
                None => Err(refusal(Rule::Variable, format_args!("`{name}!` of what cannot be told"), place)),
            };
        }
        if name == "path" && is_punct(rest.first(), '=') && !is_punct(rest.get(1), '=') && !reads_everything {
            return match rest.get(1) {
                Some(TokenTree::Literal(literal)) if is_attribute || self.has_modules => {
                    match text_of(literal) {
                        Some(path) => self.file(&path, place),
                        None if is_attribute => {
                            Err(refusal(Rule::File, "a `path` that cannot be told", place))
                        }
                        None => Ok(()),
                    }
                }
                _ if is_attribute => Err(refusal(Rule::File, "a `path` that cannot be told", place)),
                _ => Ok(()),
            };
        }
        Ok(())
    }

    fn file(&self, path: &str, place: Option<TextPosition>) -> Result<()> {
        let path = Path::new(path);
        let is_below = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let whole = self.base.join(path);
        // What is not there yet is the compiler's to say, where it lies below the script's directory.
        let is_allowed = self.policy.may_read(&whole, self.base) || is_below && !whole.exists();
        if is_allowed { Ok(()) } else { Err(refused_file(path, place)) }
    }
}

/// Whether a group behind these tokens is that of an attribute: `#[…]`, `#![…]`.
fn begins_attribute(before: &[TokenTree]) -> bool {
    is_punct(before.last(), '#')
        || is_punct(before.last(), '!')
            && is_punct(before.len().checked_sub(2).and_then(|at| before.get(at)), '#')
}

/// Whether a group in an attribute is the call of a macro: `#[doc = concat!(…)]`.
fn is_expression(before: &[TokenTree]) -> bool {
    is_punct(before.last(), '!')
        && matches!(before.len().checked_sub(2).and_then(|at| before.get(at)), Some(TokenTree::Ident(_)))
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// The string that a macro is called with, if that is all, or all before a message: `!("…")`.
fn argument(rest: &[TokenTree]) -> Option<String> {
    let (Some(TokenTree::Group(group)), true) = (rest.get(1), is_punct(rest.first(), '!')) else {
        return None;
    };
    let mut tokens = group.stream().into_iter();
    let Some(TokenTree::Literal(literal)) = tokens.next() else { return None };
    match tokens.next() {
        None => text_of(&literal),
        Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => text_of(&literal),
        Some(_) => None,
    }
}

/// The text of a string without escapes.
fn text_of(literal: &Literal) -> Option<String> {
    let text = literal.to_string();
    let (text, is_raw) = match text.strip_prefix('r') {
        Some(raw) => (raw.trim_matches('#').to_owned(), true),
        None => (text, false),
    };
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (is_raw || !inner.contains('\\')).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(source: &str) -> Option<(&'static str, (usize, usize))> {
        let error = check_source(source, Path::new("/nowhere/at/all"), &Policy::refusing()).err()?;
        match error.kind() {
            crate::Kind::Refused(rule) => Some((rule.as_str(), error.place().unwrap())),
            other => panic!("{other:?}: {error}"),
        }
    }

    #[test]
    fn whatever_would_make_a_compiler_read_a_file_is_refused() {
        for (source, place) in [
            ("const A: &str = include_str!(\"/etc/passwd\");", (1, 17)),
            ("\n\nstd::include_bytes!(r#\"/etc/passwd\"#)", (3, 6)),
            ("r#include!{\"../x\"}", (1, 1)),
            ("include_str!(concat!(\"/etc/\", \"passwd\"))", (1, 1)),
            ("include_str!(\"\\x2fetc/passwd\")", (1, 1)),
            ("use std::include_str as x;", (1, 10)),
            ("m!(include_bytes)", (1, 4)),
            ("macro_rules! m { ($a:literal) => { include_str!($a) } }", (1, 36)),
            ("#[doc = include_str!(\"/etc/passwd\")] struct X;", (1, 9)),
            ("#[path = \"/etc/x.rs\"] mod x;", (1, 3)),
            ("#[cfg_attr(all(), path = \"/etc/x.rs\")] mod x;", (1, 19)),
            ("#[path = $p] mod x;", (1, 3)),
            ("m!(path = \"/etc/x.rs\"); macro_rules! m { ($m:meta) => { #[$m] mod x; } }", (1, 4)),
            ("core::arch::global_asm!(\".incbin \\\"/etc/passwd\\\"\");", (1, 13)),
        ] {
            assert_eq!(verdict(source), Some(("file", place)), "{source}");
        }
        for (source, place) in [
            ("env!(\"SECRET\")", (1, 1)),
            ("option_env!(concat!(\"SEC\", \"RET\"))", (1, 1)),
            ("f(1,\n  env!(\"HOME\"))", (2, 3)),
        ] {
            assert_eq!(verdict(source), Some(("variable", place)), "{source}");
        }
        assert_eq!(verdict("#[link(name = \"x\")] extern \"C\" {}"), Some(("flags", (1, 3))));
    }

    #[test]
    fn what_reads_nothing_else_is_allowed() {
        for source in [
            "fn main() { let path = \"/var/log\"; std::env::var(\"X\"); }",
            "const A: &str = include_str!(\"beside.txt\");",
            "mod beside; const V: &str = env!(\"CARGO_PKG_VERSION\", \"why\");",
            "struct A { path: String } mod inline { fn link(x: u8) { link(1) } }",
            "if path == \"/x\" {}",
        ] {
            assert_eq!(verdict(source), None, "{source}");
        }
    }
}
