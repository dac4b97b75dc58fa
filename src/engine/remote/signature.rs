//! Signatures of entries, made and verified by `ssh-keygen -Y`: git's format, with its files of allowed signers, agents and
//! hardware keys.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::base::environment::Environment;
use crate::base::supervision::Supervision;
use crate::process::running::Finished;
use crate::process::task::Task;

/// A signature for anything else does not count.
const NAMESPACE: &str = "runner-cache";

/// Signs a text with the key of a file.
///
/// # Errors
/// The words of `ssh-keygen`.
pub(crate) fn sign(text: &[u8], key: &Path, environment: &Environment) -> Result<Vec<u8>, String> {
    let words = ["-Y".into(), "sign".into(), "-n".into(), NAMESPACE.into(), "-f".into(), key.into()];
    let finished = ssh_keygen(&words, text, environment)?;
    match finished.status.success() {
        true => Ok(finished.stdout),
        false => Err(format!("cannot sign with `{}`: {}", key.display(), last_line(&finished.stderr))),
    }
}

/// Verifies that a text was signed by one of the signers that a file allows; who it was.
///
/// # Errors
/// Why the text is not believed.
pub(crate) fn verify(
    text: &[u8],
    signature: &[u8],
    signers: &Path,
    staging: &Path,
    environment: &Environment,
) -> Result<String, String> {
    let file = staging.join("signature");
    std::fs::write(&file, signature).map_err(|error| error.to_string())?;
    let words = |first: &[&str]| -> Vec<OsString> {
        let mut words: Vec<OsString> = first.iter().map(OsString::from).collect();
        words.extend(["-s".into(), file.clone().into(), "-f".into(), signers.into()]);
        words
    };
    let refused = |finished: &Finished| {
        format!("no signer of `{}` signed the entry ({})", signers.display(), last_line(&finished.stderr))
    };
    let found = ssh_keygen(&words(&["-Y", "find-principals"]), b"", environment)?;
    let principals = String::from_utf8_lossy(&found.stdout);
    let Some(signer) = principals.lines().next().filter(|_| found.status.success()) else {
        return Err(refused(&found));
    };
    let verified = ssh_keygen(&words(&["-Y", "verify", "-n", NAMESPACE, "-I", signer]), text, environment)?;
    match verified.status.success() {
        true => Ok(signer.to_owned()),
        false => Err(refused(&verified)),
    }
}

fn ssh_keygen(words: &[OsString], input: &[u8], environment: &Environment) -> Result<Finished, String> {
    let program = environment.find_command("ssh-keygen".as_ref()).ok_or("`ssh-keygen` is not on PATH")?;
    let mut command = Command::new(program);
    command.args(words).env_clear().envs(environment.for_compilers()).current_dir("/");
    let supervision = Supervision { confinement: None, ..environment.supervision().clone() };
    let task = Task::new(&command, &supervision).text(input);
    task.and_then(Task::output).map_err(|error| format!("cannot run `ssh-keygen`: {error}"))
}

fn last_line(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    text.lines().last().unwrap_or("no reason given").trim().to_owned()
}
