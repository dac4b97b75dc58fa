//! The command log (`-x`), the kept work directory (`--work`) and the time report (`--timings`).
//!
//! Commands are shown as a POSIX shell would be given them, so that they can be pasted: each in its own working directory,
//! with what its environment has other than the caller's, every word quoted, and the directory of the build as `$WORK`, as
//! `go build -x` does. A file that is written for a compiler is a here-document.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::environment::{Environment, TRACED};
use crate::base::order;
use crate::base::shell_words::quote;
use crate::process::exec::Image;
use crate::report::event::{Event, EventSink};
use crate::request::debug_options::DebugOptions;
use crate::request::options::Verbosity;

/// Makes a directory of the cache, which nobody else may look into.
const PRIVATELY: &[u8] = b"(umask 077; mkdir -p ";

/// Ends a here-document.
const END: &str = "END OF FILE";

/// What is written down of a build.
#[derive(Debug)]
pub(crate) struct CommandLog {
    shows_commands: bool,
    keeps_work: bool,
    times: bool,
    began: Instant,
    sink: EventSink,
    spans: Mutex<Vec<(String, Duration)>>,
    /// The caller's variables.
    caller: BTreeMap<OsString, OsString>,
    /// Where it is built.
    work: Mutex<Option<PathBuf>>,
    is_told: AtomicBool,
}

impl CommandLog {
    /// `None` if nobody asks for one.
    pub(crate) fn open(
        debug: &DebugOptions,
        environment: &Environment,
        sink: &EventSink,
    ) -> Option<Arc<CommandLog>> {
        let caller = if debug.shows_commands { environment.all() } else { Vec::new() };
        debug.needs_journal().then(|| {
            Arc::new(CommandLog {
                shows_commands: debug.shows_commands,
                keeps_work: debug.keeps_work,
                times: debug.times,
                began: Instant::now(),
                sink: sink.clone(),
                spans: Mutex::default(),
                caller: order::map(caller),
                work: Mutex::default(),
                is_told: AtomicBool::default(),
            })
        })
    }

    /// Whether the directory it is built in is kept.
    pub(crate) fn keeps_work(&self) -> bool {
        self.keeps_work
    }

    /// Tells where it is built from now on.
    pub(crate) fn enter(&self, work: &Path) {
        if lock(&self.work).replace(work.to_owned()).as_deref() == Some(work) {
            return;
        }
        if self.shows_commands || self.keeps_work {
            self.show(&[b"WORK=".as_slice(), &quoted(work.as_os_str(), None)]);
        }
        if self.shows_commands {
            self.show(&[PRIVATELY, b"\"$WORK\")"]);
        }
    }

    /// Shows a command, and what it reads from its standard input.
    pub(crate) fn command(&self, command: &Command, input: Option<&[u8]>) {
        if self.shows_commands {
            self.show(&[&self.line(command, input)]);
        }
    }

    /// Shows a line of shell: words that are quoted, after text that is not.
    pub(crate) fn say(&self, text: &str, words: &[&OsStr]) {
        if self.shows_commands {
            let work = self.work();
            let mut line = text.as_bytes().to_vec();
            for word in words {
                line.extend_from_slice(if line.is_empty() { b"" } else { b" " });
                line.extend(quoted(word, work.as_deref()));
            }
            self.show(&[&line]);
        }
    }

    /// Shows that a file is written.
    pub(crate) fn file(&self, path: &Path, text: &str) {
        if self.shows_commands {
            let work = self.work();
            let directory = path.parent().unwrap_or(path);
            if work.as_deref() != Some(directory) {
                self.show(&[PRIVATELY, &quoted(directory.as_os_str(), work.as_deref()), b")"]);
            }
            let path = quoted(path.as_os_str(), work.as_deref());
            self.show(&[b"cat >".as_slice(), &path, &here_document(text.as_bytes())]);
        }
    }

    /// Shows that the files in a directory are written, as far as they can be read.
    pub(crate) fn files(&self, directory: &Path) {
        if !self.shows_commands {
            return;
        }
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.files(&path),
                Ok(kind) if kind.is_file() => match std::fs::read(&path).map(String::from_utf8) {
                    Ok(Ok(text)) if text.ends_with('\n') || text.is_empty() => self.file(&path, &text),
                    Ok(Ok(text)) => self.bytes(&path, text.as_bytes()),
                    Ok(Err(error)) => self.bytes(&path, error.as_bytes()),
                    Err(_) => {}
                },
                _ => {}
            }
        }
    }

    /// Shows that a file that is no text is written.
    pub(crate) fn bytes(&self, path: &Path, bytes: &[u8]) {
        if self.shows_commands {
            let mut lines = b"{\n".to_vec();
            for part in bytes.chunks(64) {
                lines.extend([b"printf '".as_slice(), &octal(part), b"'\n"].concat());
            }
            self.show(&[&lines, b"} >".as_slice(), &quoted(path.as_os_str(), self.work().as_deref())]);
        }
    }

    /// Whether commands are shown.
    pub(crate) fn shows_commands(&self) -> bool {
        self.shows_commands
    }

    /// A copy: a lock that is held while a line is put together would be taken twice.
    fn work(&self) -> Option<PathBuf> {
        lock(&self.work).clone()
    }

    fn show(&self, parts: &[&[u8]]) {
        // One event, so that lines of builds that go on at once are whole.
        let line = [&parts.concat()[..], b"\n"].concat();
        let _ = self.sink.send(&Event::Log { text: &line }, Verbosity::Normal);
    }

    fn line(&self, command: &Command, input: Option<&[u8]>) -> Vec<u8> {
        let work = self.work();
        let in_work = |word: &OsStr| quoted(word, work.as_deref());
        let mut line = Vec::new();
        if let Some(directory) = command.get_current_dir() {
            line.extend_from_slice(b"(cd ");
            line.extend(in_work(directory.as_os_str()));
            line.extend_from_slice(b" && ");
        } else {
            line.extend_from_slice(b"(");
        }
        line.extend(self.differences(command).into_iter().flat_map(|word| [word, b" ".to_vec()].concat()));
        line.extend(in_work(command.get_program()));
        for argument in command.get_args() {
            line.push(b' ');
            line.extend(in_work(argument));
        }
        if let Some(input) = input {
            line.extend(here_document(input));
            line.push(b'\n');
        }
        line.push(b')');
        line
    }

    /// `env -u NAME NAME=VALUE`: what the command's environment has other than the caller's, and what the caller's says to
    /// compilers, in case the shell it is pasted into says otherwise.
    fn differences(&self, command: &Command) -> Vec<Vec<u8>> {
        let mut theirs = order::map(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        // What only listens has no part in the result.
        theirs.remove(OsStr::new("RUSTC_WORKSPACE_WRAPPER"));
        let work = self.work();
        let mut words = Vec::new();
        for name in self.caller.keys().filter(|name| !theirs.contains_key(name.as_os_str())) {
            words.extend([b"-u".to_vec(), quoted(name, None)]);
        }
        for (name, value) in &theirs {
            let says = TRACED.iter().any(|traced| name == traced) && *name != "HOME";
            if says || self.caller.get(*name).map(OsString::as_os_str) != Some(value) {
                // The name is not quoted, so that it may stand where a shell expects an assignment too.
                words.push([name.as_bytes(), b"=", &quoted(value, work.as_deref())].concat());
            }
        }
        if !words.is_empty() {
            words.insert(0, b"env".to_vec());
        }
        words
    }

    /// Shows that what was built is kept.
    pub(crate) fn kept(&self, path: &Path) {
        let Some(directory) = path.parent().filter(|_| self.work().is_some()) else { return };
        if self.shows_commands {
            self.show(&[PRIVATELY, &quoted(directory.as_os_str(), None), b")"]);
        }
        let (made, path) = (self.made(), path.as_os_str());
        self.say("cp", &[&made, path]);
        self.say("chmod 700", &[path]);
    }

    /// Shows that a program is copied to where somebody wants it.
    pub(crate) fn copied(&self, from: Option<&Path>, to: &Path) {
        let made = from.map_or_else(|| self.made(), |from| from.as_os_str().to_owned());
        let to = to.as_os_str();
        self.say("mkdir -p", &[Path::new(to).parent().unwrap_or(Path::new("/")).as_os_str()]);
        self.say("cp", &[&made, to]);
        self.say("chmod 755", &[to]);
    }

    /// The program that is made in the directory of the build.
    fn made(&self) -> OsString {
        self.work().as_deref().unwrap_or(Path::new("")).join("program").into()
    }

    /// Shows the program that is run, or becomes this process.
    pub(crate) fn program(&self, image: &Image<'_>) {
        if !self.shows_commands {
            return;
        }
        let mut words: Vec<OsString> = Vec::new();
        let mut set = |name: &OsStr, value: &OsStr| {
            let mut word = name.to_owned();
            word.push("=");
            word.push(value);
            words.push(word);
        };
        if let Some(script) = image.script {
            set(OsStr::new("RUNNER_SCRIPT"), script.as_os_str());
        }
        image.told.variables.iter().for_each(|(name, value)| set(name, value));
        words.push(image.file.clone().into());
        words.extend(image.arguments.iter().skip(1).cloned());
        self.say("env", &words.iter().map(OsString::as_os_str).collect::<Vec<_>>());
    }

    /// Whether times are told when it has ended.
    pub(crate) fn times(&self) -> bool {
        self.times
    }

    /// Notes how long something took.
    pub(crate) fn note(&self, what: &str, took: Duration) {
        if self.times {
            let mut spans = lock(&self.spans);
            match spans.iter_mut().find(|(known, _)| known == what) {
                Some((_, sum)) => *sum += took,
                None => spans.push((what.to_owned(), took)),
            }
        }
    }

    /// Tells where the time went, once.
    pub(crate) fn tell_times(&self) {
        if !self.times || self.is_told.swap(true, Ordering::Relaxed) {
            return;
        }
        let all = self.began.elapsed();
        let spans = lock(&self.spans);
        let rest = all.saturating_sub(spans.iter().map(|(_, took)| *took).sum());
        let mut report = String::new();
        let others = [("everything else", rest), ("altogether", all)];
        let lines = spans.iter().map(|(what, took)| (what.as_str(), *took)).chain(others);
        for (what, took) in lines {
            report.push_str(&format!("{:>10.3} ms  {what}\n", took.as_secs_f64() * 1e3));
        }
        let _ = self.sink.send(&Event::Log { text: report.as_bytes() }, Verbosity::Normal);
    }
}

/// Notes how long `work` takes, if there is a journal.
pub(crate) fn timed<T>(command_log: Option<&Arc<CommandLog>>, what: &str, work: impl FnOnce() -> T) -> T {
    let Some(command_log) = command_log else { return work() };
    let began = Instant::now();
    let done = work();
    command_log.note(what, began.elapsed());
    done
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// ` <<'END OF FILE'` and what follows it.
fn here_document(text: &[u8]) -> Vec<u8> {
    let mut end = END.to_owned();
    while text.split(|byte| *byte == b'\n').any(|line| line == end.as_bytes()) {
        end.push_str(" INDEED");
    }
    let line_end: &[u8] = if text.ends_with(b"\n") || text.is_empty() { b"" } else { b"\n" };
    [b" <<'", end.as_bytes(), b"'\n", text, line_end, end.as_bytes()].concat()
}

/// A word as a POSIX shell reads it back; `$WORK` stands for the directory `work`, wherever it is in the word.
fn quoted(word: &OsStr, work: Option<&Path>) -> Vec<u8> {
    let bytes = word.as_bytes();
    let work = work.map(|work| work.as_os_str().as_bytes()).filter(|work| !work.is_empty());
    let at =
        work.and_then(|work| Some((bytes.windows(work.len()).position(|part| part == work)?, work.len())));
    match at {
        Some((at, length)) => {
            let rest = OsStr::from_bytes(&bytes[at + length..]);
            let before = if at == 0 { Vec::new() } else { quote(&bytes[..at]) };
            let after = if rest.is_empty() {
                Vec::new()
            } else {
                quoted(rest, work.map(|work| Path::new(OsStr::from_bytes(work))))
            };
            [before, b"\"$WORK\"".to_vec(), after].concat()
        }
        None => quote(bytes),
    }
}

/// Bytes as the format of `printf` in single quotes.
fn octal(bytes: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && !b"\\%'".contains(byte);
    bytes
        .iter()
        .flat_map(|byte| if is_plain(byte) { vec![*byte] } else { format!("\\{byte:03o}").into_bytes() })
        .collect()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // A shell is asked.
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_a_build_has_a_name() {
        let work = Some(Path::new("/c/build-1"));
        for (word, expected) in [
            ("/c/build-1/program", "\"$WORK\"/program"),
            ("--emit=link,dep-info=/c/build-1/program.d", "--emit=link,dep-info=\"$WORK\"/program.d"),
            ("/c/build-1", "\"$WORK\""),
            ("/c/build-1:/c/build-1/it's", "\"$WORK\":\"$WORK\"'/it'\\''s'"),
            ("/c", "/c"),
        ] {
            assert_eq!(String::from_utf8(quoted(OsStr::new(word), work)).unwrap(), expected);
        }
    }

    #[test]
    fn bytes_come_through_a_shell_as_they_are() {
        let all: Vec<u8> = (0..=255).chain(0..=255).collect();
        let line = [b"printf '".as_slice(), &octal(&all), b"'"].concat();
        assert!(line.is_ascii());
        let output = Command::new("sh").arg("-c").arg(OsStr::from_bytes(&line)).output().unwrap();
        assert_eq!(output.stdout, all);
    }

    #[test]
    fn here_documents_end_where_they_should() {
        for text in ["", "a", "a\n", "END OF FILE\nb\n", "$x `y` \\\n"] {
            let line = [b"cat".as_slice(), &here_document(text.as_bytes())].concat();
            let output = Command::new("sh").arg("-c").arg(OsStr::from_bytes(&line)).output().unwrap();
            let expected =
                if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
    }
}
