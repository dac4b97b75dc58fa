//! Sandboxes: a directory with a HOME, a cache, a PATH and files of its own, removed unless the test failed.
//!
//! [`Sandbox::new`] sees the machine's real toolchain and crates. [`Sandbox::fake`] sees only `tests/fake/rustc`, which logs
//! each call and honestly copies its inputs: "was it cached?" is a count.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::files::{self, files_below};

/// The binary under test: see [`tested`].
pub const RUNNER: &str = env!("CARGO_BIN_EXE_runner");

/// The binary under test, or another that `$RUNNER_TESTED` names: the one `install.sh` makes is entered in another way.
pub fn tested() -> PathBuf {
    std::env::var_os("RUNNER_TESTED").map_or_else(|| PathBuf::from(RUNNER), PathBuf::from)
}

pub struct Sandbox {
    directory: Option<TempDir>,
    root: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

impl Sandbox {
    /// With the machine's own compilers and crates. A test that asks for them is slow, and its module is.
    pub fn new() -> Sandbox {
        // The harness calls the thread of a test by the test's path, and does without threads if told to.
        let thread = std::thread::current();
        let is_slow = thread.name().is_none_or(|name| name == "main" || name.contains("slow::"));
        assert!(is_slow, "{:?} asks for real compilers: it belongs in `slow`", thread.name());
        let sandbox = Sandbox::bare();
        let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
        let of_home =
            |name: &str, default: &str| std::env::var_os(name).unwrap_or_else(|| home.join(default).into());
        let cargo_home = of_home("CARGO_HOME", ".cargo");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", sandbox.root.join("bin").display());
        // A Rust that came without rustup, where the caller's PATH has it.
        let rustc = std::env::var_os("RUSTC").unwrap_or_default();
        sandbox
            .with("PATH", path)
            .with("RUSTUP_HOME", of_home("RUSTUP_HOME", ".rustup"))
            // A background build would outlive its test.
            .with("RUNNER_TIER", "off")
            .with("CARGO_HOME", cargo_home)
            .with("RUSTC", rustc)
    }

    /// As [`Sandbox::new`], with a compiler that may be in none of the system's directories, but only on the caller's PATH.
    pub fn with_compiler(compiler: &str) -> Sandbox {
        let mut sandbox = Sandbox::new();
        if compiler == "zig" {
            // What it compiles along with every program takes minutes.
            let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
            sandbox.set("ZIG_GLOBAL_CACHE_DIR", home.join(".cache/zig"));
            sandbox.set("RUNNER_PROFILE", "quick");
        }
        let callers = std::env::var_os("PATH").unwrap_or_default();
        let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
        let find = |place: &PathBuf| Some(place.join(compiler)).filter(|path| path.is_file());
        if !system.iter().any(|place| find(place).is_some())
            && let Some(found) = std::env::split_paths(&callers).find_map(|place| find(&place))
        {
            std::os::unix::fs::symlink(found, sandbox.root.join("bin").join(compiler)).unwrap();
        }
        sandbox
    }

    /// With a compiler that is a shell script: `tests/fake/rustc` tells what it understands.
    pub fn fake() -> Sandbox {
        let sandbox = Sandbox::bare();
        let compilers = sandbox.root.join("fake");
        fs::create_dir(&compilers).unwrap();
        files::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/rustc"), compilers.join("rustc"));
        // A compiler that is looked at as soon as it was written is looked at once more, which is a compile more.
        files::settle();
        let path = format!("{}:{}:/usr/bin:/bin", sandbox.root.join("bin").display(), compilers.display());
        let log = sandbox.root.join("log");
        sandbox.with("PATH", path).with("FAKE_LOG", log)
    }

    /// As [`Sandbox::fake`], with a script `x.rs` that says `hi`.
    pub fn fake_hi() -> Sandbox {
        let sandbox = Sandbox::fake();
        sandbox.script("x.rs", "#!/usr/bin/env runner\nprint hi\n");
        sandbox
    }

    /// As [`Sandbox::fake`], and what it compiles is machine code: a program that is whole once it runs.
    pub fn fake_with_machine_code() -> Sandbox {
        Sandbox::fake().with("FAKE_PROGRAM", say())
    }

    fn bare() -> Sandbox {
        let directory = tempfile::Builder::new().prefix("runner-test-").tempdir().unwrap();
        // Without links in it, so that paths in expected output are those the program sees.
        let root = fs::canonicalize(directory.path()).unwrap();
        for name in ["home", "work", "bin", "tmp"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(tested(), root.join("bin/runner")).unwrap();
        let sandbox = Sandbox { directory: Some(directory), root, variables: Vec::new() };
        let (home, temporary) = (sandbox.home(), sandbox.root.join("tmp"));
        // A log is told of what takes long, which on a busy machine anything may.
        sandbox
            .with("RUNNER_PROGRESS", "off")
            .with("HOME", home)
            .with("TMPDIR", temporary)
            .with("LANG", "C.UTF-8")
    }

    /// A variable for every command from now on. An empty value unsets it.
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Sandbox {
        self.set(name, value);
        self
    }

    /// As [`Sandbox::with`].
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let (name, value) = (name.into(), value.into());
        self.variables.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            self.variables.push((name, value));
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The directory commands run in.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    pub fn cache(&self) -> PathBuf {
        self.home().join(".cache/runner")
    }

    /// A path in the working directory.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.work().join(name)
    }

    /// Writes a file in the working directory, and the directories above it.
    pub fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        files::write(&path, text);
        path
    }

    /// Writes an executable script.
    pub fn script(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.write(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Any command in the sandbox's environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Run<'_> {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.work());
        Run { sandbox: self, command, stdin: Vec::new() }
    }

    /// `runner ARGUMENT…`
    pub fn runner<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Run<'_> {
        self.command(tested()).args(arguments)
    }

    /// `sh -c SCRIPT`
    pub fn sh(&self, script: &str) -> Run<'_> {
        self.command("/bin/sh").args(["-c", script])
    }

    /// How often the fake compiler has compiled.
    pub fn compiles(&self) -> usize {
        let log = fs::read_to_string(self.root.join("log")).unwrap_or_default();
        log.lines().filter(|line| line.starts_with("compile ")).count()
    }

    /// As [`Sandbox::cached`], as paths of files that can be opened.
    pub fn cached_paths(&self, part: &str) -> Vec<PathBuf> {
        files_below(&self.cache().join("v1").join(part))
    }

    /// Everything in the cache below a directory of its version, as paths relative to that.
    pub fn cached(&self, part: &str) -> Vec<PathBuf> {
        let root = self.cache().join("v1").join(part);
        files_below(&root).into_iter().map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(directory) = self.directory.take()
        {
            eprintln!("the sandbox is kept: {}", directory.keep().display());
        }
    }
}

/// `tests/fake/say.rs`, compiled once.
pub fn say() -> &'static Path {
    static SAY: OnceLock<PathBuf> = OnceLock::new();
    SAY.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("say");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/say.rs");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let options = ["--edition=2024", "-Copt-level=s", "-Cstrip=symbols", "-Cpanic=abort", "-o"];
        let compiled = Command::new(rustc).args(options).arg(&path).arg(source).status().unwrap();
        assert!(compiled.success());
        path
    })
}

/// A command about to run.
pub struct Run<'a> {
    sandbox: &'a Sandbox,
    command: Command,
    stdin: Vec<u8>,
}

impl<'a> Run<'a> {
    /// Where it runs.
    pub fn sandbox(&self) -> &'a Sandbox {
        self.sandbox
    }

    pub fn args<I: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn within(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub fn input(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Starts it, with pipes for output.
    pub fn start(mut self) -> Child {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        // One that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        child
    }

    /// As [`Run::start`], and its input stays open.
    pub fn start_with_input(mut self) -> Child {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        self.command.spawn().unwrap()
    }

    pub fn run(self) -> Ran {
        let shown = format!("{:?}", self.command);
        Ran::of(shown, self.start())
    }
}

/// A command that has run.
pub struct Ran {
    shown: String,
    pub stdout: String,
    pub stderr: String,
    /// The exit code, or 128 + the signal.
    pub code: i32,
}

impl Ran {
    pub fn of(shown: impl Into<String>, child: Child) -> Ran {
        let output = child.wait_with_output().unwrap();
        Ran {
            shown: shown.into(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap()),
        }
    }

    /// Asserts success, this output, and silence on stderr.
    #[track_caller]
    pub fn prints(self, stdout: &str) -> Ran {
        self.ends(0, stdout, "")
    }

    /// Asserts code, stdout and stderr.
    #[track_caller]
    pub fn ends(self, code: i32, stdout: &str, stderr: &str) -> Ran {
        assert_eq!(
            (self.code, self.stdout.as_str(), self.stderr.as_str()),
            (code, stdout, stderr),
            "{}",
            self.shown
        );
        self
    }

    /// Asserts a failure of runner's own: its code, nothing on stdout, and the last line or two of stderr.
    #[track_caller]
    pub fn fails(self, code: i32, message: &str) -> Ran {
        assert!(
            self.code == code && self.stdout.is_empty() && self.stderr.trim_end().ends_with(message),
            "{}\ncode {}, expected {code}\nstdout: {}\nstderr: {}\nexpected: {message}",
            self.shown,
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Says aloud that a test did not run.
pub fn skipped(why: &str) {
    // Past the test harness, which captures only what the print macros write.
    let _ = std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}
