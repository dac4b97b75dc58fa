//! `--sandbox-build`: what build scripts and procedural macros of dependencies cannot do.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::confined::has_sandbox;
use crate::support::machine::is_offline;
use crate::support::sandbox::Sandbox;

/// What hostile code tries, and says in one line.
const TRIES: &str = r#"
fn tries() -> String {
    let mut said = Vec::new();
    let home = std::env::var("HOME").unwrap();
    let source = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let mut tried = |what: &str, worked: bool| said.push(format!("{what}:{}", if worked { "yes" } else { "no" }));
    tried("read", std::fs::read(format!("{home}/secret")).is_ok());
    tried("write", std::fs::write(format!("{home}/written"), "x").is_ok());
    tried("source", std::fs::write(format!("{source}/written.txt"), "").is_ok());
    let port: u16 = std::env::var("PORT").unwrap().parse().unwrap();
    tried("tcp", std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    tried("udp", std::net::UdpSocket::bind("127.0.0.1:0").is_ok());
    tried("unix", std::os::unix::net::UnixStream::connect(format!("{home}/socket")).is_ok());
    said.join(" ")
}
"#;

/// A script with two dependencies, a build script and a procedural macro, and a server.
fn hostile() -> (Sandbox, TcpListener, std::os::unix::net::UnixListener) {
    let sandbox = Sandbox::new();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = std::os::unix::net::UnixListener::bind(sandbox.home().join("socket")).unwrap();
    fs::write(sandbox.home().join("secret"), "secret").unwrap();
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{more}")
    };
    sandbox.write("s/script/Cargo.toml", package("script", ""));
    sandbox.write("s/script/src/lib.rs", "pub const SAID: &str = env!(\"SAID\");\n");
    sandbox.write(
        "s/script/build.rs",
        format!("fn main() {{ println!(\"cargo::rustc-env=SAID={{}}\", tries()); }}\n{TRIES}"),
    );
    sandbox.write("s/macros/Cargo.toml", package("macros", "[lib]\nproc-macro = true\n"));
    sandbox.write(
        "s/macros/src/lib.rs",
        format!(
            "#[proc_macro]\npub fn said(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
             format!(\"{{:?}}\", tries()).parse().unwrap()\n}}\n{TRIES}"
        ),
    );
    sandbox.script(
        "s/x.rs",
        "---\n[dependencies]\nscript = { path = \"script\" }\nmacros = { path = \"macros\" }\n---\n\
         fn main() { println!(\"{}\\n{}\", script::SAID, macros::said!()) }\n",
    );
    let port = tcp.local_addr().unwrap().port().to_string();
    (sandbox.with("PORT", port), tcp, unix)
}

const FREE: &str = "read:yes write:yes source:yes tcp:yes udp:yes unix:yes";
const CONFINED: &str = "read:no write:no source:no tcp:no udp:no unix:no";

#[test]
fn code_of_dependencies_reaches_nothing_while_it_is_compiled() {
    if !has_sandbox() {
        return;
    }
    let (sandbox, _tcp, _unix) = hostile();
    let free = sandbox.runner(["s/x.rs"]).env("RUNNER_CACHE", sandbox.root().join("free")).run();
    assert_eq!((free.code, free.stdout.as_str()), (0, &*format!("{FREE}\n{FREE}\n")), "{}", free.stderr);
    fs::remove_file(sandbox.home().join("written")).unwrap();
    for (name, words) in
        [("option", &["--sandbox-build", "s/x.rs"][..]), ("sandbox", &["--sandbox", "s/x.rs"])]
    {
        let ran = sandbox.runner(words).env("RUNNER_CACHE", sandbox.root().join(name)).run();
        assert_eq!((ran.code, ran.stdout), (0, format!("{CONFINED}\n{CONFINED}\n")), "{name} {}", ran.stderr);
    }
    let set = sandbox.runner(["s/x.rs"]).env("RUNNER_SANDBOX_BUILD", "1");
    let ran = set.env("RUNNER_CACHE", sandbox.root().join("variable")).run();
    assert_eq!((ran.code, ran.stdout), (0, format!("{CONFINED}\n{CONFINED}\n")), "{}", ran.stderr);
    assert!(!sandbox.home().join("written").exists());
}

#[test]
fn a_compiler_of_another_language_keeps_its_cache_in_ours() {
    if !has_sandbox() {
        return;
    }
    let sandbox = Sandbox::new();
    // A compiler that lies elsewhere with its library, as Zig does, and needs a cache to write to.
    let zig = "#!/bin/sh\nfor word; do case $word in -femit-bin=*) out=${word#*=} ;; esac; done\n\
        [ -n \"${out-}\" ] || { echo 0.13.0; exit; }\n\
        set -e\ncache=${ZIG_GLOBAL_CACHE_DIR-$HOME/.cache/zig}\nmkdir -p \"$cache\"\n: >\"$cache/made\"\n\
        { echo '#!/bin/sh'; cat \"$(dirname \"$(readlink -f \"$0\")\")/../lib/said\"; } >\"$out\"\nchmod 755 \"$out\"\n";
    sandbox.script(sandbox.home().join("zig/bin/zig"), zig);
    sandbox.write(sandbox.home().join("zig/lib/said"), "echo zig\n");
    std::os::unix::fs::symlink(sandbox.home().join("zig/bin/zig"), sandbox.root().join("bin/zig")).unwrap();
    sandbox.write("x.zig", "pub fn main() void {}\n");
    sandbox.runner(["--sandbox-build", "x.zig"]).run().prints("zig\n");
    assert!(!sandbox.home().join(".cache/zig").exists());
    sandbox.runner(["x.zig"]).run().prints("zig\n");
}

#[test]
fn a_confined_build_keeps_its_directory_if_asked() {
    if !has_sandbox() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("x.rs", "fn main() { println!(\"hi\") }\n");
    let ran = sandbox.runner(["--sandbox-build", "--work", "x.rs"]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "hi\n"), "{}", ran.stderr);
    let work = ran.stderr.trim_end().strip_prefix("WORK=").unwrap();
    assert!(Path::new(work).starts_with(sandbox.root().join("tmp")), "{work}");
    assert!(Path::new(work).join("program").is_file(), "{work}");
}

#[test]
fn a_check_is_confined_as_a_build_is() {
    if !has_sandbox() {
        return;
    }
    let (sandbox, _tcp, _unix) = hostile();
    sandbox.write(
        "s/x.rs",
        "---\n[dependencies]\nscript = { path = \"script\" }\nmacros = { path = \"macros\" }\n---\n\
         const _: [(); 1] = [(); (script::SAID.len() == macros::said!().len()) as usize];\nfn main() {}\n",
    );
    let checked = sandbox.runner(["check", "--sandbox-build", "s/x.rs"]).run();
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert!(!sandbox.home().join("written").exists() && !sandbox.path("s/script/written.txt").exists());
    sandbox.runner(["check", "s/x.rs"]).env("RUNNER_CACHE", sandbox.root().join("free")).run();
    assert!(sandbox.home().join("written").exists());
}

#[test]
fn a_confined_build_gives_the_same_program() {
    if !has_sandbox() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.script("plain.rs", "fn main() { println!(\"plain\") }\n");
    sandbox.script("c.c", "#include <stdio.h>\nint main(void) { puts(\"c\"); }\n");
    sandbox.script(
        "several.rs",
        "---\n[dependencies]\nregex = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n---\n\
         #[derive(serde::Serialize)] struct S { x: bool }\n\
         fn main() { let x = regex::Regex::new(\"l+\").unwrap().is_match(\"hello\");\n    \
         println!(\"{}\", serde_json::to_string(&S { x }).unwrap()) }\n",
    );
    // C that a build script compiles, as `cc` does.
    sandbox.write(
        "native/Cargo.toml",
        "[package]\nname = \"native\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
    );
    sandbox.write("native/n.c", "int number(void) { return 42; }\n");
    sandbox.write(
        "native/build.rs",
        "use std::process::Command;\nfn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
         let run = |name: &str, words: &[&str]| assert!(Command::new(name).args(words).status().unwrap().success());\n    \
         run(\"cc\", &[\"-O2\", \"-c\", \"n.c\", \"-o\", &format!(\"{out}/n.o\")]);\n    \
         run(\"ar\", &[\"rcD\", &format!(\"{out}/libn.a\"), &format!(\"{out}/n.o\")]);\n    \
         println!(\"cargo:rustc-link-search=native={out}\\ncargo:rustc-link-lib=static=n\");\n}\n",
    );
    sandbox.write(
        "native/src/lib.rs",
        "unsafe extern \"C\" { fn number() -> i32; }\npub fn said() -> i32 { unsafe { number() } }\n",
    );
    sandbox.script(
        "native.rs",
        "---\n[dependencies]\nnative = { path = \"native\" }\n---\nfn main() { println!(\"{}\", native::said()) }\n",
    );
    for script in ["plain.rs", "c.c", "native.rs", "several.rs"] {
        let built = |name: &str, more: &[&str]| {
            let words = [&["build", "--print-path"], more, &[script]].concat();
            let ran = sandbox.runner(words).env("RUNNER_CACHE", sandbox.root().join(name)).run();
            if is_offline(&ran) {
                return None;
            }
            assert_eq!(ran.code, 0, "{script} {}", ran.stderr);
            Some(fs::read(Path::new(ran.stdout.trim())).unwrap())
        };
        let Some(free) = built("free", &[]) else { return };
        assert!(built("confined", &["--sandbox-build"]) == Some(free), "{script}");
    }
}
