//! Capturing cargo's call of rustc: a `RUSTC_WORKSPACE_WRAPPER` that writes down its arguments and environment.
//!
//! Cargo calls the wrapper as `WRAPPER RUSTC ARGUMENT…` for the final crate only, so dependencies and their build scripts
//! see nothing of it. It is a shell script, so that a program that embeds runner needs no second executable. The call is
//! told from cargo's questions about the compiler by its crate's name. Nothing is compiled then: cargo does not mind that a
//! program it asked for is not there, as it does not when `cargo rustc` was told to make something else.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const WRAPPER: &str = r#"#!/bin/sh
# Written by runner: notes how cargo calls the compiler for the script, which is not there yet.
case " $* " in
*" --crate-name runner_script "*)
    here=${0%/*}
    env -0 >"$here/variables" && printf '%s\0' "$@" >"$here/arguments"
    exit ;;
esac
exec "$@"
"#;

/// The wrapper of one environment.
pub(super) struct Capture {
    directory: PathBuf,
}

/// What the wrapper wrote down.
pub(super) struct Captured {
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
}

impl Capture {
    pub(super) fn prepare(environment: &Path) -> io::Result<Capture> {
        let directory = environment.join("call");
        fs::create_dir_all(&directory)?;
        let capture = Capture { directory };
        for name in ["variables", "arguments"] {
            match fs::remove_file(capture.directory.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let wrapper = capture.wrapper();
        // It never changes; written once, it is never open for writing while somebody executes it.
        if fs::read(&wrapper).ok().as_deref() != Some(WRAPPER.as_bytes()) {
            let written = capture.directory.join("wrapper.new");
            fs::write(&written, WRAPPER)?;
            fs::set_permissions(&written, fs::Permissions::from_mode(0o700))?;
            fs::rename(&written, &wrapper)?;
        }
        Ok(capture)
    }

    pub(super) fn wrapper(&self) -> PathBuf {
        self.directory.join("wrapper")
    }

    pub(super) fn read(&self) -> io::Result<Captured> {
        let list = |name: &str| -> io::Result<Vec<OsString>> {
            let bytes = fs::read(self.directory.join(name))?;
            let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
            Ok(bytes.split(|byte| *byte == 0).map(|text| OsString::from_vec(text.to_vec())).collect())
        };
        let variables =
            list("variables")?.iter().filter_map(crate::rust::deps::call::split_variable).collect();
        Ok(Captured { arguments: list("arguments")?, variables })
    }
}

impl Captured {
    /// The arguments that are true of any script: without the compiler, the source, its name, where output goes and how
    /// diagnostics are written.
    pub(super) fn arguments(&self, main: &Path) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut arguments = self.arguments.iter().skip(1).peekable();
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            let with_value = |names: &[&str]| names.iter().any(|name| text == *name);
            if with_value(&["--crate-name", "--out-dir", "--emit", "--error-format", "--json", "--color"]) {
                arguments.next();
            } else if with_value(&["-C", "--codegen"]) {
                let value = arguments.next().map(OsString::as_os_str).unwrap_or_default();
                if !is_ours(value) {
                    kept.extend([argument.clone(), value.to_owned()]);
                }
            } else if [
                "--emit=",
                "--error-format=",
                "--json=",
                "--diagnostic-width=",
                "--color=",
                "--out-dir=",
                "--crate-name=",
            ]
            .iter()
            .any(|prefix| text.starts_with(prefix))
                || Path::new(argument) == main
                || text == "src/main.rs"
            {
                // Ours to say.
            } else {
                kept.push(argument.clone());
            }
        }
        kept
    }

    /// The variables cargo set for the call, apart from those it was itself given.
    pub(super) fn variables(&self, given: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
        let ours = [
            "RUSTC",
            "RUSTDOC",
            "RUSTC_WORKSPACE_WRAPPER",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "CARGO_MAKEFLAGS",
            "CARGO_INCREMENTAL",
            crate::rust::deps::path_trimming::DATE.0,
            "MAKEFLAGS",
            "CARGO_RUSTC_CURRENT_DIR",
            "CARGO_SBOM_PATH",
            "TERM",
        ];
        let is_ours = |name: &OsStr| {
            ours.iter().any(|ours| name == *ours) || name.as_bytes().starts_with(b"CARGO_TERM_")
        };
        self.variables.iter().filter(|pair| !given.contains(pair) && !is_ours(&pair.0)).cloned().collect()
    }
}

/// Codegen options that belong to one crate or one target directory.
fn is_ours(value: &OsStr) -> bool {
    [&b"metadata="[..], b"extra-filename=", b"incremental="]
        .iter()
        .any(|prefix| value.as_bytes().starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_one_script_is_left_out() {
        let text = "rustc --crate-name runner_script --edition=2024 /e/src/main.rs --error-format=json \
                    --json=diagnostic-rendered-ansi --crate-type bin --emit=dep-info,link -C opt-level=3 \
                    -C metadata=1 -C extra-filename=-1 --out-dir /t -C linker=clang -L dependency=/t/deps \
                    --extern regex=/t/deps/libregex.rlib";
        let arguments = text.split_whitespace().map(OsString::from).collect();
        let captured = Captured { arguments, variables: Vec::new() };
        let kept: Vec<_> = captured.arguments(Path::new("/e/src/main.rs")).into_iter().collect();
        let expected = "--edition=2024 --crate-type bin -C opt-level=3 -C linker=clang -L dependency=/t/deps \
                        --extern regex=/t/deps/libregex.rlib";
        assert_eq!(kept.join(OsStr::new(" ")), expected);
    }
}
