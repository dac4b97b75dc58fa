//! The interface between the language server and the engine: which files are scripts, and their projects.
//!
//! Everything is asked for a *text*, because a script in an editor is its buffer: it may be unsaved, or never saved. Calls of
//! [`Projects::project`], [`Projects::add_dependency`] and the commands happen on threads of their own; all others on the
//! one that moves messages, and must not start processes that last.

use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A language that has a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// rust-analyzer.
    Rust,
    /// clangd.
    C,
    /// clangd.
    Cpp,
    /// gopls.
    Go,
    /// zls.
    Zig,
}

impl Language {
    /// All of them, in the order in which a server is looked for if nothing says which.
    pub(crate) const ALL: [Language; 5] =
        [Language::Rust, Language::C, Language::Cpp, Language::Go, Language::Zig];

    /// The `languageId` of the protocol.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Cpp => "cpp",
            Language::Go => "go",
            Language::Zig => "zig",
        }
    }

    /// The language of a `languageId`.
    pub(crate) fn of_id(id: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.id() == id)
    }

    /// The language whose server serves this one.
    pub(super) fn served_as(self) -> Language {
        if self == Language::Cpp { Language::C } else { self }
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A script.
    Script(Language),
    /// A file that belongs to a script: `mod name;` leads to it.
    Module {
        /// The script.
        script: PathBuf,
    },
    /// None of ours: passed through untouched.
    Other,
}

/// What the head of a script says, as far as it decides which project the script has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Changes when anything changes that the project is made from.
    pub(crate) digest: String,
    /// The toolchain that the script asks for; each has a server of its own.
    pub(crate) toolchain: Option<String>,
}

/// Something wrong with a script that no server can know: in its metadata, or with a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Bytes of the script's text. An empty range at the start of a line is shown as the whole line.
    pub(crate) range: Range<usize>,
    /// One sentence; cargo's own words where they are cargo's.
    pub(crate) message: String,
    /// Whether the script cannot be built because of it.
    pub(crate) is_error: bool,
}

/// The project of a Rust script.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// As in `rust-project.json`.
    pub(crate) rust_project: Value,
    /// What is wrong all the same, such as a dependency that cannot be had.
    pub(crate) problems: Vec<Problem>,
}

/// What the compiler is given in place of a script's text. No line moves; positions are bytes of the script's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The opening and the closing of a `main`, in the order of their places.
    pub(crate) insertions: Vec<Insertion>,
    /// What becomes white space: a byte order mark, `mod name;` that an insertion repeats.
    pub(crate) blanks: Vec<Range<usize>>,
    /// What stands in place of a `#!` line.
    pub(crate) first_line: FirstLine,
    /// The end of what is no code: first line and metadata. No edit of a server may touch what is above.
    pub(crate) head_end: usize,
    /// Where a new item may stand: below inner attributes too.
    pub(crate) items_start: usize,
    /// What can be run.
    pub(crate) runnables: Vec<Runnable>,
}

/// What stands in place of a `#!` line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// The line itself: Rust knows it.
    #[default]
    Kept,
    /// `//` for `#!`, and the rest of it.
    Comment,
    /// `//go:build ignore`, by which gopls knows a file as a program of its own: two of them in a directory do not both
    /// declare `main`.
    GoProgram,
}

/// Something inserted within a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Insertion {
    /// Where.
    pub(crate) at: usize,
    /// What, in one line.
    pub(crate) text: String,
    /// Whether a cursor at that very place is behind it; else it is before it.
    pub(crate) is_before_cursor: bool,
}

/// Something that gets a code lens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Runnable {
    /// `None` for the script itself, else the name of a test.
    pub(crate) test: Option<String>,
    /// Where the lens stands: at `main` or at the first statement; at the test's function.
    pub(crate) at: usize,
}

/// How clangd is to compile a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompileCommand {
    /// Where.
    pub(crate) directory: PathBuf,
    /// The compiler and its arguments, the file among them.
    pub(crate) arguments: Vec<String>,
}

/// A language server's executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerProgram {
    /// Its path, or a name on PATH.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// All its variables; of two of one name the later counts.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// As people know it.
    pub(crate) name: String,
}

/// What an editor may ask to be done with a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// `runner SCRIPT`
    Run,
    /// `runner test SCRIPT`
    Test,
    /// `runner build SCRIPT`
    Build,
    /// `runner build --debug --print-path --json SCRIPT`
    Debug,
    /// `runner update --lock SCRIPT`
    Lock,
}

impl Action {
    /// All of them.
    pub(crate) const ALL: [Action; 5] =
        [Action::Run, Action::Test, Action::Build, Action::Debug, Action::Lock];

    /// The command of the protocol.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Action::Run => "runner.run",
            Action::Test => "runner.test",
            Action::Build => "runner.build",
            Action::Debug => "runner.debug",
            Action::Lock => "runner.lock",
        }
    }
}

/// What the language server asks of the rest of the program.
pub(crate) trait Projects: Send + Sync {
    /// What a file is. `language_id` is the editor's opinion, which may be wrong for a file without extension.
    fn kind(&self, path: &Path, language_id: &str, text: &str) -> Kind;

    /// What the compiler is given in place of a script's text.
    fn changes(&self, path: &Path, language: Language, text: &str) -> Changes;

    /// What the head of a script says.
    ///
    /// # Errors
    /// What is wrong with it, if it cannot be read; the project that there is stays.
    fn head(&self, path: &Path, language: Language, text: &str) -> Result<Head, Vec<Problem>>;

    /// The project of a Rust script as far as it can be had at once: of `std` alone.
    fn bare_project(&self, path: &Path, text: &str) -> Option<Value>;

    /// The project of a Rust script. `progress` takes what is being done, a few words.
    ///
    /// # Errors
    /// What is wrong, if there is none.
    fn project(&self, path: &Path, text: &str, progress: &dyn Fn(&str)) -> Result<Project, Vec<Problem>>;

    /// How clangd is to compile a script in C or C++.
    fn compile_command(&self, path: &Path, language: Language, text: &str) -> Option<CompileCommand>;

    /// The server of a language, for scripts of that toolchain or for what is no script.
    ///
    /// # Errors
    /// A message with what to install.
    fn server(&self, language: Language, toolchain: Option<&str>) -> Result<ServerProgram, String>;

    /// The variables that servers are given.
    fn variables(&self) -> Vec<(OsString, OsString)>;

    /// What a server answered to `initialize` when it was asked before.
    fn remembered(&self, program: &ServerProgram) -> Option<Value>;

    /// Keeps what a server answered to `initialize`, until its executable changes.
    fn remember(&self, program: &ServerProgram, answer: &Value);

    /// The text of a script with one dependency more.
    ///
    /// # Errors
    /// A message.
    fn add_dependency(&self, path: &Path, text: &str, name: &str) -> Result<String, String>;

    /// The text of a script, formatted; `None` if it cannot be.
    fn formatted(&self, path: &Path, language: Language, text: &str) -> Option<String>;

    /// The command for an action; `arguments` are the names of tests.
    fn command(&self, action: Action, path: &Path, arguments: &[String]) -> Command;
}
