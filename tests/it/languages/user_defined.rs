//! Languages that a user defines in the configuration file.

use std::fs;
use std::path::PathBuf;

use crate::support::files::write_program;
use crate::support::sandbox::Sandbox;

/// A compiler of lines: `say TEXT`, and `part FILE`, which it puts in its depfile.
const COMPILER: &str = r#"#!/bin/sh
[ "$1" = --version ] && { echo "fooc 1.0"; exit; }
echo "$*" >>"$FAKE_LOG.foo"
shout=cat output='' read='' source=''
while [ $# -gt 0 ]; do
    case $1 in
    -O) shout='tr a-z A-Z' ;;
    -o) output=$2; shift ;;
    -MF) read=$2; shift ;;
    *) source=$1 ;;
    esac
    shift
done
grep -q '^fail' "$source" && { echo "$source:1: it fails" >&2; exit 1; }
parts=$(sed -n 's/^part //p' "$source")
{ echo '#!/bin/sh'; echo "cat <<'END'"; { sed -n 's/^say //p' "$source"; [ -z "$parts" ] || cat $parts; } | $shout; echo END; } >"$output"
chmod +x "$output"
[ -z "$read" ] || echo "$output: $source $parts" >"$read"
"#;

const DEFINITION: &str = r#"
[language.foo]
extensions = ["foo", "fo"]
compiler = "fooc"
arguments = ["{flags}", "-o", "{output}", "-MF", "{read}", "{source}"]
depfile = true
release = ["-O"]
comment = "%"
variables = ["FAKE_LOG"]
install = "get it from https://foo.example"
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::fake();
    let compiler = sandbox.root().join("bin/fooc");
    write_program(&compiler, COMPILER);
    configure(&sandbox, DEFINITION);
    sandbox
}

fn configure(sandbox: &Sandbox, text: &str) -> PathBuf {
    let path = sandbox.home().join(".config/runner/config.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn compiles(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.root().join("log.foo")).unwrap_or_default().lines().count()
}

#[test]
fn a_language_of_ones_own_is_one_like_any_other() {
    let sandbox = sandbox();
    sandbox.write("x.foo", "say hello\npart part.txt\n");
    sandbox.write("part.txt", "part\n");
    for _ in 0..3 {
        sandbox.runner(["x.foo"]).run().prints("HELLO\nPART\n");
    }
    assert_eq!(compiles(&sandbox), 1);
    // Never stale: what it says it read, the compiler, the profile.
    sandbox.write("part.txt", "another\n");
    sandbox.runner(["x.foo"]).run().prints("HELLO\nANOTHER\n");
    assert_eq!(compiles(&sandbox), 2);
    sandbox.runner(["--debug", "x.foo"]).run().prints("hello\nanother\n");
    assert_eq!(compiles(&sandbox), 3);
    let compiler = sandbox.root().join("bin/fooc");
    fs::write(&compiler, format!("{COMPILER}# newer\n")).unwrap();
    sandbox.runner(["x.foo"]).run().prints("HELLO\nANOTHER\n");
    assert_eq!(compiles(&sandbox), 4);
    // By the other extension, and by name.
    sandbox.write("y.fo", "say y\n");
    sandbox.runner(["y.fo"]).run().prints("Y\n");
    sandbox.write("plain", "say plain\n");
    sandbox.runner(["--lang", "foo", "./plain"]).run().prints("PLAIN\n");
    // Its own words, and one line.
    sandbox.write("bad.foo", "fail\n");
    let ran = sandbox.runner(["bad.foo"]).run();
    assert!(
        ran.code == 125 && ran.stderr.starts_with("bad.foo:1: it fails\nrunner: bad.foo: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_it_is_defined_to_be_is_part_of_the_build() {
    let sandbox = sandbox();
    sandbox.write("x.foo", "say hello\n");
    sandbox.runner(["x.foo"]).run().prints("HELLO\n");
    configure(&sandbox, &DEFINITION.replace("release = [\"-O\"]", "release = []"));
    sandbox.runner(["x.foo"]).run().prints("hello\n");
    assert_eq!(compiles(&sandbox), 2);
    // What else is said there compiles nothing; nor does going back.
    configure(&sandbox, &format!("older = \"7d\"\n{DEFINITION}"));
    sandbox.runner(["x.foo"]).run().prints("HELLO\n");
    assert_eq!(compiles(&sandbox), 2);
    // Without a definition it is Rust, as any file is; and with one again it is not.
    configure(&sandbox, "");
    sandbox.write("x.foo", "print rust\nsay hello\n");
    sandbox.runner(["x.foo"]).run().prints("rust\n");
    configure(&sandbox, DEFINITION);
    sandbox.runner(["x.foo"]).run().prints("HELLO\n");
    configure(&sandbox, "");
    sandbox.runner(["x.foo"]).run().prints("rust\n");
    assert_eq!((compiles(&sandbox), sandbox.compiles()), (3, 1));
}

#[test]
fn a_compiler_that_is_missing_is_told_with_the_users_own_hint() {
    let sandbox = sandbox();
    fs::remove_file(sandbox.root().join("bin/fooc")).unwrap();
    sandbox.write("x.foo", "say hello\n");
    let ran = sandbox.runner(["x.foo"]).run();
    assert!(ran.code == 127 && ran.stderr.contains("`fooc`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: get it from https://foo.example"), "{}", ran.stderr);
}

#[test]
fn a_definition_that_means_nothing_is_an_error_where_it_stands() {
    let sandbox = sandbox();
    sandbox.write("x.foo", "say hello\n");
    let cases = [
        ("language = 1\n", "1:12: `language` must be a table of languages"),
        ("[language]\nfoo = 1\n", "2:7: `language.foo` must be a table"),
        ("[language.foo]\n", "1:11: `compiler` is missing"),
        ("[language.Foo]\ncompiler = \"x\"\n", "1:11: `Foo` cannot name a language"),
        ("[language.rust]\ncompiler = \"x\"\n", "1:11: `rust` cannot name a language"),
        (
            "[language.foo]\ncompiler = \"./x\"\n",
            "2:1: `compiler` must be the name of a program on PATH, or an absolute path",
        ),
        (
            "[language.foo]\ncompiler = \"x\"\nextensions = \"foo\"\n",
            "3:1: `extensions` must be a list of strings",
        ),
        (
            "[language.foo]\ncompiler = \"x\"\nextensions = [\".foo\"]\n",
            "3:1: `extensions` must be names without a dot",
        ),
        (
            "[language.foo]\ncompiler = \"x\"\nextensions = [\"foo\"]\narguments = [\"{source}\"]\n",
            "4:1: `arguments` must contain `{output}`",
        ),
        (
            "[language.foo]\ncompiler = \"x\"\nextensions = [\"foo\"]\narguments = [\"{source}\", \"{output}\"]\ndepfile = true\n",
            "4:1: `arguments` must contain `{read}`",
        ),
        ("[language.foo]\ncompilr = \"x\"\n", "2:1: unknown key `compilr`; supported: extensions, compiler,"),
    ];
    for (text, message) in cases {
        let path = configure(&sandbox, text);
        let ran = sandbox.runner(["x.foo"]).run();
        let expected = format!("runner: x.foo: {}:{message}", path.display());
        assert!(ran.code == 125 && ran.stderr.starts_with(&expected), "{text}: {}", ran.stderr);
        assert!(
            ran.stderr.ends_with("hint: `runner help config` shows how to define a language\n"),
            "{}",
            ran.stderr
        );
    }
}
