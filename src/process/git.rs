//! The revision of a script: what git says of it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use crate::base::environment::Environment;
use crate::process::task::{Output, Task};
use crate::request::revision::Revision;

/// The revision of the file at `path`, its real one; `None` if git keeps no such file, or is not there.
pub(crate) fn revision_of(path: &Path, environment: &Environment) -> Option<Revision> {
    let directory = path.parent()?;
    // No process for what lies in no repository.
    directory.ancestors().find(|directory| directory.join(".git").exists())?;
    let git = environment.find_command("git".as_ref())?;
    let ask = |arguments: &[OsString]| {
        let mut command = Command::new(&git);
        // Not the repository of somebody who calls this from a hook; nothing that a repository could have executed.
        let is_kept = |name: &OsString| !name.as_bytes().starts_with(b"GIT_");
        let variables = environment.all().into_iter().filter(|(name, _)| is_kept(name));
        command.env_clear().envs(variables).current_dir(directory);
        command.args(["-c", "core.fsmonitor=false", "--no-optional-locks"]).args(arguments);
        let output = Task::new(&command, environment.supervision()).stderr(Output::Null).output().ok()?;
        output.status.success().then_some(output.stdout)
    };
    let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
    let mut is_kept = words("--literal-pathspecs ls-files --error-unmatch --");
    is_kept.push(path.file_name()?.to_owned());
    ask(&is_kept)?;
    let status = ask(&words("status --porcelain=v2 --branch --untracked-files=no"))?;
    Revision::read(&String::from_utf8_lossy(&status))
}
