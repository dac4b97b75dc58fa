//! The topics of help: their examples work.

use crate::support::cache_server::CacheServer;
use crate::support::machine::has;
use crate::support::sandbox::{Sandbox, skipped};
use crate::support::topics;

#[test]
fn the_examples_of_the_topics_work_one_after_the_other() {
    for topic in topics::TOPICS {
        let mut sandbox = Sandbox::new();
        // One topic needs a server, and the keys that it has made.
        let server = (topic.name == "remote" && has("ssh-keygen")).then(CacheServer::start);
        if let Some(server) = &server {
            sandbox.set("RUNNER_REMOTE", server.address());
            sandbox.set("RUNNER_REMOTE_SIGNERS", sandbox.path("signers"));
            let makes_key = |line: &&str| line.starts_with("ssh-keygen ") || line.starts_with("echo ");
            for line in topic.text.lines().filter_map(|line| line.strip_prefix("  ")).filter(makes_key) {
                assert_eq!(sandbox.sh(line).run().code, 0, "{line}");
            }
        }
        sandbox.write("hello.rs", "#!/usr/bin/env runner\nfn main() { println!(\"hello\") }\n");
        // `./hello.rs` finds runner by its first line.
        let examples = topic.text.lines().filter_map(|line| line.strip_prefix("    "));
        let examples: Vec<&str> =
            examples.filter(|line| line.contains("runner ") || line.starts_with("chmod")).collect();
        assert!(!examples.is_empty() || topic.name == "exit-codes", "{}", topic.name);
        for example in examples {
            if example.contains(" push ") && server.is_none() {
                continue;
            }
            let ran = sandbox.sh(example).run();
            if ran.stderr.contains("is not installed") {
                skipped("no toolchain `stable` of rustup's");
                continue;
            }
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}: {example}", topic.name);
        }
    }
}
