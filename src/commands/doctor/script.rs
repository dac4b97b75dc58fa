//! What of a script a run rests on: its mode, its `#!` line, its metadata, its lock, the cache.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::base::environment::is_executable;
use crate::commands::doctor::finding::{Findings, Grade};
use crate::commands::{lock, why};
use crate::engine::context::Context;
use crate::engine::recipe;
use crate::request::options::Options;
use crate::rust::deps::lock::Renewal;
use crate::script::script_file::Script;
use crate::script::shebang;

pub(crate) fn look(context: &Context, name: &OsStr, options: &Options, findings: &mut Findings) {
    let script = match Script::read(name, context.environment()) {
        Ok(script) => script,
        Err(error) => return findings.error(Grade::Fail, "script", &error),
    };
    if let Some(path) = script.path() {
        first_line(context, &script, path, findings);
    }
    let read = match recipe::read_script(&script, options, context.environment()) {
        Ok(read) => read,
        Err(error) => return findings.error(Grade::Fail, "metadata", &error),
    };
    let is_rust = matches!(read, recipe::ReadScript::Rust(_));
    let backend = read.into_backend();
    let notes = &backend.request().notes;
    match notes.is_empty() {
        true => findings.ok("metadata", "understood"),
        false => notes.iter().for_each(|note| findings.warn("metadata", note.as_str(), "edit that line")),
    }
    match why::why(context, &script, options) {
        Ok(why) => findings.ok("next run", why.to_string()),
        Err(error) => findings.error(Grade::Warn, "next run", &error),
    }
    let mut lock_path = script.path().map(|path| path.as_os_str().to_owned()).unwrap_or_default();
    lock_path.push(".lock");
    if is_rust && Path::new(&lock_path).is_file() {
        let offline = Options { offline: true, ..options.clone() };
        let shown = script.display_name().into_owned();
        match lock::lock(context, &script, &offline, Renewal::Keep, true) {
            Ok(lock) if lock.is_changed => findings.warn(
                "lock",
                format!("`{shown}.lock` does not fit the script"),
                format!("`runner lock {shown}`"),
            ),
            Ok(_) => findings.ok("lock", "fits the script"),
            Err(_) => findings.ok("lock", "cannot be checked without the network"),
        }
    }
}

fn first_line(context: &Context, script: &Script, path: &Path, findings: &mut Findings) {
    let text = String::from_utf8_lossy(script.bytes());
    let line = text.lines().next().unwrap_or_default();
    let first = script.bytes().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mode = path.metadata().map_or(0, |metadata| metadata.permissions().mode());
    let is_marked = mode & 0o111 != 0;
    let shown = script.display_name();
    if text.starts_with("\u{feff}#!") {
        findings.fail(
            "#! line",
            "a byte order mark stands before it, so the kernel does not see it",
            format!("`sed -i '1s/^\\xEF\\xBB\\xBF//' {shown}`"),
        );
        return;
    }
    let Some(line) = line.strip_prefix("#!").filter(|line| !line.trim_start().starts_with('[')) else {
        match is_marked {
            true => findings.warn(
                "#! line",
                "there is none, so a shell would run it as its own",
                "make the first line `#!/usr/bin/env runner`",
            ),
            false => findings.ok("#! line", format!("there is none; `runner {shown}` runs it")),
        }
        return;
    };
    if !is_marked {
        findings.warn("mode", format!("`{shown}` is not executable"), format!("`chmod +x {shown}`"));
    }
    if first.ends_with(b"\r") {
        return findings.fail(
            "#! line",
            "it ends in CR LF, so the kernel looks for a program whose name ends in CR",
            format!("`sed -i '1s/\\r$//' {shown}`"),
        );
    }
    if first.len() > 255 {
        return findings.fail(
            "#! line",
            "it is longer than 255 bytes, and the kernel cuts it there",
            "shorten it",
        );
    }
    let interpreter = line.split_whitespace().next().unwrap_or_default();
    if !is_executable(Path::new(interpreter)) {
        return findings.fail(
            "#! line",
            format!("`{interpreter}` is not there, or not executable"),
            "make it `#!/usr/bin/env runner`",
        );
    }
    let started = shebang::program(line).map(|(_, program, _)| program).unwrap_or_default();
    let is_found = started.contains('/') && is_executable(Path::new(&started))
        || context.environment().find_command(OsStr::new(&started)).is_some();
    if !is_found {
        return findings.fail(
            "#! line",
            format!("it starts `{started}`, which is not on PATH"),
            format!("add the directory of `{started}` to PATH"),
        );
    }
    let needs_split = interpreter.ends_with("/env")
        && line.split_whitespace().count() > 2
        && !line
            .split_whitespace()
            .nth(1)
            .is_some_and(|word| word.starts_with("-S") || word.starts_with("--split"));
    match needs_split {
        true => findings.fail(
            "#! line",
            "Linux gives `env` all words as one, so that it looks for a program of that name",
            format!("`#!/usr/bin/env -S {}`", line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")),
        ),
        false => findings.ok("#! line", format!("starts `{started}`")),
    }
}
