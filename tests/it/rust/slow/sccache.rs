//! `RUSTC_WRAPPER=sccache`: dependencies come from a cache of compilations that machines share.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::fake_registry::Registry;
use crate::support::machine::has;
use crate::support::path_dependency::script;
use crate::support::sandbox::{Sandbox, skipped};

/// The program itself, behind whatever chooses versions of it.
fn sccache() -> Option<PathBuf> {
    let text = "import os, shutil, sysconfig; print(shutil.which('sccache', path=sysconfig.get_path('scripts')) or '')";
    let asked = Command::new("python3").args(["-c", text]).output();
    let of_python = asked.ok().map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = of_python.into_iter().chain(std::env::split_paths(&path).map(|place| place.join("sccache")));
    let found = all.filter(|path| path.is_file()).find(|path| {
        let output = Command::new(path).arg("--version").output();
        output.is_ok_and(|output| output.stdout.starts_with(b"sccache "))
    });
    if found.is_none() {
        skipped("no sccache");
    }
    found
}

/// A server in the foreground, so that it ends with the test.
struct Server(Child);

impl Server {
    /// A program that listens on a port.
    fn listening(port: u16, command: &mut Command) -> Server {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Server(command.spawn().unwrap());
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.0.try_wait().unwrap().is_none(), "the server has ended");
            std::thread::yield_now();
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(sandbox: &mut Sandbox, program: &PathBuf, storage: &[(&str, String)]) -> Server {
    let port = free_port();
    sandbox.set("SCCACHE_SERVER_PORT", port.to_string());
    for (name, value) in storage {
        sandbox.set(*name, value);
    }
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(storage.iter().map(|(name, value)| (name, value)))
        .env("HOME", sandbox.home())
        .env("PATH", "/usr/bin:/bin")
        .env("SCCACHE_SERVER_PORT", port.to_string())
        .env("SCCACHE_START_SERVER", "1")
        .env("SCCACHE_NO_DAEMON", "1")
        .env("SCCACHE_IDLE_TIMEOUT", "0");
    Server::listening(port, &mut command)
}

/// Hits and misses of Rust, as the server counts them.
fn counts(sandbox: &Sandbox, program: &PathBuf) -> (u64, u64) {
    let ran = sandbox.command(program).args(["--show-stats", "--stats-format=json"]).run();
    let stats: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let of = |name: &str| stats["stats"][name]["counts"]["Rust"].as_u64().unwrap_or(0);
    (of("cache_hits"), of("cache_misses"))
}

/// Builds a script with dependencies in two caches, and expects the second to find all that the first has compiled.
fn hits_in_a_second_cache(storage: impl Fn(&Sandbox) -> Vec<(&'static str, String)>) {
    let Some(program) = sccache() else { return };
    let (mut sandbox, _registry) = Registry::with_libraries(&["one", "two"]);
    script(
        &sandbox,
        "s.rs",
        "dependencies.one = \"1\"\ndependencies.two = \"1\"",
        "fn main() { println!(\"{} {}\", one::said(), two::said()) }\n",
    );
    let storage = storage(&sandbox);
    let _server = start(&mut sandbox, &program, &storage);
    sandbox.set("RUSTC_WRAPPER", &program);
    let run = |cache: &str| {
        let ran = sandbox.runner(["s.rs"]).env("RUNNER_CACHE", sandbox.root().join(cache)).run();
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, "one 1.0.0 two 1.0.0\n", ""),
            "{cache}"
        );
    };
    run("first");
    let (hits, misses) = counts(&sandbox, &program);
    assert_eq!((hits, misses), (0, 2));
    std::fs::remove_dir_all(sandbox.root().join("first")).unwrap();
    run("first");
    assert_eq!(counts(&sandbox, &program), (2, 2));
}

#[test]
fn a_script_with_dependencies_is_built_through_sccache_on_disk() {
    hits_in_a_second_cache(|sandbox| {
        vec![("SCCACHE_DIR", sandbox.root().join("sccache").to_string_lossy().into_owned())]
    });
}

#[test]
fn a_script_with_dependencies_is_built_through_sccache_in_redis() {
    if !has("redis-server") {
        return;
    }
    let port = free_port();
    let words = ["--port", &port.to_string(), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"];
    let _redis =
        Server::listening(port, Command::new("redis-server").args(words).current_dir(std::env::temp_dir()));
    hits_in_a_second_cache(|_| vec![("SCCACHE_REDIS_ENDPOINT", format!("redis://127.0.0.1:{port}"))]);
}

#[test]
fn a_script_with_dependencies_is_built_through_sccache_in_memcached() {
    if !has("memcached") {
        return;
    }
    let port = free_port();
    let words = ["-p", &port.to_string(), "-U", "0", "-l", "127.0.0.1", "-u", "nobody"];
    let _memcached = Server::listening(port, Command::new("memcached").args(words));
    hits_in_a_second_cache(|_| vec![("SCCACHE_MEMCACHED_ENDPOINT", format!("tcp://127.0.0.1:{port}"))]);
}
