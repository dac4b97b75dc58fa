//! Names of files in diagnostics: the compiler names a script by where it is, and messages name it as it was typed.
//!
//! The compiler could do that by a remapping of its own, but all of its remappings have one scope (`--remap-path-scope`), and
//! the place of the standard library is to be left out of programs, not of messages. Renamed are the paths of spans, and in
//! the text for people the paths of the lines that say where (`--> x.rs:1:1`).

use std::path::{Path, PathBuf};

use crate::base::diagnostic::{Diagnostic, Span};
use crate::rust::recipe::RustRecipe;

/// Beginnings of paths, and what stands in the place of each.
#[derive(Debug, Clone)]
pub(crate) struct MessageNames {
    /// A directory with its slash; empty for all paths that are relative.
    names: Vec<(String, String)>,
}

impl MessageNames {
    /// Those of a script that the compiler knows by `name`.
    pub(crate) fn of(recipe: &RustRecipe<'_>, name: &Path) -> Option<MessageNames> {
        if recipe.options.portable {
            return None;
        }
        let own = match name.is_relative() {
            true => Some((String::new(), recipe.message_directory())).filter(|(_, to)| !to.is_empty()),
            false => {
                let base = recipe.base().to_str().map(|base| format!("{}/", base.trim_end_matches('/')));
                base.zip(recipe.shown_directory())
            }
        };
        let library = recipe.toolchain.library_source().filter(|(source, _)| source.is_dir());
        // Where it is, for whoever wants to look.
        let library =
            library.and_then(|(source, name)| Some((format!("{name}/"), format!("{}/", source.to_str()?))));
        Some(MessageNames { names: own.into_iter().chain(library).collect() })
    }

    /// Renames the files of a diagnostic and its children.
    pub(crate) fn rename(&self, diagnostic: &mut Diagnostic) {
        let mut rendered = String::with_capacity(diagnostic.rendered.len());
        for line in diagnostic.rendered.split_inclusive('\n') {
            let renamed = place_of(line).and_then(|at| Some((at, self.renamed(&line[at..])?)));
            match renamed {
                Some((at, name)) => rendered.extend([&line[..at], &name]),
                None => rendered.push_str(line),
            }
        }
        diagnostic.rendered = rendered;
        diagnostic.spans.iter_mut().for_each(|span| self.rename_span(span));
        diagnostic.children.iter_mut().for_each(|child| self.rename(child));
    }

    fn rename_span(&self, span: &mut Span) {
        if let Some(name) = span.path.to_str().and_then(|path| self.renamed(path)) {
            span.path = PathBuf::from(name);
        }
        if let Some(expansion) = &mut span.expansion {
            self.rename_span(&mut expansion.span);
        }
    }

    /// A path, and what follows it.
    fn renamed(&self, text: &str) -> Option<String> {
        self.names.iter().find_map(|(from, to)| {
            // `<anon>` is no file.
            let is_other = from.is_empty() && text.starts_with(['/', '<']);
            let rest = text.strip_prefix(from.as_str()).filter(|_| !is_other)?;
            Some(format!("{to}{rest}"))
        })
    }
}

/// Where the path is in a line of a message that says a place.
fn place_of(line: &str) -> Option<usize> {
    let mut at = 0;
    let mut is_place = false;
    loop {
        let rest = &line[at..];
        if rest.starts_with('\x1b') {
            at += rest.find('m')? + 1;
        } else if rest.starts_with(' ') {
            at += 1;
        } else if !is_place && (rest.starts_with("--> ") || rest.starts_with("::: ")) {
            is_place = true;
            at += 4;
        } else {
            return is_place.then_some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(from: &str, to: &str, text: &str) -> String {
        let names = MessageNames { names: vec![(from.to_owned(), to.to_owned())] };
        let span = r#"{"file_name":"/a/b/x.rs"}"#;
        let value =
            format!(r#"{{"message":"m","level":"error","spans":[{span}],"children":[],"rendered":""}}"#);
        let mut diagnostic = Diagnostic::parse(value.as_bytes()).unwrap();
        diagnostic.rendered = text.to_owned();
        names.rename(&mut diagnostic);
        let expected = if from == "/a/b/" { format!("{to}x.rs") } else { "/a/b/x.rs".to_owned() };
        assert_eq!(diagnostic.spans[0].path, Path::new(&expected));
        diagnostic.rendered
    }

    #[test]
    fn places_are_named_as_the_script_was_typed() {
        for (from, to, text, expected) in [
            ("/a/b/", "t/", "error\n --> /a/b/x.rs:1:1\n", "error\n --> t/x.rs:1:1\n"),
            ("/a/b/", "", "  ::: /a/b/m/n.rs:1:1\n", "  ::: m/n.rs:1:1\n"),
            (
                "/a/b/",
                "t/",
                "\x1b[1m\x1b[94m--> \x1b[0m/a/b/x.rs:1:1\n",
                "\x1b[1m\x1b[94m--> \x1b[0mt/x.rs:1:1\n",
            ),
            ("", "t/", " --> x.rs:1:1\n --> /usr/x.rs:1:1\n", " --> t/x.rs:1:1\n --> /usr/x.rs:1:1\n"),
            ("", "t/", "  --> <anon>:1:1\n", "  --> <anon>:1:1\n"),
        ] {
            assert_eq!(renamed(from, to, text), expected);
        }
        // The script's own lines, and paths that only begin alike.
        for text in ["3 | // --> /a/b/x.rs\n", " --> /a/bc/x.rs:1:1\n", "= note: /a/b/x.rs --> y\n", " -->"] {
            assert_eq!(renamed("/a/b/", "t/", text), text);
        }
    }
}
