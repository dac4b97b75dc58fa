//! Capturing cargo's call of rustc: a `RUSTC_WORKSPACE_WRAPPER` that writes down its arguments and what cargo set for it.
//!
//! Cargo calls the wrapper as `WRAPPER RUSTC ARGUMENT…` for the final crate only, so dependencies and their build scripts
//! see nothing of it. It is a shell script, so that a program that embeds runner needs no second executable. The call is
//! told from cargo's questions about the compiler by its crate's name. Nothing is compiled then: cargo does not mind that a
//! program it asked for is not there, as it does not when `cargo rustc` was told to make something else.
//!
//! It is called `rustc`, and answers as rustc does to whoever takes it for that and calls it as `WRAPPER ARGUMENT…`: sccache, as
//! a `RUSTC_WRAPPER`, asks its first argument which compiler it is.
//!
//! Of the environment it writes down what cargo sets, by name: the rest is the caller's, and may hold secrets.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// `@VARIABLES@` are the names that cargo may have set.
const WRAPPER: &str = r#"#!/bin/sh
# Written by runner: notes how cargo calls the compiler for the script, which is not there yet.
case $1 in
-*) set -- "$RUSTC" "$@" ;;
esac
case " $* " in
*" --crate-name runner_script "*)
    here=${0%/*}
    umask 077
    for name in @VARIABLES@; do
        eval "[ -z \"\${$name+set}\" ] || printf '%s=%s\\0' \"\$name\" \"\${$name}\""
    done >"$here/variables" && printf '%s\0' "$@" >"$here/arguments"
    exit ;;
esac
exec "$@"
"#;

/// What cargo sets for the compiler of a program; and what belongs to how a compiler or a script of its dependencies is found
/// and run.
const SET_BY_CARGO: &[&str] = &[
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "LIBPATH",
    "OUT_DIR",
];

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
    /// `more` are the variables that cargo's configuration sets.
    pub(super) fn prepare(environment: &Path, more: &[String]) -> io::Result<Capture> {
        let directory = environment.join("call");
        fs::create_dir_all(&directory)?;
        let capture = Capture { directory };
        capture.forget()?;
        let wrapper = capture.wrapper();
        let text = wrapper_text(more);
        // It never changes; written once, it is never open for writing while somebody executes it.
        if fs::read(&wrapper).ok().as_deref() != Some(text.as_bytes()) {
            let written = capture.directory.join("rustc.new");
            fs::write(&written, text)?;
            fs::set_permissions(&written, fs::Permissions::from_mode(0o700))?;
            fs::rename(&written, &wrapper)?;
        }
        Ok(capture)
    }

    pub(super) fn wrapper(&self) -> PathBuf {
        self.directory.join("rustc")
    }

    /// Removes what was written down.
    fn forget(&self) -> io::Result<()> {
        for name in ["variables", "arguments"] {
            match fs::remove_file(self.directory.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn read(&self) -> io::Result<Captured> {
        let list = |name: &str| -> io::Result<Vec<OsString>> {
            let bytes = fs::read(self.directory.join(name))?;
            let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
            Ok(bytes.split(|byte| *byte == 0).map(|text| OsString::from_vec(text.to_vec())).collect())
        };
        let variables =
            list("variables")?.iter().filter_map(crate::rust::deps::call::split_variable).collect();
        let captured = Captured { arguments: list("arguments")?, variables };
        self.forget()?;
        Ok(captured)
    }
}

fn wrapper_text(more: &[String]) -> String {
    // No other can be asked of a shell, or read by `env!` without quotes of its own.
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let more = more.iter().map(String::as_str).filter(|name| is_plain(name));
    let names: Vec<&str> = SET_BY_CARGO.iter().copied().chain(more).collect();
    WRAPPER.replace("@VARIABLES@", &names.join(" "))
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
