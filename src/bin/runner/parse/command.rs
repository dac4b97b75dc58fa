//! What a command line asks for.

use std::ffi::OsString;
use std::path::PathBuf;

use runner::{
    Addition, ExportMode, Expression, ImportMode, Lint, NewScript, Options, Placement, Renewal, Style,
    WatchOptions,
};

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Run {
        script: OsString,
        arguments: Vec<OsString>,
        options: Options,
    },
    Evaluate {
        expression: Expression,
        base: PathBuf,
        arguments: Vec<OsString>,
        options: Options,
    },
    Build {
        scripts: Vec<OsString>,
        output: Option<PathBuf>,
        saying: Saying,
        options: Options,
    },
    /// Shows the build records in programs.
    Inspect {
        programs: Vec<OsString>,
        json: bool,
    },
    /// Gives programs the build record on standard input.
    AddRecord {
        programs: Vec<OsString>,
    },
    /// Builds programs again, and compares.
    Verify {
        programs: Vec<OsString>,
        script: Option<OsString>,
        options: Options,
    },
    BuildCache {
        scripts: Vec<OsString>,
        options: Options,
    },
    Background {
        script: OsString,
        options: Options,
    },
    /// Runs the tests or benchmarks of several scripts; `words` are the subcommand and its options, as they were typed.
    Test {
        scripts: Vec<OsString>,
        words: Vec<OsString>,
        arguments: Vec<OsString>,
        options: Options,
    },
    Add {
        script: OsString,
        addition: Addition,
        options: Options,
        json: bool,
    },
    Remove {
        script: OsString,
        names: Vec<String>,
        /// Options of `cargo remove`.
        cargo: Vec<OsString>,
        dry_run: bool,
        options: Options,
        json: bool,
    },
    Export {
        script: OsString,
        directory: PathBuf,
        mode: ExportMode,
        options: Options,
        json: bool,
    },
    Import {
        from: PathBuf,
        mode: ImportMode,
        json: bool,
        quiet: bool,
    },
    New {
        file: PathBuf,
        new: NewScript,
        options: Options,
    },
    Doctor {
        script: Option<OsString>,
        strict: bool,
        json: bool,
        quiet: bool,
        options: Options,
    },
    Rollback {
        names: Vec<OsString>,
        force: bool,
        dry_run: bool,
        quiet: bool,
    },
    Watch {
        script: OsString,
        arguments: Vec<OsString>,
        how: WatchOptions,
        clears: bool,
        options: Options,
    },
    Lock {
        scripts: Vec<OsString>,
        renewal: Renewal,
        check: bool,
        options: Options,
        json: bool,
    },
    Tree {
        script: OsString,
        arguments: Vec<OsString>,
        options: Options,
    },
    Outdated {
        scripts: Vec<OsString>,
        transitive: bool,
        options: Options,
        json: bool,
    },
    Update {
        scripts: Vec<OsString>,
        write_lock: bool,
        options: Options,
    },
    Trust {
        command: TrustCommand,
        quiet: bool,
    },
    Promote {
        scripts: Vec<OsString>,
        placement: Placement,
        options: Options,
    },
    Demote {
        quiet: bool,
        dry_run: bool,
        names: Vec<OsString>,
        force: bool,
    },
    PromoteFrom(Moving),
    List {
        json: bool,
        export: Option<PathBuf>,
    },
    /// Builds again what was promoted; everything, if no names are given.
    Upgrade {
        names: Vec<OsString>,
        options: Options,
    },
    Why {
        scripts: Vec<OsString>,
        options: Options,
        json: bool,
    },
    /// Lists what builds rest on.
    Inputs {
        scripts: Vec<OsString>,
        options: Options,
        json: bool,
    },
    /// Shows what the compiler or clippy says of a script.
    Check {
        scripts: Vec<OsString>,
        lint: Lint,
        arguments: Vec<OsString>,
        data: Data,
        options: Options,
    },
    Document {
        scripts: Vec<OsString>,
        directory: Option<PathBuf>,
        arguments: Vec<OsString>,
        options: Options,
    },
    Format {
        scripts: Vec<OsString>,
        arguments: Vec<OsString>,
        options: Options,
    },
    Migrate {
        scripts: Vec<OsString>,
        style: Style,
    },
    /// Shows what runner sees, and where it comes from.
    Env {
        names: Vec<String>,
        script: Option<OsString>,
        options: Options,
        json: bool,
    },
    /// Writes the package that cargo would be given, and prints where.
    Package {
        script: OsString,
        directory: Option<PathBuf>,
        options: Options,
    },
    /// With colors, or without.
    Colored {
        is_colored: bool,
        command: Box<Command>,
    },
    /// What is to be done, and told as JSON.
    AsJson(Box<Command>),
    /// Empties the cache first.
    AfterCleaning(Box<Command>),
    Cache(CacheCommand),
    /// Tells rust-analyzer or clangd the projects of scripts.
    Discover {
        words: Vec<OsString>,
        form: Project,
    },
    /// Opens a script in an editor.
    Edit {
        script: OsString,
        open: Option<String>,
        options: Options,
    },
    /// Prints the settings of an editor.
    EditorConfig(String),
    /// Serves an editor.
    LanguageServer {
        server: Option<PathBuf>,
        language: Option<String>,
    },
    Help(Option<String>),
    /// The page for `man`.
    Manual,
    /// What a shell loads; or, given the words before the cursor, what can stand there.
    Completions {
        shell: String,
        words: Vec<OsString>,
    },
    Version,
    /// Of the tool whose name runner was called by.
    VersionOf(&'static str),
}

/// What is to be done with the cache.
#[derive(Debug)]
pub(crate) enum CacheCommand {
    Path,
    Size,
    List,
    Stats,
    Trim { older: Option<String>, max_size: Option<String>, only_shows: bool },
    Clean(Option<PathBuf>),
    Push(Vec<OsString>),
    Stop,
}

/// How what another machine had is installed.
#[derive(Debug)]
pub(crate) struct Moving {
    pub(crate) file: PathBuf,
    pub(crate) force: bool,
    pub(crate) dry_run: bool,
    pub(crate) quiet: bool,
}

/// What is to be done with scripts by URL.
#[derive(Debug)]
pub(crate) enum TrustCommand {
    List,
    Add(Vec<OsString>),
    Remove(Vec<OsString>),
}

/// How diagnostics are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// For a person.
    Text,
    /// As JSON; of the text on standard input, if `is_buffer`.
    Json { is_buffer: bool },
}

/// How projects of scripts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Project {
    /// Lines of rust-analyzer's protocol.
    Lines,
    /// `rust-project.json`.
    Whole,
    /// `compile_commands.json`.
    CompileCommands,
}

/// What `build` is to write or say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Saying {
    /// The program's path in the cache, where it is then built.
    pub(crate) path: bool,
    /// An object a program.
    pub(crate) json: bool,
    /// The link that is to lead to the program.
    pub(crate) link: Option<PathBuf>,
}
