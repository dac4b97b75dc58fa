//! The system calls of a command, as `strace` tells them, and faults put among them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::sandbox::{RUNNER, Ran, Run, Sandbox, skipped};

/// One finished system call.
#[derive(Debug, Clone)]
pub struct Call {
    pub process: u32,
    pub name: String,
    /// The text between the parentheses.
    pub arguments: String,
    /// The text after `=`; `?` if the process was killed in it.
    pub result: String,
}

impl Call {
    pub fn failed(&self) -> bool {
        self.result.starts_with('-') || self.result.starts_with('?')
    }

    /// The quoted texts among its arguments.
    pub fn texts(&self) -> Vec<String> {
        self.arguments.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// The path of its first descriptor, as `-y` shows it.
    pub fn descriptor_path(&self) -> Option<PathBuf> {
        let first = self.arguments.split(", ").next()?;
        let (_, rest) = first.split_once('<')?;
        Some(PathBuf::from(rest.strip_suffix('>')?.trim_end_matches(" (deleted)")))
    }

    /// Whether it may change the file system.
    pub fn changes_files(&self) -> bool {
        match self.name.as_str() {
            "open" | "openat" | "creat" => {
                ["O_CREAT", "O_TRUNC"].iter().any(|flag| self.arguments.contains(flag))
            }
            // What goes to a terminal or a pipe is not in a file.
            "write" | "pwrite64" | "writev" | "copy_file_range" | "sendfile" | "ftruncate" | "fsync"
            | "fdatasync" | "fchmod" | "fallocate" => {
                self.descriptor_path().is_some_and(|path| path.is_absolute() && !path.starts_with("/dev"))
            }
            "mkdir" | "mkdirat" | "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" | "rmdir"
            | "link" | "linkat" | "symlink" | "symlinkat" | "chmod" | "fchmodat" | "fchmodat2"
            | "utimensat" | "truncate" | "flock" | "syncfs" | "memfd_create" | "mknodat" => true,
            _ => false,
        }
    }
}

/// Whether runner can be traced here; says aloud if not.
pub fn is_there() -> bool {
    static THERE: OnceLock<Result<(), &str>> = OnceLock::new();
    let there = THERE.get_or_init(|| {
        let mut strace = Command::new("strace");
        strace.args(["-qq", "-e", "trace=none", "true"]).stderr(Stdio::null());
        if !strace.status().is_ok_and(|status| status.success()) {
            return Err("no strace, or no permission to trace (apt-get install strace)");
        }
        // Else the calls that it shows are those of whoever executes runner.
        let found = Command::new("/bin/sh").args(["-c", "command -v strace"]).output().unwrap();
        let strace = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim_end());
        match machine(&strace) == machine(Path::new(RUNNER)) {
            true => Ok(()),
            false => Err("strace is for another kind of machine than runner"),
        }
    });
    if let Err(why) = there {
        skipped(why);
    }
    there.is_ok()
}

/// `e_machine` of an ELF program.
fn machine(program: &Path) -> Option<Vec<u8>> {
    std::fs::read(program).ok()?.get(18..20).map(<[u8]>::to_vec)
}

/// `strace OPTION… runner ARGUMENT…`, writing to `log`.
pub fn command<'a>(sandbox: &'a Sandbox, log: &Path, options: &[&str], arguments: &[&str]) -> Run<'a> {
    sandbox.command("strace").args(["-qq", "-o"]).args([log]).args(options).args([RUNNER]).args(arguments)
}

/// Runs `runner ARGUMENT…` under strace, and tells its calls in the order in which they ended.
pub fn trace(sandbox: &Sandbox, options: &[&str], arguments: &[&str]) -> (Ran, Vec<Call>) {
    let log = sandbox.root().join("strace");
    let ran = command(sandbox, &log, options, arguments).run();
    (ran, read(&log))
}

/// Reads what strace wrote. Lines begin with a process id only if it followed children.
pub fn read(log: &Path) -> Vec<Call> {
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
    let mut unfinished: HashMap<u32, String> = HashMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let (process, rest) = match line.split_once(' ') {
            Some((first, rest)) if first.bytes().all(|byte| byte.is_ascii_digit()) && !first.is_empty() => {
                (first.parse().unwrap(), rest.trim_start())
            }
            _ => (0, line),
        };
        if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            unfinished.insert(process, begun.to_owned());
            continue;
        }
        let whole = match rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, end)) => unfinished.remove(&process).unwrap_or_default() + end,
            None => rest.to_owned(),
        };
        calls.extend(parse(process, &whole));
    }
    // What a process was killed in.
    for (process, begun) in unfinished {
        calls.extend(parse(process, &format!("{begun}) = ?")));
    }
    calls
}

fn parse(process: u32, line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    Some(Call { process, name: name.to_owned(), arguments: arguments.to_owned(), result: result.to_owned() })
}

/// A call of runner's own by which it changes the file system: its name, its number among those of the name, what it says.
pub struct Change {
    pub name: String,
    pub number: usize,
    pub arguments: String,
}

/// Runs `runner ARGUMENT…`, and tells by which calls it changes the file system.
pub fn changes(sandbox: &Sandbox, arguments: &[&str]) -> (Ran, Vec<Change>) {
    let (ran, calls) = trace(sandbox, &["-y", "-f"], arguments);
    let runner = calls[0].process;
    let mut counts = HashMap::new();
    let mut changes = Vec::new();
    for call in calls.iter().filter(|call| call.process == runner) {
        let number = counts.entry(call.name.clone()).or_insert(0);
        *number += 1;
        if call.changes_files() {
            let (name, arguments) = (call.name.clone(), call.arguments.clone());
            changes.push(Change { name, number: *number, arguments });
        }
    }
    (ran, changes)
}

/// Runs `runner ARGUMENT…`, and kills it in one of these calls.
pub fn killed(sandbox: &Sandbox, change: &Change, arguments: &[&str]) -> Ran {
    let log = sandbox.root().join("strace");
    let inject = format!("inject={}:signal=KILL:when={}", change.name, change.number);
    let options = ["-e", &format!("trace={}", change.name), "-e", &inject];
    command(sandbox, &log, &options, arguments).run()
}
