/* A host in C: asks what a script says of itself, builds it, runs it with limits, and prints the answers as JSON.
 *
 *     cargo rustc --release --lib --no-default-features --features c --crate-type cdylib
 *     cc -Isrc/host/c_abi scripts/examples/hosts/host.c -Ltarget/release -lrunner -o host
 *     LD_LIBRARY_PATH=target/release ./host CACHE SCRIPT [NAME=VALUE...]
 *
 * The variables are those that runner and its compilers see: PATH and HOME at least. */
#include <stdio.h>
#include <string.h>

#include "runner.h"

static runner_bytes_t bytes(const char *text)
{
    runner_bytes_t all;
    all.data = text;
    all.size = strlen(text);
    return all;
}

/* Tells of an error and deletes it; whether there was one. */
static int failed(runner_error_t *error)
{
    if (error == NULL)
        return 0;
    printf("%s\n", runner_error_json(error));
    runner_error_delete(error);
    return 1;
}

static int hear(void *user, const char *json, size_t size)
{
    (void)json;
    (void)size;
    ++*(int *)user;
    return 0;
}

int main(int count, char **words)
{
    int at, events = 0, code = 1;
    char *json = NULL;
    runner_settings_t *settings;
    runner_t *runner = NULL;
    runner_script_t *script = NULL;
    runner_program_t *program = NULL;
    runner_cancel_t *cancel = runner_cancel_new();

    if (runner_abi() != RUNNER_ABI || count < 3) {
        fprintf(stderr, "host: CACHE SCRIPT [NAME=VALUE...]\n");
        runner_cancel_delete(cancel);
        return 2;
    }
    settings = runner_settings_new(bytes(words[1]));
    for (at = 3; at < count; ++at) {
        char *value = strchr(words[at], '=');
        if (value == NULL)
            continue;
        *value = '\0';
        if (failed(runner_settings_variable(settings, words[at], bytes(value + 1))))
            goto end;
    }
    if (failed(runner_settings_policy(settings, "{\"base\": \"refusing\", \"variables\": [\"FAKE_LOG\"]}")))
        goto end;
    if (failed(runner_settings_events(settings, hear, &events)))
        goto end;
    if (failed(runner_new(settings, &runner)))
        goto end;
    if (failed(runner_script_open(runner, bytes(words[2]), &script)))
        goto end;
    if (failed(runner_ask(runner, script, "metadata", NULL, cancel, &json)))
        goto end;
    printf("%s\n", json);
    runner_string_delete(json);
    if (failed(runner_build(runner, script, "{\"deadline_ms\": 60000}", cancel, &program)))
        goto end;
    if (failed(runner_ask(runner, script, "status", NULL, cancel, &json)))
        goto end;
    printf("%s\n", json);
    runner_string_delete(json);
    if (failed(runner_run(program, "{\"args\": [\"one\"], \"limits\": {\"cpu_ms\": 1000, \"output\": 4096}}", NULL,
                          cancel, &json)))
        goto end;
    printf("%s\n", json);
    runner_string_delete(json);
    /* A token that was cancelled stays so. */
    runner_cancel(cancel);
    code = failed(runner_build(runner, script, "{\"force\": true}", cancel, &program)) ? 0 : 1;
end:
    runner_program_delete(program);
    runner_script_delete(script);
    runner_delete(runner);
    runner_settings_delete(settings);
    runner_cancel_delete(cancel);
    return code;
}
