//! Gives the compiler a script, as a file or through standard input.
//!
//! A script that is fine as it is, it reads in its place. A text that is given in place of the file (see
//! [`crate::rust::source::main_wrapper`]), and a script that is no file, it reads from its standard input, with a name for what it reads. That
//! is how rustdoc has documentation tests compiled: `UNSTABLE_RUSTDOC_TEST_PATH` is the path that `file!()`, messages, `mod`
//! and `include_*!` go by, and `UNSTABLE_RUSTDOC_TEST_LINE`, which is
//! added to the lines in messages, must be there too. So nothing has to lie beside
//! the script for it to have its neighbours. Both are read by every compiler since 1.43, and are as stable as the use rustdoc
//! makes of them; `tests/it/script/slow/mainless.rs` would notice.

pub(crate) mod diagnostics;
pub(crate) mod expression;
pub(crate) mod main_wrapper;
pub(crate) mod message_names;
pub(crate) mod outline;
pub(crate) mod repair;
pub(crate) mod span_map;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::base::diagnostic::{Diagnostic, Message, Span};
use crate::report::rendering::{self, Look, Texts};
use crate::request::dialect::Dialect;
use crate::rust::recipe::RustRecipe;
use crate::rust::source::diagnostics::Inserted;
use crate::rust::source::message_names::MessageNames;
use crate::script::script_file::Location;

/// The name of a script that has none.
const NAMELESS: &str = "script.rs";

/// Where the compiler finds the script.
pub(crate) struct Source {
    /// The script's path, or what stands for it.
    pub(crate) path: PathBuf,
    /// What the compiler takes for its path. It takes none that is not UTF-8: such a directory it only stands in.
    pub(crate) name: PathBuf,
    /// The same, where it would be taken for an option or for a file of arguments.
    argument: PathBuf,
    /// The text it reads from its standard input, and what of it is ours.
    piped: Option<Piped>,
    /// How messages call it, if not by that name.
    shown: Option<String>,
    /// How they call it and the files beside it, where the compiler reads it in its place.
    names: Option<MessageNames>,
}

/// A text that the compiler reads in place of the script.
struct Piped {
    /// Where it lies.
    file: PathBuf,
    /// What of it is ours.
    inserted: Inserted,
    /// The script's own.
    original: String,
    /// What relative paths in messages are taken from.
    base: PathBuf,
}

/// A path that no compiler takes for an option (`-x.rs`) or for a file of arguments (`@x.rs`).
fn unmistakable(name: &Path) -> PathBuf {
    match name.to_str().is_some_and(|name| name.starts_with(['-', '@'])) {
        true => Path::new(".").join(name),
        false => name.to_owned(),
    }
}

impl Source {
    pub(crate) fn place(recipe: &RustRecipe<'_>, staging: &Path) -> io::Result<Source> {
        Source::place_text(recipe, recipe.code.text.as_deref(), &recipe.code.inserted, staging)
    }

    /// The text that is tried first, if there is one: its macros may make the `main` that is not to be seen in it.
    pub(crate) fn place_plain(recipe: &RustRecipe<'_>, staging: &Path) -> io::Result<Option<Source>> {
        let plain = recipe.code.plain.as_deref();
        plain.map(|text| Source::place_text(recipe, Some(text), &Inserted::default(), staging)).transpose()
    }

    fn place_text(
        recipe: &RustRecipe<'_>,
        text: Option<&str>,
        inserted: &Inserted,
        staging: &Path,
    ) -> io::Result<Source> {
        let file_name = recipe.script.path().and_then(Path::file_name).and_then(OsStr::to_str);
        // Cargo calls the compiler in the script's directory: `file!()` and panics name the file alone.
        let is_alone = recipe.manifest.dialect() == Dialect::Cargo;
        let own_name = match (recipe.script.location(), file_name) {
            (Location::File(path), Some(_)) if path.to_str().is_some() && !is_alone => Some(path.clone()),
            (Location::File(_), Some(name)) => Some(PathBuf::from(name)),
            _ => None,
        };
        let path = recipe.script.path().map_or_else(|| recipe.base().join(NAMELESS), Path::to_owned);
        let text = match (text, own_name) {
            (None, Some(name)) if !recipe.script.is_overlay() => {
                let argument = unmistakable(&name);
                let names = MessageNames::of(recipe, &name);
                return Ok(Source { path, name, argument, piped: None, shown: None, names });
            }
            (Some(text), _) => text.as_bytes(),
            (None, _) => recipe.script.bytes(),
        };
        let given = recipe.script.inline_source();
        let name = match file_name {
            // Nothing of this machine is to be in what is handed on.
            Some(name) if is_alone || recipe.options.portable => PathBuf::from(name),
            Some(name) => path.to_str().map_or_else(|| PathBuf::from(name), PathBuf::from),
            None => PathBuf::from(given.map_or(NAMELESS, |given| given.name)),
        };
        let file = staging.join("source");
        std::fs::write(&file, text)?;
        let directory = match name.is_relative() {
            true => Some(recipe.message_directory()),
            false => recipe.shown_directory(),
        };
        let shown = directory.zip(file_name).map(|(directory, name)| directory + name);
        let inserted = match given.filter(|given| given.opening > 0) {
            Some(given) => {
                let part =
                    |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
                let closing = part(given.closing.and_then(|at| text.get(at..)));
                let own = recipe.script.typed().to_string_lossy();
                let last = own.lines().last().unwrap_or_default();
                Inserted {
                    line: 1,
                    column: 0,
                    opening: part(text.get(..given.opening)),
                    closing: closing.lines().next().unwrap_or_default().to_owned(),
                    end: (own.lines().count().max(1), last.chars().count()),
                    anchor: (1, 0),
                    moved: Vec::new(),
                    is_last: true,
                }
            }
            None => inserted.clone(),
        };
        let original = match given.filter(|given| given.opening > 0) {
            Some(_) => recipe.script.typed().to_string_lossy().into_owned(),
            None => String::from_utf8_lossy(recipe.script.bytes()).into_owned(),
        };
        let piped = Piped { file, inserted, original, base: recipe.base().to_owned() };
        let names = MessageNames::of(recipe, &name).filter(|_| name.is_absolute());
        Ok(Source { path, argument: name.clone(), name, piped: Some(piped), shown, names })
    }

    /// What the compiler is told to read.
    pub(crate) fn argument(&self) -> &Path {
        if self.piped.is_some() { Path::new("-") } else { &self.argument }
    }

    /// What it reads there, if it does.
    pub(crate) fn text(&self) -> io::Result<Option<Vec<u8>>> {
        self.piped.as_ref().map(|piped| std::fs::read(&piped.file)).transpose()
    }

    /// Its standard input.
    pub(crate) fn input(&self) -> io::Result<Stdio> {
        match &self.piped {
            Some(piped) => Ok(File::open(&piped.file)?.into()),
            None => Ok(Stdio::null()),
        }
    }

    /// Tells the compiler what it reads.
    pub(crate) fn name_to(&self, command: &mut Command) {
        if self.piped.is_some() {
            command.env("UNSTABLE_RUSTDOC_TEST_PATH", &self.name);
            command.env("UNSTABLE_RUSTDOC_TEST_LINE", "0");
        }
    }

    /// What the compiler said, with the script's own lines and columns, and its name as it was typed: the compiler's own ways
    /// to call a file otherwise are for files.
    pub(crate) fn in_its_words(&self, printed: &[u8], look: Look) -> Vec<Message> {
        let mut messages = Message::read_all(printed);
        for message in &mut messages {
            if let Message::Diagnostic(diagnostic) = message {
                let children = diagnostic.children.iter_mut().map(|child| &mut child.message);
                children.chain([&mut diagnostic.rendered]).for_each(name_runner);
            }
        }
        let mut messages = self.own_messages(messages, look);
        for message in &mut messages {
            if let (Message::Diagnostic(diagnostic), Some(names)) = (message, &self.names) {
                names.rename(diagnostic);
            }
        }
        messages
    }

    fn own_messages(&self, messages: Vec<Message>, look: Look) -> Vec<Message> {
        let Some(piped) = &self.piped else { return messages };
        let mut left_out = 0;
        let mut own: Vec<Message> = Vec::with_capacity(messages.len());
        for message in messages {
            match message {
                Message::Diagnostic(diagnostic) => match self.own_diagnostic(&diagnostic, piped, look) {
                    Some(diagnostic) => own.extend(recounted(diagnostic, left_out).map(Message::Diagnostic)),
                    None => left_out += 1,
                },
                text => own.push(text),
            }
        }
        own
    }

    fn own_diagnostic(&self, diagnostic: &Diagnostic, piped: &Piped, look: Look) -> Option<Diagnostic> {
        let is_script = |span: &Span| span.path == self.name;
        let children = diagnostic.children.iter();
        let mut spans = diagnostic.spans.iter().chain(children.flat_map(|child| &child.spans));
        if !spans.any(|span| is_within(span, &is_script)) {
            return Some(diagnostic.clone());
        }
        let mut mapped = piped.inserted.mapped(diagnostic, &is_script, &piped.original)?;
        let name = self.shown.as_ref().map_or_else(|| self.name.clone(), PathBuf::from);
        let children = mapped.children.iter_mut();
        for span in mapped.spans.iter_mut().chain(children.flat_map(|child| &mut child.spans)) {
            rename(span, &is_script, &name);
        }
        let mut texts = Texts::from([(name, Some(piped.original.clone()))]);
        rendering::read_texts(&mapped, &piped.base, &mut texts);
        mapped.rendered = rendering::render(&mapped, &texts, look);
        Some(mapped)
    }
}

/// What is before the name of a crate that rustc misses.
pub(crate) const ADD: &str = "use `runner add SCRIPT ";

/// Has a crate that rustc would have one add with cargo added to the script.
fn name_runner(text: &mut String) {
    if let Some((before, rest)) = text.split_once("use `cargo add ")
        && let Some((name, after)) = rest.split_once("` to add it to your `Cargo.toml`")
    {
        *text = format!("{before}{ADD}{name}` to add it to the script{after}");
    }
}

/// Whether a span is in the script, or in what a macro made that the script calls.
fn is_within(span: &Span, is_script: &dyn Fn(&Span) -> bool) -> bool {
    is_script(span) || span.expansion.as_ref().is_some_and(|expansion| is_within(&expansion.span, is_script))
}

/// Calls the script as it was typed.
fn rename(span: &mut Span, is_script: &dyn Fn(&Span) -> bool, name: &Path) {
    if is_script(span) {
        span.path = name.to_owned();
    }
    if let Some(expansion) = &mut span.expansion {
        rename(&mut expansion.span, is_script, name);
    }
}

/// The count of warnings at the end, without those that were left out; `None` if none is left to be counted.
fn recounted(mut diagnostic: Diagnostic, left_out: usize) -> Option<Diagnostic> {
    let count = diagnostic.message.strip_suffix(" emitted").filter(|_| diagnostic.spans.is_empty());
    let count = count.and_then(|text| text.rsplit_once(" warning")).map(|(before, _)| before);
    let number = count.and_then(|before| before.rsplit(' ').next()?.parse::<usize>().ok());
    let Some(number) = number.filter(|_| left_out > 0) else { return Some(diagnostic) };
    let words = |number: usize| format!("{number} warning{} emitted", if number == 1 { "" } else { "s" });
    let rest = number.saturating_sub(left_out);
    let (old, new) = (words(number), words(rest));
    if rest == 0 && diagnostic.message == old {
        return None;
    }
    let change = |text: &str| match rest {
        0 => text.replace(&format!("; {old}"), ""),
        _ => text.replace(&old, &new),
    };
    diagnostic.message = change(&diagnostic.message);
    diagnostic.rendered = change(&diagnostic.rendered);
    Some(diagnostic)
}
