//! The table of subcommands: names, arguments and help.

use runner::command_line::flags::{EVERY, FLAGS, Flag, SCRIPT};

/// A subcommand.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What follows it, apart from options.
    pub(crate) words: &'static str,
    /// What it does.
    pub(crate) help: &'static str,
}

const fn command(name: &'static str, words: &'static str, help: &'static str) -> Command {
    Command { name, words, help }
}

/// The words that are commands, in the order of help.
#[rustfmt::skip]
pub(crate) const COMMANDS: &[Command] = &[
    command("run", "SCRIPT [ARGS]...", "run a script (needed only if it is named like a subcommand)"),
    command("test", "SCRIPT|DIR... [ARGS]...", "run the tests of scripts"),
    command("watch", "SCRIPT [ARGS]...", "run a script again when something it is built from changes"),
    command("bench", "SCRIPT... [ARGS]...", "run the benchmarks of scripts"),
    command("build", "SCRIPT...", "write self-contained executables"),
    command("inspect", "FILE|NAME...", "show the build record (provenance) inside a program"),
    command("verify", "FILE|NAME...", "rebuild from source and compare byte by byte"),
    command("promote", "SCRIPT...", "install scripts as commands"),
    command("list", "", "list installed commands and whether they are up to date"),
    command("upgrade", "[NAME...]", "rebuild installed commands that are out of date"),
    command("rollback", "NAME...", "put back what the last upgrade of installed commands replaced"),
    command("demote", "NAME...", "remove installed commands"),
    command("check", "SCRIPT|DIR...", "type-check without building"),
    command("clippy", "SCRIPT|DIR...", "lint with clippy"),
    command("fmt", "SCRIPT|DIR...", "format in place"),
    command("doc", "SCRIPT...", "write the documentation"),
    command("migrate", "SCRIPT...", "rewrite the metadata in another form"),
    command("new", "FILE", "create a script from a template"),
    command("export", "SCRIPT DIR", "write a script as a cargo package"),
    command("import", "DIR|FILE", "make a script of a cargo package or a Rust file"),
    command("add", "SCRIPT CRATE[@REQ]...", "add dependencies to a script"),
    command("remove", "SCRIPT CRATE...", "remove dependencies from a script"),
    command("lock", "SCRIPT|DIR...", "write SCRIPT.lock, or check that it is up to date"),
    command("tree", "SCRIPT [ARGS]...", "show the dependencies as a tree"),
    command("outdated", "[SCRIPT...]", "list dependencies that have newer versions"),
    command("trust", "[list|add|remove] [URL...]", "let scripts by URL run, and list those that may"),
    command("update", "SCRIPT...", "update the dependencies to their newest versions"),
    command("why", "SCRIPT...", "explain whether the next run is a cache hit, and why not"),
    command("inputs", "SCRIPT...", "list what a build rests on: files, names looked for, variables"),
    command("doctor", "[SCRIPT]", "look for what keeps scripts from running, and say what mends it"),
    command("env", "[NAME...]", "show settings and where each comes from"),
    command("cache", "path|size|list|stats|trim|stop|clean|push [SCRIPT]", "inspect and trim the cache"),
    command("edit", "SCRIPT", "open in an editor; print the settings of editors"),
    command("lsp", "", "language server for editors: completion and diagnostics in scripts"),
    command("discover", "JSON|SCRIPT...", "print the project of a script, for rust-analyzer or clangd"),
    command("completions", "bash|zsh|fish|elvish|nushell|powershell", "print the completion script of a shell"),
    command("help", "[TOPIC]", "show this help, or that of a subcommand or topic"),
];

/// What follows a subcommand, apart from options.
pub(crate) fn words_of(name: &str) -> &'static str {
    COMMANDS.iter().find(|command| command.name == name).map_or("", |command| command.words)
}

/// Words that other tools have, and what is said here.
const WORDS_OF_OTHERS: &[(&str, &str)] = &[
    ("clean", "cache clean"),
    ("compile", "build"),
    ("delete", "demote"),
    ("eject", "export"),
    ("eval", "-e EXPR"),
    ("exec", "run"),
    ("execute", "run"),
    ("expand", "build -x"),
    ("explain", "why"),
    ("format", "fmt"),
    ("gc", "cache trim"),
    ("info", "inspect"),
    ("init", "help shebang"),
    ("install", "promote"),
    ("lint", "clippy"),
    ("ls", "list"),
    ("new", "help shebang"),
    ("prune", "cache trim"),
    ("repl", "-e EXPR"),
    ("rm", "demote"),
    ("show", "inspect"),
    ("uninstall", "demote"),
    ("version", "--version"),
];

/// What is probably meant by a word that is none of these, as a hint.
pub(crate) fn meant(word: &str) -> Option<String> {
    let of_others = WORDS_OF_OTHERS.iter().find(|(other, _)| *other == word);
    let of_others = of_others.map(|(_, own)| format!("did you mean `runner {own}`?"));
    let similar = || {
        COMMANDS
            .iter()
            .map(|command| command.name)
            .find(|known| runner::command_line::is_similar(known, word))
    };
    of_others.or_else(|| similar().map(|known| format!("there is a subcommand `{known}`")))
}

/// The subcommands that are given a script and build it.
const SCRIPT_COMMANDS: &[&str] = &[
    "run",
    "expr",
    "test",
    "bench",
    "watch",
    "build",
    "background",
    "promote",
    "check",
    "clippy",
    "fmt",
    "doc",
    "migrate",
    "export",
    "lock",
    "tree",
    "outdated",
    "update",
    "why",
    "inputs",
    "env",
    "edit",
];

/// Whether a subcommand takes a flag.
pub(crate) fn takes(command: &str, flag: &Flag) -> bool {
    flag.is_of(EVERY) || flag.is_of(command) || flag.is_of(SCRIPT) && SCRIPT_COMMANDS.contains(&command)
}

/// The flags that a subcommand takes.
pub(crate) fn flags_of(command: &str) -> impl Iterator<Item = &'static Flag> {
    FLAGS.iter().filter(move |flag| takes(command, flag))
}

/// Whether a word is a subcommand.
pub(crate) fn is_command(word: &str) -> bool {
    COMMANDS.iter().any(|command| command.name == word)
}
