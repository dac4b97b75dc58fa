//! Completions of runner and of shells; bash, zsh and elvish on a terminal, as they are typed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::rustup::with_host;
use crate::support::sandbox::{Sandbox, skipped};

/// With scripts, and names that have to be quoted.
fn workshop() -> Sandbox {
    let sandbox = Sandbox::fake();
    for name in ["hello.rs", "notes.md", "plain", "sp ace.rs", "a dir/inner.rs", "demote.d/x"] {
        sandbox.write(name, "print hi\n");
    }
    sandbox.write(format!("toolchains/{}/x", with_host("nightly")), "");
    sandbox.write("toolchains/1.95.0/lib/rustlib/toaster-none/lib/x", "");
    let home = sandbox.work();
    sandbox.with("RUSTUP_HOME", home)
}

/// Files that can be run, by their extensions.
const SCRIPTS: &str = ":scripts";

/// What can stand at the end of these words, without what is said of it.
fn candidates(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let ran = sandbox.runner(["completions", "bash", "--"]).args(words).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{words:?}");
    let candidate = |line: &str| match line.starts_with(":scripts rs ") {
        // The list is that of the languages.
        true => SCRIPTS.to_owned(),
        false => line.split('\t').next().unwrap().to_owned(),
    };
    ran.stdout.lines().map(candidate).collect()
}

#[test]
fn what_can_stand_at_the_cursor_depends_on_what_stands_before_it() {
    let sandbox = workshop();
    sandbox.runner(["promote", "-q", "hello.rs"]).run().prints("");
    let has = |words: &[&str], expected: &[&str], unexpected: &[&str]| {
        let found = candidates(&sandbox, words);
        for name in expected {
            assert!(found.iter().any(|one| one == name), "{words:?}: {name} is not in {found:?}");
        }
        for name in unexpected {
            assert!(!found.iter().any(|one| one == name), "{words:?}: {name} is in {found:?}");
        }
    };
    let is =
        |words: &[&str], expected: &[&str]| assert_eq!(candidates(&sandbox, words), expected, "{words:?}");
    has(&[""], &["build", "promote", SCRIPTS], &["--release", "release"]);
    has(&["--release", ""], &["build"], &[]);
    has(&["-"], &["--release", "-v", "--loop", "--count", "--version"], &["--to", "--as", "build"]);
    has(&["build", "-"], &["--output", "-o", "--release"], &["--to", "--background", "--loop"]);
    has(&["list", "-"], &["--help"], &["--release", "--output"]);
    is(&["--profile", ""], &["release", "dev", "quick"]);
    is(&["--profile="], &["--profile=release", "--profile=dev", "--profile=quick"]);
    is(&["--edition", "20"], &["2015", "2018", "2021", "2024"]);
    is(&["build", "--toolchain", ""], &["1.95.0", "nightly"]);
    is(&["+"], &["+1.95.0", "+nightly"]);
    is(&["--target", ""], &["toaster-none"]);
    has(&["--lang", ""], &["rust", "c", "zig"], &[]);
    has(&["new", "--template", ""], &["hello", "cli"], &[]);
    is(&["trust", ""], &["list", "add", "remove"]);
    has(&["upgrade", ""], &["hello"], &[]);
    is(&["migrate", "x.rs", "--to", ""], &["frontmatter", "block"]);
    is(&["promote", "--to", ""], &[":directories"]);
    is(&["build", "--output="], &[":files"]);
    is(&["build", ""], &[SCRIPTS]);
    is(&["migrate", "x.rs", ""], &[SCRIPTS]);
    is(&["--", ""], &[SCRIPTS]);
    is(&["build", "--", ""], &[SCRIPTS]);
    is(&["demote", ""], &["hello"]);
    is(&["demote", "one", "two", ""], &["hello"]);
    has(&["cache", ""], &["trim", "clean"], &[]);
    is(&["cache", "clean", ""], &[SCRIPTS]);
    has(&["cache", "trim", "--"], &["--older", "--max-size"], &["--release"]);
    has(&["help", ""], &["build", "exit-codes"], &[]);
    is(&["completions", ""], &["bash", "zsh", "fish", "elvish", "nushell", "powershell"]);
    // What is not runner's is the shell's.
    for beyond in [
        &["hello.rs", ""][..],
        &["hello.rs", "--"],
        &["--debug", "hello.rs", "-x", "--profile", ""],
        &["run", "hello.rs", "--re"],
        &["--", "hello.rs", "-"],
        &["-e", ""],
        &["-e", "1", "-"],
        &["check", "hello.rs", "--", "-"],
    ] {
        is(beyond, &[":files"]);
    }
    // Whatever it is given, it answers.
    for strange in [&["--profile", "--profile", "--profile"][..], &["\u{1b}[2J"], &["--", "--", "--"], &["="]]
    {
        candidates(&sandbox, strange);
    }
    let nobody = sandbox.runner(["completions", "bash", "--", "--toolchain", ""]).without("HOME");
    nobody.without("RUSTUP_HOME").run();
}

/// What bash would offer, by the code it is given.
const BASH: &str = r#"
source <(runner completions bash) || exit 1
compopt() { :; }
complete -p runner
offered() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _runner; printf '[%s]' "${COMPREPLY[@]}"; echo; }
offered runner pro
offered runner --pro
offered runner --profile d
offered runner --profile = d
offered runner --profile = ''
offered runner h
offered runner sp
offered runner build ''
offered runner hello.rs ''
"#;

#[test]
fn bash_offers_what_runner_answers() {
    let sandbox = workshop();
    if Command::new("bash").arg("--version").output().is_err() {
        return skipped("no bash");
    }
    let ran = sandbox.command("bash").args(["--norc", "-c", BASH]).run();
    let mut lines: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
    // The order of a directory is the file system's.
    let mut scripts: Vec<&str> =
        lines[8].split_inclusive(']').filter(|name| *name != "[toolchains]").collect();
    scripts.sort_unstable();
    lines[8] = scripts.concat();
    let expected = [
        "complete -F _runner runner",
        "[promote]",
        "[--profile]",
        "[dev]",
        "[dev]",
        "[release][dev][quick]",
        "[help][hello.rs]",
        "[sp ace.rs]",
        "[a dir][demote.d][hello.rs][plain][sp ace.rs]",
        "[]",
    ];
    assert_eq!((ran.code, ran.stderr.as_str(), lines), (0, "", expected.map(str::to_owned).to_vec()));
}

#[test]
fn fish_offers_what_runner_answers() {
    let sandbox = workshop();
    if Command::new("fish").arg("--version").output().is_err() {
        return skipped("no fish (apt-get install fish)");
    }
    let offers = |line: &str| {
        let script = format!("runner completions fish | source; complete -C '{line}'");
        let ran = sandbox.command("fish").args(["--no-config", "-c", &script]).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{line}");
        ran.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(offers("runner pro"), ["promote"]);
    assert_eq!(offers("runner --prof"), ["--profile"]);
    assert_eq!(offers("runner --profile d"), ["dev"]);
    assert_eq!(offers("runner --profile=d"), ["--profile=dev"]);
    assert_eq!(offers("runner +n"), ["+nightly"]);
    assert_eq!(offers("runner hel"), ["hello.rs", "help"]);
    assert_eq!(offers("runner build pl"), ["plain"]);
    assert_eq!(offers("runner build n"), [""; 0], "a document is no script");
    assert_eq!(offers("runner hello.rs not"), ["notes.md"]);
    assert_eq!(offers("runner promote --to a"), ["a dir/"]);
    assert_eq!(offers("runner build --output=not"), ["--output=notes.md"]);
}

/// What nushell asks its completer.
#[test]
fn nushell_offers_what_runner_answers() {
    let sandbox = workshop();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(nu) = std::env::split_paths(&path).map(|place| place.join("nu")).find(|nu| nu.exists()) else {
        return skipped("no nu (npm install --global nushell)");
    };
    let offers = |words: &str| {
        let script = format!(
            "source runner.nu; let found = do $env.config.completions.external.completer [{words}]; \
             print ($found | default [] | get value | to json --raw)"
        );
        let ran = sandbox.command(&nu).args(["--no-config-file", "-c", &script]).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{words}");
        ran.stdout.trim().to_owned()
    };
    let code = sandbox.runner(["completions", "nushell"]).run().stdout;
    // Another completer, which goes on for other commands.
    let before = "$env.config.completions.external.completer = {|spans| [{value: $spans.0}] }\n";
    sandbox.write("runner.nu", format!("{before}{code}"));
    assert_eq!(offers("runner pro"), r#"["promote"]"#);
    assert_eq!(offers("runner --prof"), r#"["--profile"]"#);
    assert_eq!(offers("runner --profile d"), r#"["dev"]"#);
    assert_eq!(offers("runner --profile=d"), r#"["--profile=dev"]"#);
    assert_eq!(offers("runner hel"), r#"["help","hello.rs"]"#);
    assert_eq!(offers("runner build sp"), r#"["\"sp ace.rs\""]"#);
    assert_eq!(offers("runner build n"), "[]", "a document is no script");
    assert_eq!(offers("runner hello.rs not"), "[]", "files are nushell's own");
    assert_eq!(offers("other x"), r#"["other"]"#);
}

/// A shell on a terminal.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// `None` if there is no tmux or no such shell.
    fn open(sandbox: &Sandbox, shell: &str, name: &str) -> Option<Terminal> {
        Command::new(name).arg("--version").output().ok()?;
        let terminal = Terminal { socket: sandbox.root().join("tmux") };
        let started = terminal.tmux(sandbox, &["new-session", "-d", "-x", "150", "-y", "50", shell])?;
        assert!(started.is_empty(), "{started}");
        Some(terminal)
    }

    fn tmux(&self, sandbox: &Sandbox, arguments: &[&str]) -> Option<String> {
        Command::new("tmux").arg("-V").output().ok()?;
        let ran = sandbox.command("tmux").args(["-f", "/dev/null", "-S"]).args([&self.socket]);
        let ran = ran.args(arguments).env("TERM", "screen").env("PS1", "$ ").run();
        Some(format!("{}{}", ran.stdout, ran.stderr))
    }

    /// Presses keys, and waits until a line of the screen is as expected.
    #[track_caller]
    fn shows(&self, sandbox: &Sandbox, keys: &[&str], expected: &str) {
        for key in keys {
            self.tmux(sandbox, &["send-keys", key]);
        }
        let since = Instant::now();
        loop {
            let screen = self.tmux(sandbox, &["capture-pane", "-p"]).unwrap_or_default();
            if screen.lines().any(|line| line.trim_end() == expected) {
                return;
            }
            assert!(
                since.elapsed() < Duration::from_secs(120),
                "{keys:?}: no line {expected:?} in\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux").arg("-S").arg(&self.socket).arg("kill-server").output();
    }
}

/// What is typed, and what the line is after a tab.
const TYPED: &[(&str, &str)] = &[
    ("runner prom", "runner promote"),
    ("runner --profile d", "runner --profile dev"),
    ("runner --profile=d", "runner --profile=dev"),
    ("runner +n", "runner +nightly"),
    ("runner hell", "runner hello.rs"),
    ("runner sp", "runner sp\\ ace.rs"),
    ("runner build a\\ dir/", "runner build a\\ dir/inner.rs"),
    ("runner hello.rs not", "runner hello.rs notes.md"),
    ("runner build --output=not", "runner build --output=notes.md"),
    ("runner help exit", "runner help exit-codes"),
];

fn types_in(name: &str, shell: &str, setup: &str) {
    let sandbox = workshop();
    let Some(terminal) = Terminal::open(&sandbox, shell, name) else {
        return skipped(&format!("no {name} or no tmux (apt-get install {name} tmux)"));
    };
    terminal.shows(&sandbox, &[setup, "Enter"], "ready");
    for (typed, expected) in TYPED {
        terminal.shows(&sandbox, &["C-u", typed, "Tab"], &format!("$ {expected}"));
    }
}

#[test]
fn bash_completes_what_is_typed() {
    types_in("bash", "bash --norc", "PS1='$ '; source <(runner completions bash); clear; echo rea''dy");
}

#[test]
fn zsh_completes_what_is_typed_by_code_that_is_sourced() {
    let setup =
        "autoload -U compinit; compinit -u; source <(runner completions zsh); PS1='$ '; clear; echo rea''dy";
    types_in("zsh", "zsh -f", setup);
}

#[test]
fn zsh_completes_what_is_typed_by_a_file_that_it_finds() {
    let setup = "mkdir ../f; runner completions zsh >../f/_runner; fpath=(../f $fpath); autoload -U compinit; \
                 compinit -u; PS1='$ '; clear; echo rea''dy";
    types_in("zsh", "zsh -f", setup);
}

#[test]
fn elvish_completes_what_is_typed() {
    for (typed, expected) in [
        ("runner prom", "runner promote"),
        ("runner --profile d", "runner --profile dev"),
        ("runner --profile=d", "runner '--profile=dev'"),
        ("runner hell", "runner hello.rs"),
        ("runner sp", "runner 'sp ace.rs'"),
        ("runner hello.rs not", "runner hello.rs notes.md"),
        ("runner build --output=not", "runner build '--output=notes.md'"),
    ] {
        // One shell each: its list of candidates takes the keys that come next.
        let sandbox = workshop();
        let Some(terminal) = Terminal::open(&sandbox, "elvish -norc", "elvish") else {
            return skipped("no elvish or no tmux (apt-get install elvish tmux)");
        };
        let setup = "set edit:prompt = { put '$ ' }; set edit:rprompt = { }; \
                     eval (runner completions elvish | slurp); clear; echo rea''dy";
        terminal.shows(&sandbox, &[setup, "Enter"], "ready");
        terminal.shows(&sandbox, &[typed, "Tab"], &format!("$ {expected}"));
    }
}

/// Its own parser finds no fault, and a word is completed.
#[test]
fn powershell_reads_what_it_is_given() {
    let sandbox = workshop();
    let code = sandbox.runner(["completions", "powershell"]).run().stdout;
    let begins = code.lines().next().unwrap_or_default();
    assert!(begins.starts_with("# Completes the command line of runner in PowerShell"), "{begins}");
    sandbox.write("runner.ps1", &code);
    let script = "$errors = $null; [void][System.Management.Automation.Language.Parser]::ParseFile(\"$PWD/runner.ps1\", \
                  [ref]$null, [ref]$errors); $errors.Count; . ./runner.ps1; \
                  (TabExpansion2 'runner prom' 11).CompletionMatches.CompletionText";
    let known = ["/usr/bin/pwsh", "/usr/local/bin/pwsh", "/snap/bin/pwsh"];
    let Some(pwsh) = known.iter().find(|pwsh| Path::new(pwsh).exists()) else {
        return skipped("no pwsh");
    };
    sandbox.command(pwsh).args(["-NoProfile", "-Command", script]).run().prints("0\npromote\n");
}

#[test]
fn the_code_for_bash_is_clean() {
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/runner/completion/runner.bash");
    match Command::new("shellcheck").arg("--shell=bash").arg(code).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => skipped("no shellcheck"),
    }
}
