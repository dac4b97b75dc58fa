//! Compilers that count: real ones behind a command of the sandbox, which logs a compilation before it becomes the real one.
//!
//! gcc, g++ and go come from `.ci/run`; of other compilers those that are there are tried, and the rest is said aloud to be
//! missing.

use crate::support::sandbox::Sandbox;

/// A sandbox in which a command counts its compilations before it does what the real one does.
pub fn counting(program: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let log = sandbox.root().join("compilations");
    let text = format!(
        "#!/bin/sh\ncase \" $* \" in *' -E '*|*-print-prog-name*|*-Wl,--help*|*--version*|*' version '*|*' list '*) ;;\n\
         *) echo x >>'{}' ;; esac\nexec /usr/bin/{program} \"$@\"\n",
        log.display()
    );
    sandbox.script(sandbox.root().join("bin").join(program), text);
    sandbox
}

/// How often the counting command has compiled.
pub fn count(sandbox: &Sandbox) -> usize {
    std::fs::read_to_string(sandbox.root().join("compilations")).unwrap_or_default().lines().count()
}
