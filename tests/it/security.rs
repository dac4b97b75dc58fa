//! Security: nobody else's files are executed or left behind, no metadata or name becomes an argument, a command or a
//! movement of the cursor, nothing is written outside the cache.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::sandbox::{Sandbox, files_below, skipped};
use crate::strace;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn tree(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .flat_map(|entry| {
            let below = if entry.file_type().unwrap().is_dir() { tree(&entry.path()) } else { Vec::new() };
            [vec![entry.path()], below].concat()
        })
        .collect();
    found.sort();
    found
}

// ── Whose files ─────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn whatever_the_umask_the_cache_is_ours_alone() {
    for umask in ["0", "022", "077"] {
        let sandbox = Sandbox::fake();
        sandbox.write("x.rs", "print right\n");
        for command in ["x.rs", "--temp x.rs", "x.rs"] {
            sandbox.sh(&format!("umask {umask} && exec runner {command}")).run().prints("right\n");
        }
        assert_eq!(mode(&sandbox.cache()), 0o700, "umask {umask}");
        assert_eq!(mode(&sandbox.home().join(".cache")) & 0o022, 0, "umask {umask}");
        for directory in tree(&sandbox.cache()).into_iter().filter(|path| path.is_dir()) {
            assert_eq!(mode(&directory) & 0o077, 0, "umask {umask}: {}", directory.display());
        }
        for binary in sandbox.cached("bin") {
            assert_eq!(mode(&sandbox.cache().join("v1/bin").join(binary)), 0o700);
        }
    }
}

#[test]
fn in_a_directory_that_anybody_may_change_there_is_no_cache() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let open = sandbox.root().join("open");
    let cache = open.join("above/cache");
    fs::create_dir_all(cache.parent().unwrap()).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let run = || sandbox.runner(["x.rs"]).env("RUNNER_CACHE", &cache).run();
    run().ends(
        0,
        "right\n",
        &format!(
            "runner: x.rs: anybody may put another cache in the place of `{}`, since `{}` is open to all (mode 0777); \
             running from a temporary binary\n",
            cache.display(),
            open.display()
        ),
    );
    assert!(!cache.exists());
    // With the sticky bit, as /tmp has it, only its owner may rename the directory below.
    fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
    run().prints("right\n");
    assert!(cache.exists());
}

#[test]
fn a_cache_others_could_write_to_is_to_be_removed_and_not_only_closed() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    fs::create_dir_all(sandbox.cache()).unwrap();
    for (mode, hint) in [(0o755, "`chmod 700 "), (0o777, "remove it"), (0o770, "remove it")] {
        fs::set_permissions(sandbox.cache(), fs::Permissions::from_mode(mode)).unwrap();
        let ran = sandbox.runner(["cache", "list"]).run();
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(ran.code, 125);
        assert!(lines[1].starts_with(&format!("  hint: {hint}")), "{lines:?}");
    }
}

#[test]
fn root_leaves_nothing_in_the_home_of_another_user_and_says_so() {
    if !is_root() {
        return skipped("only root can have another user's HOME");
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    chown(sandbox.home(), Some(65534), Some(65534)).unwrap();
    for _ in 0..2 {
        let ran = sandbox.runner(["x.rs"]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "right\n"));
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("belongs to uid 65534, not to you (uid 0)"), "{}", ran.stderr);
        assert_eq!(tree(&sandbox.home()), Vec::<PathBuf>::new());
    }
    // A cache the user has already: not executed from, not written to.
    let cache = sandbox.cache();
    fs::create_dir_all(&cache).unwrap();
    for path in tree(&sandbox.home()) {
        chown(&path, Some(65534), Some(65534)).unwrap();
    }
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    let ran = sandbox.runner(["x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "right\n"));
    assert!(ran.stderr.contains("belongs to uid 65534, not to you (uid 0)"), "{}", ran.stderr);
    assert_eq!(tree(&cache), Vec::<PathBuf>::new());
    assert_eq!(tree(&sandbox.root().join("tmp")), Vec::<PathBuf>::new());
}

#[test]
fn root_gives_cargo_a_home_of_its_own_where_home_is_another_users() {
    if !is_root() {
        return skipped("only root can have another user's HOME");
    }
    let sandbox = Sandbox::new().with("CARGO_HOME", "");
    sandbox.write("word/Cargo.toml", "[package]\nname = \"word\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("word/src/lib.rs", "pub const WORD: &str = \"word\";\n");
    sandbox.write(
        "x.rs",
        "---\n[dependencies]\nword = { path = \"word\" }\n---\nfn main() { println!(\"{}\", word::WORD); }\n",
    );
    chown(sandbox.home(), Some(65534), Some(65534)).unwrap();
    // What the user planted is not run as root.
    fs::create_dir_all(sandbox.home().join(".cargo")).unwrap();
    fs::write(sandbox.home().join(".cargo/config.toml"), "[build]\nrustc-wrapper = \"/nowhere/evil\"\n")
        .unwrap();
    for path in tree(&sandbox.home()) {
        chown(&path, Some(65534), Some(65534)).unwrap();
    }
    let before = tree(&sandbox.home());
    let ran = sandbox.runner(["--profile", "quick", "x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "word\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(tree(&sandbox.home()), before);
    // With a cache of its own root is told nothing, and leaves nothing there either.
    let own = sandbox.root().join("own");
    for _ in 0..2 {
        let run = sandbox.runner(["--profile", "quick", "x.rs"]).env("RUNNER_CACHE", &own);
        run.run().prints("word\n");
        assert_eq!(tree(&sandbox.home()), before);
    }
}

#[test]
fn names_in_shared_directories_cannot_be_predicted() {
    if !strace::is_there() {
        return;
    }
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print right\n");
    let shared = sandbox.root().join("tmp");
    fs::write(sandbox.home().join(".cache"), "no cache here").unwrap();
    let mut names = Vec::new();
    for _ in 0..2 {
        let (ran, calls) = strace::trace(&sandbox, &["-f"], &["x.rs"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "right\n"));
        for call in calls.iter().filter(|call| call.changes_files() && !call.failed()) {
            let Some(path) = call.texts().into_iter().next().map(PathBuf::from) else { continue };
            if path.parent() != Some(&shared) {
                continue;
            }
            match call.name.as_str() {
                "mkdir" => assert!(call.arguments.ends_with("0700"), "{call:?}"),
                "openat" => assert!(call.arguments.contains("O_EXCL"), "{call:?}"),
                _ => continue,
            }
            names.push(path);
        }
    }
    assert!(names.len() >= 2);
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
    assert_eq!(tree(&shared), Vec::<PathBuf>::new());
}

// ── Metadata ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A compiler that notes its arguments, one a line, and then is the fake one.
fn with_noted_arguments() -> Sandbox {
    let sandbox = Sandbox::fake();
    let compiler = sandbox.root().join("fake/rustc");
    fs::rename(&compiler, sandbox.root().join("fake/rustc-behind")).unwrap();
    let script = "#!/bin/sh\nfor argument; do printf '%s\\0' \"$argument\"; done >>\"$FAKE_LOG-arguments\"\nexec \"$0-behind\" \"$@\"\n";
    fs::write(&compiler, script).unwrap();
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox
}

fn noted(sandbox: &Sandbox) -> Vec<String> {
    let bytes = fs::read(sandbox.root().join("log-arguments")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// Options whose value is the next argument.
const WITH_VALUE: &[&str] =
    &["--crate-name", "--crate-type", "-C", "--cfg", "--check-cfg", "-o", "-A", "-W", "-D", "-F"];

/// Every argument of its own is one that runner may pass, whatever the metadata said.
fn assert_known(arguments: &[String], context: &str) {
    let known = [
        "--edition=2",
        "--emit=link,dep-info=/",
        "--color=never",
        "--remap-path-prefix=",
        "--remap-path-scope=",
        "--warn=",
        "--allow=",
        "--deny=",
        "--forbid=",
        "--check-cfg=cfg(",
        "-Zcrate-attr=feature(frontmatter)",
        "-Zcrate-attr=allow(unused_features)",
        "-Zallow-features=frontmatter",
        "-vV",
        "/",
    ];
    let mut all = arguments.iter().filter(|argument| !argument.is_empty());
    while let Some(argument) = all.next() {
        if WITH_VALUE.contains(&argument.as_str()) {
            let value = all.next().unwrap();
            assert!(!value.starts_with(['-', '@']), "{context}: {argument} {value}");
        } else {
            // `-` alone: a script without `main` is read from standard input.
            let is_known = argument == "-" || known.iter().any(|known| argument.starts_with(known));
            assert!(is_known, "{context}: {argument}");
        }
    }
}

#[test]
fn metadata_cannot_smuggle_arguments_to_the_compiler() {
    let texts = [
        "--cfg=evil",
        "-Clinker=evil",
        "@/etc/passwd",
        "x --cfg evil",
        "x\ny",
        "x\"y",
        "x\u{1b}[2Jy",
        "../../x",
        "x\u{0}y",
        "$(touch evil)",
        "`touch evil`; touch evil",
    ];
    let places = [
        "[package]\nname = TEXT",
        "[package]\nversion = TEXT",
        "[package]\nedition = TEXT",
        "[package]\nauthors = [TEXT]\ndescription = TEXT\nhomepage = TEXT\nlicense = TEXT",
        "[package]\nrust-version = TEXT",
        "[package.metadata.runner]\ntoolchain = TEXT",
        "[package.metadata.rustscript]\ntoolchain = TEXT",
        "[package.metadata.runner]\nprofile = TEXT",
        "[package.metadata.runner]\ninputs = [TEXT]",
        "[package.metadata.runner]\nenv = [TEXT]",
        "[features]\ndefault = [TEXT]",
        "[features]\nTEXT = []",
        "[lints.rust]\nTEXT = \"warn\"",
        "[lints.TEXT]\nx = \"warn\"",
        "[lints.rust]\nunused = TEXT",
        "[lints.rust]\nunexpected_cfgs = { level = \"warn\", check-cfg = [TEXT] }",
        "[profile.release]\nopt-level = TEXT",
        "[profile.release]\nlto = TEXT",
        "[profile.release]\ncodegen-units = TEXT",
        "[profile.release]\npanic = TEXT",
        "[profile.release]\nstrip = TEXT",
        "[profile.release]\nsplit-debuginfo = TEXT",
        "[profile.release]\nrustflags = [TEXT]",
        "[profile.TEXT]\ninherits = \"release\"",
        "[profile.x]\ninherits = TEXT\n[package.metadata.runner]\nprofile = \"x\"",
        "[TEXT]\nx = 1",
    ];
    let sandbox = with_noted_arguments();
    let mut count = 0;
    for place in places {
        for text in texts {
            let quoted = format!("{text:?}").replace("\\0", "\\u0000").replace("\\u{1b}", "\\u001b");
            let context = place.replace("TEXT", &quoted);
            for form in [
                format!("---\n{context}\n---\nprint right\n"),
                format!("//! ```cargo\n{}\n//! ```\nprint right\n", commented(&context)),
            ] {
                sandbox.write("x.rs", form);
                let _ = fs::remove_file(sandbox.root().join("log-arguments"));
                let before = tree(&sandbox.work());
                let ran = sandbox.runner(["--offline", "x.rs"]).run();
                let is_right = ran.code == 0 && ran.stdout == "right\n" && ran.stderr.is_empty();
                let is_refused = matches!(ran.code, 125 | 127) && ran.stdout.is_empty();
                assert!(is_right || is_refused, "{context}: {} {:?} {:?}", ran.code, ran.stdout, ran.stderr);
                let is_printable = ran.stderr.chars().all(|c| c == '\n' || !c.is_control());
                assert!(is_printable, "{context}: {:?}", ran.stderr);
                let said = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count();
                assert_eq!(said, usize::from(is_refused), "{context}: {}", ran.stderr);
                assert_known(&noted(&sandbox), &context);
                assert_eq!(tree(&sandbox.work()), before, "{context}");
                count += 1;
            }
        }
    }
    println!("metadata: {count} scripts that try to smuggle something");
}

fn commented(text: &str) -> String {
    text.lines().map(|line| format!("//! {line}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn metadata_cannot_make_cargo_write_or_run_anything_else() {
    let sandbox = Sandbox::new();
    sandbox.write("word/Cargo.toml", "[package]\nname = \"word\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    sandbox.write("word/src/lib.rs", "pub const WORD: &str = \"word\";\n");
    sandbox.write("evil.rs", "fn main() { std::fs::write(\"/proc/self/cwd/pwned\", \"\").unwrap(); }\n");
    let evil = sandbox.path("evil.rs");
    let extras = [
        format!("[package]\nbuild = {evil:?}"),
        "[package]\nworkspace = \"/elsewhere\"".to_owned(),
        "[workspace]\nmembers = [\"word\"]".to_owned(),
        format!("[lib]\npath = {evil:?}"),
        format!("[[bin]]\nname = \"evil\"\npath = {evil:?}"),
        format!("[[example]]\nname = \"evil\"\npath = {evil:?}"),
        "[build-dependencies]\nword = { path = \"word\" }".to_owned(),
        "[package]\nname = \"--config\"".to_owned(),
        "[package]\nlinks = \"evil\"".to_owned(),
    ];
    let before = |sandbox: &Sandbox| tree(&sandbox.work());
    for extra in &extras {
        let manifest = format!("{extra}\n[dependencies]\nword = {{ path = \"word\" }}");
        let script = format!(
            "{}\nfn main() {{ println!(\"{{}}\", word::WORD); }}\n",
            format_args!("//! ```cargo\n{}\n//! ```", commented(&manifest))
        );
        sandbox.write("x.rs", script);
        let there = before(&sandbox);
        let ran = sandbox.runner(["--profile", "quick", "x.rs"]).run();
        assert!(
            (ran.code == 0 && ran.stdout == "word\n") || (ran.code == 125 && ran.stdout.is_empty()),
            "{extra}: {} {:?} {}",
            ran.code,
            ran.stdout,
            ran.stderr
        );
        assert_eq!(before(&sandbox), there, "{extra}");
    }
    assert_eq!(files_below(&sandbox.root().join("tmp")), Vec::<PathBuf>::new());
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn no_name_of_a_script_is_an_argument_a_command_or_a_movement_of_the_cursor() {
    let names: [&[u8]; 15] = [
        b"./-x.rs",
        b"./--cfg=evil.rs",
        b"./@file.rs",
        b"./a b.rs",
        b"./a\nb.rs",
        b"./a=b.rs",
        b"./a,b.rs",
        b"./a\\b.rs",
        b"./a\"b'c.rs",
        b"./$(touch evil).rs",
        b"./x;touch evil;.rs",
        b"./\x1b[2J.rs",
        b"./\xff\xfe.rs",
        b"./\xe2\x80\xae.rs",
        b"./#!.rs",
    ];
    let fake = Sandbox::fake();
    let real = Sandbox::new();
    for name in names {
        let name = OsString::from_vec(name.to_vec());
        fake.write(&name, "print right\n");
        for _ in 0..2 {
            fake.runner([&name]).run().prints("right\n");
        }
        real.write(&name, "fn main() { println!(\"right\"); }\n");
        let ran = real.runner([&name]).run();
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "right\n", ""), "{name:?}");
        // What fails is told in one line of ours, printable.
        fake.write(&name, "fail on purpose\n");
        let ran = fake.runner([&name]).run();
        let ours: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("runner: ")).collect();
        assert_eq!((ran.code, ours.len()), (125, 1), "{name:?}: {}", ran.stderr);
        assert!(ran.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{name:?}: {:?}", ran.stderr);
        fs::remove_file(fake.path(&name)).unwrap();
        let ran = fake.runner([&name]).run();
        assert_eq!(ran.code, 127);
        assert!(ran.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{name:?}: {:?}", ran.stderr);
        assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("runner: ")).count(), 1, "{name:?}");
        // Nor in what lists.
        let list = fake.runner(["cache", "list"]).run();
        assert!(list.stdout.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{:?}", list.stdout);
    }
    for sandbox in [&fake, &real] {
        assert!(!tree(sandbox.root()).iter().any(|path| path.file_name().is_some_and(|name| name == "evil")));
    }
}

#[test]
fn a_cache_may_lie_in_a_directory_of_any_name() {
    for name in ["a b", "a=b", "a:b", "a\nb", "a'b\"c", "-x", "\u{e9}"] {
        let sandbox = Sandbox::new();
        let cache = sandbox.root().join(name).join("cache");
        sandbox.write("x.rs", "fn main() { println!(\"right\"); }\n");
        for _ in 0..2 {
            sandbox
                .runner(["--profile", "quick", "x.rs"])
                .env("RUNNER_CACHE", &cache)
                .run()
                .prints("right\n");
        }
        assert!(cache.join("v1/bin").is_dir());
    }
    // Apart from one that rustc has no way to be told of.
    let sandbox = Sandbox::new();
    let cache = sandbox.root().join("a,b");
    sandbox.write("x.rs", "fn main() { println!(\"right\"); }\n");
    let ran = sandbox.runner(["--profile", "quick", "x.rs"]).env("RUNNER_CACHE", &cache).run();
    ran.ends(
        0,
        "right\n",
        &format!(
            "runner: x.rs: cache directory `{}` has a comma in its name, which rustc takes for a separator; \
             running from a temporary binary\n",
            cache.display()
        ),
    );
}
