//! A machine of another kind, as far as fake compilers tell.

use std::fs;

use crate::support::files::copy;
use crate::support::sandbox::Sandbox;

/// No compiler anywhere is called by its name.
pub const TOASTER: &str = "toaster-unknown-linux-gnu";

/// A sandbox whose fake compiler has a standard library for toasters.
pub fn kitchen() -> Sandbox {
    let sandbox = Sandbox::fake();
    let library = sandbox.root().join("fake/lib/rustlib").join(TOASTER).join("lib");
    fs::create_dir_all(&library).unwrap();
    fs::write(library.join("libcore-0123456789abcdef.rlib"), "").unwrap();
    sandbox.script("linker", "#!/bin/sh\n");
    sandbox
}

/// As on a machine with a cross compiler.
pub fn furnished() -> Sandbox {
    let sandbox = kitchen();
    copy(sandbox.path("linker"), sandbox.root().join("bin/toaster-linux-gnu-gcc"));
    sandbox
}
