/* The C interface of runner: https://docs.rs/runscript, chapter "Hosts".
 *
 *     cargo rustc --release --lib --no-default-features --features c --crate-type cdylib
 *
 * Types are opaque. A function that can fail returns an error, and NULL if it succeeded; what it gives stands in its last
 * argument then, and nothing is written there otherwise. Whoever is given a thing deletes it, by the function that has
 * `_delete` in its name; NULL may be deleted. Names and JSON are UTF-8 and end in a zero byte, paths and texts are bytes with
 * a length. Errors, programs, scripts, runners and tokens may be used by any thread, and by several at once; settings by one.
 * Nothing unwinds into C: what goes wrong in here is an error of the step "internal".
 *
 * Fields of JSON are those of `runner help json`. A field that is unknown is an error. */
#ifndef RUNNER_H
#define RUNNER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes when a function or a struct does. Compare it with runner_abi(). */
#define RUNNER_ABI 1

typedef struct runner_runner runner_t;
typedef struct runner_settings runner_settings_t;
typedef struct runner_script runner_script_t;
typedef struct runner_program runner_program_t;
typedef struct runner_error runner_error_t;
typedef struct runner_cancel_token runner_cancel_t;
typedef struct {
    const char *data;
    size_t size;
} runner_bytes_t;

uint32_t runner_abi(void);

/* A cache, and nothing else: no variable, no configuration, no trimming. */
runner_settings_t *runner_settings_new(runner_bytes_t cache);
/* Sets a variable that runner and its compilers see; with a value whose data is NULL, unsets it. */
runner_error_t *runner_settings_variable(runner_settings_t *settings, const char *name, runner_bytes_t value);
/* Where relative paths are taken from. */
runner_error_t *runner_settings_directory(runner_settings_t *settings, runner_bytes_t path);
/* {"base": "refusing" or "trusting", "languages": [], "packages": false, "toolchains": false, "flags": false,
 *  "programs": false, "network": false, "path_dependencies": false, "git_dependencies": false, "registries": [],
 *  "crates": [], "build_code": [], "readable": [], "variables": [], "build_limits": {…}}; all but "base" may be left out. */
runner_error_t *runner_settings_policy(runner_settings_t *settings, const char *json);
/* Events, as JSON of `size` bytes, from any thread. 0 goes on, all else stops the operation. */
runner_error_t *runner_settings_events(runner_settings_t *settings,
                                       int (*listener)(void *user, const char *json, size_t size), void *user);
void runner_settings_delete(runner_settings_t *settings);

/* Settings may be deleted afterwards. */
runner_error_t *runner_new(const runner_settings_t *settings, runner_t **out);
void runner_delete(runner_t *runner);

runner_error_t *runner_script_open(const runner_t *runner, runner_bytes_t path, runner_script_t **out);
/* A script in memory; relative paths in it are taken from `directory`, which is absolute. */
runner_error_t *runner_script_text(const runner_t *runner, runner_bytes_t name, runner_bytes_t directory,
                                   runner_bytes_t text, runner_script_t **out);
void runner_script_delete(runner_script_t *script);

/* Options may be NULL, or {"profile": "", "toolchain": "", "language": "", "target": "", "edition": "",
 * "dependencies": {"name": "version"}, "rustflags": [], "static": true, "offline": true, "locked": true, "force": true,
 * "deadline_ms": 1000}. `cancel` may be NULL. */
runner_error_t *runner_build(const runner_t *runner, const runner_script_t *script, const char *options,
                             const runner_cancel_t *cancel, runner_program_t **out);
void runner_program_delete(runner_program_t *program);

/* `what` is "status", "inputs", "metadata", "check", "clippy", "format" or "project". */
runner_error_t *runner_ask(const runner_t *runner, const runner_script_t *script, const char *what,
                           const char *options, const runner_cancel_t *cancel, char **json);

/* Runs a program to its end. `run` may be NULL, or {"args": [], "env": {}, "directory": "", "stdin": "",
 * "limits": {"memory": 1, "cpu_ms": 1, "processes": 1, "file_size": 1, "output": 1}, "deadline_ms": 1000}.
 * `streams` may be NULL, or three descriptors for its standard streams, which stay the caller's; of one that is -1 the
 * output is kept, and there is no input. `json` gets {"exit_code": 0, "signal": null, "ended": "itself", "stdout": "",
 * "stderr": "", "took_ms": 1, "most_memory": 1}. */
runner_error_t *runner_run(const runner_program_t *program, const char *run, const int streams[3],
                           const runner_cancel_t *cancel, char **json);
void runner_string_delete(char *json);

runner_cancel_t *runner_cancel_new(void);
/* Stops what the token was given to, for good. From any thread, and from a signal handler. */
void runner_cancel(const runner_cancel_t *cancel);
void runner_cancel_delete(runner_cancel_t *cancel);

/* 125, 126 or 127, as the command line exits. */
int runner_error_exit_code(const runner_error_t *error);
/* {"error": "", "step": "", "kind": "", "rule": null, "script": null, "line": null, "column": null, "hint": null,
 *  "exit_code": 125, "diagnostics": []}. It lives as long as the error. */
const char *runner_error_json(const runner_error_t *error);
void runner_error_delete(runner_error_t *error);

#ifdef __cplusplus
}
#endif

#endif
