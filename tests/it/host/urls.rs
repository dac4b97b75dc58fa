//! Scripts by URL for a host, which decides what may run.

use std::ffi::{OsStr, OsString};

use runner::command_line::ScriptUrl;
use runner::{Kind, Options, Runner, Script};

use crate::support::cache_server::CacheServer;
use crate::support::hosts::settings;
use crate::support::machine::has;
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn a_host_decides_which_texts_may_run() {
    if !has("curl") {
        return skipped("no curl for scripts by URL");
    }
    let sandbox = Sandbox::fake();
    let server = CacheServer::start();
    server.put("/x.rs", b"print hi\n".to_vec());
    let settings = settings(sandbox.root());
    let runner = Runner::new(settings.clone());
    let word = OsString::from(format!("{}/x.rs", server.address()));
    assert!(ScriptUrl::parse(OsStr::new("x.rs")).is_none());
    let url = ScriptUrl::parse(&word).unwrap().unwrap();

    let refused = Script::find(&word, &settings).unwrap_err();
    assert_eq!((refused.kind(), refused.exit_code()), (Kind::CannotExecute, 126));
    assert_eq!(server.requests(), 0, "nothing is asked for before the host says so");
    let fetched = runner.fetch(&url, &Options::default()).unwrap();
    assert!(!fetched.is_allowed && fetched.difference.is_none());
    assert_eq!((&*fetched.text, &fetched.last), (&b"print hi\n"[..], &url.address().to_owned()));
    assert!(Script::find(&word, &settings).is_err());
    runner.trust(&fetched).unwrap();
    let script = Script::find(&word, &settings).unwrap();
    assert_eq!((script.bytes(), script.typed()), (&b"print hi\n"[..], &*word));
    assert_eq!(runner.trusted().unwrap()[0].digest, fetched.digest);

    server.put("/x.rs", b"print bye\n".to_vec());
    let other = runner.fetch(&url, &Options::default()).unwrap();
    assert!(!other.is_allowed && other.difference.as_ref().is_some_and(|text| text.contains("+print bye")));
    assert_eq!(Script::find(&word, &settings).unwrap().bytes(), b"print hi\n");
    let pinned = url.pinned(&fetched.digest);
    let pinned = ScriptUrl::parse(pinned.as_ref()).unwrap().unwrap();
    let refused = runner.fetch(&pinned, &Options::default()).unwrap_err();
    assert!(refused.reason().contains(&other.digest), "{refused}");
    let offline = Options { offline: true, ..Options::default() };
    assert_eq!(runner.fetch(&url, &offline).unwrap_err().kind(), Kind::CannotExecute);

    runner.distrust(&url).unwrap();
    assert!(runner.trusted().unwrap().is_empty() && Script::find(&word, &settings).is_err());
    assert!(runner.distrust(&url).is_err());
}
