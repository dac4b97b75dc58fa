//! A language other than Rust, as plain data: its names, how its scripts are recognized, and its compilers.
//!
//! Everything in a [`Language`] lives as long as the process. One that a configuration file defines is leaked: there are few,
//! and they are needed to the end.

/// A language other than Rust.
#[derive(Debug)]
pub(crate) struct Language {
    /// The name in `--lang` and metadata.
    pub(crate) name: &'static str,
    /// The name in messages.
    pub(crate) display_name: &'static str,
    /// Other names for `--lang`.
    pub(crate) aliases: &'static [&'static str],
    /// Extensions of its files.
    pub(crate) extensions: &'static [&'static str],
    /// Programs that a `#!` line starts its scripts with.
    pub(crate) programs: &'static [&'static str],
    /// Beginnings of the first line of code.
    pub(crate) code_prefixes: &'static [&'static str],
    /// Begins a comment that ends with its line; empty if there is no such comment.
    pub(crate) line_comment: &'static str,
    /// The command of its formatter, from standard input to standard output: `{name}` is the name of the file.
    pub(crate) formatter: &'static [&'static str],
    /// Variables that its compilers, and what those start, go by: they are started with these, the common ones and no others.
    pub(crate) variables: &'static [&'static str],
    pub(crate) compilers: Compilers,
}

/// The compilers of a language, and how they are called.
#[derive(Debug)]
pub(crate) enum Compilers {
    /// A C or C++ compiler with the usual arguments.
    CFamily(CFamily),
    /// The go command.
    Go,
    /// The first of these that is installed.
    Templates(&'static [Template]),
    /// None: this interpreter runs it.
    Interpreter(&'static str),
}

/// C or C++.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CFamily {
    C,
    Cpp,
}

/// A compiler of one file into one program, described by data.
///
/// In arguments `{source}`, `{output}`, `{staging}` and `{read}` stand for paths: the source, the program, the staging
/// directory, and the report of what the compiler read. `{flags}` stands for the flags of the profile and the script.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) program: &'static str,
    /// Arguments with which it prints its version.
    pub(crate) version: &'static [&'static str],
    pub(crate) arguments: &'static [&'static str],
    pub(crate) release: &'static [&'static str],
    pub(crate) dev: &'static [&'static str],
    pub(crate) quick: &'static [&'static str],
    /// Flags for a static program, if it can link one.
    pub(crate) static_flags: Option<&'static [&'static str]>,
    /// Flags for a stripped program.
    pub(crate) strip_flags: &'static [&'static str],
    /// Extensions that it needs on a source file, the first for copies.
    pub(crate) extensions: &'static [&'static str],
    /// Whether it ignores a `#!` line.
    pub(crate) takes_shebang: bool,
    /// Whether it runs in the script's directory, and so finds relative files there; else it runs in staging.
    pub(crate) runs_in_script_directory: bool,
    /// A line that names the source, with `{}` for the path, for compilers that write beside their source and therefore get
    /// a copy.
    pub(crate) line_marker: Option<&'static str>,
    pub(crate) report: Report,
    /// First words of its command line that are not flags.
    pub(crate) subcommands: &'static [&'static str],
    /// Advice on how to install it.
    pub(crate) install: &'static str,
}

/// How a compiler reports what it read, for where it is not observed.
///
/// No report says which names were looked for in vain. So a build is kept only if the script is by itself: no directory of its
/// own is searched, and nothing was read but the script and what came with the compiler, or files of which all of their
/// directory is watched.
#[derive(Debug)]
pub(crate) enum Report {
    /// A Makefile rule in `{read}`.
    Depfile,
    /// None; the script reads something else if one of these words is in it, but for those followed by one of the second.
    Words(&'static [&'static str], &'static [&'static str]),
}

impl Language {
    /// Whether a `#!` line or a call of this program is one of its compilers': `gcc`, and `gcc-12` too.
    pub(crate) fn is_started_by(&self, program: &str) -> bool {
        let is_version = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
        self.programs.iter().any(|known| {
            program.strip_prefix(known).is_some_and(|rest| match rest.strip_prefix('-') {
                Some(version) => is_version(version),
                None => rest.is_empty() || *known == "go" && is_version(rest),
            })
        })
    }

    /// Whether it has compilers.
    pub(crate) fn is_compiled(&self) -> bool {
        !matches!(self.compilers, Compilers::Interpreter(_))
    }

    /// `a C script`, `an OCaml script`.
    pub(crate) fn with_article(&self) -> String {
        let article = if self.display_name.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
        format!("{article} {} script", self.display_name)
    }
}
