//! `runner trust`: downloads scripts by URL, and keeps the texts that may run.
//!
//! Nothing of a text is run here, nor looked at by a compiler. Whoever calls this shows it to the user and asks.

use std::time::Duration;

use crate::base::digest::Digest;
use crate::base::error::{Error, Result, Step};
use crate::commands::env::layers;
use crate::commands::fmt::diff;
use crate::engine::context::Context;
use crate::process::client;
use crate::request::options::Options;
use crate::script::url::{self, Kept, ScriptUrl};

/// The most bytes of a script by URL.
const MOST_BYTES: u64 = 1 << 20;
/// How long a download takes at most.
const TIME: Duration = Duration::from_secs(60);
/// How long it may take to connect.
const CONNECT_SECONDS: &str = "10";
const MOST_REDIRECTS: &str = "5";

/// A text that was downloaded, and not run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FetchedScript {
    /// What was asked for.
    pub url: ScriptUrl,
    /// The URL that redirects led to.
    pub last: String,
    /// What came.
    pub text: Vec<u8>,
    /// Its blake3 digest, in hexadecimal.
    pub digest: String,
    /// Whether it may run: it is the text that is trusted, or that the pin of the URL names.
    pub is_allowed: bool,
    /// What differs from the text that is trusted, if that is another one; of one that is not kept any more nothing can be
    /// told.
    pub difference: Option<String>,
}

impl FetchedScript {
    /// The error of a text that may not run, with the pin that says yes to it.
    pub fn refusal(&self, why: &str) -> Error {
        Error::message(Step::Script, why).cannot_execute().about(self.url.address()).hint(format!(
            "`runner --blake3 {} {}` runs what was downloaded now",
            self.digest,
            self.url.address()
        ))
    }
}

/// A script by URL that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustedUrl {
    /// The URL.
    pub url: String,
    /// The URL that redirects led to.
    pub last: String,
    /// The blake3 digest of the text that may run, in hexadecimal.
    pub digest: String,
    /// When it was trusted, in seconds since the epoch.
    pub since: i64,
}

/// Downloads the text at a URL.
///
/// # Errors
/// [`Step::Script`] if it cannot be had, is none, or is not the one that the URL's pin names.
pub(crate) fn fetch(context: &Context, url: &ScriptUrl, options: &Options) -> Result<FetchedScript> {
    download(context, url, options).map_err(|error| error.about(url.address()))
}

fn download(context: &Context, url: &ScriptUrl, options: &Options) -> Result<FetchedScript> {
    let environment = context.environment();
    let failed = |why: &str| Error::message(Step::Script, why);
    let layers = layers(context, options)?;
    if layers.is_on("offline") == Some(true) || layers.is_on("frozen") == Some(true) {
        return Err(url.untrusted().hint("it is not asked for while `--offline` or `--frozen` is set"));
    }
    let mut words = client::curl(url.protocols(), CONNECT_SECONDS, TIME);
    for word in ["--location", "--max-redirs", MOST_REDIRECTS, "--proto-redir", url.protocols()] {
        words.push(word.into());
    }
    words.extend([
        "--write-out".into(),
        "%{stderr}\n%{http_code}\n%{content_type}\n%{url_effective}\n".into(),
    ]);
    words.extend(["--".into(), url.of_text().into()]);
    let finished = client::run(environment, &words, TIME, MOST_BYTES).map_err(|why| {
        match environment.find_command("curl".as_ref()) {
            None => failed(&why).not_found().hint("install `curl`, which downloads scripts"),
            Some(_) if why.contains("printed more") => failed("it is larger than 1 MiB").cannot_execute(),
            Some(_) => failed(&why),
        }
    })?;
    let told = String::from_utf8_lossy(&finished.stderr);
    let mut told = told.trim_end().rsplit('\n');
    let (last, kind) = (told.next().unwrap_or_default().to_owned(), told.next().unwrap_or_default());
    let status = told.next().unwrap_or_default();
    if !finished.status.success() {
        return Err(failed(&format!("cannot download it: {}", client::said(&finished))));
    }
    match status {
        "200" if !url::may_end_at(&last) => {
            return Err(failed("it leads to a place that is not `https:`").cannot_execute());
        }
        "200" => {}
        "404" | "410" => return Err(failed("there is no such script").not_found()),
        status => return Err(failed(&format!("cannot download it: HTTP status {status}"))),
    }
    let text = finished.stdout;
    if text.len() as u64 > MOST_BYTES {
        return Err(failed("it is larger than 1 MiB").cannot_execute());
    }
    if kind.starts_with("text/html") || is_page(&text) {
        return Err(failed("it is a web page, not a script")
            .cannot_execute()
            .hint("give the URL of the text alone, which many pages call `raw`"));
    }
    if text.is_empty() || text.contains(&0) {
        return Err(failed("it is not a text").cannot_execute());
    }
    let digest = Digest::of(&text);
    if let Some(pin) = url.pin()
        && pin != digest
    {
        return Err(failed(&format!("its text is not the pinned one: its blake3 is {}", digest.hex()))
            .cannot_execute()
            .hint("look at what has changed before you pin that"));
    }
    let trusted = url.kept(environment);
    let is_allowed = url.is_pinned() || trusted.as_ref().is_some_and(|kept| kept.digest == digest);
    let before = trusted.filter(|_| !is_allowed).and_then(|kept| std::fs::read(kept.path).ok());
    let difference = before.map(|before| {
        let lossy = String::from_utf8_lossy;
        diff::show(url.address(), &lossy(&before), &lossy(&text), false)
    });
    Ok(FetchedScript { url: url.clone(), last, text, digest: digest.hex(), is_allowed, difference })
}

/// Whether a text begins as web pages do.
fn is_page(text: &[u8]) -> bool {
    let start = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).trim_ascii_start();
    let begins = |word: &[u8]| start.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    begins(b"<!doctype") || begins(b"<html")
}

/// Lets a text run from now on.
///
/// # Errors
/// [`Step::Install`] if it cannot be kept.
pub(crate) fn trust(context: &Context, fetched: &FetchedScript) -> Result<()> {
    fetched.url.keep(&fetched.last, &fetched.text, context.environment())
}

/// What may run, by URL.
///
/// # Errors
/// [`Step::Install`] if there is nowhere to keep it.
pub(crate) fn trusted(context: &Context) -> Result<Vec<TrustedUrl>> {
    let told = |kept: Kept| TrustedUrl {
        url: kept.address,
        last: kept.last,
        digest: kept.digest.hex(),
        since: kept.since.parse().unwrap_or_default(),
    };
    Ok(url::trusted(context.environment())?.into_iter().map(told).collect())
}

/// Lets nothing of a URL run any more.
///
/// # Errors
/// [`Step::Install`] if it was not trusted, or cannot be removed.
pub(crate) fn distrust(context: &Context, url: &ScriptUrl) -> Result<()> {
    if url.forget(context.environment())? {
        return Ok(());
    }
    Err(Error::message(Step::Install, "it was not trusted")
        .about(url.address())
        .hint("`runner trust list` lists what is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_no_script() {
        for page in ["<!DOCTYPE html>", "\n <html>", "\u{feff}<!doctype html>"] {
            assert!(is_page(page.as_bytes()), "{page}");
        }
        for script in ["", "<", "fn main() {}", "// <html>\n", "#!/usr/bin/env runner\n"] {
            assert!(!is_page(script.as_bytes()), "{script}");
        }
    }
}
