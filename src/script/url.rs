//! Scripts by URL: what may be typed, and the copies that are kept of texts that may run.
//!
//! ```text
//! DATA/runner/urls/DIGEST-OF-URL/trusted        a sealed record: the text that the user said yes to
//! DATA/runner/urls/DIGEST-OF-URL/DIGEST.pin     the same of a text that a pin named: URL#blake3=DIGEST
//! DATA/runner/urls/DIGEST-OF-URL/DIGEST/NAME    the text; it is compiled there, with nothing beside it
//! ```
//!
//! Trust is in a text at a URL, never in a host. A text whose digest is not the record's is not run.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::fs::{cannot, entries, write_atomically};
use crate::store::sealed_record::Record;
use crate::store::stamp::Moment;

/// Hosts that nobody can stand before.
const LOCAL: &[&str] = &["localhost", "127.0.0.1", "[::1]"];
/// What stands between a URL and the digest its text must have.
const PIN: &str = "#blake3=";
const TRUSTED: &str = "trusted";
/// Digits of the digests in names of files; the records have all of them.
const DIGITS: usize = 16;

/// A URL of a script, perhaps with the digest that its text must have: `https://HOST/PATH#blake3=DIGEST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptUrl {
    address: String,
    pin: Option<Digest>,
}

/// A text that may run.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) address: String,
    /// The URL that redirects led to.
    pub(crate) last: String,
    pub(crate) digest: Digest,
    pub(crate) path: PathBuf,
    /// Seconds since the epoch.
    pub(crate) since: String,
}

impl ScriptUrl {
    /// Understands a word; `None` if it is none.
    pub fn parse(word: &OsStr) -> Option<Result<ScriptUrl>> {
        let text = word.to_string_lossy();
        let (scheme, _) = text.split_once("://")?;
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_scheme.then(|| ScriptUrl::understand(&text).map_err(|error| error.about(text.clone())))
    }

    fn understand(text: &str) -> Result<ScriptUrl> {
        let wrong = |why: &str| Err(Error::message(Step::Arguments, why));
        let (address, pin) = match text.split_once('#') {
            None => (text, None),
            Some((address, _)) => {
                let pin = text[address.len()..].strip_prefix(PIN);
                let Some(digest) = pin.and_then(|digits| Digest::parse(digits.as_bytes())) else {
                    return wrong("a pin is `#blake3=` and 64 hexadecimal digits");
                };
                (address, Some(digest))
            }
        };
        if !address.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte)) {
            return wrong("a URL consists of ASCII letters, digits and signs; others are written as `%20`");
        }
        let url = ScriptUrl { address: address.to_owned(), pin };
        let host = url.host();
        match (url.scheme(), host) {
            (scheme, _) if !matches!(scheme, "https" | "http") => wrong("only scripts at `https:` are run"),
            (_, "") => wrong("the URL names no host"),
            (_, host) if host.contains('@') => wrong("a URL with a user name or a password is not asked"),
            ("https", _) => Ok(url),
            ("http", host) if is_local(host) => Ok(url),
            _ => {
                Err(Error::message(Step::Arguments, "anybody on the way could change what comes by `http:`")
                    .hint(address.replacen("http", "https", 1)))
            }
        }
    }

    fn scheme(&self) -> &str {
        self.address.split("://").next().unwrap_or_default()
    }

    /// Its host, with the port.
    pub fn host(&self) -> &str {
        host(&self.address)
    }

    /// The URL without the pin.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether it names the digest of its text.
    pub fn is_pinned(&self) -> bool {
        self.pin.is_some()
    }

    /// The same URL without the pin.
    #[must_use]
    pub fn without_pin(&self) -> ScriptUrl {
        ScriptUrl { pin: None, ..self.clone() }
    }

    /// What its text is called: the last part of its path, or of the URL that redirects led to if that says more.
    pub fn file_name(&self, last: &str) -> String {
        file_name(&self.address, last)
    }

    pub(crate) fn pin(&self) -> Option<Digest> {
        self.pin
    }

    /// The same URL with a pin to this digest.
    pub fn pinned(&self, digest: &str) -> String {
        [&self.address, PIN, digest].concat()
    }

    /// The protocols that may be asked, first and by redirects.
    pub(crate) fn protocols(&self) -> &'static str {
        if self.scheme() == "http" { "=http,https" } else { "=https" }
    }

    /// The URL of the text itself, where this one is of a page that shows it.
    pub(crate) fn of_text(&self) -> String {
        let address = &self.address;
        match self.host() {
            "github.com" if address.contains("/blob/") => {
                let raw = address.replacen("/blob/", "/", 1);
                raw.replacen("://github.com/", "://raw.githubusercontent.com/", 1)
            }
            "gist.github.com" if !address.contains("/raw") => format!("{address}/raw"),
            _ => address.replacen("/-/blob/", "/-/raw/", 1),
        }
    }

    /// The error of a URL whose text may not run yet.
    #[cold]
    pub(crate) fn untrusted(&self) -> Error {
        Error::message(Step::Script, "its text is not trusted, or not kept")
            .cannot_execute()
            .about(&*self.address)
            .hint(format!("`runner trust {}`", self.address))
    }

    /// The text that may run, if there is one and it is kept.
    pub(crate) fn kept(&self, environment: &Environment) -> Option<Kept> {
        let directory = self.directory(environment).ok()?;
        let trusted = || self.record(&directory.join(TRUSTED));
        match self.pin {
            None => trusted(),
            Some(pin) => self
                .record(&directory.join(pin.short(DIGITS) + ".pin"))
                .or_else(trusted)
                .filter(|kept| kept.digest == pin),
        }
    }

    fn directory(&self, environment: &Environment) -> Result<PathBuf> {
        Ok(directory(environment)?.join(Digest::of(self.address.as_bytes()).short(DIGITS)))
    }

    /// A record of this URL. What somebody else could have written is none.
    fn record(&self, file: &Path) -> Option<Kept> {
        let metadata = fs::symlink_metadata(file).ok()?;
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
            return None;
        }
        let record = Record::parse(&Digest::of(self.address.as_bytes()), &fs::read(file).ok()?)?;
        let text = |name: &str| record.first(name)?.into_string().ok();
        let digest = Digest::parse(text("b3")?.as_bytes())?;
        let path = file.with_file_name(digest.short(DIGITS)).join(text("name")?);
        Some(Kept { address: text("url")?, last: text("last")?, digest, path, since: text("since")? })
    }

    /// Keeps a text, so that it may run: a pinned one for this pin, another one as what the URL stands for from now on.
    ///
    /// # Errors
    /// [`Step::Install`] if it cannot be written.
    pub(crate) fn keep(&self, last: &str, text: &[u8], environment: &Environment) -> Result<()> {
        let directory = self.directory(environment)?;
        let digest = Digest::of(text);
        let short = digest.short(DIGITS);
        let name = self.file_name(last);
        let mut record = Record::default();
        record.push("url", &self.address);
        record.push("last", last);
        record.push("b3", digest.hex());
        record.push("name", &name);
        record.push("since", Moment::now().unix_seconds().to_string());
        let record = record.render(&Digest::of(self.address.as_bytes()));
        let file = directory.join(if self.is_pinned() { short.clone() + ".pin" } else { TRUSTED.to_owned() });
        let write = |bytes: &[u8], path: &Path| {
            write_atomically(bytes, path).map_err(|error| cannot("write", path, error))
        };
        write(text, &directory.join(short).join(name))?;
        write(&record, &file)
    }

    /// Forgets all that is kept of it; whether there was something.
    ///
    /// # Errors
    /// [`Step::Install`] if it cannot be removed.
    pub(crate) fn forget(&self, environment: &Environment) -> Result<bool> {
        let directory = self.directory(environment)?;
        match fs::remove_dir_all(&directory) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(cannot("remove", &directory, error)),
        }
    }
}

/// What the user said yes to.
///
/// # Errors
/// [`Step::Install`] if there is nowhere to keep it.
pub(crate) fn trusted(environment: &Environment) -> Result<Vec<Kept>> {
    let known = entries(&directory(environment)?).into_iter().filter_map(|directory| {
        let file = directory.join(TRUSTED);
        let address = Record::read_any(&fs::read(&file).ok()?).first("url")?.into_string().ok()?;
        ScriptUrl { address, pin: None }.record(&file)
    });
    let mut known: Vec<Kept> = known.collect();
    crate::base::order::sort_by(&mut known, |one, two| one.address.cmp(&two.address));
    Ok(known)
}

fn directory(environment: &Environment) -> Result<PathBuf> {
    let data = environment.data_directory().ok_or_else(|| {
        Error::message(Step::Install, "there is no home directory to keep scripts in").hint("set `HOME`")
    })?;
    Ok(data.join("urls"))
}

fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    &rest[..rest.find(['/', '?']).unwrap_or(rest.len())]
}

fn is_local(host: &str) -> bool {
    LOCAL
        .iter()
        .any(|local| host.strip_prefix(local).is_some_and(|port| port.is_empty() || port.starts_with(':')))
}

/// Whether redirects ended where they may end.
pub(crate) fn may_end_at(last: &str) -> bool {
    last.starts_with("https://") || last.starts_with("http://") && is_local(host(last))
}

fn file_name(address: &str, last: &str) -> String {
    let end = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let path =
            path.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "._-+".contains(sign);
        let name = path.rsplit('/').next().unwrap_or_default();
        let name: String =
            name.chars().take(100).map(|sign| if is_plain(sign) { sign } else { '_' }).collect();
        name.trim_start_matches(['.', '-']).to_owned()
    };
    let (typed, last) = (end(address), end(last));
    match (typed.contains('.'), last.contains('.') || typed.is_empty()) {
        (true, _) => typed,
        (false, true) if !last.is_empty() => last,
        _ if typed.is_empty() => "script".to_owned(),
        _ => typed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Result<ScriptUrl>> {
        ScriptUrl::parse(OsStr::new(text))
    }

    #[test]
    fn only_urls_that_nobody_can_change_on_the_way_are_scripts() {
        for none in ["a.rs", "./https:/x/y.rs", "https:/x", "://x", "a b://c"] {
            assert!(parse(none).is_none(), "{none}");
        }
        let digest = Digest::of(b"text").hex();
        for good in ["https://e.org/x.rs", "http://localhost:80/x", "http://127.0.0.1/x", "http://[::1]:1/x"]
        {
            assert_eq!(parse(good).unwrap().unwrap().pin(), None, "{good}");
            let pinned = parse(&format!("{good}#blake3={digest}")).unwrap().unwrap();
            assert_eq!((pinned.address(), pinned.pin()), (good, Some(Digest::of(b"text"))));
        }
        for bad in [
            "http://e.org/x.rs",
            "http://localhost.e.org/x.rs",
            "http://localhost@e.org/x.rs",
            "https://user:word@e.org/x.rs",
            "https:///x.rs",
            "https://e.org/x.rs#part",
            "https://e.org/x.rs#blake3=12",
            "https://e.org/a b.rs",
            "https://e.org/\u{1b}[2J.rs",
            "https://e\u{301}.org/x.rs",
            "file:///etc/passwd",
            "ftp://e.org/x.rs",
        ] {
            assert!(parse(bad).unwrap().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_that_shows_a_script_is_asked_for_its_text() {
        for (page, text) in [
            ("https://github.com/o/r/blob/main/a/b.rs", "https://raw.githubusercontent.com/o/r/main/a/b.rs"),
            ("https://gist.github.com/o/12ab", "https://gist.github.com/o/12ab/raw"),
            ("https://gitlab.com/o/r/-/blob/main/b.rs", "https://gitlab.com/o/r/-/raw/main/b.rs"),
            ("https://e.org/blob/b.rs", "https://e.org/blob/b.rs"),
        ] {
            assert_eq!(parse(page).unwrap().unwrap().of_text(), text);
        }
    }

    #[test]
    fn a_text_is_called_as_its_url_ends() {
        for (typed, last, name) in [
            ("https://e.org/a/tool.rs?x=/y#z", "https://e.org/other.c", "tool.rs"),
            ("https://gist.github.com/o/12ab", "https://gist.e.org/o/12ab/raw/3c/tool.rs", "tool.rs"),
            ("https://e.org/tool", "https://e.org/tool", "tool"),
            ("https://e.org/", "https://e.org/", "script"),
            ("https://e.org", "https://e.org/x", "x"),
            ("https://e.org/..", "https://e.org/..", "script"),
            ("https://e.org/-x%2f.rs", "https://e.org", "x_2f.rs"),
        ] {
            assert_eq!(file_name(typed, last), name, "{typed}");
        }
    }
}
