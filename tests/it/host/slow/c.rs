//! The C interface: its header is C99 and C++, and the host of the examples runs without a leak.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::hosts::variables;
use crate::support::sandbox::Sandbox;

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The directory of the library, which is built once.
fn library() -> &'static Path {
    static BUILT: std::sync::LazyLock<PathBuf> = std::sync::LazyLock::new(|| {
        // Beside this test, so that what it depends on is compiled already.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let arguments =
            "rustc --quiet --locked --offline --lib --no-default-features --features c --crate-type cdylib";
        let built = Command::new(env!("CARGO"))
            .args(arguments.split(' '))
            .arg("--target-dir")
            .arg(target)
            .current_dir(checkout())
            .status();
        assert!(built.unwrap().success());
        target.join("debug")
    });
    &BUILT
}

/// Compiles the host of the examples.
fn compiled(sandbox: &Sandbox, compiler: &str, more: &str) -> PathBuf {
    let host = sandbox.path("host");
    let output = Command::new(compiler)
        .args(more.split(' '))
        .args(["-pedantic", "-Wall", "-Wextra", "-Werror", "-g", "-I"])
        .arg(checkout().join("src/host/c_abi"))
        .arg(checkout().join("scripts/examples/hosts/host.c"))
        .args(["-x", "none", "-L"])
        .arg(library())
        .args(["-lrunner", "-o"])
        .arg(&host)
        .output()
        .unwrap();
    assert!(output.status.success(), "{compiler} {more}: {}", String::from_utf8_lossy(&output.stderr));
    host
}

/// Runs the host on a script of a sandbox with a fake compiler.
fn hosted(sandbox: &Sandbox, host: &Path, script: &str) -> Output {
    Command::new(host)
        .arg(sandbox.cache())
        .arg(sandbox.path(script))
        .args(variables(sandbox.root()).into_iter().map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            name
        }))
        .env("LD_LIBRARY_PATH", library())
        .output()
        .unwrap()
}

fn answers(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let all = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}")));
    all.collect()
}

#[test]
fn a_host_in_c_builds_runs_and_is_refused_without_a_leak() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    sandbox.write("evil.rs", "const A: &str = include_str!(\"/etc/passwd\");\n");
    let sanitized = compiled(&sandbox, "cc", "-std=c99 -fsanitize=address,undefined");
    // Not valgrind: it hides the vDSO, which is looked for where the kernel says it is.
    let output = hosted(&sandbox, &sanitized, "x.rs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?} {errors}", output.status);
    let [metadata, status, ran, cancelled] = &answers(&output)[..] else { panic!("{output:?}") };
    assert_eq!(metadata["language"], "rust");
    assert_eq!(status["status"], "current");
    assert!(Path::new(status["path"].as_str().unwrap()).starts_with(sandbox.cache()));
    assert_eq!((&ran["exit_code"], &ran["stdout"]), (&0.into(), &"hi\n".into()));
    assert_eq!((&cancelled["kind"], &cancelled["exit_code"]), (&"cancelled".into(), &125.into()));
    let output = hosted(&sandbox, &sanitized, "evil.rs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let [_, refused] = &answers(&output)[..] else { panic!("{output:?}") };
    let place = (&refused["kind"], &refused["rule"], &refused["line"], &refused["column"]);
    assert_eq!(place, (&"refused".into(), &"file".into(), &1.into(), &17.into()));
}

#[test]
fn the_header_is_cpp_too() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    let host = compiled(&sandbox, "c++", "-std=c++11 -x c++");
    assert!(hosted(&sandbox, &host, "x.rs").status.success());
}

#[test]
fn wrong_pointers_and_wrong_json_are_errors() {
    let sandbox = Sandbox::fake();
    let text = r#"
#include <stdio.h>
#include <string.h>
#include "runner.h"
static int fails(runner_error_t *error, const char *part) {
    int is_right = error != NULL && strstr(runner_error_json(error), part) != NULL;
    if (!is_right) printf("%s: %s\n", part, error ? runner_error_json(error) : "NULL");
    runner_error_delete(error);
    return is_right;
}
int main(void) {
    runner_bytes_t here = {"/nowhere", 8}, none = {NULL, 3};
    runner_t *runner = NULL;
    runner_script_t *script = NULL;
    char *json = NULL;
    runner_settings_t *settings = runner_settings_new(here);
    int right = fails(runner_new(NULL, &runner), "`settings` is NULL")
        && fails(runner_new(settings, NULL), "`out` is NULL")
        && fails(runner_settings_policy(settings, NULL), "`json` is NULL")
        && fails(runner_settings_policy(settings, "{"), "malformed JSON")
        && fails(runner_settings_policy(settings, "{}"), "`base` must be")
        && fails(runner_settings_policy(settings, "{\"base\":\"refusing\",\"pathes\":1}"), "unknown field `pathes`")
        && fails(runner_settings_events(settings, NULL, NULL), "`listener` is NULL")
        && fails(runner_script_open(NULL, here, &script), "`runner` is NULL")
        && runner_new(settings, &runner) == NULL
        && fails(runner_script_open(runner, none, &script), "`path` is NULL")
        && fails(runner_script_open(runner, here, &script), "\"kind\":\"not-found\"")
        && runner_script_text(runner, here, here, here, &script) == NULL
        && fails(runner_ask(runner, script, "weather", NULL, NULL, &json), "no question `weather`")
        && fails(runner_ask(runner, script, "status", "[]", NULL, &json), "no object")
        && fails(runner_ask(runner, script, "status", "{\"force\":1}", NULL, &json), "`force` must be")
        && fails(runner_run(NULL, NULL, NULL, NULL, &json), "`program` is NULL");
    runner_script_delete(script);
    runner_delete(runner);
    runner_settings_delete(settings);
    runner_program_delete(NULL), runner_string_delete(NULL), runner_cancel_delete(NULL), runner_error_delete(NULL);
    return right && json == NULL ? 0 : 1;
}
"#;
    let source = sandbox.write("wrong.c", text);
    let program = sandbox.path("wrong");
    let include = checkout().join("src/host/c_abi");
    let compiled = Command::new("cc")
        .args("-std=c99 -pedantic -Wall -Wextra -Werror -fsanitize=address -I".split(' '))
        .arg(include)
        .arg(&source)
        .arg("-L")
        .arg(library())
        .args(["-lrunner", "-o"])
        .arg(&program)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&program).env("LD_LIBRARY_PATH", library()).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
