//! The table of `--sandbox`: each flag opens exactly its row, however runner was started.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::confined::{Scene, has, has_sandbox, is_root, run};
use crate::support::files::copy;

/// What a program can do in any sandbox.
const ALWAYS: &[&str] = &["null", "passwd", "shell", "pair", "nice", "thread", "memfd", "own_limit"];
const READING: &[&str] = &["read", "list", "execute"];
const WRITING: &[&str] = &[
    "create", "append", "truncate", "mkdir", "unlink", "rename", "symlink", "fifo",
    // Landlock has no rule for these: they come with any place to write to.
    "chmod", "utime",
];
/// What reading and writing make together.
const BOTH: &[&str] = &["through_link"];
/// What would bring a file that may be read under the rules of one that may be written.
const LINKING: &[&str] = &["link", "reopen"];
const NETWORK: &[&str] =
    &["connect", "bind", "listen_at", "listen_anywhere", "fast_open", "fast_open_message", "udp", "udp6"];
const UNIX: &[&str] = &["unix", "abstract", "pair_elsewhere"];
/// Open to a program without a sandbox, and closed in every one.
const NEVER: &[&str] = &["kill_parent", "queue", "ptrace", "vm_read", "environ", "memory", "limit"];

/// The servers, files and programs that the probe reaches for.
struct Table {
    scene: Scene,
    probe: PathBuf,
    writable: PathBuf,
    readable: PathBuf,
    tcp: TcpListener,
    udp: UdpSocket,
    _unix: [UnixListener; 2],
    abstract_name: String,
}

impl Table {
    fn new() -> Option<Table> {
        let scene = Scene::new();
        let probe = scene.probe()?;
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let path = scene.path("socket");
        let unix = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        let abstract_name = format!("fleet-{}", scene.path("").display());
        let name = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let unix = [unix, UnixListener::bind_addr(&name).unwrap()];
        let readable = scene.write("data/file", "secret");
        copy("/bin/true", scene.path("data/file.program"));
        let writable = scene.open_directory("out");
        Some(Table { scene, probe, writable, readable, tcp, udp, _unix: unix, abstract_name })
    }

    /// What the probe could do, started by `wrapper`, with `flags` in a sandbox, or in none.
    fn tried(&self, wrapper: &[&str], flags: Option<&[String]>) -> BTreeSet<String> {
        for entry in fs::read_dir(&self.writable).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for name in ["there", "goes", "moves"] {
            let path = self.writable.join(name);
            fs::write(&path, "x").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
            if is_root() && wrapper.contains(&"setpriv") {
                std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
                std::os::unix::fs::chown(&self.readable, Some(65534), None).unwrap();
            }
        }
        let mut words: Vec<String> = wrapper.iter().map(|word| (*word).to_owned()).collect();
        // Its parent and the target are of the same user and outside.
        let shell = r#"sleep 60 & t=$!; "$@" "$t" PATH SECRET_TOKEN ALLOWED; s=$?; kill "$t"; exit $s"#;
        words.extend(["/bin/sh", "-c", shell, "sh"].map(str::to_owned));
        if let Some(flags) = flags {
            words.push(self.scene.confined().display().to_string());
            words.extend(flags.iter().cloned());
        }
        words.push(self.probe.display().to_string());
        words.push(self.readable.display().to_string());
        words.push(self.writable.display().to_string());
        words.push(self.tcp.local_addr().unwrap().port().to_string());
        words.push(self.udp.local_addr().unwrap().port().to_string());
        words.push(self.scene.path("socket").display().to_string());
        words.push(self.abstract_name.clone());
        let terminal = Terminal::new();
        let mut command = self.scene.command(&words[0]);
        command.args(&words[1..]).current_dir("/").stdin(Stdio::from(terminal.other.try_clone().unwrap()));
        command.env("SECRET_TOKEN", "1").env("ALLOWED", "1");
        let output = run(&mut command);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {}\n{text}\n{errors}", output.status);
        let done = text.lines().filter_map(|line| line.strip_suffix(" yes")).map(str::to_owned);
        assert!(text.lines().count() > 50, "{text}");
        // Terminal, files, sockets: a refusal is EACCES or EPERM, as a program expects it.
        if flags.is_some() {
            for line in text.lines().filter(|line| !line.starts_with("variable:")) {
                let is_usual = ["yes", "EACCES", "EPERM"].iter().any(|end| line.ends_with(end));
                assert!(is_usual || ["x32 no ENOSYS", "i386 killed 31"].contains(&line), "{line}");
            }
        }
        done.collect()
    }
}

/// Two ends of a terminal, so that there is something to type into.
struct Terminal {
    _own: OwnedFd,
    other: File,
}

impl Terminal {
    fn new() -> Terminal {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&own).unwrap();
        unlockpt(&own).unwrap();
        let path = ptsname(&own, Vec::new()).unwrap().into_string().unwrap();
        let other = OpenOptions::new().read(true).write(true).open(path).unwrap();
        Terminal { _own: own, other }
    }
}

fn set(lists: &[&[&str]]) -> BTreeSet<String> {
    lists.iter().flat_map(|list| list.iter()).map(|name| (*name).to_owned()).collect()
}

/// Asserts the whole table for programs that are started by `wrapper`.
fn each_flag_opens_exactly_its_row(table: &Table, wrapper: &[&str]) {
    let port = table.tcp.local_addr().unwrap().port();
    let below = |path: &PathBuf| path.parent().unwrap().display().to_string();
    let read_below = format!("--allow-read={}", below(&table.readable));
    let write_below = format!("--allow-write={}", table.writable.display());
    let at_port = format!("--allow-net={port}");
    let at_other_port = "--allow-net=1".to_owned();
    let variables: &[&str] = &["variable:PATH"];
    let cases: &[(&[&str], BTreeSet<String>)] = &[
        (&[], set(&[])),
        (&["--allow-read"], set(&[READING])),
        (&[&read_below], set(&[READING])),
        (&["--allow-write"], set(&[READING, WRITING, BOTH, LINKING])),
        (&[&write_below], set(&[WRITING])),
        (&["--allow-net"], set(&[NETWORK])),
        (&[&at_port], set(&[&["connect", "listen_at", "listen_anywhere"]])),
        // Landlock decides about bind(2), not about listen(2), which takes any free port.
        (&[&at_other_port], set(&[&["listen_anywhere"]])),
        (&["--allow-unix"], set(&[UNIX])),
        (&["--allow-env"], set(&[&["variable:SECRET_TOKEN", "variable:ALLOWED"]])),
        (&["--allow-env=ALLOWED"], set(&[&["variable:ALLOWED"]])),
        (
            &["-A"],
            set(&[
                READING,
                WRITING,
                BOTH,
                LINKING,
                NETWORK,
                UNIX,
                &["variable:SECRET_TOKEN", "variable:ALLOWED"],
            ]),
        ),
    ];
    for (flags, opened) in cases {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut expected = set(&[ALWAYS, variables]);
        expected.extend(opened.iter().cloned());
        assert_eq!(table.tried(wrapper, Some(&flags)), expected, "{wrapper:?} {flags:?}");
    }
}

fn table() -> Option<Table> {
    if has_sandbox() { Table::new() } else { None }
}

#[test]
fn without_a_sandbox_all_of_it_is_open() {
    let Some(table) = Table::new() else { return };
    let tried = table.tried(&[], None);
    let expected = set(&[ALWAYS, READING, WRITING, BOTH, LINKING, NETWORK, UNIX, NEVER]);
    let closed: Vec<_> = expected.difference(&tried).collect();
    assert!(closed.is_empty(), "{closed:?}");
    for rest in
        ["uring", "sti", "sti_high_bits", "unshare", "clone_user", "mount", "key", "device", "i386", "packet"]
    {
        if !tried.contains(rest) {
            println!("closed here without a sandbox too: {rest}");
        }
    }
}

#[test]
fn each_flag_opens_exactly_its_row_to_the_user_who_runs_it() {
    let Some(table) = table() else { return };
    each_flag_opens_exactly_its_row(&table, &[]);
}

#[test]
fn each_flag_opens_exactly_its_row_to_an_ordinary_user() {
    let Some(table) = table() else { return };
    if !is_root() || !has("setpriv") {
        println!("skipped: not root, so the other test is of an ordinary user");
        return;
    }
    let wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let free = table.tried(&wrapper, None);
    let closed: Vec<_> = set(&[NEVER, READING, WRITING]).difference(&free).cloned().collect();
    assert!(closed.is_empty(), "{closed:?}");
    each_flag_opens_exactly_its_row(&table, &wrapper);
}

#[test]
fn each_flag_opens_exactly_its_row_in_a_user_namespace() {
    let Some(table) = table() else { return };
    let wrapper = ["unshare", "--user", "--map-root-user"];
    if !Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").status().is_ok_and(|status| status.success())
    {
        println!("skipped: no user namespaces");
        return;
    }
    each_flag_opens_exactly_its_row(&table, &wrapper);
}

#[test]
fn each_flag_opens_exactly_its_row_within_bubblewrap() {
    let Some(table) = table() else { return };
    if !has("bwrap") {
        return;
    }
    let wrapper =
        ["bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc", "--unshare-pid"];
    each_flag_opens_exactly_its_row(&table, &wrapper);
}

#[test]
fn each_flag_opens_exactly_its_row_within_another_sandbox() {
    let Some(table) = table() else { return };
    let outer = table.scene.confined();
    each_flag_opens_exactly_its_row(&table, &[outer.to_str().unwrap(), "-A"]);
}

#[test]
fn what_the_outer_sandbox_closes_no_inner_one_opens() {
    let Some(table) = table() else { return };
    let outer = table.scene.confined();
    let read = format!("--allow-read={}", table.scene.path("").display());
    let wrapper = [outer.to_str().unwrap(), &read, "--allow-env=RUNNER_CACHE,HOME"];
    let tried = table.tried(&wrapper, Some(&["-A".to_owned()]));
    assert_eq!(tried, set(&[ALWAYS, READING, &["variable:PATH"]]));
}

#[test]
fn a_file_that_is_named_is_no_directory_around_it() {
    let Some(table) = table() else { return };
    let flag = format!("--allow-read={}", table.readable.display());
    let tried = table.tried(&[], Some(&[flag]));
    assert_eq!(tried, set(&[ALWAYS, &["read", "variable:PATH"]]));
    let flag = format!("--allow-write={}", table.writable.join("there").display());
    let tried = table.tried(&[], Some(&[flag]));
    assert_eq!(tried, set(&[ALWAYS, &["append", "truncate", "chmod", "utime", "variable:PATH"]]));
}

#[test]
fn a_program_that_is_spawned_is_in_it_as_one_that_is_executed() {
    let Some(table) = table() else { return };
    assert_eq!(table.tried(&[], Some(&["--fork".to_owned()])), set(&[ALWAYS, &["variable:PATH"]]));
}

#[test]
fn a_debugger_goes_in_with_the_program() {
    let Some(table) = table() else { return };
    if !has("strace") {
        return;
    }
    let traced = |flags: &[&str]| {
        let mut command = table.scene.command(table.scene.confined());
        let output = run(command.args(flags).args(["/bin/sh", "-c", "exit 5"]));
        (output.status.code(), String::from_utf8_lossy(&output.stderr).contains("execve(\"/bin/sh\""))
    };
    assert_eq!(traced(&["--exec=strace -f"]), (Some(5), true));
}
