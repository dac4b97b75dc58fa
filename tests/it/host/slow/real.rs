//! Hosts with a real rustc: buffers of an editor, deadlines in the compiler and in the linker.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

use runner::{Kind, Options, Run, Runner, Script, Settings, Step};

use crate::support::files::replace;
use crate::support::hosts::{left, of_sandbox};
use crate::support::sandbox::Sandbox;

fn said(runner: &Runner, script: &Script) -> String {
    let program = runner.build(script, &Options::default()).unwrap();
    String::from_utf8(program.run(Run::new()).unwrap().stdout).unwrap()
}

#[test]
fn a_buffer_is_built_in_the_place_of_its_file() {
    let sandbox = Sandbox::new();
    let text = "mod m; fn main() { println!(\"file {} {}\", m::said(), file!()) }\n";
    let path = sandbox.write("x.rs", text);
    sandbox.write("m.rs", "pub fn said() -> u8 { 1 }\n");
    let runner = Runner::new(of_sandbox(&sandbox, &[]));
    let file = Script::open(&path, &runner.settings()).unwrap();
    let buffer = file.clone().overlay(text.replace("file ", "buffer "));
    let (of_buffer, of_file) = (said(&runner, &buffer), said(&runner, &file));
    assert_eq!(of_buffer, format!("buffer 1 {}\n", path.display()));
    assert_eq!(of_file, format!("file 1 {}\n", path.display()));
    // A neighbour that changes makes the buffer stale, as it does the file.
    replace(&sandbox.path("m.rs"), "pub fn said() -> u8 { 2 }\n");
    assert_eq!(said(&runner, &buffer), of_buffer.replace('1', "2"));
    // The file may change as it will.
    replace(&path, "fn main() { println!(\"saved\") }\n");
    assert_eq!(said(&runner, &buffer), of_buffer.replace('1', "2"));
    // Messages are about the file.
    let error = runner.build(&buffer.overlay("fn main() { x }\n"), &Options::default()).unwrap_err();
    assert_eq!(error.step(), Step::Compile);
}

/// A build of a script is over at its deadline, in this step, and nothing of it is left.
fn is_over(sandbox: &Sandbox, settings: Settings, text: &str, step: Step) {
    let script = Script::open(&sandbox.write("x.rs", text), &settings).unwrap();
    let options = Options { deadline: Some(Duration::from_secs(5)), ..Options::default() };
    let error = Runner::new(settings).build(&script, &options).unwrap_err();
    assert_eq!((error.kind(), error.step()), (Kind::Deadline, step), "{error}");
    assert_eq!(left(sandbox), Vec::<String>::new());
    assert!(sandbox.cached("staging").is_empty());
}

#[test]
fn a_deadline_ends_the_compiler() {
    let sandbox = Sandbox::new();
    let endless = "#![feature(const_eval_limit)]\nconst fn f(mut n: u64) -> u64 { while n > 0 { n += 1; } n }\n\
                   #[allow(long_running_const_eval)] const X: u64 = f(1);\nfn main() { println!(\"{X}\") }\n";
    is_over(
        &sandbox,
        of_sandbox(&sandbox, &[]),
        &endless[endless.find('\n').unwrap() + 1..],
        Step::Toolchain,
    );
}

#[test]
fn a_deadline_ends_the_linker() {
    let sandbox = Sandbox::new();
    let linker = sandbox.script("slow-linker", "#!/bin/sh\nsleep 1000 & wait\n");
    let flags = format!("-Clinker={}", Path::new(&linker).display());
    let settings = of_sandbox(&sandbox, &[("RUSTFLAGS", &flags)]);
    is_over(&sandbox, settings, "fn main() {}\n", Step::Toolchain);
}

/// Settings whose registry is a server that takes connections and never answers.
fn with_silent_registry(sandbox: &Sandbox) -> (Settings, std::net::TcpListener) {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let home = sandbox.home().join("cargo");
    std::fs::create_dir_all(&home).unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = 'silent'\n[source.silent]\nregistry = 'sparse+http://127.0.0.1:{port}/'\n"
    );
    std::fs::write(home.join("config.toml"), config).unwrap();
    (of_sandbox(sandbox, &[]).variable("CARGO_HOME", Some(home)), server)
}

#[test]
fn a_deadline_ends_the_resolution_of_dependencies() {
    let sandbox = Sandbox::new();
    let (settings, _server) = with_silent_registry(&sandbox);
    let text = "---\n[dependencies]\nnothing-of-that-name = \"1\"\n---\nfn main() {}\n";
    is_over(&sandbox, settings, text, Step::Dependencies);
}

/// Settings whose registry has one crate, and takes forever to send it.
fn with_stalling_download(sandbox: &Sandbox) -> Settings {
    let (settings, server) = with_silent_registry(sandbox);
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut request).unwrap();
            let body = match request.split(' ').nth(1) {
                Some("/config.json") => format!("{{\"dl\":\"http://{address}/dl\"}}"),
                Some("/st/al/stalls") => format!(
                    "{{\"name\":\"stalls\",\"vers\":\"1.0.0\",\"deps\":[],\"features\":{{}},\"yanked\":false,\"cksum\":\"{}\"}}\n",
                    "0".repeat(64)
                ),
                _ => {
                    held.push(stream);
                    continue;
                }
            };
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    settings
}

#[test]
fn a_deadline_ends_a_download() {
    let sandbox = Sandbox::new();
    let text = "---\n[dependencies]\nstalls = \"1\"\n---\nfn main() {}\n";
    let settings = with_stalling_download(&sandbox);
    is_over(&sandbox, settings, text, Step::Dependencies);
    let lock = sandbox.cached_paths("deps").into_iter().filter(|path| path.ends_with("Cargo.lock"));
    let resolved = lock.filter_map(|path| std::fs::read_to_string(path).ok());
    assert!(resolved.into_iter().any(|text| text.contains("stalls")), "it was resolved before");
}
