//! Go. Its own build cache is the sandbox's, filled once for all tests from the machine's.

use std::fs;
use std::path::PathBuf;

use crate::support::compilers::{count, counting};
use crate::support::machine::has;
use crate::support::sandbox::{Ran, Sandbox};

/// A sandbox whose go command uses the machine's caches, since the standard library takes long; `None` if there is none.
fn with_go() -> Option<Sandbox> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let of_home =
        |name: &str, default: &str| std::env::var_os(name).unwrap_or_else(|| home.join(default).into());
    has("go").then(|| {
        let sandbox = counting("go");
        sandbox
            .with("GOCACHE", of_home("GOCACHE", ".cache/go-build"))
            .with("GOMODCACHE", of_home("GOMODCACHE", "go/pkg/mod"))
            .with("GOPROXY", "off")
    })
}

/// Prints a value.
fn prints(value: &str) -> String {
    format!("package main\n\nimport \"fmt\"\n\nfunc main() {{\n\tfmt.Println({value})\n}}\n")
}

#[test]
fn a_script_with_any_name_and_any_first_line() {
    let Some(sandbox) = with_go() else { return };
    let text = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"runtime\"\n)\n\nfunc main() {\n\t_, file, line, _ := runtime.Caller(0)\n\t\
                fmt.Println(os.Args[0], os.Args[1], file, line)\n\tos.Exit(5)\n}\n";
    for (name, first) in [
        ("plain.go", ""),
        ("with shebang", "#!/usr/bin/env runner\n"),
        ("gorun", "#!/usr/bin/env gorun\n"),
        ("trick", "//usr/bin/env go run \"$0\" \"$@\"; exit \"$?\"\n"),
        ("exec", "///bin/true;exec /usr/bin/env go run \"$0\" \"$@\"\n"),
        ("ignored.go", "//go:build ignore\n\n"),
        ("x_test.go", ""),
        ("_y.go", "#!/usr/bin/env runner\n"),
        ("z_windows.go", ""),
    ] {
        let path = sandbox.script(name, format!("{first}{text}"));
        let line = 10 + first.matches('\n').count();
        let typed = format!("./{name}");
        let expected = format!("{typed} --help {} {line}\n", path.display());
        for _ in 0..2 {
            sandbox.runner([typed.as_str(), "--help"]).run().ends(5, &expected, "");
        }
    }
    assert_eq!(count(&sandbox), 9);
    // Nothing was left beside them.
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 9);
}

#[test]
fn messages_name_the_script_as_typed() {
    let Some(sandbox) = with_go() else { return };
    for (name, first) in [("d/a.go", ""), ("d/b", "#!/usr/bin/env gorun\n")] {
        sandbox.script(name, format!("{first}package main\n\nfunc main() {{\n\tx\n}}\n"));
        let ran = sandbox.runner([name]).run();
        let place = format!("{name}:{}:2: undefined: x", 4 + first.matches('\n').count());
        // Where a line is said by a comment, there is no column.
        let place = if first.is_empty() { place } else { place.replace(":2: ", ": ") };
        let last = format!("runner: {name}: go failed (exit status: 2); nothing was cached\n");
        let is_right = ran.code == 125 && ran.stderr.contains(&place) && ran.stderr.ends_with(&last);
        assert!(is_right, "{place}\n{}", ran.stderr);
    }
    sandbox.script("p", "#!/usr/bin/env gorun\npackage main\n\nfunc main() {\n\tpanic(\"oh\")\n}\n");
    let ran = sandbox.runner(["./p"]).run();
    let place = format!("{}:5", sandbox.path("p").display());
    assert!(
        ran.code == 2 && ran.stderr.contains("panic: oh") && ran.stderr.contains(&place),
        "{}",
        ran.stderr
    );
    sandbox.write("lib.go", "package lib\n");
    let ran = sandbox.runner(["lib.go"]).run();
    assert!(ran.code == 125 && ran.stderr.contains("package `lib`"), "{}", ran.stderr);
}

#[test]
fn embedded_files_and_what_appears_among_them() {
    let Some(sandbox) = with_go() else { return };
    let text = "package main\n\nimport (\n\t\"embed\"\n\t\"fmt\"\n)\n\n//go:embed one.txt\nvar one string\n\n//go:embed all:data\nvar data embed.FS\n\n\
                //go:embed *.html\nvar pages embed.FS\n\nfunc main() {\n\tfmt.Print(one)\n\tfor _, fs := range []embed.FS{data, pages} {\n\t\t\
                list(fs, \".\")\n\t}\n}\n\nfunc list(fs embed.FS, at string) {\n\tentries, _ := fs.ReadDir(at)\n\tfor _, e := range entries {\n\t\t\
                path := at + \"/\" + e.Name()\n\t\tif at == \".\" {\n\t\t\tpath = e.Name()\n\t\t}\n\t\tif e.IsDir() {\n\t\t\tlist(fs, path)\n\t\t} else {\n\t\t\t\
                fmt.Println(path)\n\t\t}\n\t}\n}\n";
    sandbox.write("one.txt", "1\n");
    sandbox.write("data/a", "");
    fs::create_dir(sandbox.path("data/empty")).unwrap();
    sandbox.write("x.html", "");
    for name in ["a.go", "b"] {
        let first = if name == "b" { "#!/usr/bin/env gorun\n" } else { "" };
        sandbox.write(name, format!("{first}{text}"));
    }
    let run = |expected: &str| {
        for name in ["./a.go", "./b"] {
            sandbox.runner([name]).run().prints(expected);
        }
    };
    run("1\ndata/a\nx.html\n");
    let before = count(&sandbox);
    run("1\ndata/a\nx.html\n");
    assert_eq!(count(&sandbox), before);
    sandbox.write("one.txt", "2\n");
    run("2\ndata/a\nx.html\n");
    sandbox.write("y.html", "");
    run("2\ndata/a\nx.html\ny.html\n");
    sandbox.write("data/empty/b", "");
    run("2\ndata/a\ndata/empty/b\nx.html\ny.html\n");
    fs::remove_file(sandbox.path("data/a")).unwrap();
    run("2\ndata/empty/b\nx.html\ny.html\n");
}

#[test]
fn a_module_in_the_script_with_a_replaced_directory() {
    let Some(sandbox) = with_go() else { return };
    let script = |version: &str| {
        format!(
            "#!/usr/bin/env gorun\n{}\n// go.mod >>>\n// module example.com/script\n//\n// go {version}\n//\n// require example.com/lib v1.0.0\n//\n\
             // replace example.com/lib => ./lib\n// <<< go.mod\n",
            prints("lib.V").replace("import \"fmt\"", "import (\n\t\"fmt\"\n\n\t\"example.com/lib\"\n)")
        )
    };
    sandbox.write("lib/go.mod", "module example.com/lib\n");
    sandbox.write("lib/lib.go", "package lib\n\nconst V = 1\n");
    sandbox.write("s", script("1.18"));
    let run = |expected: &str| sandbox.runner(["./s"]).run().prints(expected);
    run("1\n");
    run("1\n");
    assert_eq!(count(&sandbox), 1);
    sandbox.write("lib/lib.go", "package lib\n\nconst V = 2\n");
    run("2\n");
    sandbox.write("lib/more.go", "package lib\n\nfunc init() { println(\"more\") }\n");
    sandbox.runner(["./s"]).run().ends(0, "2\n", "more\n");
    fs::remove_file(sandbox.path("lib/more.go")).unwrap();
    sandbox.write("lib/off_windows.go", "package lib\n\nfunc init() { println(\"off\") }\n");
    run("2\n");
    let before = count(&sandbox);
    sandbox.write("s", script("1.17"));
    run("2\n");
    assert_eq!(count(&sandbox), before + 1);
    assert!(!sandbox.path("go.mod").exists() && !sandbox.path("go.sum").exists());
}

#[test]
fn variables_in_the_script_and_around_it() {
    let Some(sandbox) = with_go() else { return };
    let tagged = |tag: &str| {
        format!(
            "#!/usr/bin/env gorun\n{}\n// go.env >>>\n// GOFLAGS=-tags={tag}\n// <<< go.env\n",
            prints("1")
        )
    };
    sandbox.write("s", tagged("a"));
    sandbox.runner(["./s"]).run().prints("1\n");
    sandbox.write("s", tagged("b"));
    sandbox.runner(["./s"]).run().prints("1\n");
    assert_eq!(count(&sandbox), 2);
    sandbox.write("bad", tagged("a -nonsense"));
    let ran = sandbox.runner(["./bad"]).run();
    assert!(ran.code == 125 && ran.stderr.contains("nonsense"), "{}", ran.stderr);

    sandbox.write("e.go", prints("2"));
    let run = |name: &str, value: &str| sandbox.runner(["e.go"]).env(name, value).run().prints("2\n");
    let before = count(&sandbox);
    run("X", "1");
    run("CGO_ENABLED", "0");
    run("GOFLAGS", "-tags=x");
    run("GOAMD64", "v2");
    run("X", "2");
    run("CGO_ENABLED", "0");
    assert_eq!(count(&sandbox), before + 4);
    // A program that is to run here is built for here.
    run("GOOS", "windows");
    run("GOARCH", "arm64");
    assert_eq!(count(&sandbox), before + 4);
    // What `go env -w` writes.
    sandbox.write(sandbox.home().join(".config/go/env"), "GOAMD64=v1\n");
    run("X", "1");
    assert_eq!(count(&sandbox), before + 5);
}

#[test]
fn what_is_handed_on_is_never_for_another_machine_than_was_asked_for() {
    let Some(sandbox) = with_go() else { return };
    sandbox.write("e.go", prints("2"));
    // Nor is what was built before it was asked for.
    sandbox.runner(["build", "-q", "e.go", "-o", "out"]).run().prints("");
    for (name, value) in [("GOOS", "windows"), ("GOARCH", "s390x")] {
        let message = format!(
            "runner: e.go: cannot build for `{name}={value}`: Go scripts are built for this machine\n  \
             hint: `go build` builds for others\n"
        );
        sandbox.runner(["build", "e.go", "-o", "out"]).env(name, value).run().ends(125, "", &message);
    }
    sandbox.runner(["build", "-q", "e.go", "-o", "out"]).env("GOOS", "linux").run().prints("");
}

#[test]
fn the_module_that_the_script_stands_in() {
    let Some(sandbox) = with_go() else { return };
    sandbox.write("go.mod", "module example.com/tools\n\ngo 1.18\n");
    sandbox.write("inner/inner.go", "package inner\n\nconst V = \"inner\"\n");
    sandbox.write(
        "cmd/a.go",
        prints("inner.V")
            .replace("import \"fmt\"", "import (\n\t\"fmt\"\n\n\t\"example.com/tools/inner\"\n)"),
    );
    let run = |expected: &str| {
        // From anywhere: it is the script's place that counts.
        sandbox.runner([sandbox.path("cmd/a.go")]).within("/").run().prints(expected);
    };
    run("inner\n");
    sandbox.write("inner/inner.go", "package inner\n\nconst V = \"changed\"\n");
    run("changed\n");
    sandbox.write("cmd/go.mod", "module example.com/other\n\ngo 1.18\n\nrequire example.com/tools v0.0.0\n\nreplace example.com/tools => ../\n");
    let before = count(&sandbox);
    run("changed\n");
    assert_eq!(count(&sandbox), before + 1);
    fs::remove_file(sandbox.path("cmd/go.mod")).unwrap();
    sandbox.write("go.work", "go 1.18\n\nuse .\n");
    run("changed\n");
    assert_eq!(count(&sandbox), before + 2);
}

#[test]
fn a_header_of_c_in_a_script_that_calls_c() {
    let Some(sandbox) = with_go() else { return };
    sandbox.write("v.h", "#include \"w.h\"\n");
    sandbox.write("w.h", "#define V 1\n");
    let text = "package main\n\n// #include \"v.h\"\nimport \"C\"\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(C.V)\n}\n";
    for (name, first) in [("a.go", ""), ("b", "#!/usr/bin/env gorun\n")] {
        sandbox.write("w.h", "#define V 1\n");
        sandbox.write(name, format!("{first}{text}"));
        let run = || sandbox.runner([format!("./{name}")]).run();
        run().prints("1\n");
        sandbox.write("w.h", "#define V 2\n");
        run().prints("2\n");
        sandbox.write("w.h", "#define V 3\n");
        run().prints("3\n");
    }
}

#[test]
fn flags_of_go_run_and_profiles() {
    let Some(sandbox) = with_go() else { return };
    let body = "package main\n\nimport \"fmt\"\n\nvar v = \"unset\"\n\nfunc main() {\n\tfmt.Println(v)\n}\n";
    sandbox.write(
        "a",
        format!("//usr/bin/env go run -ldflags=\"-X main.v=set\" -tags x \"$0\" -- \"$@\"; exit\n{body}"),
    );
    sandbox.runner(["./a", "-tags"]).run().prints("set\n");
    sandbox.runner(["--debug", "./a"]).run().prints("set\n");
    sandbox.write("b.go", body);
    for words in [&["b.go"][..], &["--debug", "b.go"], &["--profile", "quick", "b.go"]] {
        sandbox.runner(words).run().prints("unset\n");
    }
    sandbox.runner(["build", "b.go"]).run().prints("");
    sandbox.command(sandbox.path("b")).run().prints("unset\n");
    assert_eq!(sandbox.runner(["promote", "b.go"]).run().code, 0);
    let bytes = fs::read(sandbox.home().join(".local/bin/b")).unwrap();
    let here = sandbox.root().to_str().unwrap().as_bytes();
    assert!(!bytes.windows(here.len()).any(|part| part == here), "a path of this machine is in it");
}

#[test]
fn a_module_that_is_not_named_gets_a_hint() {
    let Some(sandbox) = with_go() else { return };
    sandbox.write("a", "#!/usr/bin/env gorun\npackage main\n\nimport _ \"example.com/x\"\n\nfunc main() {}\n// go.mod >>>\n// module s\n// <<< go.mod\n");
    let ran: Ran = sandbox.runner(["./a"]).run();
    assert!(
        ran.code == 125 && ran.stderr.contains("  hint: name the module and its version"),
        "{}",
        ran.stderr
    );
}

#[test]
fn first_runs_at_once_make_one_compile() {
    let Some(sandbox) = with_go() else { return };
    sandbox.write("a.go", prints("1"));
    let children: Vec<_> = (0..8).map(|_| sandbox.runner(["a.go"]).start()).collect();
    for child in children {
        Ran::of("a.go", child).prints("1\n");
    }
    assert_eq!(count(&sandbox), 1);
}
