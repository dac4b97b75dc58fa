//! The server of the remote cache: reads and writes by `curl`, or by a helper of the user's (`exec:HELPER`).
//!
//! ```text
//! HELPER get ac/KEY           prints it; exit code 1 if there is none
//! HELPER put ac/KEY FILE      keeps it
//! ```
//!
//! A read takes 0.3 seconds to connect and two in all (`remote-timeout`) at most, and no more bytes than were announced. After
//! a failure nothing is asked for a minute: `v1/remote-down` has the time and the reason.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::environment::Environment;
use crate::base::shell_words;
use crate::process::client::{self, said};
use crate::process::running::Finished;
use crate::settings::layers::Layers;
use crate::settings::schema::Value;
use crate::store::cache::Cache;
use crate::store::usage_counts::{self, Counted};

/// How long a server that failed is left alone.
const DOWN: Duration = Duration::from_secs(60);
/// How long a connection may take.
const CONNECT_SECONDS: &str = "0.3";
/// How long reading takes at most, if nobody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long writing takes at most.
const WRITE_TIMEOUT: Duration = Duration::from_secs(300);
/// The most bytes of an entry.
pub(crate) const MOST_ENTRY_BYTES: u64 = 16 << 20;

const DOWN_FILE: &str = "remote-down";

/// The server, as the settings have it.
#[derive(Debug)]
pub(crate) struct Server<'a> {
    address: String,
    arguments: Vec<String>,
    timeout: Duration,
    /// Who is believed.
    pub(crate) signers: Option<PathBuf>,
    environment: &'a Environment,
    cache: &'a Cache,
}

impl<'a> Server<'a> {
    /// The server that the settings name, if they name one.
    pub(crate) fn of(layers: &Layers, environment: &'a Environment, cache: &'a Cache) -> Option<Server<'a>> {
        let address = layers.text("remote").filter(|address| !address.is_empty())?;
        let seconds = layers.text("remote-timeout").and_then(|text| text.parse().ok());
        let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Some(Server {
            address: address.trim_end_matches('/').to_owned(),
            arguments: layers.list("remote-args").unwrap_or_default().to_vec(),
            timeout: timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT),
            signers: directory(layers, "remote-signers"),
            environment,
            cache,
        })
    }

    /// What is at a path, `ac/KEY` or `cas/SHA256`; `None` if there is nothing.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub(crate) fn get(&self, path: &str, most_bytes: u64) -> Result<Option<Vec<u8>>, String> {
        let finished = match self.helper() {
            Some(helper) => self.run(helper, ["get".into(), path.into()], self.timeout, most_bytes)?,
            None => self.curl(path, &[], self.timeout, most_bytes)?,
        };
        match (self.helper().is_some(), finished.status.code()) {
            (true, Some(0)) => Ok(Some(finished.stdout)),
            (true, Some(1)) => Ok(None),
            (false, Some(0)) => match http_status(&finished.stderr) {
                Some("200") => Ok(Some(finished.stdout)),
                Some("404") => Ok(None),
                status => Err(format!("HTTP status {}", status.unwrap_or("unknown"))),
            },
            _ => Err(said(&finished)),
        }
    }

    /// Puts a file at a path.
    ///
    /// # Errors
    /// Why it is not there.
    pub(crate) fn put(&self, path: &str, file: &Path) -> Result<(), String> {
        let file = file.as_os_str();
        let finished = match self.helper() {
            Some(helper) => self.run(
                helper,
                ["put".into(), path.into(), file.to_owned()],
                WRITE_TIMEOUT,
                MOST_ENTRY_BYTES,
            )?,
            None => {
                self.curl(path, &["--upload-file".into(), file.to_owned()], WRITE_TIMEOUT, MOST_ENTRY_BYTES)?
            }
        };
        match (finished.status.success(), http_status(&finished.stderr)) {
            (true, _) if self.helper().is_some() => Ok(()),
            (true, Some(status)) if status.starts_with('2') => Ok(()),
            (true, status) => Err(format!("HTTP status {} to a write", status.unwrap_or("unknown"))),
            (false, _) => Err(said(&finished)),
        }
    }

    /// The words of a helper, if the address names one.
    fn helper(&self) -> Option<Vec<OsString>> {
        let words = shell_words::split(self.address.strip_prefix("exec:")?);
        Some(words.into_iter().map(OsString::from).collect())
    }

    fn curl(
        &self,
        path: &str,
        more: &[OsString],
        time: Duration,
        most_bytes: u64,
    ) -> Result<Finished, String> {
        let mut words = client::curl("=http,https", CONNECT_SECONDS, time);
        words.extend(["--write-out".into(), "%{stderr}\n%{http_code}\n".into()]);
        words.extend(self.arguments.iter().map(OsString::from));
        words.extend(more.iter().cloned());
        words.extend(["--".into(), format!("{}/{path}", self.address).into()]);
        client::run(self.environment, &words, time, most_bytes)
    }

    fn run(
        &self,
        mut words: Vec<OsString>,
        more: impl IntoIterator<Item = OsString>,
        time: Duration,
        most_bytes: u64,
    ) -> Result<Finished, String> {
        words.extend(more);
        client::run(self.environment, &words, time, most_bytes)
    }

    /// Remembers that it failed.
    pub(crate) fn failed(&self, why: &str) {
        usage_counts::count(self.cache, Counted::RemoteFailures);
        let _ = self.cache.write_whole(&self.cache.join(DOWN_FILE), why.as_bytes());
    }

    /// Its address, without what one has to prove there.
    pub(crate) fn shown(&self) -> String {
        match (self.address.find("://"), self.address.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => {
                [&self.address[..scheme + 3], &self.address[at + 1..]].concat()
            }
            _ => self.address.clone(),
        }
    }
}

/// The file or directory that a setting names.
pub(crate) fn directory(layers: &Layers, name: &str) -> Option<PathBuf> {
    match layers.of(name)?.0 {
        Value::Directory(path) => Some(path.clone()).filter(|path| path.is_absolute()),
        _ => None,
    }
}

/// Why the server failed, if that was within the last minute.
pub(crate) fn recent_failure(cache: &Cache) -> Option<String> {
    let path = cache.join(DOWN_FILE);
    let age = fs::metadata(&path).ok()?.modified().ok()?.elapsed().unwrap_or_default();
    (age < DOWN).then(|| fs::read(&path).ok())?.map(|why| String::from_utf8_lossy(&why).into_owned())
}

/// The status that curl was told to write.
fn http_status(errors: &[u8]) -> Option<&str> {
    let is_status = |line: &&str| line.len() == 3 && line.bytes().all(|byte| byte.is_ascii_digit());
    std::str::from_utf8(errors).ok()?.lines().rfind(is_status)
}
