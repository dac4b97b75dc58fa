//! The JSON that a host in C reads: errors, events, answers, and how a program has run.

use std::os::unix::process::ExitStatusExt;

use serde_json::{Value, json};

use crate::base::error::{Error, Kind, Result, usage_error};
use crate::commands::check::Lint;
use crate::commands::status::Status;
use crate::engine::program::Program;
use crate::host::answers::Checked;
use crate::host::run::{Ended, Ran};
use crate::host::runner::Runner;
use crate::report::event::Event;
use crate::request::options::Options;
use crate::script::script_file::Script;
use crate::store::trace::change::Change;

/// An error.
pub(crate) fn error(error: &Error) -> Value {
    let (kind, rule) = match error.kind() {
        Kind::Refused(rule) => ("refused".to_owned(), Some(rule.as_str())),
        other => (dashed(&format!("{other:?}")), None),
    };
    let (line, column) = error.place().unzip();
    json!({
        "error": error.to_string(),
        "step": dashed(&format!("{:?}", error.step())),
        "kind": kind,
        "rule": rule,
        "script": error.subject(),
        "line": line,
        "column": column,
        "hint": error.cure(),
        "exit_code": error.exit_code(),
        "diagnostics": error.diagnostics().iter().map(|one| one.to_json()).collect::<Vec<_>>(),
    })
}

/// `CannotExecute` is `cannot-execute`.
fn dashed(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(character.to_lowercase());
    }
    out
}

/// An event.
pub(crate) fn event(event: &Event<'_>) -> Value {
    let bytes = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    match event {
        Event::Warning { text, hint } => json!({"event": "warning", "text": text, "hint": hint}),
        Event::Note { script, text, is_late } => {
            json!({"event": "note", "script": script, "text": text, "late": is_late})
        }
        Event::Detail { text } => json!({"event": "detail", "text": text}),
        Event::Diagnostics { text, failed, diagnostics } => json!({
            "event": "diagnostics", "text": bytes(text), "failed": failed,
            "diagnostics": diagnostics.iter().map(|one| one.to_json()).collect::<Vec<_>>(),
        }),
        Event::Waiting { script, pid } => json!({"event": "waiting", "script": script, "pid": pid}),
        Event::Working { label, elapsed, progress } => json!({
            "event": "working", "label": label, "elapsed_ms": milliseconds(*elapsed), "progress": progress,
        }),
        Event::Status { text } => json!({"event": "status", "text": text}),
        Event::Idle => json!({"event": "idle"}),
        Event::Output { text } => json!({"event": "output", "text": bytes(text)}),
        Event::Log { text } => json!({"event": "log", "text": bytes(text)}),
        Event::BackgroundStarted { script } => json!({"event": "background-started", "script": script}),
    }
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How a program has run.
pub(crate) fn ran(ran: &Ran) -> Value {
    let ended = match ran.ended {
        Ended::Itself => "itself",
        Ended::Cancelled => "cancelled",
        Ended::Deadline => "deadline",
        Ended::OutputLimit => "output-limit",
    };
    json!({
        "exit_code": ran.status.code(), "signal": ran.status.signal(), "ended": ended,
        "stdout": String::from_utf8_lossy(&ran.stdout), "stderr": String::from_utf8_lossy(&ran.stderr),
        "took_ms": milliseconds(ran.took), "most_memory": ran.most_memory,
    })
}

/// The answer to a question about a script.
pub(crate) fn answer(runner: &Runner, script: &Script, what: &str, options: &Options) -> Result<Value> {
    Ok(match what {
        "status" => status(&runner.status(script, options)?),
        "inputs" => match runner.status(script, options)? {
            Status::Current { inputs, .. } | Status::Provisional { inputs, .. } => inputs.to_json(),
            Status::Stale(_) | Status::Never => Value::Null,
        },
        "metadata" => runner.metadata(script, options)?.to_json(),
        "check" => checked(&runner.diagnose(script, options, Lint::Check)?),
        "clippy" => checked(&runner.diagnose(script, options, Lint::Clippy)?),
        "format" => json!({"text": String::from_utf8_lossy(&runner.formatted(script, options)?)}),
        "project" => runner.project(script, options)?,
        other => return Err(usage_error(format!("there is no question `{}`", other.escape_debug()))),
    })
}

fn checked(checked: &Checked) -> Value {
    let diagnostics: Vec<Value> = checked.diagnostics.iter().map(|one| one.to_json()).collect();
    json!({"ok": checked.is_ok, "diagnostics": diagnostics})
}

/// As `runner why --json` tells it.
fn status(status: &Status) -> Value {
    let path = |program: &Program| program.path().map(|path| path.to_string_lossy().into_owned());
    let change = |change: &Change| json!({"kind": change.kind, "name": change.name, "old": change.old, "new": change.new});
    match status {
        Status::Current { program, .. } => json!({"status": "current", "path": path(program)}),
        Status::Provisional { program, .. } => json!({"status": "provisional", "path": path(program)}),
        Status::Stale(changes) => {
            json!({"status": "stale", "changes": changes.iter().map(change).collect::<Vec<_>>()})
        }
        Status::Never => json!({"status": "never"}),
    }
}
