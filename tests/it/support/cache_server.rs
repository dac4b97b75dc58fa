//! A server of Bazel's HTTP cache protocol, that also behaves as servers should not; and two machines that use it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::confined::has_sandbox;
use crate::support::machine::has;
use crate::support::sandbox::{Ran, Run, Sandbox};

/// How a server answers reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Honest,
    /// Takes the connection and says nothing.
    Silent,
    /// A byte now and then.
    Trickle,
    /// Less than it announced.
    Short,
    /// A status.
    Status(&'static str),
    /// A redirection.
    To(&'static str),
    /// What it has, as a web page.
    Page,
    /// A body without an end.
    Endless,
    /// Announces a gigabyte, and sends it.
    Huge,
    /// Has the bytes of something else.
    Wrong,
}

#[derive(Debug)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    requests: Vec<String>,
    heads: Vec<Head>,
    manner: Manner,
}

/// What a request says of itself: its first line, and its headers by their names in small letters.
#[derive(Debug, Clone)]
pub struct Head {
    pub request: String,
    pub headers: BTreeMap<String, String>,
}

pub struct CacheServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl CacheServer {
    pub fn start() -> CacheServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state =
            State { files: BTreeMap::new(), requests: Vec::new(), heads: Vec::new(), manner: Manner::Honest };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || drop(answer(stream, &shared)));
            }
        });
        CacheServer { port, state }
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    /// How many reads of entries there were.
    pub fn questions(&self) -> usize {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|request| request.starts_with("GET /ac/")).count()
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests.len()
    }

    /// The path of the entry that was asked for last.
    pub fn last_question(&self) -> String {
        let state = self.state.lock().unwrap();
        let mut questions = state.requests.iter().filter_map(|request| request.strip_prefix("GET "));
        let last = questions.rfind(|path| path.starts_with("/ac/")).unwrap();
        last.split(' ').next().unwrap().to_owned()
    }

    /// What was asked of it.
    pub fn heads(&self) -> Vec<Head> {
        self.state.lock().unwrap().heads.clone()
    }

    /// What it holds, by path.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().files.clone()
    }

    /// Puts other bytes at each path that begins so.
    pub fn change(&self, beginning: &str, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        let mut state = self.state.lock().unwrap();
        let paths: Vec<String> =
            state.files.keys().filter(|path| path.starts_with(beginning)).cloned().collect();
        assert!(!paths.is_empty(), "there is nothing at {beginning}");
        for path in paths {
            let bytes = state.files.remove(&path).unwrap();
            if let Some(bytes) = change(&bytes) {
                state.files.insert(path, bytes);
            }
        }
    }

    pub fn put(&self, path: &str, bytes: Vec<u8>) {
        self.state.lock().unwrap().files.insert(path.to_owned(), bytes);
    }
}

fn answer(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    if headers.contains_key("expect") {
        out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_owned());
    let manner = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.trim().to_owned());
        state.heads.push(Head { request: request.trim().to_owned(), headers });
        state.manner
    };
    if method == "PUT" {
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        state.lock().unwrap().files.insert(path, bytes);
        return out.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let found = state.lock().unwrap().files.get(&path).cloned();
    let head = |out: &mut TcpStream, status: &str, length: &str| {
        out.write_all(format!("HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n").as_bytes())
    };
    match manner {
        Manner::Honest => match found {
            Some(bytes) => {
                head(&mut out, "200 OK", &format!("Content-Length: {}\r\n", bytes.len()))?;
                out.write_all(&bytes)
            }
            None => head(&mut out, "404 Not Found", "Content-Length: 0\r\n"),
        },
        Manner::Silent => {
            // Until the other end goes.
            std::io::copy(&mut reader, &mut std::io::sink()).map(drop)
        }
        Manner::Trickle => {
            head(&mut out, "200 OK", "Content-Length: 100000\r\n")?;
            loop {
                out.write_all(b"x")?;
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Manner::Short => {
            head(&mut out, "200 OK", "Content-Length: 1000\r\n")?;
            out.write_all(b"short")
        }
        Manner::Status(status) => head(&mut out, status, "Location: /elsewhere\r\nContent-Length: 0\r\n"),
        Manner::To(place) => {
            head(&mut out, "302 Found", &format!("Location: {place}\r\nContent-Length: 0\r\n"))
        }
        Manner::Page => {
            head(&mut out, "200 OK", "Content-Type: text/html; charset=utf-8\r\n")?;
            out.write_all(&found.unwrap_or_default())
        }
        Manner::Endless => {
            head(&mut out, "200 OK", "Transfer-Encoding: chunked\r\n")?;
            loop {
                out.write_all(b"10000\r\n")?;
                out.write_all(&[b'x'; 0x10000])?;
                out.write_all(b"\r\n")?;
            }
        }
        Manner::Huge => {
            head(&mut out, "200 OK", "Content-Length: 1073741824\r\n")?;
            for _ in 0..1024 {
                out.write_all(&[0; 1 << 20])?;
            }
            Ok(())
        }
        Manner::Wrong => {
            head(&mut out, "200 OK", "Content-Length: 5\r\n")?;
            out.write_all(b"wrong")
        }
    }
}

/// Two machines with homes, caches and directories of their own, and a server that both use.
pub struct Fleet {
    pub sandbox: Sandbox,
    pub server: CacheServer,
}

impl Fleet {
    /// With `x.rs` on both, as a sandbox has compilers; `None`, said aloud, without curl and ssh-keygen.
    pub fn new(mut sandbox: Sandbox, files: &[(&str, &str)]) -> Option<Fleet> {
        if !(has("curl") && has("ssh-keygen")) {
            return None;
        }
        if !has_sandbox() {
            return None;
        }
        let server = CacheServer::start();
        for machine in ["a", "b"] {
            for (name, text) in files {
                sandbox.script(format!("{machine}/{name}"), text);
            }
        }
        for key in ["key", "other"] {
            let path = sandbox.root().join(key);
            let made = sandbox
                .command("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .args([&path])
                .run();
            assert_eq!(made.code, 0, "{}", made.stderr);
        }
        let public = std::fs::read_to_string(sandbox.root().join("key.pub")).unwrap();
        std::fs::write(sandbox.root().join("signers"), format!("ci@example.org {public}")).unwrap();
        sandbox.set("RUNNER_REMOTE", server.address());
        let signers = sandbox.root().join("signers");
        sandbox.set("RUNNER_REMOTE_SIGNERS", signers);
        // A busy machine is slow to start curl.
        sandbox.set("RUNNER_REMOTE_TIMEOUT", "20");
        let fleet = Fleet { sandbox, server };
        for machine in ["a", "b"] {
            std::fs::create_dir_all(fleet.home(machine)).unwrap();
        }
        Some(fleet)
    }

    pub fn home(&self, machine: &str) -> PathBuf {
        self.sandbox.root().join("homes").join(machine)
    }

    /// A file beside the script on one machine.
    pub fn path(&self, machine: &str, name: &str) -> PathBuf {
        self.sandbox.path(machine).join(name)
    }

    /// `runner …` on one machine.
    pub fn on(&self, machine: &str, words: &[&str]) -> Run<'_> {
        let home = self.home(machine);
        self.sandbox
            .runner(words)
            .env("HOME", &home)
            .env("LOGNAME", machine)
            .within(self.sandbox.path(machine))
    }

    /// `runner cache push x.rs` on the first machine.
    pub fn push(&self, script: &str) -> Ran {
        let key = self.sandbox.root().join("key");
        self.on("a", &["cache", "push", script])
            .env("RUNNER_REMOTE_WRITE", "1")
            .env("RUNNER_REMOTE_KEY", key)
            .run()
    }
}
