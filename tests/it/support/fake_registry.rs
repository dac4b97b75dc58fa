//! A registry of crates for tests: an index and archives, served to cargo over HTTP from a thread of the test, which counts
//! what is asked for and can be unreachable.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::digests::sha256;
use crate::support::sandbox::{Ran, Sandbox};

/// The registry that cargo of a sandbox takes for crates.io.
pub struct Registry {
    root: PathBuf,
    served: Arc<Served>,
    port: u16,
}

struct Served {
    requests: AtomicUsize,
    is_down: AtomicBool,
}

/// A crate to publish.
pub struct Crate<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// What its `Cargo.toml` says besides name, version and edition.
    pub manifest: &'a str,
    pub files: &'a [(&'a str, &'a str)],
    /// Names and requirements, as the index has them.
    pub dependencies: &'a [(&'a str, &'a str)],
    pub features: &'a [&'a str],
}

impl<'a> Crate<'a> {
    /// A program that says its name, its version, what it was called by and its arguments.
    pub fn program(name: &'a str, version: &'a str) -> Crate<'a> {
        let files = &[("src/main.rs", SAY)];
        Crate { name, version, manifest: "", files, dependencies: &[], features: &[] }
    }
}

impl Registry {
    /// Publishes a library that says its name and version.
    pub fn library(&self, name: &str, version: &str) {
        let text = "pub fn said() -> &'static str { concat!(env!(\"CARGO_PKG_NAME\"), ' ', env!(\"CARGO_PKG_VERSION\")) }\n";
        let files = &[("src/lib.rs", text)];
        self.publish(&Crate { files, ..Crate::program(name, version) });
    }

    /// As [`Registry::new`], with version 1.0.0 of these libraries.
    pub fn with_libraries(names: &[&str]) -> (Sandbox, Registry) {
        let (sandbox, registry) = Registry::new();
        names.iter().for_each(|name| registry.library(name, "1.0.0"));
        (sandbox, registry)
    }
}

const SAY: &str = r#"fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    println!("{} {} {:?}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), arguments);
}
"#;

impl Registry {
    /// A sandbox whose cargo knows no other registry.
    pub fn new() -> (Sandbox, Registry) {
        let sandbox = Sandbox::new();
        let root = sandbox.root().join("registry");
        fs::create_dir_all(root.join("index")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = format!("{{\"dl\":\"http://127.0.0.1:{port}/crates/{{crate}}-{{version}}.crate\"}}");
        fs::write(root.join("index/config.json"), config).unwrap();
        let served = Arc::new(Served { requests: AtomicUsize::new(0), is_down: AtomicBool::new(false) });
        let (thread_root, thread_served) = (root.clone(), served.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if !thread_served.is_down.load(Ordering::SeqCst) {
                    thread_served.requests.fetch_add(1, Ordering::SeqCst);
                    let root = thread_root.clone();
                    std::thread::spawn(move || answer(connection, &root));
                }
            }
        });
        let home = sandbox.root().join("cargo");
        fs::create_dir(&home).unwrap();
        let config = format!(
            "[source.crates-io]\nreplace-with = \"mirror\"\n\
             [source.mirror]\nregistry = \"sparse+http://127.0.0.1:{port}/index/\"\n"
        );
        fs::write(home.join("config.toml"), config).unwrap();
        // An unreachable registry is not asked again and again.
        let sandbox = sandbox.with("CARGO_HOME", home).with("CARGO_NET_RETRY", "0");
        (sandbox, Registry { root, served, port })
    }

    /// As [`Registry::new`], with these versions of a program.
    pub fn with_program(name: &str, versions: &[&str]) -> (Sandbox, Registry) {
        let (sandbox, registry) = Registry::new();
        versions.iter().for_each(|version| registry.publish(&Crate::program(name, version)));
        (sandbox, registry)
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.served.requests.load(Ordering::SeqCst)
    }

    /// From now on connections are closed without an answer, or not.
    pub fn set_down(&self, is_down: bool) {
        self.served.is_down.store(is_down, Ordering::SeqCst);
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn publish(&self, published: &Crate<'_>) {
        let name = format!("{}-{}", published.name, published.version);
        let directory = self.root.join("sources").join(&name);
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"{}\"\nedition = \"2021\"\n{}",
            published.name, published.version, published.manifest
        );
        let write = |path: &str, text: &str| {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", &manifest);
        published.files.iter().for_each(|(path, text)| write(path, text));
        fs::create_dir_all(self.root.join("crates")).unwrap();
        let archive = self.root.join(format!("crates/{name}.crate"));
        let tar = Command::new("tar")
            .args(["-czf".as_ref(), archive.as_os_str(), "-C".as_ref()])
            .arg(directory.parent().unwrap())
            .arg(&name)
            .status();
        assert!(tar.unwrap().success());
        let line = format!(
            "{{\"name\":\"{}\",\"vers\":\"{}\",\"deps\":[{}],\"cksum\":\"{}\",\"features\":{{{}}},\"yanked\":false{}}}\n",
            published.name,
            published.version,
            published.dependencies.iter().map(dependency).collect::<Vec<_>>().join(","),
            sha256(&archive),
            published.features.iter().map(|name| format!("\"{name}\":[]")).collect::<Vec<_>>().join(","),
            rust_version(published.manifest),
        );
        let index = self.index(published.name);
        fs::create_dir_all(index.parent().unwrap()).unwrap();
        let known = fs::read_to_string(&index).unwrap_or_default();
        fs::write(index, known + &line).unwrap();
    }

    pub fn yank(&self, name: &str, version: &str) {
        let index = self.index(name);
        let text = fs::read_to_string(&index).unwrap();
        let is_it = |line: &str| line.contains(&format!("\"vers\":\"{version}\""));
        let lines = text.lines().map(|line| match is_it(line) {
            true => line.replace("\"yanked\":false", "\"yanked\":true") + "\n",
            false => line.to_owned() + "\n",
        });
        fs::write(index, lines.collect::<String>()).unwrap();
    }

    fn index(&self, name: &str) -> PathBuf {
        let place = match name.len() {
            length @ 1..=2 => format!("{length}"),
            3 => format!("3/{}", &name[..1]),
            _ => format!("{}/{}", &name[..2], &name[2..4]),
        };
        self.root.join("index").join(place).join(name)
    }
}

fn dependency((name, requirement): &(&str, &str)) -> String {
    format!(
        "{{\"name\":\"{name}\",\"req\":\"{requirement}\",\"features\":[],\"optional\":false,\
         \"default_features\":true,\"target\":null,\"kind\":\"normal\"}}"
    )
}

/// What the index says of `rust-version = "1.2"` in a manifest.
fn rust_version(manifest: &str) -> String {
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    version.map(|version| format!(",\"rust_version\":{version}")).unwrap_or_default()
}

/// One answer a connection.
fn answer(connection: TcpStream, root: &Path) {
    let mut reader = BufReader::new(connection);
    let mut request = String::new();
    if reader.read_line(&mut request).is_err() {
        return;
    }
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    let (status, body) = match fs::read(root.join(&path)) {
        Ok(body) if !path.contains("..") => ("200 OK", body),
        _ => ("404 Not Found", Vec::new()),
    };
    let mut connection = reader.into_inner();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // Whoever asked may have gone.
    let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&body));
}

/// Runs `runner ARGUMENT…`.
pub fn run(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.runner(arguments).run()
}
