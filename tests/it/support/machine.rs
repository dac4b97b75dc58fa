//! What a machine may or may not lend to a test: mounts, a terminal, another user. Without it the test says `skipped: …`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::support::files::{copy, files_below};
use crate::support::sandbox::{Ran, Run, Sandbox, skipped, tested};

/// Whether a command can be run here, and ends well.
pub fn works(command: &str, arguments: &[&str]) -> bool {
    Command::new(command)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a command is there; says aloud if not.
pub fn has(program: &str) -> bool {
    let is_there =
        Command::new("/bin/sh").args(["-c", &format!("command -v {program} >/dev/null")]).status().unwrap();
    if !is_there.success() {
        skipped(&format!("no {program}"));
    }
    is_there.success()
}

/// Whether a run failed because crates.io cannot be reached; says so aloud.
pub fn is_offline(ran: &Ran) -> bool {
    let signs = ["registry cannot be reached", "failed to download", "Could not connect"];
    let is_offline = ran.code != 0 && signs.iter().any(|sign| ran.stderr.contains(sign));
    if is_offline {
        skipped("crates.io cannot be reached");
    }
    is_offline
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `sh -e -c SCRIPT` in a mount namespace of its own, in which it may mount what it likes.
pub fn mounts<'a>(sandbox: &'a Sandbox, script: &str) -> Option<Run<'a>> {
    let flags = if is_root() { "-m" } else { "-rm" };
    if !works("unshare", &[flags, "mount", "-t", "tmpfs", "none", "/tmp"]) {
        skipped("this machine does not let us mount");
        return None;
    }
    Some(sandbox.command("unshare").args([flags, "/bin/sh", "-e", "-c", script]))
}

/// `sh -c COMMAND` on a terminal, whose every byte is on stdout.
pub fn terminal<'a>(sandbox: &'a Sandbox, command: &str) -> Option<Run<'a>> {
    // There are other programs of that name, with other options.
    if !works("script", &["-qefc", "true", "/dev/null"]) {
        skipped("no script(1) of util-linux to make a terminal with");
        return None;
    }
    Some(sandbox.command("script").args(["-qefc", command, "/dev/null"]).env("TERM", "xterm"))
}

/// `sh -c SCRIPT` as a user who may not read everything. Root lends its sandbox to `nobody` for it, for good.
pub fn mortal<'a>(sandbox: &'a Sandbox, script: &str) -> Option<Run<'a>> {
    if !is_root() {
        return Some(sandbox.sh(script));
    }
    if !works("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", "true"]) {
        skipped("no setpriv(1) to stop being root with");
        return None;
    }
    // The checkout may lie where nobody else can read.
    let link = sandbox.root().join("bin/runner");
    fs::remove_file(&link).unwrap();
    copy(tested(), &link);
    fs::set_permissions(sandbox.root(), Permissions::from_mode(0o755)).unwrap();
    give_away(sandbox.root());
    let all = ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c", script];
    Some(sandbox.command("setpriv").args(all))
}

fn give_away(root: &Path) {
    let files = files_below(root);
    let above = files.iter().flat_map(|file| file.ancestors()).filter(|path| path.starts_with(root));
    let empty = fs::read_dir(root).unwrap().flatten().map(|entry| entry.path());
    for path in above.map(Path::to_owned).chain(empty) {
        std::os::unix::fs::lchown(&path, Some(65534), Some(65534)).unwrap();
    }
    chown(root, Some(65534), Some(65534)).unwrap();
}

/// What a terminal shows after all these bytes, one line a line: carriage returns and erasures are obeyed, colors not.
pub fn shown(bytes: &str) -> String {
    let mut lines = vec![Vec::new()];
    let mut column = 0;
    let mut characters = bytes.chars();
    while let Some(character) = characters.next() {
        let line = lines.last_mut().unwrap();
        match character {
            '\n' => {
                lines.push(Vec::new());
                column = 0;
            }
            '\r' => column = 0,
            '\x1b' => {
                let sequence: String = characters.by_ref().take_while(|c| !c.is_ascii_alphabetic()).collect();
                // What ends it is gone with it; only `CSI K` (erase to the end of the line) moves anything.
                if sequence == "[" {
                    line.truncate(column);
                }
            }
            _ => {
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
            }
        }
    }
    lines.into_iter().map(|line| line.into_iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// Whether an emulator stands between this program and the kernel, which is what `hides` something; says so aloud.
pub fn is_emulated(hides: &str) -> bool {
    static MACHINE: LazyLock<String> = LazyLock::new(|| {
        // A program of the kernel's own kind.
        let output = Command::new("/bin/uname").arg("-m").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    });
    let is_emulated = std::env::consts::ARCH == "aarch64" && *MACHINE == "x86_64";
    if is_emulated {
        skipped(&format!("an emulator hides {hides}"));
    }
    is_emulated
}
