//! The remote cache on nginx, with real compilers.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::support::cache_server::Fleet;
use crate::support::fake_registry::Registry;
use crate::support::files::files_below;
use crate::support::machine::{has, is_offline};
use crate::support::sandbox::{Ran, Sandbox};

/// nginx with the configuration of `src/docs/fleet.md`: everybody reads, and who has a password writes.
struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    fn start(root: &Path) -> Nginx {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = root.join("nginx");
        fs::create_dir_all(directory.join("data")).unwrap();
        let text = include_str!("../../../../src/docs/fleet.md");
        let start = text.find("```nginx\n").unwrap() + "```nginx\n".len();
        let end = start + text[start..].find("```").unwrap();
        let server = text[start..end]
            .replace("listen 8080;", &format!("listen 127.0.0.1:{port};"))
            .replace("/srv/runner-cache", &directory.join("data").to_string_lossy())
            .replace("/etc/nginx/runner-users", &directory.join("users").to_string_lossy());
        let path = directory.display();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/errors;\nevents {{}}\nhttp {{\n\
             access_log {path}/log;\nclient_body_temp_path {path}/body;\nproxy_temp_path {path}/proxy;\n\
             fastcgi_temp_path {path}/fastcgi;\nuwsgi_temp_path {path}/uwsgi;\nscgi_temp_path {path}/scgi;\n{server}}}\n"
        );
        fs::write(directory.join("nginx.conf"), configuration).unwrap();
        // `secret`
        fs::write(directory.join("users"), "ci:{PLAIN}secret\n").unwrap();
        let mut command = Command::new("nginx");
        command
            .arg("-p")
            .arg(&directory)
            .arg("-c")
            .arg(directory.join("nginx.conf"))
            .arg("-e")
            .arg(directory.join("errors"));
        command
            .env("PATH", "/usr/sbin:/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut nginx = Nginx { child: command.spawn().unwrap(), port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = nginx.child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", fs::read_to_string(directory.join("errors")).unwrap_or_default());
            std::thread::yield_now();
        }
        nginx
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two machines with nginx between them.
fn fleet(files: &[(&str, &str)]) -> Option<(Fleet, Nginx)> {
    if !has("nginx") {
        return None;
    }
    let mut fleet = Fleet::new(Sandbox::new(), files)?;
    let nginx = Nginx::start(fleet.sandbox.root());
    fleet.sandbox.set("RUNNER_REMOTE", nginx.address());
    Some((fleet, nginx))
}

fn push(fleet: &Fleet, script: &str) -> Ran {
    let key = fleet.sandbox.root().join("key");
    let push = fleet.on("a", &["cache", "push", script]).env("RUNNER_REMOTE_WRITE", "1");
    push.env("RUNNER_REMOTE_KEY", key).env("RUNNER_REMOTE_ARGS", "--user ci:secret").run()
}

const HELLO: &str = "---\n[package]\nedition = \"2021\"\n---\nfn main() { println!(\"hello\") }\n";
const MODULE: &str = "mod m;\nfn main() { println!(\"{} {}\", m::f(), include_str!(\"data.txt\").trim()) }\n";
const MODULE_FILE: &str = "pub fn f() -> &'static str { option_env!(\"GREETING\").unwrap_or(\"none\") }\n";
const C: &str = "#include <stdio.h>\n#include \"x.h\"\nint main(void) { puts(TEXT); }\n";

#[test]
fn programs_of_one_machine_run_on_another_without_a_compiler() {
    let files = [
        ("hello.rs", HELLO),
        ("module.rs", MODULE),
        ("m.rs", MODULE_FILE),
        ("data.txt", "data\n"),
        ("c.c", C),
        ("x.h", "#define TEXT \"c\"\n"),
        ("mainless.rs", "println!(\"mainless\");\n"),
    ];
    let Some((fleet, _nginx)) = fleet(&files) else { return };
    for (script, said) in
        [("hello.rs", "hello\n"), ("module.rs", "none data\n"), ("c.c", "c\n"), ("mainless.rs", "mainless\n")]
    {
        push(&fleet, script).ends(0, &format!("pushed {script}\n"), "");
        let ran = fleet.on("b", &["-v", "-x", script]).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, said), "{script}\n{}", ran.stderr);
        assert!(ran.stderr.contains("signed by ci@example.org"), "{script}\n{}", ran.stderr);
        assert!(!ran.stderr.contains("--crate-name"), "{script}\n{}", ran.stderr);
        fleet.on("b", &[script]).run().prints(said);
    }
    // The same bytes as a build there would have given.
    let binary = |force: &[&str]| {
        let words = [&["build", "--print-path"], force, &["hello.rs"]].concat();
        let path = fleet.on("b", &words).run().stdout;
        fs::read(path.trim()).unwrap()
    };
    let fetched = binary(&[]);
    assert_eq!(binary(&["--force"]), fetched);
}

#[test]
fn a_script_that_holds_its_place_is_only_taken_there() {
    let place = "fn main() { println!(\"{}\", env!(\"CARGO_MANIFEST_DIR\")) }\n";
    let Some((fleet, _nginx)) = fleet(&[("place.rs", place)]) else { return };
    push(&fleet, "place.rs").ends(0, "pushed place.rs\n", "");
    let ran = fleet.on("b", &["-v", "place.rs"]).run();
    assert_eq!((ran.code, ran.stdout), (0, format!("{}\n", fleet.sandbox.path("b").display())));
    assert!(ran.stderr.contains("the program holds the path"), "{}", ran.stderr);
    // Another home on the same machine, so to say.
    let there = fleet.on("b", &["-v", "place.rs"]).within(fleet.sandbox.path("a")).run();
    assert_eq!((there.code, there.stdout), (0, format!("{}\n", fleet.sandbox.path("a").display())));
    assert!(there.stderr.contains("signed by"), "{}", there.stderr);
}

#[test]
fn what_differs_is_compiled_and_right() {
    let files = [("module.rs", MODULE), ("m.rs", MODULE_FILE), ("data.txt", "data\n")];
    let Some((fleet, _nginx)) = fleet(&files) else { return };
    push(&fleet, "module.rs").ends(0, "pushed module.rs\n", "");
    let changes: [(&str, &str, &str); 2] = [
        ("data.txt", "other\n", "none other\n"),
        ("m.rs", "pub fn f() -> &'static str { \"changed\" }\n", "changed data\n"),
    ];
    for (file, text, said) in changes {
        let before = fs::read(fleet.path("b", file)).unwrap();
        fs::write(fleet.path("b", file), text).unwrap();
        let cache = fleet.sandbox.root().join("cache").join(file);
        let ran = fleet.on("b", &["-v", "module.rs"]).env("RUNNER_CACHE", cache).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (0, said), "{}", ran.stderr);
        assert!(ran.stderr.contains("is of no use here"), "{}", ran.stderr);
        fs::write(fleet.path("b", file), before).unwrap();
    }
    let greeted = fleet.on("b", &["module.rs"]).env("GREETING", "hi").run();
    greeted.prints("hi data\n");
    // A module that would be in the way is an error here as anywhere.
    fs::create_dir(fleet.path("b", "m")).unwrap();
    fs::write(fleet.path("b", "m/mod.rs"), MODULE_FILE).unwrap();
    let cache = fleet.sandbox.root().join("cache/rival");
    let rival = fleet.on("b", &["module.rs"]).env("RUNNER_CACHE", cache).run();
    assert_ne!(rival.code, 0, "{}", rival.stderr);
}

#[test]
fn writing_needs_the_password() {
    let Some((fleet, _nginx)) = fleet(&[("hello.rs", HELLO)]) else { return };
    let key = fleet.sandbox.root().join("key");
    let push = fleet.on("a", &["cache", "push", "hello.rs"]).env("RUNNER_REMOTE_WRITE", "1");
    let refused = push.env("RUNNER_REMOTE_KEY", key).run();
    refused.fails(125, "cannot push: HTTP status 401 to a write\n  hint: `runner help cache`");
}

#[test]
fn a_first_run_with_dependencies_costs_a_download() {
    let script = "---\n[dependencies]\nregex = \"1\"\nserde_json = \"1\"\nanyhow = \"1\"\n---\n\
        fn main() -> anyhow::Result<()> {\n    let re = regex::Regex::new(\"l+\")?;\n    \
        println!(\"{} {}\", re.is_match(\"hello\"), serde_json::json!([1]));\n    Ok(())\n}\n";
    let Some((fleet, _nginx)) = fleet(&[("several.rs", script)]) else { return };
    let start = Instant::now();
    let pushed = push(&fleet, "several.rs");
    if is_offline(&pushed) {
        return;
    }
    pushed.ends(0, "pushed several.rs\n", "");
    let built = start.elapsed();
    let start = Instant::now();
    let ran = fleet.on("b", &["-v", "several.rs"]).run();
    let fetched = start.elapsed();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "true [1]\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("signed by"), "{}", ran.stderr);
    eprintln!("built twice in {built:?}, fetched in {fetched:?}");
    // Its toolchain may lie elsewhere, too, and have the source of the library or not.
    let entry = files_below(&fleet.sandbox.root().join("nginx/data/ac")).remove(0);
    let entry = String::from_utf8_lossy(&fs::read(entry).unwrap()).into_owned();
    assert!(!entry.contains("about place"), "{entry}");
}

#[test]
fn a_program_of_other_versions_of_its_dependencies_is_not_taken() {
    let (sandbox, registry) = Registry::with_libraries(&["one"]);
    let text = "---\ndependencies.one = \"1\"\n---\nfn main() { println!(\"{}\", one::said()) }\n";
    let Some(fleet) = Fleet::new(sandbox, &[("x.rs", text)]) else { return };
    fleet.push("x.rs").ends(0, "pushed x.rs\n", "");
    registry.library("one", "1.1.0");
    // Who has chosen no versions takes what the other machine chose.
    let ran = fleet.on("b", &["-v", "x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "one 1.0.0\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("signed by"), "{}", ran.stderr);
    let locked = fleet.on("b", &["lock", "--upgrade", "x.rs"]).run();
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    let cache = fleet.sandbox.root().join("another cache");
    let ran = fleet.on("b", &["-v", "x.rs"]).env("RUNNER_CACHE", cache).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "one 1.1.0\n"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("signed by"), "{}", ran.stderr);
}

/// The commands of a section of `fleet.md`.
fn recipe(section: &str) -> &'static str {
    let text = include_str!("../../../../src/docs/fleet.md");
    let (_, text) = text.split_once(&format!("\n# {section}\n")).unwrap();
    let (_, text) = text.split_once("```sh\n").unwrap();
    text.split_once("```").unwrap().0
}

#[test]
fn the_recipe_for_ci_pushes_from_the_main_branch_only() {
    let files = [("scripts/one.rs", "print one\n"), ("scripts/two.rs", "print two\n")];
    if !has("nginx") {
        return;
    }
    let Some(fleet) = Fleet::new(Sandbox::fake(), &files) else { return };
    let sandbox = &fleet.sandbox;
    let nginx = Nginx::start(sandbox.root());
    for machine in ["a", "b"] {
        fs::create_dir_all(fleet.path(machine, "ci")).unwrap();
        fs::copy(sandbox.root().join("signers"), fleet.path(machine, "ci/signers")).unwrap();
    }
    // The secrets of the main branch.
    fs::copy(sandbox.root().join("key"), fleet.home("a").join("runner-key")).unwrap();
    let login = "machine 127.0.0.1 login ci password secret\n";
    fs::write(fleet.home("a").join(".netrc"), login).unwrap();
    let all = recipe("CI").replace("https://cache.example.org", &nginx.address());
    let (asks, pushes) = all.split_once("# The main branch adds:\n").unwrap();
    let run = |machine: &str, text: &str| {
        let run = sandbox.sh(&format!("set -e\n{text}")).env("HOME", fleet.home(machine));
        run.env("LOGNAME", machine).within(sandbox.path(machine)).run()
    };
    let pushed = run("a", &all);
    assert_eq!((pushed.code, sandbox.compiles()), (0, 2), "{}", pushed.stderr);
    assert_eq!(pushed.stdout, "pushed scripts/one.rs\npushed scripts/two.rs\n");
    // A pull request that changes one script.
    fs::write(fleet.path("b", "scripts/two.rs"), "print three\n").unwrap();
    let asked = run("b", &format!("{asks}runner scripts/one.rs; runner scripts/two.rs\n"));
    assert_eq!((asked.code, asked.stdout.as_str()), (0, "one\nthree\n"), "{}", asked.stderr);
    assert_eq!(sandbox.compiles(), 3);
    let entries = || files_below(&sandbox.root().join("nginx/data")).len();
    let before = entries();
    // Whatever it does, it has neither key nor password.
    let pushed = run("b", &format!("{asks}{pushes}"));
    assert_eq!((pushed.code, pushed.stdout.as_str()), (125, ""), "{}", pushed.stderr);
    fs::copy(sandbox.root().join("other"), fleet.home("b").join("runner-key")).unwrap();
    let pushed = run("b", &format!("{asks}{pushes}"));
    assert_eq!((pushed.code, pushed.stdout.as_str()), (125, ""), "{}", pushed.stderr);
    assert!(pushed.stderr.contains("HTTP status 401"), "{}", pushed.stderr);
    assert_eq!(entries(), before);
}

#[test]
fn an_image_made_by_its_recipe_runs_its_scripts_without_a_compiler() {
    let sandbox = Sandbox::fake();
    let image = sandbox.root().join("image");
    for (name, text) in [("one.rs", "print one\n"), ("two.rs", "print two\n")] {
        sandbox.script(image.join("usr/local/bin").join(name), text);
    }
    fs::create_dir_all(image.join("usr/share")).unwrap();
    let commands =
        ["/usr/share", "/usr/local"].into_iter().fold(recipe("An image").to_owned(), |text, place| {
            text.replace(place, &format!("{}{place}", image.display()))
        });
    let made = sandbox.sh(&format!("set -e\n{commands}")).run();
    assert_eq!((made.code, sandbox.compiles()), (0, 2), "{}", made.stderr);
    // Somebody in a container of it.
    let path = format!("{}:/usr/bin:/bin", sandbox.root().join("bin").display());
    for (name, said) in [("one.rs", "one\n"), ("two.rs", "two\n")] {
        let run = sandbox.runner([image.join("usr/local/bin").join(name)]).env("PATH", &path);
        let run = run.env("HOME", sandbox.root().join("nobody"));
        run.env("RUNNER_CACHE_SYSTEM", image.join("usr/share/runner")).run().prints(said);
    }
    assert_eq!(sandbox.compiles(), 2);
}

#[test]
fn the_entry_is_an_action_result() {
    if !has("protoc") {
        return;
    }
    let Some((fleet, _nginx)) = fleet(&[("hello.rs", HELLO)]) else { return };
    push(&fleet, "hello.rs").ends(0, "pushed hello.rs\n", "");
    let proto = "syntax = \"proto3\";\nmessage Digest { string hash = 1; int64 size_bytes = 2; }\n\
        message OutputFile { string path = 1; Digest digest = 2; bool is_executable = 4; }\n\
        message ActionResult { repeated OutputFile output_files = 2; bytes stdout_raw = 5; bytes stderr_raw = 7; }\n";
    fleet.sandbox.write("action.proto", proto);
    let entry = files_below(&fleet.sandbox.root().join("nginx/data/ac")).remove(0);
    let decode = fleet.sandbox.command("protoc").args(["--decode=ActionResult", "action.proto"]);
    let decoded = decode.input(fs::read(entry).unwrap()).run();
    assert_eq!(decoded.code, 0, "{}", decoded.stderr);
    for part in
        ["path: \"hello\"", "is_executable: true", "stdout_raw: \"runner-trace 1", "BEGIN SSH SIGNATURE"]
    {
        assert!(decoded.stdout.contains(part), "{part}\n{}", decoded.stdout);
    }
    let program = files_below(&fleet.sandbox.root().join("nginx/data/cas")).remove(0);
    assert!(decoded.stdout.contains(program.file_name().unwrap().to_str().unwrap()));
}

#[test]
fn what_is_not_recorded_of_a_build_keeps_it_from_being_pushed() {
    // A build script that reads a clock.
    let script = "---\n[dependencies]\nclock = { path = \"clock\" }\n---\nfn main() { println!(\"{}\", clock::NOW) }\n";
    let Some((fleet, _nginx)) = fleet(&[
        ("s.rs", script),
        ("clock/Cargo.toml", "[package]\nname = \"clock\"\nversion = \"1.0.0\"\nedition = \"2021\"\n"),
        ("clock/src/lib.rs", "pub const NOW: &str = env!(\"NOW\");\n"),
        (
            "clock/build.rs",
            "fn main() { let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();\n\
             println!(\"cargo::rustc-env=NOW={}\", now.as_nanos()); }\n",
        ),
    ]) else {
        return;
    };
    let pushed = push(&fleet, "s.rs");
    assert_eq!((pushed.code, pushed.stdout.as_str()), (125, ""), "{}", pushed.stderr);
    assert!(pushed.stderr.contains("gave another program"), "{}", pushed.stderr);
}
