//! Scripts by URL from a server that is slow: a download ends after a minute.

use crate::support::cache_server::{CacheServer, Manner};
use crate::support::machine::has;
use crate::support::sandbox::{Sandbox, skipped};

#[test]
fn a_server_that_is_silent_or_trickles_is_not_waited_for_without_an_end() {
    if !has("curl") {
        return skipped("no curl for scripts by URL");
    }
    let servers = [Manner::Silent, Manner::Trickle].map(|manner| {
        let server = CacheServer::start();
        server.set(manner);
        server
    });
    let sandbox = Sandbox::fake();
    let running = servers.map(|server| sandbox.runner([format!("{}/x.rs", server.address())]).start());
    for child in running {
        let ran = crate::support::sandbox::Ran::of("a slow server", child);
        assert!(ran.code == 125 && ran.stderr.starts_with("runner: http://127.0.0.1:"), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    assert!(!sandbox.home().join(".local/share/runner/urls").exists());
}
