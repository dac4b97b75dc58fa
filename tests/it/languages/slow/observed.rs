//! What a compiler reads, in every way it can be made to: changed, the next run is right; touched, nothing is compiled.
//!
//! The table is `observed/cases.txt`. A case is a script with files beside it, one change, and what is printed before and after.
//! It is run, run again, touched and run, run from another directory, changed and run, and run again: two compilations, and right
//! each time. An edit of the script comes first, if there is one: what the compiler remembers then must not hide what it read.
//!
//! ```text
//! == COMPILER...: WHAT CHANGES
//! script: PATH                `\n` in a path is a newline
//! prepare: SHELL              before the first run
//! edit: SHELL                 an edit of the script that changes nothing of what it prints, before it is touched
//! change: SHELL               the change, besides files that are written
//! env: NAME=VALUE             a variable
//! set: NAME=VALUE             its value after the change
//! before: WORDS
//! after: WORDS
//! -- FILE --                  its text; HERE is the directory, COMPILER the compiler
//! ++ FILE ++                  what is written for the change
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::files::settle;
use crate::support::machine;
use crate::support::sandbox::{Sandbox, skipped, tested};

const SAYS: &str = "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", A); return 0; }\n";

#[derive(Default)]
struct Case {
    title: String,
    compilers: Vec<String>,
    /// What has a word before it.
    said: BTreeMap<String, Vec<String>>,
    files: Vec<(String, String)>,
    changes: Vec<(String, String)>,
}

impl Case {
    fn said(&self, word: &str) -> &str {
        self.said.get(word).and_then(|all| all.first()).map_or("", String::as_str)
    }

    fn variables(&self, words: &[&str]) -> Vec<(String, String)> {
        let all = words.iter().filter_map(|word| self.said.get(*word)).flatten();
        all.filter_map(|text| text.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
    }
}

fn cases() -> Vec<Case> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/languages/slow/observed/cases.txt");
    let text = fs::read_to_string(place).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    let mut file: Option<(bool, usize)> = None;
    for line in text.lines() {
        let named =
            |mark: &str| line.strip_prefix(mark)?.strip_suffix(mark.trim_end()).map(|name| name.trim_end());
        if let Some(head) = line.strip_prefix("== ") {
            let (compilers, title) = head.split_once(": ").unwrap();
            let compilers = compilers.split(' ').map(str::to_owned).collect();
            cases.push(Case { title: title.to_owned(), compilers, ..Case::default() });
            file = None;
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(name) = named("-- ") {
            case.files.push((name.replace("\\n", "\n"), String::new()));
            file = Some((false, case.files.len() - 1));
        } else if let Some(name) = named("++ ") {
            case.changes.push((name.replace("\\n", "\n"), String::new()));
            file = Some((true, case.changes.len() - 1));
        } else if let Some((is_change, index)) = file {
            let list = if is_change { &mut case.changes } else { &mut case.files };
            list[index].1.push_str(&format!("{line}\n"));
        } else if let Some((word, value)) = line.split_once(": ") {
            case.said.entry(word.to_owned()).or_default().push(value.to_owned());
        }
    }
    for (_, text) in cases.iter_mut().flat_map(|case| case.files.iter_mut().chain(&mut case.changes)) {
        // The line between two cases is of neither.
        let end = text.trim_end_matches('\n').len();
        text.truncate((end + usize::from(end > 0)).min(text.len()));
    }
    cases
}

/// What a run printed, word by word, and how often it compiled.
fn run(
    sandbox: &Sandbox,
    directory: &Path,
    script: &str,
    variables: &[(String, String)],
) -> (String, usize, String) {
    let run = sandbox.runner(["-v", script]).within(directory);
    let ran = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
    let compiled = ran.stderr.lines().filter(|line| line.contains("compiling it")).count();
    (ran.stdout.split_whitespace().collect::<Vec<_>>().join(" "), compiled, ran.stderr)
}

/// What is wrong with a case, if anything.
fn try_case(case: &Case, compiler: &str) -> Option<String> {
    let sandbox = Sandbox::with_compiler(compiler);
    let here = sandbox.work().display().to_string();
    let filled = |text: &str| text.replace("HERE", &here).replace("COMPILER", compiler);
    let write = |files: &[(String, String)]| {
        for (name, text) in files {
            let path = sandbox.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.starts_with("#!") {
                true => sandbox.script(name, filled(text)),
                false => sandbox.write(name, filled(text)),
            };
        }
    };
    let shell = |word: &str| {
        let ran = sandbox.sh(&format!("set -e; {}", filled(case.said(word)))).run();
        assert_eq!(ran.code, 0, "{compiler}: {}: {word}: {}", case.title, ran.stderr);
    };
    let variables = |words: &[&str]| -> Vec<(String, String)> {
        case.variables(words).into_iter().map(|(name, value)| (name, filled(&value))).collect()
    };
    let script = case.said("script").replace("\\n", "\n");
    write(&case.files);
    shell("prepare");
    settle();
    let before = variables(&["env"]);
    let from = |directory: &Path, script: &str, variables| run(&sandbox, directory, script, variables);
    let run = |variables| from(&sandbox.work(), &script, variables);
    let mut runs = vec![run(&before), run(&before)];
    let is_edited = case.said.contains_key("edit");
    if is_edited {
        shell("edit");
        settle();
        runs.push(run(&before));
    }
    let own = format!("./{}", script.trim_start_matches("./"));
    sandbox.command("find").args([".", "-type", "f", "!", "-path", &own, "-exec", "touch", "{}", "+"]).run();
    runs.push(run(&before));
    runs.push(from(&sandbox.home(), sandbox.path(&script).to_str().unwrap(), &before));
    write(&case.changes);
    shell("change");
    let after = variables(&["env", "set"]);
    runs.extend([run(&after), run(&after)]);
    let counts: Vec<usize> = runs.iter().map(|(_, compiled, _)| *compiled).collect();
    println!("{compiler}: {}: {counts:?}", case.title);
    let changed = runs.len() - 2;
    let expected = |at: usize| case.said(if at < changed { "before" } else { "after" });
    let is_right = runs.iter().enumerate().all(|(at, (printed, ..))| printed == expected(at));
    let compiled: &[usize] = if is_edited { &[1, 0, 1, 0, 0, 1, 0] } else { &[1, 0, 0, 0, 1, 0] };
    // The go command is called twice by a run where its cache would hide what was read.
    let most = if compiler == "go" { 1 } else { usize::MAX };
    let is_lazy = counts.iter().map(|count| *count.min(&most)).eq(compiled.iter().copied());
    (!is_right || !is_lazy).then(|| format!("{compiler}: {}: {counts:?}: {runs:#?}", case.title))
}

fn has(compiler: &str) -> bool {
    compiler == "rustc" || machine::has(compiler)
}

/// Tries every case of these compilers.
fn table(compilers: &[&str]) {
    let there: Vec<&str> = compilers.iter().copied().filter(|compiler| has(compiler)).collect();
    let cases = cases();
    let tried = cases.iter().flat_map(|case| case.compilers.iter().map(move |compiler| (case, compiler)));
    let tried = tried.filter(|(_, compiler)| there.contains(&compiler.as_str()));
    let wrong: Vec<String> = tried.filter_map(|(case, compiler)| try_case(case, compiler)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const LANGUAGES: &[(&str, &[&str])] = &[
    ("c", &["gcc", "clang", "tcc"]),
    ("c++", &["g++"]),
    ("rust", &["rustc"]),
    ("go", &["go"]),
    ("fortran", &["gfortran"]),
    ("haskell", &["ghc"]),
    ("zig", &["zig"]),
    ("d", &["ldc2", "ldmd2", "gdc"]),
    ("nim", &["nim"]),
    ("ocaml", &["ocamlopt"]),
];

#[test]
fn the_table_has_at_least_120_changes_in_every_language() {
    let cases = cases();
    let mut rows = 0;
    for (language, compilers) in LANGUAGES {
        let own =
            cases.iter().flat_map(|case| &case.compilers).filter(|name| compilers.contains(&name.as_str()));
        let count = own.count();
        println!("{language}: {count} changes");
        assert!(count > 0, "{language}");
        rows += count;
    }
    println!("{rows} changes");
    assert_eq!(
        rows,
        cases.iter().map(|case| case.compilers.len()).sum::<usize>(),
        "a compiler of no language"
    );
    assert!(rows >= 120, "{rows}");
}

#[test]
fn c_and_cpp() {
    table(&["gcc", "clang", "tcc", "g++"]);
}

#[test]
fn rust() {
    table(&["rustc"]);
}

#[test]
fn go() {
    table(&["go"]);
}

#[test]
fn fortran_and_haskell() {
    table(&["gfortran", "ghc"]);
}

#[test]
fn zig_and_ocaml() {
    table(&["zig", "ocamlopt"]);
}

#[test]
fn d_and_nim() {
    table(&["ldc2", "ldmd2", "gdc", "nim"]);
}

#[test]
fn without_observation_it_works_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("a.c", format!("#include \"a.h\"\n{SAYS}"));
    sandbox.write("a.h", "#define A 1\n");
    settle();
    let run = || sandbox.runner(["-v", "a.c"]).env("RUNNER_OBSERVE", "off").run();
    let first = run();
    assert!(first.stdout == "1\n" && first.stderr.contains("unobserved"), "{}", first.stderr);
    assert!(!run().stderr.contains("compiling it"));
    sandbox.write("a.h", "#define A 2\n");
    assert_eq!(run().stdout, "2\n");
    let env = sandbox.runner(["env"]).env("RUNNER_OBSERVE", "off").run();
    assert!(env.stdout.contains("what compilers report"), "{}", env.stdout);
    // What nobody reports is compiled each time.
    let assembly = "std::arch::global_asm!(\".incbin \\\"d.txt\\\"\");\nfn main() {}\n";
    sandbox.write("s.rs", assembly);
    sandbox.write("d.txt", "1");
    for _ in 0..2 {
        let ran = sandbox.runner(["-v", "s.rs"]).env("RUNNER_OBSERVE", "off").run();
        assert!(ran.code == 0 && ran.stderr.contains("compiling it"), "{}", ran.stderr);
    }
    sandbox.write(
        "b.c",
        "// /// runner\n// flags = [\"c.c\"]\n// ///\nint c(void);\nint main(void) { return c(); }\n",
    );
    sandbox.write("c.c", "int c(void) { return 1; }\n");
    for _ in 0..2 {
        let ran = sandbox.runner(["-v", "b.c"]).env("RUNNER_OBSERVE", "off").run();
        assert!(ran.code == 1 && ran.stderr.contains("compiling it"), "{}", ran.stderr);
    }
}

/// The package manager's database says nothing of them.
#[test]
fn files_of_the_system_that_no_package_has() {
    if !Path::new("/var/lib/dpkg/info").exists() {
        return skipped("no dpkg, and so no lists of the files of packages");
    }
    let sandbox = Sandbox::new();
    sandbox.write(
        "k.rs",
        "unsafe extern \"C\" { fn zq() -> i32; }\nfn main() { println!(\"{}\", unsafe { zq() }); }\n",
    );
    sandbox.write(
        "k.cc",
        "// /// runner\n// flags = [\"-I/usr/src/foo\"]\n// ///\n#include <iostream>\n#include <regex>\n#include <v.h>\n\
         int main() { std::cout << V << std::endl; }\n",
    );
    let script = "
        mount -t tmpfs none /usr/src
        mkdir /usr/src/foo
        export RUSTFLAGS='-L/usr/src -lzq'
        library() { echo \"int zq(void) { return $1; }\" >z.c; gcc -c z.c; ar rcs n.a z.o; mv n.a /usr/src/libzq.a; }
        header() { echo \"#define V $1\" >n; install -m 644 n /usr/src/foo/v.h; }
        for value in 1 2; do
            library $value
            header $value
            sleep 0.05
            runner k.rs
            runner k.cc
        done
        echo 3 >unrelated
        runner k.rs
        rm -r /usr/src/foo
        ! runner -q k.cc 2>/dev/null";
    let Some(run) = machine::mounts(&sandbox, script) else { return };
    run.run().prints("1\n1\n2\n2\n2\n");
}

#[test]
fn what_is_read_from_a_pipe_is_compiled_at_every_run() {
    let sandbox = Sandbox::new();
    sandbox.write("a.c", format!("#include \"a.h\"\n{SAYS}"));
    assert_eq!(sandbox.sh("mkfifo a.h").run().code, 0);
    for value in ["1", "2", "3"] {
        let mut writer = sandbox.sh(&format!("echo '#define A {value}' > a.h")).start();
        sandbox.runner(["a.c"]).run().prints(&format!("{value}\n"));
        assert!(writer.wait().unwrap().success());
    }
}

/// Denies itself and what it becomes the calls by which anything is observed.
const DENIED: &str = r#"#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **words) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return perror("prctl"), 99;
    execv(words[1], words + 1);
    return 98;
}
"#;

#[test]
fn where_seccomp_and_ptrace_are_denied_a_build_works_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("denied.c", DENIED);
    assert_eq!(sandbox.command("gcc").args(["-o", "denied", "denied.c"]).run().code, 0);
    let denied =
        |arguments: &[&str]| sandbox.command(sandbox.path("denied")).args([tested()]).args(arguments).run();
    let c = format!("#include \"a.h\"\n{SAYS}");
    let rust = "mod a;\nfn main() { println!(\"{}\", a::A) }\n";
    for (script, text, input, one, two) in [
        ("a.c", c.as_str(), "a.h", "#define A 1\n", "#define A 2\n"),
        ("s.rs", rust, "a.rs", "pub const A: u8 = 1;\n", "pub const A: u8 = 2;\n"),
    ] {
        sandbox.write(script, text);
        sandbox.write(input, one);
        settle();
        let first = denied(&["-v", script]);
        assert!(first.stdout == "1\n" && first.stderr.contains("unobserved"), "{}", first.stderr);
        assert!(!denied(&["-v", script]).stderr.contains("compiling it"));
        sandbox.write(input, two);
        denied(&[script]).prints("2\n");
    }
    let why = "unavailable: seccomp filters are forbidden here; inputs are what compilers report";
    denied(&["env", "observation"]).prints(&format!("{why}\n"));
    let doctor = denied(&["doctor"]);
    assert!(doctor.stdout.contains("observation") && doctor.stdout.contains(why), "{}", doctor.stdout);
    // Of two sources nobody reports what the second includes.
    sandbox.write(
        "b.c",
        "// /// runner\n// flags = [\"c.c\"]\n// ///\nint c(void);\nint main(void) { return c(); }\n",
    );
    sandbox.write("c.c", "int c(void) { return 1; }\n");
    for _ in 0..2 {
        let ran = denied(&["-v", "b.c"]);
        assert!(ran.code == 1 && ran.stderr.contains("compiling it"), "{}", ran.stderr);
    }
}
